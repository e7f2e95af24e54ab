"""The command line ``orchestra``: importing it imports nothing heavy, and no command before it is used."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run ``orchestra`` with the arguments of this process, and exit with its code."""
    from orchestra_core.cli.app import run

    sys.exit(run(sys.argv[1:]))

"""Run the command line as ``python -m orchestra_core.cli``."""

from orchestra_core.cli import main

main()

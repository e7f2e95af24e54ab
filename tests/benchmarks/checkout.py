"""An earlier commit of the project, to measure beside this one."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import ROOT, Worker, environment

HERE = Path(__file__).parent

#: The last commit before the work on speed.
BEFORE = "50426fd"


@contextmanager
def earlier(commit: str = BEFORE) -> Iterator[Path | None]:
    """Yield a folder with that commit, or None where the checkout has no history that reaches it."""
    asked = ["git", "-C", str(ROOT), "archive", commit, "orchestra_core", "plugins"]
    done = subprocess.run(asked, capture_output=True, check=False) if shutil.which("git") else None
    if done is None or done.returncode:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


def worker(script: str, *arguments: object, root: Path | None = ROOT, threads: int | None = 1) -> Worker:
    """Return a worker that imports the project from a checkout."""
    paths = (root, root / "plugins") if root else ()
    return Worker([sys.executable, HERE / script, *arguments], environment(threads, *paths))

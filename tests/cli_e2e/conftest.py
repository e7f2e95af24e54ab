"""The command line as users run it: in a process of its own, in an empty folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Five seconds, two score choices and six steps: everything happens, and none of it takes long.
QUICK = """
preset = "reference"

[pipeline.schedule]
name = "staged"
config = { search = 2, stages = [{ name = "short", steps = 6 }] }
"""

Orchestra = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def command() -> list[str]:
    """Return what starts the command line."""
    return [sys.executable, "-m", "orchestra_core.cli"]


@pytest.fixture
def orchestra(tmp_path: Path, command: list[str]) -> Orchestra:
    """Return a function that runs ``orchestra`` in an empty folder with ``quick.toml`` in it, and checks the exit code."""
    (tmp_path / "quick.toml").write_text(QUICK)

    def call(*arguments: object, code: int = 0, path: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
        done = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call

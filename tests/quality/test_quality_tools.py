"""The tools that read the code: formatting, lint, strict types and the contracts between layers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples" / "third_party_plugin"

TOOLS = {
    "lint": ["ruff", "check", "--no-cache", "."],
    "format": ["ruff", "format", "--check", "--no-cache", "."],
    "types": ["mypy"],
    "layers": ["importlinter.cli", "lint-imports"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_code_passes(tool):
    module, *arguments = TOOLS[tool]
    start = f"import sys; sys.argv[0] = {module!r}; from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = ["-c", start] if tool == "layers" else ["-m", module, *arguments]
    _check([sys.executable, *command], ROOT)


def test_the_outside_plugin_passes_strict_types_with_what_orchestra_ships():
    environment = {"MYPYPATH": os.pathsep.join(map(str, (PLUGIN / "src", ROOT, ROOT / "plugins")))}
    _check([sys.executable, "-m", "mypy", "--strict", "-p", "orchestra_plucked"], ROOT, environment)


def _check(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=550, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]

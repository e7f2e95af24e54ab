"""What importing costs: in fresh interpreters, nothing that is read for listing and help imports a heavy library."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

HEAVY = ("numpy", "torch", "torchaudio", "nnAudio", "librosa", "pandas", "matplotlib", "scipy", "soundfile", "mido", "IPython")
PLUGINS = sorted(point.value for point in entry_points(group="orchestra_core") if point.value.startswith("orchestra_"))


def imported_by(code: str) -> list[str]:
    """Return which heavy libraries a fresh interpreter holds after running some code."""
    ask = f"{code}\nimport sys\nsys.stdout.write('\\n' + ' '.join(n for n in {HEAVY!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_there_are_plugins_to_check():
    assert {"orchestra_piano.plugin", "orchestra_deam.plugin", "orchestra_match.plugin", "orchestra_staged.plugin"} <= set(
        PLUGINS
    )


@pytest.mark.parametrize("module", ["orchestra_core", "orchestra_core.errors", "orchestra_core.cli", *PLUGINS])
def test_importing_it_imports_nothing_heavy(module):
    assert imported_by(f"import {module}") == []


def test_a_plugin_module_is_enough_to_write_a_plugin_without_torch():
    assert imported_by("from orchestra_core import Command, Descriptor, Ref, ReportSection, hookimpl, OrchestraError") == []


@pytest.mark.parametrize("arguments", [["--help"], ["plugins", "list"], ["plugins", "show", "piano_adsr"], ["compose", "--help"]])
def test_help_and_listing_import_nothing_heavy(arguments):
    assert imported_by(f"from orchestra_core.cli.app import run\nassert run({arguments!r}) == 0") == []


def test_every_public_name_can_be_imported():
    done = subprocess.run(
        [sys.executable, "-c", "import orchestra_core as o\nfor name in o.__all__: getattr(o, name)"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr

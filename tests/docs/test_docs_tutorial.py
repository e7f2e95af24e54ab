"""The plugin tutorial is followed to the letter: files written, installed, listed, tested and composed with."""

import json
import os
import re
import subprocess
import sys

import pytest
from doc_blocks import captioned

FILES = (
    "pyproject.toml",
    "orchestra_drone/__init__.py",
    "orchestra_drone/plugin.py",
    "orchestra_drone/instrument.py",
    "test_drone.py",
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Write the files of the tutorial and install the plugin; return the folder."""
    folder = tmp_path_factory.mktemp("drone")
    page = captioned("docs/writing_a_plugin.md")
    for name in FILES:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page[name])
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", "site", "."]
    subprocess.run([sys.executable, "-m", "pip", *install], cwd=folder, check=True, timeout=300)
    return folder


def run(folder, *arguments):
    """Run a Python module beside the installed plugin and return what it writes."""
    path = os.pathsep.join([str(folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr + process.stdout
    return process.stdout


def test_the_plugin_is_listed_with_its_configuration(installed):
    (shown,) = json.loads(run(installed, "orchestra_core.cli", "plugins", "show", "drone", "--json"))
    assert shown["distribution"] == "orchestra-drone"
    assert [(field["name"], field["default"]) for field in shown["config"]] == [("harmonics", 8)]
    assert "How many harmonics" in shown["config"][0]["description"]


def test_the_tests_of_the_tutorial_pass(installed):
    said = run(installed, "pytest", "-q", "-p", "no:cacheprovider", "test_drone.py")
    assert int(re.search(r"(\d+) passed", said)[1]) > 20


def test_the_plugin_composes_from_the_command_line(installed):
    (installed / "few.toml").write_text("budget = 3\ncanvas = {duration = 1.0, sample_rate = 22050}\n")
    drone = ("compose", "calm", "--instrument", "drone", "--config", "few.toml", "-o", "drone")
    assert run(installed, "orchestra_core.cli", *drone).startswith("drone: ")
    record = json.loads((installed / "drone" / "run.json").read_text())
    assert record["finished"] and record["recipe"]["pipeline"]["instrument"]["config"] == {"harmonics": 8}
    assert not (installed / "drone" / "notes.mid").exists()  # it plays no notes

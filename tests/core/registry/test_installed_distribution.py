"""A distribution from outside, really installed from a wheel, is found and used like the first-party ones."""

import base64
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import zipfile

import pytest

PLUGIN = """
from dataclasses import dataclass
from orchestra_core import Command, Descriptor, hookimpl

@dataclass(frozen=True)
class GateConfig:
    \"\"\"Configuration of the gate.

    Parameters
    ----------
    level : float
        Level while the note sounds.
    \"\"\"

    level: float = 1.0

@hookimpl
def orchestra_envelopes():
    return [Descriptor("gate", "outside_gate.gate:Gate", "On while the note sounds.", GateConfig, license="MIT")]

@hookimpl
def orchestra_commands():
    return [Command("gate", "outside_gate.command:gate", "Say what the gate is.")]
"""

GATE = """
import torch
from orchestra_core import Envelope

class Gate(Envelope):
    def __init__(self, level):
        self.level = level

    def _parameters(self, brief):
        return ()

    def _levels(self, time, duration, values):
        return self.level * ((time >= 0) & (time < duration[..., None])).to(time)

    def _span(self, duration, values):
        return duration
"""

COMMAND = """
import click

@click.command()
@click.argument("word")
def gate(word):
    click.echo(f"gate says {word}")
    return 7
"""

METADATA = "Metadata-Version: 2.1\nName: Outside.Gate\nVersion: 2.5\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

USE = """
import json, torch
from orchestra_core.registry import build
built = build("envelope", {"name": "gate", "config": {"level": 0.5}})
levels = built.component.levels(torch.tensor([[[-0.1, 0.0, 0.9, 1.1]]]), torch.ones(1, 1), {})
print(json.dumps([levels.tolist(), built.entries[0].qualified, built.entries[0].version]))
"""


def write_wheel(folder):
    """Write a wheel as the standard describes it: files, metadata, and a record with their hashes."""
    info = "outside_gate-2.5.dist-info"
    files = {
        "outside_gate/__init__.py": "",
        "outside_gate/plugin.py": PLUGIN,
        "outside_gate/gate.py": GATE,
        "outside_gate/command.py": COMMAND,
        f"{info}/METADATA": METADATA,
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": "[orchestra_core]\ngate = outside_gate.plugin\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for name, text in files.items()
    ]
    wheel = folder / "outside_gate-2.5-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return wheel


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Run Python in an environment where the distribution is installed."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this environment has no pip to install a wheel with")
    folder = tmp_path_factory.mktemp("outside")
    target = folder / "site"
    options = ["--quiet", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(write_wheel(folder))], check=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), *filter(None, sys.path)]), "OMP_NUM_THREADS": "1"}

    def run(*arguments):
        return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)

    return run


def test_its_component_is_listed_with_its_distribution(python):
    done = python("-m", "orchestra_core.cli", "plugins", "list", "--kind", "envelope", "--json")
    [entry] = [one for one in json.loads(done.stdout)["components"] if one["name"] == "gate"]
    assert (entry["distribution"], entry["version"], entry["plugin"]) == ("Outside.Gate", "2.5", "gate")


def test_its_component_is_shown_with_its_configuration(python):
    shown = python("-m", "orchestra_core.cli", "plugins", "show", "outside.gate:gate").stdout
    assert "level : float = 1.0\n      Level while the note sounds." in shown


def test_its_component_is_made_and_works(python):
    levels, qualified, version = json.loads(python("-c", USE).stdout)
    assert levels == [[[0.0, 0.5, 0.5, 0.0]]]
    assert (qualified, version) == ("Outside.Gate:gate", "2.5")


def test_its_command_is_in_the_help_and_runs(python):
    assert "Say what the gate is." in python("-m", "orchestra_core.cli", "--help").stdout
    done = python("-m", "orchestra_core.cli", "gate", "hello")
    assert (done.returncode, done.stdout) == (0, "gate says hello\n")  # what a command returns is no exit code

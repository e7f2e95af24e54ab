"""Exit codes 1 and 3: the run fails, or a plugin breaks its contract. With plugins found by real entry points."""

from pathlib import Path

import pytest

PLUGIN = '''
"""An oracle whose reading is never finite, and an instrument that renders too little."""

import torch
from orchestra_core import Descriptor, Dimension, Instrument, Oracle, Parameter, hookimpl


class Deaf(Oracle):
    dimensions = (Dimension("valence", -1, 1),)

    def _read(self, clips, sample_rate):
        return {"valence": clips.mean(dim=1) * float("nan")}


class Short(Instrument):
    capabilities = frozenset({"differentiable"})

    def _parameters(self, brief):
        return (Parameter("level", "dynamics", torch.full((len(brief),), 0.5)),)

    def _render(self, values, canvas):
        return values["level"][:, None].expand(-1, canvas.samples // 2)


@hookimpl
def orchestra_oracles():
    return [Descriptor("deaf", "faulty_plugin:Deaf", "Reads nothing", capabilities=frozenset({"differentiable"}))]


@hookimpl
def orchestra_instruments():
    return [Descriptor("short", "faulty_plugin:Short", "Plays half", capabilities=Short.capabilities)]
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder in which a distribution with the faulty plugin, and one that cannot be imported, are installed."""
    folder = tmp_path / "site"
    for name, module in {
        "faulty_plugin": PLUGIN.replace(
            "class Deaf(Oracle):", "class Deaf(Oracle):\n    capabilities = frozenset({'differentiable'})"
        ),
        "fallen_plugin": "import no_such_module",
    }.items():
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{name}.py").write_text(module)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[orchestra_core]\n{name} = {name}\n")
    return folder


def test_a_loss_that_is_never_finite_fails_the_run_and_says_where(orchestra, site):
    done = orchestra("compose", "--valence", 0.3, "--oracle", "deaf", "--config", "quick.toml", "-o", "out", code=1, path=site)
    assert "not finite" in done.stderr and "valence" in done.stderr


def test_a_broken_contract_is_the_plugins_fault(orchestra, site):
    done = orchestra("compose", "happy", "--instrument", "short", "--config", "quick.toml", "-o", "out", code=3, path=site)
    assert "Short rendered audio of shape (1, " in done.stderr


def test_a_broken_plugin_costs_one_warning_and_stops_nothing(orchestra, site):
    done = orchestra("compose", "happy", "--duration", 1, "--config", "quick.toml", "-o", "out", path=site)
    assert done.stderr.count("fallen_plugin") >= 1 and done.stderr.count("is switched off") == 1

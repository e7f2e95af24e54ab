"""``orchestra doctor``: what it finds, what it says of it, and its exit code."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import click
import pytest

from orchestra_core import Dimension, Envelope, Judge, WeightsCard
from orchestra_core.cli import diagnosis, doctor, probe
from orchestra_core.cli.app import run
from orchestra_core.cli.diagnosis import diagnose
from orchestra_core.descriptors import Command, Descriptor, Preset, ReportSection
from orchestra_core.hookspecs import hookimpl
from orchestra_core.registry import Provider, Registry

HEALTHY = [{"library": name.partition(".")[0], "error": None} for name in probe.LIBRARIES] + [
    {"fact": "torch threads", "value": 2},
    {"fact": "devices", "value": ["cpu"]},
]


class Flat(Envelope):
    capabilities = frozenset({"stochastic"})

    def _parameters(self, brief):
        return ()

    def _levels(self, time, duration, values):
        return (time >= 0).to(time)

    def _span(self, duration, values):
        return duration


class Cursed(Flat):
    @property
    def capabilities(self):
        raise RuntimeError("cursed")


class Learned(Flat):
    card = WeightsCard("flat", license="weights trained on research-only data (a corpus)")


class Even(Judge):
    dimensions = (Dimension("even", 0.0, 1.0),)

    def _mark(self, performance):
        return {"even": 0.5}


@dataclass(frozen=True)
class Strange:
    device: "there_is_none" = None  # noqa: F821


@click.command()
def train():
    """Train."""


def section(result):
    return None


def here(name):
    return f"{__name__}:{name}"


def flat(name, target="Flat", capabilities=("stochastic",), **options):
    return Descriptor(name, here(target), "Flat.", capabilities=frozenset(capabilities), **options)


def plugin(*envelopes, presets=(), commands=(), sections=()):
    class Plugin:
        @hookimpl
        def orchestra_envelopes(self):
            return envelopes

        @hookimpl
        def orchestra_presets(self):
            return presets

        @hookimpl
        def orchestra_commands(self):
            return commands

        @hookimpl
        def orchestra_report_sections(self):
            return sections

    return Plugin()


@pytest.fixture
def probed(monkeypatch):
    """Set what the probe says, instead of importing everything."""

    def say(rows, ended=""):
        monkeypatch.setattr(diagnosis, "_probed", lambda: (rows, ended))

    say(HEALTHY)
    return say


def diagnosed(*plugins):
    registry = Registry([], strict=False)
    for one in plugins:
        registry.register(one)
    return diagnose(registry)


def problems(*plugins):
    return [(one.what, one.message) for one in diagnosed(*plugins).problems]


def test_a_healthy_installation_has_no_problems(probed):
    found = diagnosed(
        plugin(
            flat("flat", default=True),
            presets=[Preset("short", "Short.", {"canvas": {"duration": 1.0}})],
            commands=[Command("train", here("train"), "Train.")],
            sections=[ReportSection("end", here("section"), "End")],
        )
    )
    assert found.problems == found.notes == []
    assert found.components == ["envelope 'flat' (plugin 'Plugin' of in-code)"]
    assert found.machine["devices"] == ["cpu"]
    assert found.versions["torch"].startswith("2.")


@pytest.mark.parametrize("declared", [(), ("stochastic", "notes"), ("notes",)])
def test_capabilities_that_differ_from_the_class_are_found(probed, declared):
    [(what, message)] = problems(plugin(flat("flat", capabilities=declared, default=True)))
    assert what == "envelope 'flat' (plugin 'Plugin' of in-code)"
    assert "declare" in message


def test_every_component_is_tried_whatever_became_of_the_others(probed):
    found = diagnosed(
        plugin(
            flat("cursed", "Cursed"),
            flat("fine", default=True),
            flat("missing", "NoSuchThing"),
            flat("strange", config=Strange),
            presets=[
                Preset("long", "Long.", {"canvas": {"duration": "long"}}),
                Preset("sung", "Sung.", {"pipeline": {"score": "orchestra-songs:song"}}),
            ],
            commands=[Command("train", here("no_train"), "Train.")],
            sections=[ReportSection("end", here("no_section"), "End")],
        )
    )
    assert [one.what.partition(" (")[0] for one in found.problems] == [
        "envelope 'cursed'",
        "envelope 'missing'",
        "envelope 'strange'",
        "preset 'long'",
        "preset 'sung'",
        "command 'train'",
        "report section 'end'",
    ]
    assert found.components == ["envelope 'fine' (plugin 'Plugin' of in-code)"]
    assert all("Traceback" in one.traceback for one in found.problems)


def test_conflicts_are_problems_and_both_components_are_tried(probed):
    found = diagnosed(plugin(flat("flat", default=True), flat("other", default=True)))
    [problem] = found.problems
    assert problem.what == "default envelope"
    assert len(found.components) == 2


def test_a_kind_without_default_and_a_licence_with_limits_are_noted(probed):
    licence = "CC-BY-NC-4.0; weights trained on research-only data"
    found = diagnosed(plugin(flat("flat", license=licence), flat("free", license="MIT")))
    assert found.notes == ["No envelope is the default: one has to be named.", f"Licence of the envelope flat: {licence}"]
    assert found.problems == []


def test_what_the_card_of_loaded_weights_says_of_their_licence_is_repeated(probed):
    found = diagnosed(plugin(flat("learned", "Learned", license="MIT", default=True)))
    assert found.notes == ["Licence of the weights of the envelope learned: weights trained on research-only data (a corpus)"]


def test_no_judge_has_to_be_the_default(probed):
    class Plugin:
        @hookimpl
        def orchestra_judges(self):
            return [Descriptor("even", here("Even"), "Even.")]

    assert diagnosed(Plugin()).notes == []


def test_a_command_that_takes_the_name_of_one_of_the_cores_is_noted(probed):
    found = diagnosed(plugin(commands=[Command("doctor", here("train"), "Train.")]))
    assert found.notes == [
        "A command of the plugin 'Plugin' of in-code has the name of one of the core's: it is reached as in-code:doctor."
    ]


def test_a_plugin_that_imports_torch_when_it_is_listed_is_noted(probed, monkeypatch):
    registry = Registry([], strict=False)
    monkeypatch.setattr(registry._manager, "_heavy", {Provider("slow", "slow-dist", "2.0"): ("torch",)})
    assert diagnose(registry).notes == [
        "The plugin 'slow' of slow-dist 2.0 imports torch when it is listed, which makes every command slow."
    ]


def test_a_library_that_cannot_be_imported_is_named_with_what_to_install(probed):
    rows = [dict(row) for row in HEALTHY]
    rows[1]["error"] = "OSError: undefined symbol"
    probed(rows)
    [(what, message)] = problems()
    assert what == "torchaudio"
    assert "OSError: undefined symbol" in message
    assert 'pip install "torch' in message
    assert '"torchaudio' in message


def test_a_library_that_ends_the_process_is_found_and_the_components_are_left_alone(probed):
    probed([], "it ended the Python process with code -11")
    found = diagnosed(plugin(flat("flat", default=True)))
    assert [(one.what, "code -11" in one.message) for one in found.problems] == [("torch", True)]
    assert found.components == []
    assert found.notes == ["Components were not checked: torch cannot be imported."]


def test_a_probe_that_cannot_be_started_is_a_problem(monkeypatch):
    monkeypatch.setattr(diagnosis.sys, "executable", "/there/is/no/python")
    assert "the check did not finish" in problems()[0][1]


@pytest.fixture
def installed(monkeypatch, probed):
    """Let the command see these plugins."""

    def install(*plugins):
        def fresh(*, strict):
            registry = Registry([], strict=strict)
            for one in plugins:
                registry.register(one)
            return registry

        monkeypatch.setattr(doctor, "Registry", fresh)

    return install


def test_the_exit_code_is_3_when_something_is_broken_and_tracebacks_are_shown(installed, capsys):
    installed(plugin(flat("missing", "NoSuchThing", default=True)))
    assert run(["doctor"]) == 3
    out = capsys.readouterr().out
    assert "problems\n  envelope 'missing' (plugin 'Plugin' of in-code): The envelope 'missing'" in out
    assert "AttributeError: module" in out
    assert out.endswith("1 problem found.\n")


def test_the_exit_code_is_0_when_everything_works(installed, capsys):
    installed(plugin(flat("flat", default=True)))
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "components made with their defaults\n  envelope 'flat'" in out
    assert out.endswith("Everything works.\n")


def test_json_says_the_same(installed, capsys):
    installed(plugin(flat("missing", "NoSuchThing", default=True)))
    assert run(["doctor", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["problems"][0]["what"] == "envelope 'missing' (plugin 'Plugin' of in-code)"
    assert found["machine"]["python"] == sys.version.split()[0]


def test_this_installation_with_a_broken_plugin_beside_it(tmp_path):
    """The real thing: libraries are imported, first-party components made, one broken plugin found, even in strict mode."""
    info = tmp_path / "fake_bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[orchestra_core]\nbad = there_is_no_such_module\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    settings = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "ORCHESTRA_STRICT": "1"}
    command = [sys.executable, "-m", "orchestra_core.cli", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=settings, check=False)
    found = json.loads(done.stdout)
    assert [one["what"] for one in found["problems"]] == ["plugin 'bad' of fake-bad 1.0"]
    assert "ModuleNotFoundError" in found["problems"][0]["traceback"]
    assert done.returncode == 3
    assert done.stderr == ""
    assert found["machine"]["torch threads"] == 1
    assert {"flac", "mp3", "ogg", "wav"} <= set(found["machine"]["audio formats"])

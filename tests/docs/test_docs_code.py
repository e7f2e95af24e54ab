"""The code in the documentation runs as it is written, with small budgets where it composes."""

import functools
import importlib
import re
import shlex
import types

import pytest
import torch
from doc_blocks import DOCS, PAGES, ROOT, blocks, captioned, text

from orchestra_core import Canvas, Note, Pipeline, Schedule, Score
from orchestra_core.cli.app import orchestra
from orchestra_core.pipeline.settings import load_settings
from orchestra_core.registry import Registry
from orchestra_core.testing import check_component

SHORT = Canvas(duration=0.5, sample_rate=22_050)
MELODY = Score(tuple(Note(60 + 2 * i, 0.1 * i, 0.1) for i in range(4)))
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.fixture
def thrifty(monkeypatch):
    """Let every pipeline compose with few evaluations."""
    full = Pipeline.compose_many
    monkeypatch.setattr(
        Pipeline, "compose_many", lambda self, requests, **options: full(self, requests, **{**options, "budget": 2})
    )


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(name):
    """Return what a file of the plugin tutorial defines."""
    namespace = {}
    exec(captioned("docs/writing_a_plugin.md")[name], namespace)  # the documentation is ours
    return namespace


def commands():
    """Yield every line of the documentation that calls the command line, without its comment."""
    for page in NAMES:
        for block in blocks(page, "sh"):
            for line in block.splitlines():
                yield from re.findall(r"(?:^|&& )(orchestra [^#]*)", line)


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_in_the_documentation_is_understood(line):
    command, context, words = orchestra, None, shlex.split(line)[1:]
    while words:
        context = command.make_context(words[0] if context else "orchestra", list(words), parent=context)
        if not hasattr(command, "get_command"):
            return
        _, command, words = command.resolve_command(context, [*context._protected_args, *context.args])


@pytest.mark.parametrize("page", NAMES)
def test_every_python_block_can_be_compiled(page):
    for block in [*blocks(page, "python"), *(code for name, code in captioned(page).items() if name.endswith(".py"))]:
        compile(block, page, "exec")


def test_the_quickstart_composes_swaps_a_part_and_saves(in_folder, thrifty):
    namespace = {"MyInstrument": type(Pipeline().parts.instrument)}  # any instrument made by hand
    for block in blocks("docs/quickstart.md", "python"):
        exec(block, namespace)
    assert {"audio.wav", "notes.mid", "report.html", "history.csv", "parameters.csv", "run.json"} <= names_in(in_folder / "calm")
    assert {"000", "001", "002", "index.html"} <= names_in(in_folder / "three")


def names_in(folder):
    """Return the names of what a folder holds."""
    return {path.name for path in folder.iterdir()}


def test_the_configuration_file_and_the_code_beside_it_make_the_same_pipeline(in_folder, thrifty, monkeypatch):
    (in_folder / "quiet.toml").write_text(blocks("docs/configuration.md", "toml")[0])
    settings = load_settings(in_folder / "quiet.toml")
    made = []
    monkeypatch.setattr(Pipeline, "compose", lambda self, word, canvas: made.append((self, word, canvas)))
    exec(blocks("docs/configuration.md", "python")[0], {})
    (pipeline, word, canvas), from_file = made[0], Pipeline(**settings.pipeline)
    assert (word, canvas) == ("calm", settings.canvas)
    assert dict(pipeline.parts.plain) == dict(from_file.parts.plain)
    assert pipeline.parts.plain["instrument"]["config"]["envelope"]["config"]["attack"] == 0.05


def test_the_file_with_a_preset_says_the_same_as_the_option_beside_it(in_folder):
    _, text = blocks("docs/configuration.md", "toml")
    (in_folder / "slow.toml").write_text(text)
    (in_folder / "bare.toml").write_text(text.replace('preset = "reference"\n', ""))
    settings = load_settings(in_folder / "slow.toml")
    assert settings == load_settings(in_folder / "bare.toml", "reference")
    assert settings.canvas == Canvas(duration=5.0, sample_rate=22_050)
    assert settings.pipeline["instrument"] == {"name": "piano_adsr", "config": {"partials": 4}}
    assert settings.pipeline["score"] == "melody"


def test_the_preset_of_the_tutorial_is_found_by_its_check(tmp_path, monkeypatch):
    for name in ("orchestra_drone/__init__.py", "orchestra_drone/plugin.py", "orchestra_drone/instrument.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(captioned("docs/writing_a_plugin.md")[name])
    monkeypatch.syspath_prepend(tmp_path)
    plugin = types.ModuleType("preset_of_the_tutorial")
    exec(next(block for block in blocks("docs/writing_a_plugin.md", "python") if "orchestra_presets" in block), vars(plugin))
    registry = Registry()
    with registry.registered(importlib.import_module("orchestra_drone.plugin")), registry.registered(plugin):
        report = check_component("drone_loop", registry=registry)
        loop = Pipeline.from_preset("drone_loop", registry)
    assert report.ids("passed") == {"preset.settings", "preset.parts", "preset.fit"}, str(report)
    assert loop.parts.plain["instrument"]["config"] == {"harmonics": 12}


def test_the_loop_in_the_architecture_lowers_the_loss():
    block = next(block for block in blocks("docs/architecture.md", "python") if "problem.stage" in block)

    class Documented(Schedule):
        capabilities = frozenset({"differentiable"})

        def _optimize(self, problem):
            exec(block, {"torch": torch, "problem": problem})

    request = functools.partial(Pipeline(score=MELODY, schedule=Documented()).compose, "sad", canvas=SHORT, budget=8)
    losses = request(seed=1).history.loss
    assert len(losses) == 8 and losses.min() < losses.iloc[0]


def test_the_swell_of_the_tutorial_peaks_where_its_parameter_says():
    swell = load("swell.py")["Swell"]()
    time, duration = torch.tensor([[[-0.1, 0.0, 0.2, 0.8, 2.0, 2.1]]]), torch.tensor([[2.0]])
    levels = swell.levels(time, duration, {"peak": torch.tensor([0.4])})
    torch.testing.assert_close(levels[0, 0], torch.tensor([0.0, 0.0, 0.25, 1.0, 0.0, 0.0]))
    played = Pipeline(instrument={"name": "piano_adsr", "config": {"envelope": swell}}, score=MELODY)
    assert any(p.name == "peak" for p in played.compose("calm", canvas=SHORT, budget=2).parameters)


def test_the_oracle_of_the_tutorial_reads_the_frequency_of_a_sine():
    oracle = load("brightness.py")["Brightness"]()
    time = torch.arange(22_050) / 22_050
    assert float(oracle.read(torch.sin(2 * torch.pi * 1500 * time)[None], 22_050)["centroid"]) == pytest.approx(1.5, abs=1e-3)


def test_the_schedule_of_the_tutorial_comes_nearer_without_a_gradient():
    climb, oracle = load("climb.py")["Climb"](steps=30), load("brightness.py")["Brightness"]()
    pipeline = Pipeline(oracle=oracle, schedule=climb, score=MELODY)
    result = pipeline.compose(targets={"centroid": 0.6}, seed=3, canvas=SHORT)
    first = result.history["reading.centroid"].iloc[0]
    assert abs(result.readings["centroid"] - 0.6) < abs(first - 0.6)


def test_the_pages_of_the_documentation_are_found():
    assert len(list(DOCS.glob("*.md"))) > 10 and "README.md" in NAMES and text("README.md")

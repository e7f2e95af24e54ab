"""Presets: what goes before what in a file, on the command line and in code; what is recorded; what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from small_pipeline import Descent, Plugin

from orchestra_core import Canvas, Descriptor, Pipeline, Preset, Ref, hookimpl
from orchestra_core.cli.app import run
from orchestra_core.descriptors import PRESET_KEYS
from orchestra_core.errors import (
    ConfigurationError,
    ConflictError,
    IncompatibleError,
    ParameterError,
    PluginError,
    UnknownNameError,
    UsageError,
)
from orchestra_core.pipeline.settings import load_settings
from orchestra_core.pipeline.setup import Setup
from orchestra_core.registry import Registry
from orchestra_core.registry.provider import Provider

SHORT = {
    "pipeline": {
        "instrument": {"name": "tone", "config": {"overtone": 0.1}},
        "objective": {"name": "match", "config": {"oracle": "centroid", "scale": 7.0}},
        "schedule": {"name": "descent", "config": {"steps": 4}},
    },
    "canvas": {"duration": 0.5, "sample_rate": 16_000},
    "loudness": "peak",
    "scale": "reading",
    "budget": 3,
}


def presets(*handed_in):
    class Presets:
        @hookimpl
        def orchestra_presets(self):
            return list(handed_in)

    return Presets()


def preset(name="short", **settings):
    return Preset(name, "For tests", settings)


@pytest.fixture
def registry(registry):
    registry.register(presets(Preset("short", "For tests", SHORT)), "shorts")
    return registry


def written(folder, text):
    file = folder / "asked.toml"
    file.write_text(text)
    return file


def as_distribution(registry, plugin, distribution):
    """Register a plugin object as that of an installed distribution."""
    provider = Provider(distribution, distribution, "1.0")
    registry._register(plugin, provider)
    return provider


def recipe_of(folder):
    return json.loads((folder / "run.json").read_text())["recipe"]


def test_a_preset_may_set_all_of_a_composition_but_what_is_asked_and_where():
    assert {field.name for field in dataclasses.fields(Setup)} - {"preset"} == PRESET_KEYS


def test_a_preset_stands_for_what_a_file_would_say(registry, tmp_path):
    file = tmp_path / "same.json"
    file.write_text(json.dumps(SHORT))
    said = load_settings(file)
    assert load_settings(None, "short", registry) == dataclasses.replace(said, preset="short")


def test_a_file_goes_before_a_preset_key_by_key(registry, tmp_path):
    file = written(tmp_path, 'loudness = -23.0\n[canvas]\nduration = 0.2\n[pipeline]\nschedule = "descent"')
    settings = load_settings(file, "short", registry)
    assert settings.canvas == Canvas(duration=0.2, sample_rate=16_000)
    assert (settings.loudness, settings.scale, settings.budget) == (-23.0, "reading", 3)
    assert settings.pipeline == {**SHORT["pipeline"], "schedule": "descent"}


def test_a_part_without_a_name_configures_the_preset_s(registry, tmp_path):
    file = written(tmp_path, "[pipeline.objective.config]\nscale = 5.0")
    objective = load_settings(file, "short", registry).pipeline["objective"]
    assert objective == {"name": "match", "config": {"oracle": "centroid", "scale": 5.0}}


@pytest.mark.parametrize(
    ("asked", "oracle", "objective"),
    [
        ('oracle = "other"', "other", "match"),
        ('objective = { name = "match", config = { oracle = "other" } }', None, {"name": "match", "config": {"oracle": "other"}}),
        ('objective = { name = "match", config = { scale = 5.0 } }', "centroid", {"name": "match", "config": {"scale": 5.0}}),
    ],
)
def test_of_an_oracle_and_an_objective_with_one_the_file_s_counts(registry, tmp_path, asked, oracle, objective):
    registry.register(presets(preset("heard", pipeline={"oracle": "centroid", "objective": "match"})), "heard")
    pipeline = load_settings(written(tmp_path, f"[pipeline]\n{asked}"), "heard", registry).pipeline
    assert (pipeline.get("oracle"), pipeline["objective"]) == (oracle, objective)


def test_a_configuration_that_is_no_table_is_refused_as_without_a_preset(registry, tmp_path):
    settings = load_settings(written(tmp_path, "[pipeline.objective]\nconfig = 3"), "short", registry)
    with pytest.raises(ConfigurationError, match="'config' of the objective is 3; expected a table"):
        settings.with_options(targets={"centroid": 0.1}).perform(registry)


def test_a_level_of_the_canvas_in_a_file_goes_before_the_loudness_of_a_preset(registry, tmp_path):
    settings = load_settings(written(tmp_path, '[canvas]\nlevel = "as_is"'), "short", registry)
    assert (settings.loudness, settings.canvas.level) == (None, "as_is")


def test_a_file_names_a_preset_and_the_command_line_another(registry, tmp_path):
    registry.register(presets(preset("long", canvas={"duration": 0.9})), "longs")
    file = written(tmp_path, 'preset = "short"\nbudget = 9')
    assert load_settings(file, None, registry).canvas.duration == 0.5
    other = load_settings(file, "long", registry)
    assert (other.canvas.duration, other.budget, other.preset, other.pipeline) == (0.9, 9, "long", {})


def test_options_go_before_the_file_and_the_preset(registry, tmp_path):
    file = written(tmp_path, "loudness = -23.0\n[canvas]\nduration = 0.2")
    settings = load_settings(file, "short", registry).with_options(
        targets={"centroid": 700.0},
        duration=0.25,
        loudness=-30.0,
        scale="request",
        budget=7,
        schedule="descent",
        oracle="centroid",
    )
    assert settings.canvas == Canvas(duration=0.25, sample_rate=16_000)
    assert (settings.loudness, settings.scale, settings.budget) == (-30.0, "request", 7)
    assert settings.pipeline["schedule"] == "descent"
    # An oracle is short for the objective that holds it: what else the preset says of the objective stays.
    assert (settings.pipeline["oracle"], settings.pipeline["objective"]) == (
        "centroid",
        {"name": "match", "config": {"scale": 7.0}},
    )


def test_the_command_composes_with_a_preset_and_options_beside_it(registry, tmp_path, monkeypatch):
    monkeypatch.setattr("orchestra_core.registry.get_registry", lambda: registry)
    asked = ["compose", "--target", "centroid=700", "--preset", "short", "--duration", "0.25", "-o", str(tmp_path / "piece")]
    assert run(asked) == 0
    recipe = recipe_of(tmp_path / "piece")
    assert (recipe["preset"], recipe["canvas"]["duration"], recipe["budget"]) == ("short", 0.25, 3)
    assert recipe["pipeline"]["instrument"]["config"] == {"overtone": 0.1, "table": None}
    assert run(["compose", "--preset", "shrot", "-o", str(tmp_path / "none")]) == 2


def test_code_composes_as_the_command_does(registry):
    asked = load_settings(None, "short", registry).with_options(targets={"centroid": 700.0}, seed=2, threads=1)
    by_settings = asked.perform(registry)[0]
    result = Pipeline.from_preset("short", registry).compose(targets={"centroid": 700.0}, seed=2)
    assert np.array_equal(result.audio, by_settings.audio)
    assert result.recipe == by_settings.recipe
    assert result.canvas == Canvas(duration=0.5, sample_rate=16_000).with_loudness("peak")
    assert result.targets == {"centroid": 700.0}


def test_what_code_says_of_a_piece_goes_before_the_preset(registry):
    canvas = Canvas(duration=0.4, sample_rate=8_000, level="as_is")
    pipeline = Pipeline.from_preset("short", registry).replace(schedule=Descent(2))
    result = pipeline.compose(targets={"centroid": 0.1}, scale="request", canvas=canvas, budget=2)
    assert (result.canvas, result.recipe["budget"]) == (canvas, 2)
    assert (result.recipe["scale"], result.recipe["preset"]) == ("request", "short")
    longer = pipeline.compose(targets={"centroid": 700.0}, duration=0.6, loudness=-30.0)
    assert longer.canvas == Canvas(duration=0.6, sample_rate=16_000).with_loudness(-30.0)


def test_loops_and_stems_of_a_preset_are_asked_of_every_piece(registry):
    registry.register(presets(preset("apart", stems=True, pipeline=SHORT["pipeline"], canvas=SHORT["canvas"])), "aparts")
    assert set(Pipeline.from_preset("apart", registry).compose(targets={"centroid": 0.1}).stems) == {"mix"}
    assert load_settings(None, "apart", registry).with_options(targets={"centroid": 0.1}).stems


def test_a_run_records_the_preset_and_is_repeated_without_it(registry, tmp_path):
    Pipeline.from_preset("short", registry).compose(targets={"centroid": 700.0}, seed=4, directory=tmp_path / "first")
    bare = Registry(entry_points=(), strict=True)
    bare.register(Plugin(), "tones")
    from orchestra_match import plugin as match

    bare.register(match, "match")
    with pytest.raises(UnknownNameError):
        bare.find_preset("short")
    load_settings(tmp_path / "first", registry=bare).perform(bare, tmp_path / "again")
    first, again = recipe_of(tmp_path / "first"), recipe_of(tmp_path / "again")
    assert first["preset"] == again["preset"] == "short"
    assert first["pipeline"] == again["pipeline"]
    assert (tmp_path / "first" / "audio.wav").read_bytes() == (tmp_path / "again" / "audio.wav").read_bytes()


def test_a_run_says_everything_itself_and_takes_no_preset(registry, tmp_path):
    Pipeline.from_preset("short", registry).compose(targets={"centroid": 700.0}, directory=tmp_path / "run")
    with pytest.raises(UsageError, match="is a run, which says everything itself"):
        load_settings(tmp_path / "run", "short", registry)


def test_a_resumed_run_may_be_asked_for_without_its_preset(registry, tmp_path):
    recipe = Pipeline.from_preset("short", registry).compose(targets={"centroid": 700.0}, directory=tmp_path / "run").recipe
    from orchestra_core.runs.folder import RunFolder

    assert RunFolder.open(tmp_path / "run", {key: recipe[key] for key in recipe if key != "preset"}, resume=True).is_finished


def test_an_unknown_preset_gets_close_matches(registry, tmp_path):
    for file, name in ((None, "shrt"), (written(tmp_path, 'preset = "shrt"'), None)):
        with pytest.raises(UnknownNameError, match=r"Unknown preset 'shrt'\. Did you mean 'short'\? Known: short\."):
            load_settings(file, name, registry)


def test_an_empty_name_is_no_preset(registry, tmp_path):
    for file in (None, written(tmp_path, 'preset = "short"')):
        with pytest.raises(UnknownNameError, match="preset ''"):
            load_settings(file, "", registry)


def test_a_budget_of_nothing_is_refused_wherever_it_is_said_before_anything_is_written(registry, tmp_path):
    registry.register(presets(preset("spent", pipeline=SHORT["pipeline"], budget=0)), "spents")
    ask = {"targets": {"centroid": 0.1}}
    preset_says = Pipeline.from_preset("spent", registry)
    file_says = load_settings(written(tmp_path, "budget = -2"), "short", registry).with_options(**ask)
    for compose, budget in (
        (lambda: preset_says.compose(**ask, directory=tmp_path / "run"), 0),
        (lambda: Pipeline(registry=registry).compose(**ask, budget=0, directory=tmp_path / "run"), 0),
        (lambda: file_says.perform(registry, tmp_path / "run"), -2),
    ):
        with pytest.raises(ParameterError, match=f"budget is {budget}; expected 1 evaluation"):
            compose()
    assert not (tmp_path / "run").exists()
    assert len(preset_says.compose(**ask, budget=1).history) == 1


def test_two_presets_of_one_name_are_told_apart_by_their_distributions(registry):
    as_distribution(registry, presets(preset(budget=5)), "other-shorts")
    with pytest.raises(ConflictError, match="in-code:short or other-shorts:short"):
        load_settings(None, "short", registry)
    settings = load_settings(None, "Other_Shorts:short", registry)
    assert (settings.budget, settings.preset) == (5, "other-shorts:short")
    assert [one.what for one in registry.conflicts()] == ["preset short"]


def test_a_preset_means_its_own_plugin_s_part_where_another_has_the_name_too(registry):
    class Tones(Plugin):
        @hookimpl
        def orchestra_instruments(self):
            return [
                Descriptor(
                    "tone", "small_pipeline:Tone", "Another tone.", capabilities=frozenset({"differentiable", "rate_free"})
                )
            ]

        orchestra_oracles = orchestra_schedules = None

        @hookimpl
        def orchestra_presets(self):
            return [preset("ours", pipeline={"instrument": "tone", "schedule": {"name": "descent"}})]

    as_distribution(registry, Tones(), "other-tones")
    assert load_settings(None, "ours", registry).pipeline == {
        "instrument": "other-tones:tone",
        "schedule": {"name": "descent"},
    }
    made = Pipeline.from_preset("ours", registry)
    assert made.parts.plain["instrument"]["name"] == "other-tones:tone"


@pytest.mark.parametrize(
    ("score", "advice"),
    [("orchestra-songs:song", "Install orchestra-songs."), ("song", "Install the plugin that provides it.")],
)
def test_a_preset_whose_part_is_missing_says_who_has_it(registry, score, advice):
    registry.register(presets(preset("sung", pipeline={"score": score})), "sung")
    with pytest.raises(UnknownNameError) as caught:
        Pipeline.from_preset("sung", registry)
    said = f"The preset 'sung' (plugin 'sung' of in-code) needs the score {score!r}, which is not there. {advice}"
    assert said in str(caught.value)


def test_a_missing_part_is_not_needed_where_another_is_named(registry):
    registry.register(
        presets(preset("bowed", pipeline={**SHORT["pipeline"], "instrument": "bow"}, canvas=SHORT["canvas"])), "bowed"
    )
    settings = load_settings(None, "bowed", registry).with_options(targets={"centroid": 0.1}, instrument="tone")
    assert settings.perform(registry)[0].recipe["preset"] == "bowed"


def test_the_score_of_a_preset_is_left_out_for_an_instrument_that_plays_no_notes(registry):
    registry.register(presets(preset("sung", pipeline={"score": "song"}, canvas=SHORT["canvas"])), "sung")
    registry.register(Notes(), "notes")
    named = load_settings(None, "sung", registry).with_options(targets={"centroid": 0.1}, instrument="tone")
    assert named.perform(registry)[0].notes is None
    with pytest.raises(IncompatibleError, match="Tone plays no notes"):
        named.with_options(score="other").perform(registry)


class Notes:
    """Hands in a score source that is not made."""

    @hookimpl
    def orchestra_scores(self):
        return [Descriptor("song", "small_pipeline:Tone", "A song."), Descriptor("other", "small_pipeline:Tone", "Another.")]


def test_a_value_of_the_wrong_type_is_the_plugin_s_fault(registry, tmp_path):
    registry.register(presets(preset("wrong", canvas={"duration": "long"})), "wrong")
    with pytest.raises(PluginError, match=r"the preset 'wrong' \(plugin 'wrong' of in-code\).*canvas.duration is \"long\""):
        load_settings(None, "wrong", registry)
    with pytest.raises(ConfigurationError, match=r"asked\.toml.*preset is 3"):
        load_settings(written(tmp_path, "preset = 3"), None, registry)


def test_settings_may_hold_references_and_do_not_change_with_the_plugin_s_own(registry):
    steps = {"steps": 4}
    registry.register(presets(preset("mine", pipeline={"schedule": Ref("schedule", "descent", steps)})), "mine")
    steps["steps"] = 9
    settings = load_settings(None, "mine", registry)
    assert settings.pipeline == {"schedule": {"kind": "schedule", "name": "descent", "config": {"steps": 4}}}

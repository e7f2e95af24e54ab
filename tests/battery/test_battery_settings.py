"""Settings: grids, files, and what they refuse."""

import re
from pathlib import Path

import pytest

from orchestra_battery.cli import with_options
from orchestra_battery.design import asked_dimensions, factorial
from orchestra_battery.evaluation import pipeline_of
from orchestra_battery.settings import Controls, Goals, Settings, spread
from orchestra_core import Dimension, read_config, validate
from orchestra_core.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
OPTIONS = dict.fromkeys(
    (
        "instrument",
        "oracle",
        "objective",
        "schedule",
        "score",
        "preset",
        "grid",
        "seeds",
        "seed",
        "duration",
        "loudness",
        "budget",
    )
)
OPTIONS |= {"baseline": None, "batch": None, "judges": (), "tuned_on": (), "controls": (), "no_judges": False}


def test_a_grid_reaches_evenly_to_both_sides():
    assert spread(3) == (-0.8, 0.0, 0.8)
    assert spread(4, 0.6) == (-0.6, -0.2, 0.2, 0.6)
    with pytest.raises(ConfigurationError, match="2 or more levels"):
        spread(1)


def test_every_combination_is_a_cell_and_every_seed_a_piece():
    pieces = factorial(("arousal", "valence"), (-1.0, 0.0, 1.0), range(4, 6))
    assert [piece.number for piece in pieces] == list(range(18))
    assert {piece.cell: dict(piece.requests) for piece in pieces}[5] == {"arousal": 0.0, "valence": 1.0}
    assert [piece.seed for piece in pieces[:4]] == [4, 5, 4, 5]


def test_dimensions_are_arousal_and_valence_unless_they_are_named():
    emotion = [Dimension(name, -1, 1) for name in ("valence", "arousal", "tension")]
    assert asked_dimensions((), emotion) == ("arousal", "valence")
    assert asked_dimensions(("tension",), emotion) == ("tension",)
    assert asked_dimensions((), [Dimension("brightness", 0, 100)]) == ("brightness",)
    with pytest.raises(ConfigurationError, match="'joy'; expected some of valence"):
        asked_dimensions(("joy",), emotion)
    with pytest.raises(ConfigurationError, match=r'key dimensions of a configuration file, such as dimensions = \["0", "1"\]'):
        asked_dimensions((), [Dimension(str(index), 0, 1) for index in range(7)])


def test_options_go_before_the_file():
    settings = Settings(pipeline={"score": "song", "instrument": "piano_adsr"}, seeds=3, controls=Controls(weights=("a",)))
    options = {**OPTIONS, "score": "rules", "grid": 3, "seed": 9, "judges": ("cue_meter",), "controls": ("b",)}
    found = with_options(settings, options)
    assert found.pipeline == {"score": "rules", "instrument": "piano_adsr"}
    assert (found.levels, found.seeds, found.first_seed, found.judges) == ((-0.8, 0.0, 0.8), 3, 9, ("cue_meter",))
    assert found.controls.weights == ("a", "b")


def test_of_two_presets_the_option_counts_and_parts_go_before_it():
    settings = with_options(Settings(preset="other", pipeline={"score": "rules"}), {**OPTIONS, "preset": "reference"})
    assert (settings.preset, settings.pipeline) == ("reference", {"score": "rules"})
    names = {kind: part["name"] for kind, part in pipeline_of(settings).parts.plain.items()}
    assert names == {"instrument": "piano_adsr", "objective": "match", "schedule": "staged", "score": "rules"}


def test_without_options_nothing_changes():
    assert with_options(Settings(seeds=2), OPTIONS) == Settings(seeds=2)
    assert with_options(Settings(), {**OPTIONS, "no_judges": True}).judges == ()


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"level": [0.1, 0.2]}, "level"),
        ({"seeds": "3"}, "seeds"),
        ({"seeds": 0}, "expected 1 or more"),
        ({"levels": [0.4]}, "at least two different levels"),
        ({"levels": [0.4, 0.4]}, "at least two different levels"),
        ({"controls": {"levels": [0.1]}}, "at least two different levels"),
        ({"scale": "raw"}, "scale"),
        ({"loudness": "loud"}, "loudness"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(plain, message):
    with pytest.raises(ConfigurationError, match=message):
        validate(Settings, plain, "a file")


def test_a_file_holds_names_configurations_and_lists():
    plain = {
        "pipeline": {"score": {"name": "song", "config": {"bars": 4}}},
        "judges": ["cue_meter", {"name": "notes_judge", "config": {"weights": "w.safetensors"}}],
        "baseline": {"score": "rules", "budget": 1},
        "controls": {"weights": ["shuffled-*.safetensors"], "levels": [-0.8, 0.8]},
        "loudness": -23.0,
    }
    found = validate(Settings, plain, "a file")
    assert found.judges[1]["config"] == {"weights": "w.safetensors"}
    assert found.controls.levels == (-0.8, 0.8)
    assert found.baseline["budget"] == 1


def test_the_battery_of_the_documentation_can_be_read():
    found = validate(Settings, read_config(ROOT / "docs" / "battery.toml"), "battery.toml")
    assert (len(found.levels), found.seeds, found.baseline) == (5, 3, "rules")
    assert found.goals["valence"] == Goals(0.07, 0.70, 0.85, 0.6, 0.3333)


def test_the_settings_in_the_page_can_be_read(tmp_path):
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    (tmp_path / "page.toml").write_text(re.search(r":caption: example.toml\n\n(.*?)```", page, re.DOTALL)[1])
    found = validate(Settings, read_config(tmp_path / "page.toml"), "the page")
    assert found.goals["arousal"].audio_r == 0.92
    assert found.controls.weights == ("shuffled/*.safetensors", "untrained/*.safetensors")

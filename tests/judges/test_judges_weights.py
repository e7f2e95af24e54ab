"""Weights of judges: cards, qualification, and files that are not what they should be."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from orchestra_core import build
from orchestra_core.errors import WeightsError
from orchestra_judges.cue_meter import CueMeter
from orchestra_judges.notes_judge import NotesJudge
from orchestra_judges.plugin import orchestra_judges
from orchestra_judges.weights import DIMENSIONS, Card, load_judge, qualified, save_judge, shipped_path, slope

JUDGES = [descriptor.name for descriptor in orchestra_judges()]


def test_all_weights_together_are_small():
    assert sum(shipped_path(name).stat().st_size for name in JUDGES) < 600_000


@pytest.mark.parametrize("name", JUDGES)
def test_a_card_says_how_good_a_judge_is_on_what_it_has_not_seen(name):
    card = load_judge(name).card
    assert card.data
    assert card.citation
    assert "oracle" in card.split["held out"]
    for dimension in DIMENSIONS:
        marks = card.metrics[dimension]
        assert {"r", "r2", "ccc", "partial_r"} <= set(marks)
        assert marks["r_low"] <= marks["r"] <= marks["r_high"]
    assert card.qualified == qualified(card.metrics)


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_tells_the_slope_on_held_out_ratings(name):
    told = build("judge", name).component.held_out
    for dimension in DIMENSIONS:
        marks = load_judge(name).card.metrics[dimension]
        assert told[dimension]["r"] == marks["r"]
        # slope = r x (spread of marks / spread of ratings): marks shrink towards the mean, and never turn round
        assert 0.1 < told[dimension]["slope"] < 1.5


def test_the_slope_follows_from_two_measures_of_agreement():
    rng = np.random.default_rng(0)
    rated = rng.normal(size=50)
    marked = 0.3 + 0.4 * rated + 0.2 * rng.normal(size=50)
    error = np.mean((marked - rated) ** 2)
    ccc = 2 * np.cov(marked, rated, bias=True)[0, 1] / (marked.var() + rated.var() + (marked.mean() - rated.mean()) ** 2)
    assert slope(1 - error / rated.var(), ccc) == pytest.approx(np.polyfit(rated, marked, 1)[0])


@pytest.mark.parametrize("name", JUDGES)
def test_the_licence_says_what_people_must_know(name):
    card = load_judge(name).card
    expected = "CC0" if name == "cue_meter" else "research-only"
    assert expected in card.license
    assert expected in next(one.license for one in orchestra_judges() if one.name == name)


@pytest.mark.parametrize(
    ("arousal", "valence", "partial", "expected"),
    [
        (0.55, 0.55, 0.4, ("arousal", "valence")),
        (0.549, 0.7, 0.7, ("valence",)),
        (0.8, 0.7, 0.39, ("arousal",)),
        (0.8, 0.5, 0.5, ("arousal",)),
        (0.1, 0.1, 0.1, ()),
    ],
)
def test_a_judge_qualifies_by_its_held_out_marks(arousal, valence, partial, expected):
    assert qualified({"arousal": {"r": arousal}, "valence": {"r": valence, "partial_r": partial}}) == expected


def test_arrays_and_card_come_back(tmp_path):
    card = save_judge(tmp_path / "w.safetensors", {"a": np.arange(3.0)}, Card("some_judge", qualified=("arousal",)))
    loaded = load_judge("some_judge", tmp_path / "w.safetensors")
    assert loaded.card == card
    np.testing.assert_array_equal(loaded.array("a"), np.arange(3.0))
    with pytest.raises(WeightsError, match="expected b too"):
        loaded.array("b")


def test_a_judge_marks_only_what_it_qualifies_on(tmp_path):
    from judges_music import piece

    from orchestra_core import Performance

    loaded = load_judge("cue_meter")
    save_judge(tmp_path / "w.safetensors", loaded.arrays, replace(loaded.card, qualified=("arousal",)))
    judge = CueMeter(tmp_path / "w.safetensors")
    assert [dimension.name for dimension in judge.dimensions] == ["arousal", "valence"]
    assert set(judge.mark(Performance(score=piece()))) == {"arousal"}


def test_a_truncated_file_is_named(tmp_path):
    path = tmp_path / "short.safetensors"
    path.write_bytes(shipped_path("notes_judge").read_bytes()[:5000])
    with pytest.raises(WeightsError, match="truncated"):
        NotesJudge(path)


def test_an_altered_file_is_named(tmp_path):
    path = tmp_path / "altered.safetensors"
    content = bytearray(shipped_path("notes_judge").read_bytes())
    content[-40] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(WeightsError, match="altered"):
        NotesJudge(path)


def test_another_judges_file_is_named():
    with pytest.raises(WeightsError, match="'cue_meter'; expected those of 'notes_judge'"):
        NotesJudge(shipped_path("cue_meter"))


def test_a_foreign_file_is_named(tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file(load_file(shipped_path("cue_meter")), path)
    with pytest.raises(WeightsError, match="no card"):
        CueMeter(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        CueMeter(tmp_path / "nothing.safetensors")


def test_values_that_are_not_finite_are_refused(tmp_path):
    save_judge(tmp_path / "nan.safetensors", {"arousal": np.array([np.nan])}, Card("cue_meter"))
    with pytest.raises(WeightsError, match="NaN or infinite values in arousal"):
        CueMeter(tmp_path / "nan.safetensors")

"""What records add up to, for marks whose slopes are known."""

from dataclasses import replace

import numpy as np
import pytest
from battery_records import JUDGED, NAMES, OBJECTIVE, judge, records
from scipy import stats

from orchestra_battery.control import summarise_controls
from orchestra_battery.goals import outcomes
from orchestra_battery.settings import Goals
from orchestra_battery.summary import moved_by_transforms, summarise_cues, summarise_gates, summarise_marker
from orchestra_core import Dimension, Gate


def summary(marks, **options):
    return summarise_marker(judge(**options), records(marks), NAMES, OBJECTIVE)


def linear(arousal, valence, seed):
    """Half as much as was asked in SD, and a fifth of that of the other dimension in arousal."""
    return {"arousal": 0.2 + 0.4 * (0.5 * arousal + 0.1 * valence), "valence": 0.5 * 0.3 * valence}


def test_slopes_are_in_standard_deviations_of_the_labels():
    marks = summary(linear).marks
    assert marks["arousal"].slope.value == pytest.approx(0.5)
    assert marks["valence"].slope.value == pytest.approx(0.3)
    assert marks["arousal"].standardised


def test_the_cross_slope_is_a_share_of_the_own():
    marks = summary(linear).marks
    assert marks["arousal"].cross.value == pytest.approx(0.2)
    assert marks["valence"].cross.value == pytest.approx(0.0, abs=1e-9)


def test_the_slope_ratio_is_to_the_slope_on_held_out_labels_where_it_is_known():
    marks = summary(linear, held_out={"arousal": 0.4}).marks
    assert marks["arousal"].slope_ratio.value == pytest.approx(1.25)
    assert np.isnan(marks["valence"].slope_ratio.value)


def test_r_is_pearsons_with_the_request():
    noise = np.random.default_rng(0).normal(size=(5, 5, 3))

    def noisy(arousal, valence, seed):
        place = round(arousal / 0.8 + 2), round(valence / 0.8 + 2), seed
        return {"arousal": 0.3 * arousal + 0.4 * noise[place], "valence": 0.0}

    made = records(noisy)
    expected = stats.pearsonr([one.requests["arousal"] for one in made], [one.marks["judge"]["arousal"] for one in made])[0]
    found = summarise_marker(judge(), made, NAMES, OBJECTIVE).marks["arousal"].r
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < expected < found.high


def test_goals_are_for_those_they_are_meant_for():
    def exact(arousal, valence, seed):
        return {"arousal": 0.2 + 0.4 * arousal, "valence": 0.1 * valence}

    goals = {"arousal": Goals(oracle_error=0.07, audio_r=0.9, notes_r=0.95, slope_ratio=0.8, cross=1 / 3), "valence": Goals()}
    of_audio, unknown = judge(held_out={"arousal": 0.5}), judge("unknown")
    of_notes = replace(judge("notes"), needs=frozenset({"notes"}))
    marks = {
        one.name: summarise_marker(one, records(exact, name=one.name), NAMES, OBJECTIVE) for one in (of_audio, unknown, of_notes)
    }
    found = {(one.marker, one.measure): one.met for one in outcomes((of_audio, unknown, of_notes), marks, goals)}
    assert found == {
        ("judge", "r"): True,
        ("judge", "slope_ratio"): False,  # twice as steep as on people's music: caricature
        ("judge", "cross"): True,
        ("unknown", "r"): True,
        ("unknown", "slope_ratio"): None,
        ("unknown", "cross"): True,
        ("notes", "r"): True,
        ("notes", "cross"): True,
    }


def test_a_marker_that_says_what_was_asked_errs_by_nothing():
    def exact(arousal, valence, seed):
        return {"arousal": 0.2 + 0.4 * arousal, "valence": 0.5 * valence}

    found = summary(exact)
    assert [mark.error.value for mark in found.marks.values()] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert [mark.sign.value for mark in found.marks.values()] == [1.0, 1.0]
    assert found.quadrant.value == 1.0


def test_the_error_is_in_the_markers_own_unit():
    def off(arousal, valence, seed):
        return {"arousal": 0.2 + 0.4 * arousal / 2 + 0.05, "valence": 0.5 * valence / 2}

    assert summary(off).marks["valence"].error.value == pytest.approx(0.25 * np.mean([1.6, 0.8, 0, 0.8, 1.6]))


def test_cells_in_the_middle_have_no_quadrant_and_no_sign():
    def half(arousal, valence, seed):  # on the asked side in arousal alone
        return {"arousal": 0.2 + 0.4 * arousal, "valence": -0.5 * valence}

    found = summary(half)
    assert (found.marks["arousal"].sign.value, found.marks["valence"].sign.value) == (1.0, 0.0)
    assert found.quadrant.value == 0.0


def test_a_marker_of_one_dimension_has_no_quadrant():
    found = summarise_marker(judge(dimensions=JUDGED[:1]), records(linear), NAMES, OBJECTIVE)
    assert set(found.marks) == {"arousal"}
    assert np.isnan(found.quadrant.value)


def test_without_a_corpus_slopes_are_in_the_markers_unit_and_no_ratio_is_told():
    plain = (Dimension("arousal", -1, 1), Dimension("valence", -1, 1))
    found = summary(linear, dimensions=plain, held_out={"arousal": 0.4}).marks["arousal"]
    assert found.slope.value == pytest.approx(0.2)
    assert not found.standardised
    assert np.isnan(found.slope_ratio.value)


def test_cues_have_the_mean_of_each_level_and_are_held_against_the_literature():
    def cues(arousal, valence, seed):
        return {"onset_rate": 1 + arousal, "mode": -valence, "centroid": 3.0}

    found = summarise_cues(records(linear, cues=cues), NAMES, OBJECTIVE)
    assert found["onset_rate"]["arousal"].levels == pytest.approx({-0.8: -0.6, -0.4: 0.2, 0.0: 1.0, 0.4: 1.8, 0.8: 2.6})
    assert (found["onset_rate"]["arousal"].met, found["onset_rate"]["arousal"].clear) == (True, True)
    assert (found["mode"]["valence"].met, found["mode"]["valence"].clear) == (False, True)
    assert found["mode"]["arousal"].met is None
    assert (found["centroid"]["arousal"].met, found["centroid"]["arousal"].clear) == (False, False)


def test_marks_move_by_standard_deviations_of_the_labels():
    made = records(linear, levels=(-0.8, 0.8), seeds=2)
    changed = []
    for number, one in enumerate(made):
        marks = {name: value + (0.2 if number % 2 else -0.1) for name, value in one.marks["judge"].items()}
        changed.append(one.__class__(**{**vars(one), "transforms": {"mp3": {"judge": marks}}}))
    found = moved_by_transforms(judge(), changed)["mp3"]["arousal"]
    assert found == pytest.approx({"mean": 0.05 / 0.4, "absolute": 0.15 / 0.4})


def test_gates_are_counted_and_the_worst_is_told():
    made = records(linear, levels=(-0.8, 0.8), seeds=1)
    values = [0.0, 3.0, 1.0, 0.0]
    held = [one.__class__(**{**vars(one), "gates": {"clicks": Gate(v, 0, v <= 0)}}) for one, v in zip(made, values, strict=True)]
    assert summarise_gates(held) == {"clicks": {"pieces": 4, "passed": 2, "limit": 0, "worst": 3.0}}


def test_controls_set_the_95th_percentile_that_the_real_one_has_to_exceed():
    def part(share):
        return lambda arousal, valence, seed: {"arousal": share * arousal + (seed - 1) * 1.0, "valence": 0.0}

    shares = [0.1 * index for index in range(-5, 6)]
    controls = {str(index): records(part(share)) for index, share in enumerate(shares)}
    found = summarise_controls([judge()], controls, records(linear), NAMES, OBJECTIVE).judges["judge"]
    each = [
        stats.pearsonr([one.requests["arousal"] for one in made], [one.marks["judge"]["arousal"] for one in made])[0]
        for made in controls.values()
    ]
    assert found["arousal"].r == pytest.approx(each, abs=1e-9)
    assert found["arousal"].percentile == pytest.approx(np.percentile(np.abs(each), 95), abs=1e-9)
    assert found["arousal"].above
    assert found["valence"].percentile == 0.0

"""The judges of notes: what moves their marks, and in which direction."""

import numpy as np
import pytest
import torch
from judges_music import MAJOR, MINOR, drums, piece

from orchestra_core import Note, Performance, Score, build
from orchestra_core.errors import ParameterError
from orchestra_judges.cue_meter import CueMeter
from orchestra_judges.cues import CUES, note_cues, sound_level, velocity_level
from orchestra_judges.notes import notes_of

JUDGES = ["notes_judge", "cue_meter"]


@pytest.fixture(params=JUDGES)
def judge(request):
    return build("judge", request.param).component


def mark(judge, score):
    return judge.mark(Performance(score=score))


def test_more_notes_per_second_read_as_more_arousal(judge):
    slow, fast = (mark(judge, piece(rate=rate))["arousal"] for rate in (2.0, 8.0))
    assert fast > slow + 0.1


@pytest.mark.parametrize("tonic", [55, 60, 64])
def test_major_reads_above_minor(judge, tonic):
    major, minor = (mark(judge, piece(scale, tonic=tonic))["valence"] for scale in (MAJOR, MINOR))
    assert major > minor + 0.05


def test_a_semitone_moves_valence_less_than_the_mode_does(judge):
    major, minor = (mark(judge, piece(scale))["valence"] for scale in (MAJOR, MINOR))
    moved = mark(judge, piece(MAJOR, tonic=61))["valence"]
    assert abs(moved - major) < (major - minor) / 3


def test_drums_alone_are_refused(judge):
    with pytest.raises(ParameterError, match="no pitched notes"):
        mark(judge, drums())


def test_drums_change_nothing(judge):
    score = piece()
    assert mark(judge, Score((*score.notes, *drums().notes))) == mark(judge, score)


def test_the_order_of_notes_does_not_matter(judge):
    score = piece()
    assert mark(judge, Score(tuple(reversed(score.notes)))) == mark(judge, score)


def test_marks_lie_in_the_range_of_the_dimensions(judge):
    wild = Score(tuple(Note(108, i / 50, 0.01, 1.0) for i in range(500)))
    assert all(-1 <= value <= 1 for value in mark(judge, wild).values())


def test_cues_are_in_the_units_of_the_experiment():
    notes = notes_of(Score(tuple(Note(77, i / 4, 0.125, 80 / 127) for i in range(40))))
    cues = note_cues(notes)
    assert cues["density"] == pytest.approx(2.0)
    assert cues["staccato"] == pytest.approx(0.5, abs=0.02)
    assert cues["register"] == pytest.approx(1.0)
    assert cues["level"] == pytest.approx(0.0)


def test_mode_is_one_for_a_clear_major_key_and_minus_one_for_minor():
    assert note_cues(notes_of(piece(MAJOR)))["mode"] > 0.5
    assert note_cues(notes_of(piece(MINOR)))["mode"] < -0.5


def test_levels_are_tens_of_decibels_re_the_middle():
    assert sound_level(np.full(1000, 0.1)) == pytest.approx(0.0)  # -20 dB
    assert sound_level(np.full(1000, 0.1 * 10**0.25)) == pytest.approx(0.5)
    assert sound_level(np.zeros(1000)) == -1.0
    assert velocity_level(0.0) == -1.0
    assert velocity_level(1.0) == pytest.approx(4 * np.log10(127 / 80))


def test_the_cue_meter_takes_the_level_of_the_sound_where_there_is_sound():
    meter, score = CueMeter(), piece(velocity=1.0)
    quiet = Performance(torch.full((22_050,), 0.01), 22_050, score)
    assert meter.cues(quiet)["level"] == -1.0
    assert meter.mark(quiet)["arousal"] < meter.mark(Performance(score=score))["arousal"]


def test_the_cue_meter_is_linear_in_its_cues():
    meter = CueMeter()
    performance = Performance(score=piece())
    cues = meter.cues(performance)
    for name, names in CUES.items():
        intercept, *slopes = meter._coefficients[name].tolist()
        assert meter.mark(performance)[name] == pytest.approx(intercept + np.dot(slopes, [cues[cue] for cue in names]))


def test_the_coefficients_have_the_signs_of_the_experiment():
    coefficients = CueMeter()._coefficients
    assert (coefficients["arousal"][1:] > 0).all()  # density, level and staccato raise arousal
    mode, register, level = coefficients["valence"][1:]
    assert mode > 0
    assert register > 0
    assert level < 0

"""Cues of sounds and notes whose values are known in closed form."""

import math

import numpy as np
import pytest
import torch

from orchestra_battery.cues import BY_NAME, CUES, loudness, measure
from orchestra_battery.keys import major_evidence
from orchestra_core import SCALES, Note, Part, Performance, Score

RATE = 44_100
TIME = np.arange(2 * RATE) / RATE


def sounding(samples, score=None):
    return measure(Performance(torch.from_numpy(samples).float(), RATE, score))


def line(pitches, step=0.25, length=0.2, part=None):
    return Score(tuple(Note(pitch, index * step, length, 0.8, part or Part()) for index, pitch in enumerate(pitches)))


def test_the_level_of_a_sine_is_its_peak_less_three_decibels():
    cues = sounding(0.5 * np.sin(2 * np.pi * 1000 * TIME))
    assert cues["level"] == pytest.approx(20 * math.log10(0.5) - 3.01, abs=0.01)


def test_loudness_is_that_of_the_standards_reference_tone():
    # ITU-R BS.1770: a sine of 997 Hz at full scale in one channel is -3.01 LKFS.
    assert loudness(np.sin(2 * np.pi * 997 * TIME), RATE) == pytest.approx(-3.01, abs=0.02)


def test_silence_and_less_than_a_block_have_no_loudness():
    assert math.isnan(loudness(np.zeros(RATE), RATE))
    assert math.isnan(loudness(np.ones(1000), RATE))
    assert "loudness" not in sounding(np.zeros(RATE))


@pytest.mark.parametrize("frequency", [250.0, 2000.0])
def test_the_centroid_of_a_sine_is_its_frequency(frequency):
    cues = sounding(0.5 * np.sin(2 * np.pi * frequency * TIME))
    assert 2 ** cues["centroid"] == pytest.approx(frequency, rel=0.02)


@pytest.mark.parametrize("rise", [0.02, 0.1])
def test_the_attack_of_a_ramp_is_four_fifths_of_it(rise):
    ramp = np.clip((TIME - 0.5) / rise, 0, 1) * np.sin(2 * np.pi * 1000 * TIME)
    cues = sounding(ramp, Score((Note(83, 0.5, 1.0),)))
    assert 2 ** cues["attack"] == pytest.approx(0.8 * rise, abs=0.006)


def test_the_attack_of_a_note_is_not_that_of_the_next():
    # A soft tone that goes over into a hard one after 0.1 s: in a longer window the way to the peak would take both.
    envelope = 0.3 * np.clip((TIME - 0.2) / 0.02, 0, 1) + 0.6 * np.clip((TIME - 0.3) / 0.02, 0, 1)
    score = Score((Note(83, 0.2, 0.1), Note(83, 0.3, 0.5)))
    assert 2 ** sounding(envelope * np.sin(2 * np.pi * 1000 * TIME), score)["attack"] == pytest.approx(0.016, abs=0.004)


def test_onsets_are_counted_once_however_many_notes_begin():
    chord = Score(tuple(Note(pitch, onset, 0.5) for onset in (0.0, 0.5, 1.0, 1.5) for pitch in (60, 64, 67)))
    assert 2 ** measure(Performance(score=chord))["onset_rate"] == pytest.approx(4 / 2.0)


def test_articulation_is_the_sounding_share_within_each_part():
    melody = [Note(60 + index, index * 0.5, 0.2, 0.8, Part("melody")) for index in range(4)]
    bass = [Note(40, 0.1 + index * 1.0, 1.0, 0.8, Part("bass")) for index in range(2)]
    expected = (3 * 0.4 + 1 * 1.0) / 4  # of three and of one note that others follow
    assert measure(Performance(score=Score((*melody, *bass))))["articulation"] == pytest.approx(expected)


def test_register_weighs_notes_by_how_long_they_sound():
    score = Score((Note(60, 0.0, 3.0), Note(72, 3.0, 1.0), Note(36, 0.0, 1.0, 0.8, Part("kit", 0, True))))
    assert measure(Performance(score=score))["register"] == pytest.approx(63.0)


def test_major_sounds_more_major_than_minor_in_every_key():
    for tonic in range(12):
        found = []
        for mode in ("major", "minor"):
            steps = SCALES[mode]
            pitches = [60 + tonic + step for step in (*steps, 0, steps[2], 7, 0)]
            found.append(measure(Performance(score=line(pitches)))["mode"])
        assert found[0] > 0 > found[1]


def test_mode_is_the_best_correlation_with_each_kind_of_key():
    generator = np.random.default_rng(0)
    profile = generator.random(12)
    major = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
    minor = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
    best = [max(np.corrcoef(np.roll(profile, -k), fits)[0, 1] for k in range(12)) for fits in (major, minor)]
    assert major_evidence(profile) == pytest.approx(best[0] - best[1])
    assert major_evidence(np.ones(12)) == 0.0


def test_without_notes_onsets_and_mode_are_heard():
    sound = np.zeros(len(TIME))
    for index, pitch in enumerate((60, 64, 67, 72, 64, 67, 60, 60)):
        since = TIME - 0.05 - 0.24 * index
        tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * since) * np.exp(-8 * np.clip(since, 0, None))
        sound += 0.3 * tone * (since > 0)
    cues = sounding(sound)
    assert 2 ** cues["onset_rate"] == pytest.approx(4.0, abs=0.6)
    assert cues["mode"] > 0
    assert not {"register", "articulation"} & set(cues)


def test_cues_come_in_the_order_of_their_table_and_every_expectation_has_a_source():
    cues = sounding(0.5 * np.sin(2 * np.pi * 440 * TIME), line([60, 62, 64, 65]))
    assert list(cues) == [cue.name for cue in CUES if cue.name in cues]
    told = {(cue.name, name): cue.expected(name) for cue in CUES for name in ("arousal", "valence") if cue.expected(name)}
    assert {pair for pair, sign in told.items() if sign < 0} == {
        ("level", "valence"),
        ("loudness", "valence"),
        ("articulation", "arousal"),
        ("attack", "arousal"),
    }
    assert all(BY_NAME[cue].source(dimension) for cue, dimension in told)
    assert (BY_NAME["mode"].expected("arousal"), BY_NAME["mode"].source("arousal")) == (0, "")

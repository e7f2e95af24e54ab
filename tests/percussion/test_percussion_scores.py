"""Score sources of drums: what a choice gives, by the grid."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Pipeline, Request, Score
from orchestra_core.errors import ParameterError
from orchestra_percussion import OneShotScore, PatternScore
from orchestra_percussion.kits import GENERAL_MIDI, KINDS
from orchestra_percussion.pattern import STYLES


def write(source, choice=None, duration=4.8, seed=0, scores=None):
    brief = Brief(Canvas(duration=duration), {}, torch.tensor([1]), scores)
    return source.write(brief, choice or {}, np.random.default_rng(seed))


def onsets(score, drum):
    return [round(note.onset, 4) for note in score.notes if note.pitch == GENERAL_MIDI[drum]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_one_shot_is_one_hit_of_its_kind_at_the_beginning(kind):
    (note,) = write(OneShotScore(), {"kind": kind, "kit": 3}, duration=1.0).notes
    assert (note.pitch, note.onset, note.part.drums, note.part.program) == (GENERAL_MIDI[kind], 0.0, True, 3)


def test_steps_are_sixteenths_of_the_tempo():
    score = write(PatternScore(steps={"kick": "X...x...", "hat": "x.x.x.x."}), {"tempo": 125.0})
    assert onsets(score, "kick") == [round(0.48 * i, 4) for i in range(10)]
    assert onsets(score, "hat") == [round(0.24 * i, 4) for i in range(20)]
    assert (score.tempo, score.metre) == (125.0, (2, 4))


def test_rows_shorter_than_the_bar_end_in_rests():
    score = write(PatternScore(steps={"kick": "X", "hat": "x.x."}), {"tempo": 75.0}, duration=1.6)
    assert onsets(score, "kick") == [0.0, 0.8]


def test_swing_delays_every_second_step():
    score = write(PatternScore(steps={"hat": "xxxx"}, swing=0.3), {"tempo": 75.0}, duration=1.0)
    assert onsets(score, "hat") == [0.0, 0.26, 0.4, 0.66, 0.8]


def test_soft_steps_come_and_go_by_the_seed_and_all_come_where_nothing_is_loose():
    steps = {"hat": "Xooooooo"}
    tight = write(PatternScore(steps=steps, loose=0.0))
    assert len(tight.notes) == 32 and {round(note.velocity, 2) for note in tight.notes} == {0.95, 0.45}
    loose = [len(write(PatternScore(steps=steps, loose=1.0), seed=seed).notes) for seed in range(4)]
    assert len(set(loose)) > 1 and max(loose) < 32


def test_accents_are_louder():
    score = write(PatternScore(steps={"snare": "Xxo."}, loose=0.0), duration=1.0)
    first, second, third = (note.velocity for note in score.notes[:3])
    assert first > second > third


@pytest.mark.parametrize(("led", "tempo"), [(90.0, 90.0), (40.0, 80.0), (260.0, 130.0)])
def test_a_pattern_follows_the_tempo_of_a_score_that_is_there(led, tempo):
    score = write(PatternScore(), {"tempo": 160.0}, scores=(Score((Note(60, 0.0, 1.0),), tempo=led),))
    assert score.tempo == tempo


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_rows_of_one_length_and_begins_with_a_hit(style):
    rows = STYLES[style]
    assert len({len(row) for row in rows.values()}) == 1 and set("".join(rows.values())) <= set("Xxo.")
    assert min(note.onset for note in write(PatternScore(), {"style": style}).notes) == 0.0


@pytest.mark.parametrize(
    ("source", "settings", "match"),
    [
        (OneShotScore, {"kinds": ("gong",)}, "kind of drum is 'gong'"),
        (OneShotScore, {"kinds": ()}, "expected one or more of kick"),
        (OneShotScore, {"kits": (200,)}, "A kit is 200"),
        (PatternScore, {"styles": ("polka",)}, "style of pattern is 'polka'"),
        (PatternScore, {"tempos": (1.0,)}, "tempo of pattern is 1.0"),
        (PatternScore, {"swing": 0.7}, "swing of pattern is 0.7"),
        (PatternScore, {"loose": -1.0}, "loose of pattern is -1.0"),
        (PatternScore, {"steps": {"gong": "x"}}, "row of steps is for 'gong'"),
        (PatternScore, {"steps": {"kick": "..x."}}, "expected an X, x or o as a first step"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_words(source, settings, match):
    with pytest.raises(ParameterError, match=match):
        source(**settings)


def test_a_pattern_is_composed_with_a_voice_for_each_drum():
    pipeline = Pipeline(
        instrument="percussion", score={"name": "pattern", "config": {"steps": {"kick": "X...", "hat": "x.x.", "clap": "..x."}}}
    )
    result = pipeline.compose("happy", seed=1, canvas=Canvas(duration=2.0, sample_rate=22_050), budget=3)
    assert {note.pitch for note in result.notes.notes} == {36.0, 42.0, 39.0}
    pitch = next(parameter for parameter in result.parameters if parameter.name == "pitch")
    assert pitch.final.shape == (3,)


def test_the_drums_of_a_midi_file_are_played(tmp_path):
    from orchestra_core.io.midi import write_midi

    pattern = write(PatternScore(), {"style": "house"}, duration=2.0)
    melody = tuple(Note(60 + i, 0.4 * i, 0.3) for i in range(4))
    path = write_midi(tmp_path / "both.mid", replace(pattern, notes=(*pattern.notes, *melody)))
    result = Pipeline(instrument="percussion", score=path).compose(
        "calm", canvas=Canvas(duration=2.0, sample_rate=22_050), budget=1
    )
    assert len(result.notes.notes) == len(pattern.notes)
    assert {note.pitch for note in result.notes.notes} == {note.pitch for note in pattern.notes}


def test_patterns_of_other_drums_are_composed_side_by_side_as_alone():
    pipeline = Pipeline(
        instrument="percussion",
        score={"name": "pattern", "config": {"styles": ["sparse", "bossa"], "tempos": [125.0], "kits": [0, 1]}},
        schedule={"name": "staged", "config": {"search": 4}},
    )
    canvas, targets = Canvas(duration=2.0, sample_rate=22_050), ({"arousal": -0.5}, {"arousal": 0.9})
    batch = pipeline.compose_many([Request(asked, seed) for seed, asked in enumerate(targets)], canvas=canvas, budget=7)
    assert len({result.choice["style"] for result in batch}) == 2  # of two and of four drums
    for seed, asked in enumerate(targets):
        alone = pipeline.compose(targets=asked, seed=seed, canvas=canvas, budget=7)
        np.testing.assert_array_equal(alone.audio, batch[seed].audio)

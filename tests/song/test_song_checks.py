"""What a piece is held to: each gate fails where it has to, whoever wrote the score."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Part, Score, melody_of
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_song import SongScore
from orchestra_song.checks import gates


def song(**config):
    brief = Brief(Canvas(duration=16.0), {}, torch.tensor([3]))
    return SongScore(key="C major", **config).write(brief, {}, np.random.default_rng(3))


def line(*pitches, gaps=None, key="C major"):
    gaps = gaps or [0.5] * len(pitches)
    onsets = np.cumsum([0.0, *gaps[:-1]])
    return Score(tuple(Note(float(p), float(o), 0.4) for p, o in zip(pitches, onsets, strict=True)), key=key)


def changed(score, index, **fields):
    notes = list(score.notes)
    notes[index] = replace(notes[index], **fields)
    return replace(score, notes=tuple(notes))


def failed(score):
    return {name for name, gate in gates(score).items() if not gate.passed}


def index_of_last_melody_note(score):
    return score.notes.index(melody_of(score)[-1])


def test_a_song_passes_and_keeps_passing_when_the_parts_are_forgotten():
    score = song()
    assert failed(score) == set()
    plain = replace(score, notes=tuple(replace(note, part=Part()) for note in score.notes))
    assert {"scale", "cadence", "lowest", "highest"}.isdisjoint(failed(plain))


def test_notes_outside_the_declared_scale_are_counted():
    score = song()
    assert gates(score)["scale"].value == 1.0
    wrong = replace(score, notes=tuple(replace(n, pitch=n.pitch + (i % 10 == 0)) for i, n in enumerate(score.notes)))
    assert gates(wrong)["scale"].value < 0.96
    assert "scale" in failed(replace(score, key="F# major"))


def test_drums_have_no_pitch_to_hold_to_a_scale():
    assert failed(song(parts=("melody", "harmony", "bass", "drums"))) == set()
    with pytest.raises(ScoreError, match="are drums"):
        gates(Score((Note(36, 0.0, 0.1, part=Part("drums", drums=True)),), key="C major"))


def test_a_pitch_beyond_the_piano_a_wide_leap_and_another_last_note_are_found():
    score = song()
    last = index_of_last_melody_note(score)
    assert "lowest" in failed(changed(score, 0, pitch=12.0))
    assert {"highest", "leap"} <= failed(changed(score, last, pitch=120.0))
    assert failed(changed(score, last, pitch=melody_of(score)[-1].pitch + 2)) == {"cadence"}


def test_a_score_without_a_key_has_no_scale_to_be_held_to():
    with pytest.raises(ScoreError, match="has no key"):
        gates(line(60, 62, key=None))
    with pytest.raises(ParameterError, match="octatonic"):
        gates(line(60, 62, key="C octatonic"))

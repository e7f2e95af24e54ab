"""What a piece is held to: each gate fails where it has to, whoever wrote the score."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Part, Score
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_song import SongScore
from orchestra_song.checks import ends_at_home, gates, melody_of, repeated_motif, share_in_scale, widest_leap


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
    assert share_in_scale(score) == 1.0
    wrong = replace(score, notes=tuple(replace(n, pitch=n.pitch + (i % 10 == 0)) for i, n in enumerate(score.notes)))
    assert share_in_scale(wrong) < 0.96
    assert "scale" in failed(replace(score, key="F# major"))
    assert share_in_scale(line(57, 59, 60, 62, 64, 65, 67, 68, key="A minor")) == 1.0  # the leading note belongs to minor
    assert share_in_scale(line(60, 61, key="C major")) == 0.5


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


def test_a_leap_is_measured_between_notes_of_the_melody():
    assert widest_leap(line(60, 72, 71)) == 12
    assert widest_leap(line(60)) == 0


def test_the_last_chord_has_to_stand_on_the_tonic():
    home = Score((Note(67, 0.0, 0.5), Note(72, 0.5, 1.0), Note(48, 0.5, 1.0)), key="C major")
    away = Score((Note(67, 0.0, 0.5), Note(72, 0.5, 1.0), Note(43, 0.5, 1.0)), key="C major")
    assert (ends_at_home(home), ends_at_home(away)) == (True, False)


def test_a_motif_is_found_moved_along_the_scale_and_not_where_there_is_none():
    assert repeated_motif(line(60, 62, 64, 60, 62, 64, 65, 62)) == 4  # C D E C and D E F D
    assert repeated_motif(line(60, 67, 64, 63)) == 1
    rng = np.random.default_rng(0)
    walk = line(*np.cumsum(rng.choice([-7, -4, 3, 5, 9], 10)) + 60, gaps=list(rng.uniform(0.2, 2.0, 10)))
    assert repeated_motif(walk) < 3


def test_the_rhythm_belongs_to_a_motif():
    pitches = (60, 62, 64, 65, 60, 62, 64, 65)
    assert repeated_motif(line(*pitches)) == 4
    assert repeated_motif(line(*pitches, gaps=[0.2, 0.4, 0.2, 1.0, 0.8, 0.2, 0.7, 1.0])) < 3


def test_the_melody_of_a_score_without_one_is_its_highest_voice():
    chords = Score(tuple(Note(pitch, onset, 0.5) for onset in (0.0, 0.5) for pitch in (60, 64, 67 + 2 * onset)), key="C")
    assert [note.pitch for note in melody_of(chords)] == [67, 68]


def test_a_score_without_a_key_has_no_scale_to_be_held_to():
    with pytest.raises(ScoreError, match="has no key"):
        gates(line(60, 62, key=None))
    with pytest.raises(ParameterError, match="octatonic"):
        gates(line(60, 62, key="C octatonic"))

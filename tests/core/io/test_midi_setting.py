"""What a MIDI file says of the setting of its notes: key, metre and grid."""

from dataclasses import replace

import mido
import numpy as np
import pytest

from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.io.midi import read_midi, write_midi
from orchestra_core.io.midi_grid import quantized


def write(path, score, **options):
    return mido.MidiFile(write_midi(path / "a.mid", score, **options))


def one(key=None, metre=(4, 4)):
    return Score((Note(60, 0.0, 1.0),), 120.0, metre, key)


def conductor(file, kind):
    return [message for message in file.tracks[0] if message.type == kind]


# Signatures as any book of music theory has them: the white keys from D are dorian, and so on.
SIGNATURES = {
    "C major": "C",
    "A minor": "Am",
    "D dorian": "C",
    "E phrygian": "C",
    "F lydian": "C",
    "G mixolydian": "C",
    "Bb dorian": "Ab",
    "F# phrygian": "D",
    "Eb lydian": "Bb",
    "A mixolydian": "D",
    "C mixture": "C",
    "A harmonic minor": "C",
    "G# major": "Ab",
    "D# minor": "D#m",
    "Db lydian": "Ab",
}


@pytest.mark.parametrize("key", SIGNATURES)
def test_every_mode_has_its_signature_and_comes_back_by_name(tmp_path, key):
    file = write(tmp_path, one(key))
    assert [message.key for message in conductor(file, "key_signature")] == [SIGNATURES[key]]
    assert read_midi(tmp_path / "a.mid").key == key


@pytest.mark.parametrize("key", ["C octatonic", "X major", "C", "Hm"])
def test_a_key_without_a_signature_keeps_its_name_alone(tmp_path, key):
    file = write(tmp_path, one(key))
    assert conductor(file, "key_signature") == []
    assert read_midi(tmp_path / "a.mid").key == key


def test_a_name_that_the_signature_contradicts_is_old(tmp_path):
    file = write(tmp_path, one("D dorian"))
    track = file.tracks[0]
    track[[m.type for m in track].index("key_signature")] = mido.MetaMessage("key_signature", key="Eb")
    file.save(str(tmp_path / "moved.mid"))
    assert read_midi(tmp_path / "moved.mid").key == "Eb major"


def test_no_key_writes_none_and_a_name_that_midi_cannot_spell_is_left_out(tmp_path):
    for key in (None, "ハ長調"):
        assert conductor(write(tmp_path, one(key)), "text") == []
        assert read_midi(tmp_path / "a.mid").key is None


@pytest.mark.parametrize(
    ("metre", "clocks"), [((4, 4), 24), ((3, 4), 24), ((6, 8), 36), ((12, 8), 36), ((2, 2), 48), ((5, 8), 12)]
)
def test_the_click_falls_on_the_beat_that_is_felt(tmp_path, metre, clocks):
    (signature,) = conductor(write(tmp_path, one(metre=metre)), "time_signature")
    assert signature.clocks_per_click == clocks
    assert read_midi(tmp_path / "a.mid").metre == metre


def played(steps, tempo, per_quarter, spread, seed=0, **fields):
    """Notes on steps of a grid, each away from it by up to `spread` s."""
    away = np.random.default_rng(seed).uniform(-spread, spread, len(steps))
    step = 60 / tempo / per_quarter
    onsets = [max(step * k + a, 0.0) for k, a in zip(steps, away, strict=True)]
    return Score(tuple(Note(60.0 + i % 12, onset, 0.1) for i, onset in enumerate(onsets)), tempo=tempo, **fields)


@pytest.mark.parametrize(("per_quarter", "steps"), [(4, [0, 2, 3, 4, 7, 8, 12]), (3, [0, 1, 2, 3, 5, 7])])
@pytest.mark.parametrize("tempo", [62.0, 92.3, 123.0769])
def test_notes_near_the_grid_are_written_on_it(tmp_path, per_quarter, steps, tempo):
    score = played(steps, tempo, per_quarter, 0.024)
    file = write(tmp_path, score, quantize=True)
    ticks = np.cumsum([message.time for message in file.tracks[1]])
    on = [int(t) for t, message in zip(ticks, file.tracks[1], strict=True) if message.type == "note_on"]
    assert on == [480 // per_quarter * step for step in steps]
    back = read_midi(tmp_path / "a.mid")
    np.testing.assert_allclose([n.onset for n in back.notes], [60 / tempo / per_quarter * k for k in steps], atol=2e-4)
    np.testing.assert_allclose([n.duration for n in back.notes], 0.1, atol=60 / tempo / 480)


def test_what_is_quantised_reads_back_equal_and_is_quantised_already(tmp_path):
    score = quantized(played([0, 2, 4, 6, 8], 120.0, 4, 0.02, metre=(6, 8), key="E phrygian"))
    again = quantized(read_midi(write_midi(tmp_path / "a.mid", score)))
    assert quantized(score) == score
    assert [(n.pitch, n.onset) for n in again.notes] == [(n.pitch, n.onset) for n in score.notes]
    assert (again.tempo, again.metre, again.key) == (120.0, (6, 8), "E phrygian")


def test_25_ms_is_near_enough():
    score = Score((Note(60, 0.0, 0.2), Note(62, 0.525, 0.2), Note(64, 1.0 - 0.025, 0.2)), tempo=120.0)
    assert [note.onset for note in quantized(score).notes] == [0.0, 0.5, 1.0]


def test_one_note_off_the_grid_leaves_all_as_they_were_played():
    score = played([0, 2, 4, 6], 120.0, 4, 0.02)
    off = replace(score, notes=(*score.notes, Note(72.0, 0.55, 0.1)))
    assert quantized(off) is off


def test_a_grid_that_is_near_any_onset_is_not_taken():
    fast = Score((Note(60, 0.013, 0.1), Note(62, 0.31, 0.1)), tempo=300.0)
    assert quantized(fast) is fast


def test_by_default_ticks_are_as_played(tmp_path):
    back = read_midi(write_midi(tmp_path / "a.mid", Score((Note(60, 0.02, 0.4),), tempo=60.0)))
    assert back.notes[0].onset == pytest.approx(0.02, abs=2e-3)


def test_repeated_notes_do_not_run_into_each_other_and_chords_stay_whole():
    bass = Part("bass", 33)
    notes = (Note(60, 0.02, 0.475), Note(60, 0.495, 0.4), Note(60, 0.0, 2.0, part=bass), Note(64, 0.01, 0.5))
    moved = quantized(Score(notes, tempo=120.0)).notes
    assert [(n.onset, n.duration) for n in moved] == [(0.0, 0.475), (0.5, 0.4), (0.0, 2.0), (0.0, 0.5)]
    early = quantized(Score((Note(60, 0.0, 0.515), Note(60, 0.52, 0.3)), tempo=120.0)).notes
    assert [(n.onset, n.duration) for n in early] == [(0.0, 0.5), (0.5, 0.3)]


def test_two_notes_that_would_become_one_are_left_as_played():
    score = Score((Note(60, 0.0, 0.01), Note(60, 0.02, 0.3)), tempo=120.0)
    assert quantized(score) is score

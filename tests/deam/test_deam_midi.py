"""Notes are read in seconds from MIDI files, and written back."""

from __future__ import annotations

import mido
import numpy as np
import pytest
from deam_data import melody

from orchestra_core.errors import ScoreError
from orchestra_deam.midi import NoteTable, read_notes, write_midi


def save(path, *messages, ticks=480):
    mido.MidiFile(ticks_per_beat=ticks, tracks=[mido.MidiTrack(messages)]).save(path)
    return path


def test_what_is_written_is_read_back(tmp_path):
    notes = melody(3, 50)
    write_midi(notes, tmp_path / "a.mid", program=11)
    back = read_notes(tmp_path / "a.mid")
    for name, tolerance in (("pitch", 0), ("onset", 5e-4), ("duration", 1e-3), ("velocity", 4e-3)):
        np.testing.assert_allclose(getattr(back, name), getattr(notes, name), atol=tolerance)
    programs = [message.program for message in mido.MidiFile(tmp_path / "a.mid").tracks[0] if message.type == "program_change"]
    assert programs == [11]


def test_the_tempo_map_is_respected(tmp_path):
    path = save(
        tmp_path / "a.mid",
        mido.MetaMessage("set_tempo", tempo=1_000_000),
        mido.Message("note_on", note=60, velocity=127, time=480),
        mido.MetaMessage("set_tempo", tempo=250_000, time=480),
        mido.Message("note_off", note=60, time=480),
    )
    notes = read_notes(path)
    np.testing.assert_allclose([notes.onset[0], notes.duration[0], notes.velocity[0]], [1.0, 1.25, 1.0])


def test_a_note_struck_again_ends_there_and_a_hanging_note_ends_with_the_file(tmp_path):
    path = save(
        tmp_path / "a.mid",
        mido.Message("note_on", note=60, velocity=64),
        mido.Message("note_on", note=60, velocity=64, time=480),
        mido.Message("note_on", note=62, velocity=0, time=960),
    )
    np.testing.assert_allclose(read_notes(path).duration, [0.5, 1.0])


def test_drums_are_left_out(tmp_path):
    messages = [mido.Message(kind, note=40, velocity=90, channel=9, time=100) for kind in ("note_on", "note_off")]
    with pytest.raises(ScoreError, match="no notes"):
        read_notes(save(tmp_path / "a.mid", *messages))


@pytest.mark.parametrize("content", [b"", b"MThd", b"not a midi file at all", None])
def test_damaged_and_missing_files_are_named(tmp_path, content):
    path = tmp_path / "bad.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScoreError, match=r"bad\.mid.*Standard MIDI File"):
        read_notes(path)


def test_windows_hold_the_notes_that_begin_in_them():
    window = melody(2, 60).within(2.0, 4.0)
    np.testing.assert_allclose(window.onset, [0.0, 0.5, 1.0, 1.5])


def test_transposition_folds_back_into_the_keyboard():
    notes = NoteTable(np.array([21.0, 60.0, 107.0]), np.zeros(3), np.ones(3), np.ones(3))
    assert notes.moved(-2, 1.0).pitch.tolist() == [31.0, 58.0, 105.0]
    assert notes.moved(3, 1.0).pitch.tolist() == [24.0, 63.0, 98.0]


def test_a_faster_tempo_shortens_everything():
    assert melody(2, 60).moved(0, 2.0).end == pytest.approx(melody(2, 60).end / 2)


def test_a_note_of_no_length_ends_after_it_begins(tmp_path):
    notes = NoteTable(np.array([60.0, 62.0]), np.array([0.0, 1.0]), np.array([1e-5, 0.5]), np.array([0.5, 0.5]))
    write_midi(notes, tmp_path / "a.mid")
    messages = [message for message in mido.MidiFile(tmp_path / "a.mid").tracks[0] if message.type == "note_on"]
    assert [(message.note, message.velocity > 0) for message in messages] == [(60, True), (60, False), (62, True), (62, False)]
    assert messages[1].time >= 1

"""MIDI files to scores and back."""

from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import Message, MetaMessage

from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.errors import ScoreError
from orchestra_core.io.midi import read_midi, write_midi

VGMIDI = Path(__file__).parents[4] / "shared" / "data" / "vgmidi" / "midi"


def save(path, *tracks, kind=1, ticks=480):
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(str(path))
    return path


def on(note, velocity=64, time=0, channel=0):
    return Message("note_on", note=note, velocity=velocity, time=time, channel=channel)


def off(note, time=0, channel=0):
    return Message("note_off", note=note, time=time, channel=channel)


def spans(score):
    return [(note.pitch, round(note.onset, 6), round(note.duration, 6)) for note in score.notes]


def test_times_follow_tempo_changes_in_any_track(tmp_path):
    tempos = [MetaMessage("set_tempo", tempo=1_000_000), MetaMessage("set_tempo", tempo=250_000, time=480)]
    notes = [on(60), off(60, 480), on(62), off(62, 480), on(64), off(64, 240)]
    score = read_midi(save(tmp_path / "a.mid", tempos, notes))
    assert spans(score) == [(60, 0, 1.0), (62, 1.0, 0.25), (64, 1.25, 0.125)]
    assert score.tempo == pytest.approx(60)


def test_times_agree_with_midos_own_playback_on_real_files():
    if not VGMIDI.is_dir():
        pytest.skip("the VGMIDI files are not there (shared/data/vgmidi)")
    for path in sorted(VGMIDI.rglob("*.mid"))[:6]:
        now, onsets = 0.0, []
        for message in mido.MidiFile(path, clip=True):
            now += message.time
            if message.type == "note_on" and message.velocity:
                onsets.append(now)
        read = sorted(note.onset for note in read_midi(path).notes)
        np.testing.assert_allclose(read, sorted(onsets), atol=1e-6)


def test_every_real_file_is_read_or_refused_with_a_score_error():
    if not VGMIDI.is_dir():
        pytest.skip("the VGMIDI files are not there (shared/data/vgmidi)")
    counts = [len(read_midi(path).notes) for path in sorted(VGMIDI.rglob("*.mid"))[::10]]
    assert min(counts) >= 1


def test_a_note_on_of_velocity_0_ends_a_note(tmp_path):
    assert spans(read_midi(save(tmp_path / "a.mid", [on(60), on(60, 0, 480)]))) == [(60, 0, 0.5)]


def test_of_overlapping_notes_of_one_pitch_the_first_to_start_ends_first(tmp_path):
    score = read_midi(save(tmp_path / "a.mid", [on(60), on(60, time=480), off(60, 480), off(60, 480)]))
    assert spans(score) == [(60, 0, 1.0), (60, 0.5, 1.0)]


def test_a_note_that_never_ends_lasts_to_the_end_of_the_file(tmp_path):
    score = read_midi(save(tmp_path / "a.mid", [on(60), on(64, time=480), off(64, 960)]))
    assert spans(score) == [(60, 0, 1.5), (64, 0.5, 1.0)]


def test_an_end_without_a_start_is_passed_over(tmp_path):
    assert spans(read_midi(save(tmp_path / "a.mid", [off(61), on(60), off(60, 480)]))) == [(60, 0, 0.5)]


def test_a_note_that_ends_where_it_starts_is_kept_as_a_short_one(tmp_path):
    score = read_midi(
        save(tmp_path / "a.mid", [on(36, channel=9), off(36, channel=9), on(38, channel=9, time=480), off(38, 1, 9)])
    )
    assert len(score.notes) == 2 and 0 < score.notes[0].duration <= 0.001


def test_tracks_channels_and_programs_become_parts(tmp_path):
    first = [MetaMessage("track_name", name="lead"), Message("program_change", program=40), on(60), off(60, 480)]
    second = [Message("program_change", program=12, channel=3), on(50, channel=3), off(50, 480, 3)]
    drums = [on(36, channel=9), off(36, 480, 9)]
    parts = {note.pitch: note.part for note in read_midi(save(tmp_path / "a.mid", first, second, drums)).notes}
    assert parts == {60: Part("lead", 40), 50: Part("program 12", 12), 36: Part("drums", 0, True)}


def test_a_program_change_between_notes_starts_another_part(tmp_path):
    track = [on(60), off(60, 480), Message("program_change", program=5), on(62), off(62, 480)]
    assert [note.part.program for note in read_midi(save(tmp_path / "a.mid", track)).notes] == [0, 5]


def test_metre_and_key_are_read(tmp_path):
    head = [MetaMessage("time_signature", numerator=6, denominator=8), MetaMessage("key_signature", key="F#m")]
    score = read_midi(save(tmp_path / "a.mid", [*head, on(60), off(60, 480)]))
    assert (score.metre, score.key) == ((6, 8), "F# minor")


def test_a_file_that_says_nothing_of_its_setting_has_the_midi_defaults(tmp_path):
    score = read_midi(save(tmp_path / "a.mid", [on(60), off(60, 480)], kind=0, ticks=96))
    assert (score.tempo, score.metre, score.key) == (120.0, (4, 4), None)
    assert score.notes[0].velocity == pytest.approx(64 / 127)


def raw(head, *tracks):
    return head + b"".join(b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks)


def header(kind=1, tracks=1, division=480):
    return b"MThd" + (6).to_bytes(4, "big") + b"".join(part.to_bytes(2, "big") for part in (kind, tracks, division))


_NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x00\x00\xff\x2f\x00"
DAMAGED = {
    "no bytes": b"",
    "text": b"this is not a MIDI file, only text",
    "header only": header()[:9],
    "track cut": raw(header(), _NOTE)[:-6],
    "track missing": header(tracks=2),
    "unknown key": raw(header(), b"\x00\xff\x59\x02\x63\x05" + _NOTE),
    "SMPTE": raw(header(division=0xE728), _NOTE),
    "type 2": raw(header(kind=2), _NOTE),
    "type 7": raw(header(kind=7), _NOTE),
    "no ticks": raw(header(division=0), _NOTE),
    "status missing": raw(header(), b"\x00\x3c\x40" + _NOTE),
    "no notes": raw(header(), b"\x00\xff\x2f\x00"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_refused_with_its_name_and_what_was_expected(tmp_path, damage):
    path = tmp_path / "damaged.mid"
    path.write_bytes(DAMAGED[damage])
    with pytest.raises(ScoreError, match=r"damaged\.mid.*expected"):
        read_midi(path)


def test_random_damage_is_read_or_refused_with_a_score_error(tmp_path):
    path = write_midi(tmp_path / "a.mid", Score(tuple(Note(60.0 + i, 0.2 * i, 0.3) for i in range(20)), key="C major"))
    whole, generator = np.frombuffer(path.read_bytes(), dtype=np.uint8), np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = whole.copy()
        damaged[generator.integers(0, len(whole), 4)] = generator.integers(0, 256, 4)
        path.write_bytes(damaged[: generator.integers(10, len(whole) + 1)].tobytes())
        try:
            read_midi(path)
        except ScoreError:
            refused += 1
    assert 0 < refused < 300


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ScoreError, match="does not exist"):
        read_midi(tmp_path / "missing.mid")
    with pytest.raises(ScoreError, match="is a directory"):
        read_midi(tmp_path)


notes = st.builds(
    Note,
    pitch=st.integers(0, 127).map(float),
    onset=st.floats(0, 60),
    duration=st.floats(0.01, 5),
    velocity=st.integers(1, 127).map(lambda v: v / 127),
    part=st.sampled_from([Part(), Part("bass", 33), Part("drums", 0, True), Part("strings", 48)]),
)


@settings(max_examples=40, deadline=None)
@given(notes=st.lists(notes, min_size=1, max_size=12, unique_by=lambda n: (n.pitch, n.part)), tempo=st.floats(20, 300))
def test_a_score_comes_back_within_a_tick(tmp_path_factory, notes, tempo):
    score = Score(tuple(notes), tempo, (3, 4), "Eb major")
    back = read_midi(write_midi(tmp_path_factory.mktemp("midi") / "a.mid", score))
    tick = 60 / tempo / 480
    found = {(note.pitch, note.part): note for note in back.notes}
    assert len(back.notes) == len(notes)
    assert (back.metre, back.key) == (score.metre, score.key)
    assert back.tempo == pytest.approx(tempo, rel=1e-4)
    for note in notes:
        same = found[note.pitch, note.part]
        assert same.velocity == pytest.approx(note.velocity)
        assert abs(same.onset - note.onset) <= tick
        assert abs(same.onset + same.duration - note.onset - note.duration) <= 1.001 * tick


def only(track, kind):
    (message,) = (message for message in track if message.type == kind)
    return message


def test_the_file_has_a_named_track_with_its_program_for_each_part(tmp_path):
    score = Score((Note(60, 0, 1), Note(40, 0, 1, 0.5, Part("bass", 33)), Note(36, 0, 1, 0.5, Part("kit", 0, True))))
    file = mido.MidiFile(write_midi(tmp_path / "a.mid", score))
    found = [(track.name, only(track, "note_on").channel, only(track, "program_change").program) for track in file.tracks[1:]]
    assert file.type == 1 and file.ticks_per_beat == 480
    assert found == [("piano", 0, 0), ("bass", 1, 33), ("kit", 9, 0)]


def test_twenty_parts_keep_their_programs(tmp_path):
    score = Score(tuple(Note(60.0, 0.1 * i, 0.1, 0.5, Part(f"part {i}", i)) for i in range(20)))
    back = read_midi(write_midi(tmp_path / "a.mid", score))
    assert [note.part for note in back.notes] == [note.part for note in score.notes]


def test_a_repeated_note_ends_before_it_starts_again(tmp_path):
    score = Score((Note(60, 0.0, 0.5), Note(60, 0.5, 0.5)))
    assert spans(read_midi(write_midi(tmp_path / "a.mid", score))) == [(60, 0, 0.5), (60, 0.5, 0.5)]


def test_the_same_score_gives_the_same_bytes(tmp_path):
    score = Score((Note(60.4, 0.1, 0.5), Note(64, 0.1, 0.2, 0.0)), 97.3, (5, 6), "D dorian")
    first, second = write_midi(tmp_path / "a.mid", score), write_midi(tmp_path / "b.mid", score)
    assert first.read_bytes() == second.read_bytes()
    back = read_midi(first)
    assert (back.key, back.metre, [note.pitch for note in back.notes]) == ("D dorian", (4, 4), [60, 64])


@pytest.mark.parametrize("tempo", [0.0, -1.0, float("nan"), float("inf")])
def test_a_tempo_that_is_no_tempo_is_refused(tmp_path, tempo):
    with pytest.raises(ScoreError, match="tempo"):
        write_midi(tmp_path / "a.mid", Score((Note(60, 0, 1),), tempo))


def test_a_very_slow_tempo_keeps_the_times(tmp_path):
    back = read_midi(write_midi(tmp_path / "a.mid", Score((Note(60, 3.0, 40.0),), tempo=1.0)))
    assert back.notes[0].onset == pytest.approx(3.0, abs=0.04)


def test_a_name_outside_latin_1_is_written_all_the_same(tmp_path):
    score = Score((Note(60, 0, 1, 0.5, Part("ピアノ", 0)),))
    assert len(read_midi(write_midi(tmp_path / "a.mid", score)).notes) == 1

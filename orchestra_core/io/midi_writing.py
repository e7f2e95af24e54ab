"""Scores to standard MIDI files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.errors import ScoreError
from orchestra_core.io.atomic import write_with
from orchestra_core.io.midi_grid import quantized
from orchestra_core.io.midi_keys import key_events, metre_event

TICKS_PER_BEAT = 480

_DRUMS = 9  # General MIDI channel 10, counted from 0
_MELODIC = tuple(channel for channel in range(16) if channel != _DRUMS)
_SLOWEST, _FASTEST = 1, 2**24 - 1  # microseconds per quarter note: three bytes


def write_midi(path: str | Path, score: Score, *, quantize: bool = False) -> Path:
    """Write a score as a MIDI file of type 1, whole or not at all; the same score gives the same bytes.

    One named track per part, with its program (channel 10 for drums), after a track with tempo, metre and key; 480 ticks per
    quarter note. Times are kept to half a tick. Pitches are rounded to semitones. A key that MIDI has no name for
    (``"D dorian"``) is written as the signature that it has, with its name in a text event beside it, which `read_midi` reads; a
    metre that MIDI cannot express (5/6) is left out.

    Parameters
    ----------
    path : str or Path
        Where to; the folder exists.
    score : Score
        What to write.
    quantize : bool
        Whether onsets are moved onto the grid of sixteenths, or of eighths in triplets, if all of them lie within 25 ms of it.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ScoreError
        The tempo is not a positive number.
    """
    if not (math.isfinite(score.tempo) and score.tempo > 0):
        raise ScoreError(f"The score's tempo is {score.tempo!r}; expected a positive number of quarter notes per minute.")
    file = _midi_file(quantized(score) if quantize else score)
    return write_with(Path(path), lambda temporary: file.save(str(temporary)))


def _midi_file(score: Score) -> Any:
    import mido

    tempo = min(max(round(6e7 / score.tempo), _SLOWEST), _FASTEST)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    file.tracks.append(_conductor(score, tempo))
    parts = sorted({note.part for note in score.notes}, key=lambda part: (part.drums, part.program, part.name))
    melodic = 0
    for part in parts:
        # Beyond 15 parts the channels are used again on the next port.
        port, channel = (0, _DRUMS) if part.drums else (melodic // len(_MELODIC), _MELODIC[melodic % len(_MELODIC)])
        melodic += not part.drums
        file.tracks.append(_track(part, [note for note in score.notes if note.part == part], tempo, port, channel))
    return file


def _conductor(score: Score, tempo: int) -> Any:
    import mido

    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)])
    metre = metre_event(*score.metre)
    if metre is not None:
        track.append(metre)
    track.extend(key_events(score.key))
    track.append(mido.MetaMessage("end_of_track"))
    return track


def _track(part: Part, notes: list[Note], tempo: int, port: int, channel: int) -> Any:
    import mido

    # MIDI meta text is Latin-1; other letters become question marks rather than an error.
    name = part.name.encode("latin-1", "replace").decode("latin-1")
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    if port:
        track.append(mido.MetaMessage("midi_port", port=port))
    track.append(mido.Message("program_change", channel=channel, program=part.program))
    now = 0
    for tick, _, pitch, velocity in sorted(_switches(notes, tempo)):
        kind = "note_on" if velocity else "note_off"
        track.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track"))
    return track


def _switches(notes: list[Note], tempo: int) -> Iterator[tuple[int, int, int, int]]:
    # (tick, on, pitch, velocity): at the same tick notes end before others begin.
    for note in notes:
        pitch = round(note.pitch)
        start, end = _ticks(note.onset, tempo), _ticks(note.onset + note.duration, tempo)
        yield start, 1, pitch, max(round(note.velocity * 127), 1)
        yield max(end, start + 1), 0, pitch, 0


def _ticks(seconds: float, tempo: int) -> int:
    return round(seconds * 1e6 / tempo * TICKS_PER_BEAT)

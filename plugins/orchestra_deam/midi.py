"""Notes of MIDI files in seconds, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from orchestra_core.errors import ScoreError

_DRUM_CHANNEL = 9
_TICKS = 1000  # per quarter note; with the default tempo of 0.5 s per quarter a tick is half a millisecond


@dataclass(frozen=True, eq=False)
class NoteTable:
    """Notes in order of onset.

    Parameters
    ----------
    pitch : np.ndarray [shape=(notes,), dtype=float64]
        MIDI note numbers.
    onset, duration : np.ndarray [shape=(notes,), dtype=float64]
        Seconds.
    velocity : np.ndarray [shape=(notes,), dtype=float64]
        In (0, 1].
    """

    pitch: np.ndarray
    onset: np.ndarray
    duration: np.ndarray
    velocity: np.ndarray

    def __len__(self) -> int:
        """Number of notes."""
        return len(self.pitch)

    @property
    def end(self) -> float:
        """Seconds at which the last note ends."""
        return float(np.max(self.onset + self.duration, initial=0.0))

    def within(self, start: float, stop: float) -> NoteTable:
        """Return the notes that begin in [start, stop), with onsets counted from `start`."""
        kept = (self.onset >= start) & (self.onset < stop)
        return NoteTable(self.pitch[kept], self.onset[kept] - start, self.duration[kept], self.velocity[kept])

    def moved(self, semitones: int, tempo: float) -> NoteTable:
        """Return the notes transposed (folded back by octaves at 21 and 108) and `tempo` times as fast."""
        pitch = self.pitch + semitones
        pitch = np.where(pitch > 108, pitch - 12, np.where(pitch < 21, pitch + 12, pitch))
        return NoteTable(pitch, self.onset / tempo, self.duration / tempo, self.velocity)


def read_notes(path: Path) -> NoteTable:
    """Return the notes of a MIDI file.

    The tempo map is respected; drums are left out. The sustain pedal is not: a note lasts from its note-on to its
    note-off, because 141 of VGMIDI's 200 files use no pedal and an instrument's own decay stands for it.

    Parameters
    ----------
    path : Path
        A Standard MIDI File.

    Returns
    -------
    NoteTable

    Raises
    ------
    ScoreError
        The file is missing, damaged or holds no notes.
    """
    try:
        rows = _note_rows(mido.MidiFile(path))
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ScoreError(f"{path} could not be read as a MIDI file ({error!r}); expected a Standard MIDI File.") from error
    if not rows:
        raise ScoreError(f"{path} holds no notes; expected at least one outside the drum channel.")
    table = np.array(sorted(rows), dtype=np.float64)
    return NoteTable(table[:, 1], table[:, 0], table[:, 2], table[:, 3])


def write_midi(notes: NoteTable, path: Path, program: int = 0) -> None:
    """Write notes as a MIDI file of one track, played by a General MIDI program (0..127)."""
    events = [
        (onset, 1, pitch, velocity) for onset, pitch, velocity in zip(notes.onset, notes.pitch, notes.velocity, strict=True)
    ]
    # A note ends a tick after it begins at the earliest: an end that comes first would leave it sounding for ever.
    ends = np.maximum(notes.onset + notes.duration, notes.onset + 1.5 / (2 * _TICKS))
    events += [(end, 0, pitch, 0.0) for end, pitch in zip(ends, notes.pitch, strict=True)]
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    now = 0
    for time, is_on, pitch, velocity in sorted(events):
        tick = round(time * 2 * _TICKS)
        level = int(np.clip(round(velocity * 127), 1, 127)) if is_on else 0
        track.append(mido.Message("note_on", note=round(pitch), velocity=level, time=tick - now))
        now = tick
    mido.MidiFile(ticks_per_beat=_TICKS, tracks=[track]).save(path)


def _note_rows(file: mido.MidiFile) -> list[tuple[float, float, float, float]]:
    now = 0.0
    sounding: dict[tuple[int, int], tuple[float, float]] = {}
    rows: list[tuple[float, float, float, float]] = []
    for message in file:
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == _DRUM_CHANNEL:
            continue
        key = (message.channel, message.note)
        # A note struck again while it sounds ends there; a note that never ends, ends with the file.
        _finish(rows, sounding.pop(key, None), message.note, now)
        if message.type == "note_on" and message.velocity > 0:
            sounding[key] = (now, message.velocity / 127)
    for (_, pitch), begun in sounding.items():
        _finish(rows, begun, pitch, now)
    return rows


def _finish(rows: list[tuple[float, float, float, float]], begun: tuple[float, float] | None, pitch: int, now: float) -> None:
    if begun is not None and now > begun[0]:
        rows.append((begun[0], float(pitch), now - begun[0], begun[1]))

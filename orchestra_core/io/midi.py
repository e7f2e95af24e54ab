"""Standard MIDI files to scores."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.errors import ScoreError
from orchestra_core.io.midi_keys import PREFIX, key_of
from orchestra_core.io.midi_writing import write_midi

__all__ = ["read_midi", "write_midi"]

_DRUMS = 9  # General MIDI channel 10, counted from 0
_SHORTEST = 1e-3  # seconds; drum tracks have notes that end where they start


def read_midi(path: str | Path) -> Score:
    """Read a standard MIDI file of type 0 or 1.

    Times follow the file's tempo changes. Every track, channel and program is a `Part`; channel 10 is the drum kit. Of two
    overlapping notes of one pitch the first to start is the first to end; a note that never ends lasts to the end of the file.
    Tempo, metre and key of the score are those at its first note; a mode is read where
    `write_midi` has named it. Controllers (pedal, volume) and pitch bend are not used.

    Parameters
    ----------
    path : str or Path
        A ``.mid`` file.

    Returns
    -------
    Score
        Notes sorted by onset and pitch; velocity is MIDI velocity / 127.

    Raises
    ------
    ScoreError
        The file is missing, damaged, of type 2 or in SMPTE time, or holds no notes.
    """
    file = _open(Path(path))
    events = sorted(_events(file), key=lambda event: (event.tick, event.message.type in ("note_on", "note_off")))
    clock = _Clock.of(events, file.ticks_per_beat)
    notes = sorted(_notes(events, clock), key=lambda note: (note.onset, note.pitch, note.part.name))
    if not notes:
        raise ScoreError(f"{path} is a MIDI file without notes ({len(file.tracks)} tracks); expected at least one note.")
    first = min(event.tick for event in events if event.message.type == "note_on" and event.message.velocity)
    metre = _last_before(events, first, "time_signature")
    signature = _last_before(events, first, "key_signature")
    text = _last_before([event for event in events if _names_key(event)], first, "text")
    return Score(
        tuple(notes),
        tempo=clock.tempo(first),
        metre=(metre.numerator, metre.denominator) if metre else (4, 4),
        key=key_of(signature.key if signature else None, text.text if text else None),
    )


@dataclass(frozen=True)
class _Event:
    tick: int
    track: int
    message: Any


def _open(path: Path) -> Any:
    import mido

    if path.is_dir():
        raise ScoreError(f"{path} is a directory; expected a MIDI file.")
    if not path.exists():
        raise ScoreError(f"{path} does not exist; expected a MIDI file.")
    try:
        file = mido.MidiFile(path, clip=True)
    except Exception as error:  # mido raises EOFError, OSError, ValueError, IndexError, KeySignatureError ... on damaged files
        reason = str(error) or type(error).__name__
        raise ScoreError(f"{path} could not be read as MIDI ({reason}); expected a standard MIDI file of type 0 or 1.") from error
    if file.type not in (0, 1):
        raise ScoreError(f"{path} is a MIDI file of type {file.type}; expected type 0 or 1.")
    if file.ticks_per_beat <= 0:
        raise ScoreError(f"{path} counts time in SMPTE frames ({file.ticks_per_beat}); expected ticks per quarter note.")
    return file


def _events(file: Any) -> Iterator[_Event]:
    for index, track in enumerate(file.tracks):
        tick = 0
        for message in track:
            tick += message.time
            yield _Event(tick, index, message)


@dataclass(frozen=True)
class _Clock:
    """Seconds of ticks under tempo changes: ``(tick, seconds, microseconds per quarter note)``, by tick."""

    changes: tuple[tuple[int, float, int], ...]
    ticks_per_beat: int

    @classmethod
    def of(cls, events: list[_Event], ticks_per_beat: int) -> _Clock:
        changes = [(0, 0.0, 500_000)]
        for event in events:
            if event.message.type == "set_tempo":
                tick, seconds, tempo = changes[-1]
                seconds += (event.tick - tick) * tempo / ticks_per_beat / 1e6
                changes.append((event.tick, seconds, event.message.tempo))
        return cls(tuple(changes), ticks_per_beat)

    def seconds(self, tick: int) -> float:
        start, seconds, tempo = self._change(tick)
        return seconds + (tick - start) * tempo / self.ticks_per_beat / 1e6

    def tempo(self, tick: int) -> float:
        return 6e7 / max(self._change(tick)[2], 1)

    def _change(self, tick: int) -> tuple[int, float, int]:
        return self.changes[bisect_right(self.changes, tick, key=lambda change: change[0]) - 1]


@dataclass
class _Voices:
    """Which program each channel is set to, which port and name each track has, and which notes are sounding."""

    programs: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    ports: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    names: dict[int, str] = field(default_factory=dict)
    sounding: dict[tuple[int, int, int], deque[tuple[int, int, Part]]] = field(default_factory=lambda: defaultdict(deque))

    def part(self, event: _Event) -> Part:
        channel = event.message.channel
        program = self.programs[self.ports[event.track], channel]
        default = "drums" if channel == _DRUMS else "piano" if program == 0 else f"program {program}"
        return Part(self.names.get(event.track) or default, program, channel == _DRUMS)


def _notes(events: list[_Event], clock: _Clock) -> Iterator[Note]:
    voices = _Voices()
    for event in events:
        message, kind = event.message, event.message.type
        if kind == "track_name":
            voices.names.setdefault(event.track, message.name.strip())
        elif kind == "midi_port":
            voices.ports[event.track] = message.port
        elif kind == "program_change":
            voices.programs[voices.ports[event.track], message.channel] = message.program
        elif kind == "note_on" and message.velocity:
            key = (event.track, message.channel, message.note)
            voices.sounding[key].append((event.tick, message.velocity, voices.part(event)))
        elif kind in ("note_on", "note_off"):
            waiting = voices.sounding[event.track, message.channel, message.note]
            if waiting:
                yield _note(message.note, waiting.popleft(), event.tick, clock)
    end = max((event.tick for event in events), default=0)
    for (_, _, pitch), waiting in voices.sounding.items():
        for started in waiting:
            yield _note(pitch, started, end, clock)


def _note(pitch: int, started: tuple[int, int, Part], end: int, clock: _Clock) -> Note:
    tick, velocity, part = started
    onset = clock.seconds(tick)
    return Note(float(pitch), onset, max(clock.seconds(end) - onset, _SHORTEST), velocity / 127, part)


def _last_before(events: list[_Event], tick: int, kind: str) -> Any:
    found = [event.message for event in events if event.message.type == kind and event.tick <= tick]
    return found[-1] if found else None


def _names_key(event: _Event) -> bool:
    return event.message.type == "text" and str(event.message.text).startswith(PREFIX)

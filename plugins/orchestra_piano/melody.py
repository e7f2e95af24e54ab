"""The score source ``melody``: a melody over a chord progression, the default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from orchestra_core import Brief, Note, Score, ScoreSource
from orchestra_core.errors import ParameterError
from orchestra_piano.sources import check_names
from orchestra_piano.theory import MODES, REGISTERS, SCALES, key_name, scale_pitch

#: Rhythms of one beat in sixteenths, by the number of notes per beat that they amount to.
_RHYTHMS: Mapping[float, tuple[tuple[int, ...], ...]] = MappingProxyType(
    {
        1.0: ((4,),),
        1.5: ((4,), (2, 2)),
        2.0: ((2, 2), (2, 2), (3, 1)),
        3.0: ((2, 1, 1), (1, 1, 2), (1, 2, 1)),
        4.0: ((1, 1, 1, 1),),
    }
)

#: Progressions in degrees from 0 at the tonic, for modes with a major and with a minor third.
_PROGRESSIONS: Mapping[int, tuple[tuple[int, ...], ...]] = MappingProxyType(
    {
        4: ((0, 5, 3, 4), (0, 3, 1, 4), (0, 3, 0, 4), (0, 4, 5, 3)),
        3: ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 4), (0, 3, 0, 4)),
    }
)

_BEATS_PER_CHORD = 2
_SHORTEST = 0.11
_MAIN, _ACCENT, _CHORD = 0.8, 0.88, 0.62


@dataclass(frozen=True)
class _Frame:
    """Where things lie in time: start, seconds per beat, number of beats before the ending, and the end of the last note."""

    start: float
    beat: float
    beats: int
    end: float

    def at(self, beat: float) -> float:
        """Return the time in s of a beat."""
        return self.start + beat * self.beat


class MelodyScore(ScoreSource):
    """A melody over a chord progression that comes home at the end of the canvas.

    Chords change every two beats, the last one before the ending being a dominant where there is room for it; the melody
    rises and falls in an arch, meets a chord tone on every beat and moves by step between. Tonic, progression, rhythm and
    line follow from the generator, and mode, register and density are choices.

    Parameters
    ----------
    densities : tuple of float, each in [0.25, 16]
        Notes of the melody per second that may be chosen, the default first. Tempo rises with density.
    modes : tuple of str
        Scales of seven notes that may be chosen, the default first: names in `theory.MODES`.
    registers : tuple of str
        Octaves that may be chosen, the default first: names in `theory.REGISTERS`.

    Raises
    ------
    ParameterError
        A name is unknown, a list is empty, or a density out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> brief = Brief(Canvas(), {}, torch.tensor([7]))
    >>> score = MelodyScore().write(brief, {"mode": "minor"}, np.random.default_rng(7))
    >>> score.key.endswith("minor"), score.end < 5.0
    (True, True)
    """

    def __init__(
        self,
        *,
        densities: tuple[float, ...] = (2, 1, 4, 8),
        modes: tuple[str, ...] = ("major", "minor"),
        registers: tuple[str, ...] = ("middle", "low", "high"),
    ) -> None:
        for density in densities or (math.nan,):
            if not 0.25 <= density <= 16:
                raise ParameterError(f"A density of melody is {density!r}; expected notes per second in [0.25, 16].")
        self._choices = {
            "density": tuple(densities),
            "mode": check_names(modes, MODES, "mode"),
            "register": check_names(registers, REGISTERS, "register"),
        }

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The densities, modes and registers that were configured."""
        return self._choices

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        mode, density = choice["mode"], float(choice["density"])
        tonic = REGISTERS[choice["register"]] + int(generator.integers(-5, 7))
        notes_per_beat = min(_RHYTHMS, key=lambda known: abs(known - density**0.55))
        frame = _frame(brief.canvas.duration, notes_per_beat / density)
        chords = _progression(mode, -(-frame.beats // _BEATS_PER_CHORD), generator)
        notes = [
            *_accompaniment(tonic, mode, chords, frame),
            *_line(tonic, mode, chords, frame, _RHYTHMS[notes_per_beat], generator),
        ]
        return Score(tuple(notes), tempo=60 / frame.beat, key=key_name(tonic, mode))


def _frame(duration: float, beat: float) -> _Frame:
    """Lay the beats out so that the ending starts on one, with a quarter of the canvas (at most 1.2 s) or more to sound."""
    start = min(0.02, 0.01 * duration)
    beats = max(0, math.floor((duration - min(1.2, 0.25 * duration) - start) / beat))
    left = duration - start - beats * beat
    # Room for the release of the last note: 0.35 s, or less on a short canvas.
    return _Frame(start, beat, beats, duration - min(0.35, 0.4 * left))


def _progression(mode: str, chords: int, generator: np.random.Generator) -> list[int]:
    known = _PROGRESSIONS[SCALES[mode][2]]
    chosen = known[int(generator.integers(len(known)))]
    roots = [chosen[index % len(chosen)] for index in range(chords)]
    return [*roots[:-1], 4] if chords > 1 else roots


def _accompaniment(tonic: int, mode: str, chords: list[int], frame: _Frame) -> list[Note]:
    notes = []
    for index, root in enumerate(chords):
        first = index * _BEATS_PER_CHORD
        length = min(_BEATS_PER_CHORD, frame.beats - first) * frame.beat
        notes += [Note(pitch, frame.at(first), 0.95 * length, _CHORD) for pitch in _triad(tonic, mode, root)]
    last = frame.at(frame.beats)
    return [*notes, *(Note(pitch, last, frame.end - last, _CHORD) for pitch in _triad(tonic, mode, 0))]


def _triad(tonic: int, mode: str, root: int) -> list[int]:
    """Return a triad folded into the octave below the melody, so that chords follow each other closely."""
    return sorted(tonic - 12 + (scale_pitch(0, mode, root + third) % 12) for third in (0, 2, 4))


def _line(
    tonic: int, mode: str, chords: list[int], frame: _Frame, rhythms: tuple[tuple[int, ...], ...], generator: np.random.Generator
) -> list[Note]:
    notes = []
    degree = 0
    for beat in range(frame.beats):
        rhythm = rhythms[int(generator.integers(len(rhythms)))]
        aim = 5 * math.sin(math.pi * (beat + 1) / (frame.beats + 1)) + generator.uniform(-2.0, 2.0)
        degree = _nearest_chord_tone(chords[beat // _BEATS_PER_CHORD], aim)
        position = 0
        for sixteenths in rhythm:
            accent = _ACCENT if position == 0 and beat % 4 == 0 else _MAIN
            length = max(0.95 * sixteenths / 4 * frame.beat, _SHORTEST)
            notes.append(Note(scale_pitch(tonic, mode, degree), frame.at(beat + position / 4), length, accent))
            position += sixteenths
            degree += int(generator.choice((-1, 1)))
    home = 0 if degree < 4 else 7
    last = frame.at(frame.beats)
    return [*notes, Note(scale_pitch(tonic, mode, home), last, frame.end - last, _ACCENT)]


def _nearest_chord_tone(root: int, aim: float) -> int:
    tones = [root + third + octave for octave in (-7, 0, 7) for third in (0, 2, 4)]
    return min(tones, key=lambda tone: abs(tone - aim))

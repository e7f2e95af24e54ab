"""The score source ``pattern``: drums in steps at a tempo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from orchestra_core import Brief, Note, Part, Score, ScoreSource
from orchestra_core.errors import ParameterError
from orchestra_percussion.kits import GENERAL_MIDI
from orchestra_percussion.one_shot import check_kits

#: Rows of steps by drum, four to a quarter note; a bar is as long as its longest row.
STYLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "rock": {
            "kick": "X.......x.x.....",
            "snare": "....X..o....X..o",
            "hat": "X.x.x.x.X.x.x.xo",
        },
        "house": {
            "kick": "X...X...X...X...",
            "clap": "....x.......x..o",
            "hat": "o...o...o...o.o.",
            "open_hat": "..x...x...x...x.",
        },
        "hip_hop": {
            "kick": "X..x......xx..o.",
            "snare": "....X.......X...",
            "hat": "x.x.x.xox.x.x.x.",
        },
        "breakbeat": {
            "kick": "X.x.......xx....",
            "snare": "....X..o.o..X..x",
            "hat": "x.x.x.x.x.x.x.x.",
        },
        "bossa": {
            "kick": "X..xX..xX..xX..x",
            "tom": "......o.......o.",
            "snare": "x..x..x...x..x..",
            "hat": "xoxoxoxoxoxoxoxo",
        },
        "waltz": {
            "kick": "X...........",
            "snare": "....x...x..o",
            "hat": "x...x.o.x.o.",
        },
        "sparse": {
            "kick": "x.........o.....",
            "hat": "....o.......o...",
        },
    }
)

_STEPS_PER_QUARTER = 4
_VELOCITIES = MappingProxyType({"X": 0.95, "x": 0.75, "o": 0.45})
_LENGTH = 0.9  # of a step
_VARIED = 0.08  # velocity, at loose 1
_LEFT_OUT = 0.6  # chance of a soft step, at loose 1
_LATEST = 0.1  # seconds before the end of the canvas in which no hit starts
# A tempo that is followed is taken at half or double speed until it lies within these.
_SLOWEST, _FASTEST = 60.0, 180.0


class PatternScore(ScoreSource):
    """A drum pattern in steps, over and over, with a fill at the end of a longer piece.

    Accents vary and soft steps come and go by the seed. Where the brief has a score already, the pattern follows its tempo.

    Parameters
    ----------
    styles : tuple of str
        Names in `STYLES` that may be chosen, the default first.
    tempos : tuple of float, each in [30, 300]
        Quarter notes per minute that may be chosen, the default first.
    kits : tuple of int, each in [0, 127]
        Kits that may be chosen: 0 is the plain one.
    swing : float, in [0, 0.5]
        By which share of a step every second step comes late.
    loose : float, in [0, 1]
        How much velocities vary and how often soft steps are left out.
    steps : mapping of str to str
        Rows of steps by drum, instead of the styles: ``X``, ``x`` and ``o`` are hits, anything else a rest.

    Raises
    ------
    ParameterError
        A name is unknown, a list is empty or a number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> score = PatternScore(steps={"kick": "X...x...", "hat": "x.x.x.x."}).write(
    ...     Brief(Canvas(duration=1.5), {}, torch.tensor([7])), {"tempo": 125.0}, np.random.default_rng(7)
    ... )
    >>> [round(note.onset, 2) for note in score.notes if note.pitch == 36]
    [0.0, 0.48, 0.96]
    """

    def __init__(
        self,
        *,
        styles: tuple[str, ...] = ("rock", "house", "hip_hop", "breakbeat", "bossa", "waltz", "sparse"),
        tempos: tuple[float, ...] = (100.0, 75.0, 125.0, 160.0),
        kits: tuple[int, ...] = (0, 1, 2, 3),
        swing: float = 0.0,
        loose: float = 0.5,
        steps: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        for name, value, upper in (("swing", swing, 0.5), ("loose", loose, 1.0)):
            if not 0 <= value <= upper:
                raise ParameterError(f"{name} of pattern is {value!r}; expected a value in [0, {upper:g}].")
        self._own = _checked_steps(steps)
        self._choices = {"style": _checked_styles(styles), "tempo": _checked_tempos(tempos), "kit": check_kits(kits)}
        self._swing, self._loose = swing, loose

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The styles, tempos and kits that were configured; no styles with steps of one's own."""
        return {name: values for name, values in self._choices.items() if not (name == "style" and self._own)}

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        rows = self._own or STYLES[choice["style"]]
        tempo = _followed(brief.scores[0].tempo) if brief.scores else float(choice["tempo"])
        part = Part("drums", int(choice["kit"]), drums=True)
        notes = [
            Note(GENERAL_MIDI[drum], onset, _LENGTH * 60 / tempo / _STEPS_PER_QUARTER, velocity, part)
            for drum, onset, velocity in self._hits(rows, 60 / tempo / _STEPS_PER_QUARTER, brief.canvas.duration, generator)
        ]
        notes.sort(key=lambda note: (note.onset, note.pitch))
        return Score(tuple(notes), tempo=tempo, metre=(_bar(rows) // _STEPS_PER_QUARTER or 1, 4))

    def _hits(
        self, rows: Mapping[str, str], step: float, duration: float, generator: np.random.Generator
    ) -> Iterator[tuple[str, float, float]]:
        """Yield drum, onset and velocity; the first hit always comes, so that no score is empty."""
        bar, first = _bar(rows), True
        for number in range(max(int(max(duration - _LATEST, 0.0) / step) + 1, 1)):
            onset = step * (number + self._swing * (number % 2))
            for drum, row in rows.items():
                mark = row[number % bar] if number % bar < len(row) else "."
                chance, spread = generator.random(), generator.normal()
                if mark not in _VELOCITIES or (onset > duration - _LATEST and not first):
                    continue
                if mark == "o" and chance < _LEFT_OUT * self._loose and not first:
                    continue
                first = False
                velocity = _VELOCITIES[mark] + _VARIED * self._loose * spread
                yield drum, onset, float(min(max(velocity, 0.25), 1.0))


def _bar(rows: Mapping[str, str]) -> int:
    return max(len(row) for row in rows.values())


def _followed(tempo: float) -> float:
    while tempo < _SLOWEST:
        tempo *= 2
    while tempo > _FASTEST:
        tempo /= 2
    return tempo


def _checked_steps(steps: Mapping[str, str]) -> Mapping[str, str]:
    for drum in steps:
        if drum not in GENERAL_MIDI:
            raise ParameterError(f"A row of steps is for {drum!r}; expected one of {', '.join(GENERAL_MIDI)}.")
    if steps and not any(mark in _VELOCITIES for row in steps.values() for mark in row[:1]):
        raise ParameterError(f"No row of the steps {dict(steps)} begins with a hit; expected an X, x or o as a first step.")
    return steps


def _checked_styles(styles: tuple[str, ...]) -> tuple[str, ...]:
    for style in styles or ("",):
        if style not in STYLES:
            raise ParameterError(f"A style of pattern is {style!r}; expected one or more of {', '.join(STYLES)}.")
    return tuple(styles)


def _checked_tempos(tempos: tuple[float, ...]) -> tuple[float, ...]:
    for tempo in tempos or (0.0,):
        if not 30 <= tempo <= 300:
            raise ParameterError(f"A tempo of pattern is {tempo!r}; expected one or more quarter notes per minute in [30, 300].")
    return tuple(float(tempo) for tempo in tempos)

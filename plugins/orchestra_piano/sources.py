"""The score sources ``reference`` and ``scale``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from orchestra_core import Brief, Note, Score, ScoreSource
from orchestra_core.errors import ParameterError
from orchestra_piano.theory import REGISTERS, SCALES, TONICS, key_name, scale_pitch

_REFERENCE_PITCHES = (60, 62, 64, 65, 67, 51, 49, 47, 45, 44, 42, 40)

#: Share of the canvas that onsets are spread over: 3.5 of 5 s.
_SPREAD = 0.7


class ReferenceScore(ScoreSource):
    """The score of the published generator: twelve pitches four times each in random order, evenly over 0.7 of the canvas.

    Durations are 0.3 s and velocities 0.8. The published generator takes onsets, durations and amplitudes as values before
    the reparameterisation: `piano_adsr` with ``start="published"`` does the same.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> score = ReferenceScore().write(Brief(Canvas(), {}, torch.tensor([7])), {}, np.random.default_rng(7))
    >>> len(score.notes), score.notes[-1].onset
    (48, 3.5)
    """

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        pitches = generator.permutation(_REFERENCE_PITCHES * 4).tolist()
        onsets = np.linspace(0.0, _SPREAD * brief.canvas.duration, len(pitches)).tolist()
        return Score(tuple(Note(pitch, onset, 0.3, 0.8) for pitch, onset in zip(pitches, onsets, strict=True)))


class ScaleScore(ScoreSource):
    """A named scale up and down again, in even notes over the canvas.

    Parameters
    ----------
    scales, roots, registers : tuple of str
        What may be chosen, the default first: names in `theory.SCALES`, `theory.TONICS` and `theory.REGISTERS`.
    notes : int, in [1, 512]
        Notes in all; the last is held to the end.

    Raises
    ------
    ParameterError
        A name is unknown, a list is empty, or the number of notes is out of range.
    """

    def __init__(
        self,
        *,
        scales: tuple[str, ...] = ("major", "minor", "pentatonic"),
        roots: tuple[str, ...] = ("C",),
        registers: tuple[str, ...] = ("middle", "low", "high"),
        notes: int = 15,
    ) -> None:
        if not 1 <= notes <= 512:
            raise ParameterError(f"notes of the score source scale is {notes!r}; expected a number in [1, 512].")
        self._choices = {
            "scale": check_names(scales, SCALES, "scale"),
            "root": check_names(roots, TONICS, "root"),
            "register": check_names(registers, REGISTERS, "register"),
        }
        self._notes = notes

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The scales, roots and registers that were configured."""
        return self._choices

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        tonic = REGISTERS[choice["register"]] + TONICS.index(choice["root"])
        duration = brief.canvas.duration
        step = 0.9 * duration / (self._notes + 1)
        onsets = [min(0.02, 0.01 * duration) + step * index for index in range(self._notes)]
        lengths = [0.95 * step] * (self._notes - 1) + [1.8 * step]
        degrees = _up_and_down(self._notes, len(SCALES[choice["scale"]]))
        notes = (
            Note(scale_pitch(tonic, choice["scale"], degree), onset, length)
            for degree, onset, length in zip(degrees, onsets, lengths, strict=True)
        )
        return Score(tuple(notes), tempo=60 / step, key=key_name(tonic, choice["scale"]))


def check_names(names: Iterable[str], known: Iterable[str], what: str) -> tuple[str, ...]:
    """Return names as a tuple after checking that there are some and that all are known.

    Raises
    ------
    ParameterError
        There is none, or one is unknown.
    """
    chosen, choices = tuple(names), tuple(known)
    if not chosen:
        raise ParameterError(f"The list of {what}s is empty; expected at least one of {', '.join(choices)}.")
    for name in chosen:
        if name not in choices:
            raise ParameterError(f"Unknown {what} {name!r}; expected one of {', '.join(choices)}.")
    return chosen


def _up_and_down(notes: int, octave: int) -> list[int]:
    turns = (index % (2 * octave) for index in range(notes))
    return [min(turn, 2 * octave - turn) for turn in turns]

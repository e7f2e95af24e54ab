"""The score source ``one_shot``: a single hit of one of the kinds, the starting points of sound design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestra_core import Brief, Note, Part, Score, ScoreSource
from orchestra_core.errors import ParameterError
from orchestra_percussion.kits import GENERAL_MIDI, KINDS

_LENGTH = 0.25
_VELOCITY = 0.9


class OneShotScore(ScoreSource):
    """A single hit at the beginning of the canvas.

    Kind and kit are choices, so that a search tries starting points of every kind before a gradient refines the best.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of drums that may be chosen, the default first: names in `kits.KINDS`.
    kits : tuple of int, each in [0, 127]
        Kits that may be chosen: 0 is the plain one; each other number is a seeded variation of it.

    Raises
    ------
    ParameterError
        A kind is unknown, a kit out of range, or a list is empty.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> brief = Brief(Canvas(duration=1.0), {}, torch.tensor([7]))
    >>> OneShotScore().write(brief, {"kind": "snare"}, np.random.default_rng(7)).notes[0].pitch
    38
    """

    def __init__(
        self,
        *,
        kinds: tuple[str, ...] = ("kick", "snare", "tom", "hat", "clap", "bell"),
        kits: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    ) -> None:
        self._choices = {"kind": check_kinds(kinds), "kit": check_kits(kits)}

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The kinds and kits that were configured."""
        return self._choices

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        part = Part("drums", int(choice["kit"]), drums=True)
        length = min(_LENGTH, 0.9 * brief.canvas.duration)
        return Score((Note(GENERAL_MIDI[choice["kind"]], 0.0, length, _VELOCITY, part),))


def check_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return kinds as a tuple after checking that there are some and that all are known.

    Raises
    ------
    ParameterError
        There is none, or one is unknown.
    """
    for kind in kinds or ("",):
        if kind not in KINDS:
            raise ParameterError(f"A kind of drum is {kind!r}; expected one or more of {', '.join(KINDS)}.")
    return tuple(kinds)


def check_kits(kits: Sequence[int]) -> tuple[int, ...]:
    """Return kits as a tuple after checking that there are some, from 0 to 127.

    Raises
    ------
    ParameterError
        There is none, or one is out of range.
    """
    for kit in kits or (-1,):
        if not 0 <= kit <= 127:
            raise ParameterError(f"A kit is {kit!r}; expected one or more numbers in [0, 127].")
    return tuple(int(kit) for kit in kits)

"""Requests: what a user asks of one item, and what that means on the oracle's scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from orchestra_core.contracts.oracle import Dimension
from orchestra_core.emotions.cues import NO_HINTS, CueHints
from orchestra_core.emotions.words import lookup
from orchestra_core.errors import ParameterError, TargetError, UnknownNameError
from orchestra_core.names import one_of

Scale = Literal["request", "reading"]

# Readings this many standard deviations from the corpus' mean are hardly rated by anyone.
_SEEN = 2.0
# A target counts as reached within this share of half the dimension's range.
_REACHED = 0.05
# What a word asks for.
_OF_WORDS = ("valence", "arousal")
_LARGEST_SEED = 2**63 - 1
# Keeps the seeds of variations apart from other numbers that are drawn from a seed.
_VARIATIONS = 0x76617279


@dataclass(frozen=True)
class Request:
    """What is asked of one item.

    Parameters
    ----------
    targets : mapping of str to float
        By dimension, on the scale that the request is made on.
    seed : int, in [0, 2**63)
        Everything random follows from it.
    word : str
        The emotion word that the targets come from, or empty.
    source : Path, or None
        A recording to start from or to be measured against; the brief holds it as its source audio.
    like : Path, or None
        A recording whose readings are asked for, in the dimensions that `targets` does not name.

    Raises
    ------
    ParameterError
        The seed is no such number.
    TargetError
        A target is no number.
    """

    targets: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    word: str = ""
    source: Path | None = None
    like: Path | None = None

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed <= _LARGEST_SEED:
            raise ParameterError(f"seed is {self.seed!r}; expected an integer from 0 to {_LARGEST_SEED}.")
        for name, target in self.targets.items():
            if isinstance(target, bool) or not isinstance(target, int | float):
                raise TargetError(f"The target {name} is {target!r}, of type {type(target).__name__}; expected a number.")

    @property
    def cues(self) -> CueHints:
        """What its word asks for beside the targets; nothing where it has no word, or one that is not in the table."""
        try:
            return lookup(self.word).cues if self.word else NO_HINTS
        except UnknownNameError:
            return NO_HINTS

    @property
    def files(self) -> tuple[Path, ...]:
        """The recordings that it refers to."""
        return tuple(path for path in (self.source, self.like) if path is not None)

    def variations(self, number: int) -> tuple[Request, ...]:
        """Return this request and others that differ from it in their seeds alone.

        Parameters
        ----------
        number : int, >= 1
            How many in all.

        Returns
        -------
        tuple of Request
            The first is this one. The seeds of the others follow from its seed; those of another seed's variations are
            others, so that nothing comes twice.

        Raises
        ------
        ParameterError
            There is less than one.

        Examples
        --------
        >>> [request.seed for request in Request({"arousal": 0.4}, seed=7).variations(3)]
        [7, 1612326589, 860762591]
        """
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ParameterError(f"The number of variations is {number!r}; expected a whole number of at least 1.")
        seeds = np.random.SeedSequence([self.seed, _VARIATIONS]).generate_state(number)
        return (self, *(replace(self, seed=int(seed)) for seed in seeds[1:]))


def make_request(
    word: str | None,
    valence: float | None,
    arousal: float | None,
    targets: Mapping[str, float] | None,
    seed: int,
    *,
    source: str | Path | None = None,
    like: str | Path | None = None,
) -> Request:
    """Return a request from an emotion word and from targets; a number given beside the word replaces the word's.

    Raises
    ------
    UnknownNameError
        The word is not known.
    ParameterError
        The seed is not an integer that 63 bits hold.
    """
    asked: dict[str, float] = {}
    if word:
        emotion = lookup(word)
        asked = {"valence": emotion.valence, "arousal": emotion.arousal}
    asked.update({name: value for name, value in (("valence", valence), ("arousal", arousal)) if value is not None})
    asked.update(targets or {})
    return Request(asked, seed, word or "", Path(source) if source else None, Path(like) if like else None)


def to_readings(request: Request, dimensions: Sequence[Dimension], scale: Scale) -> dict[str, float]:
    """Return the targets of a request in the oracle's units.

    Parameters
    ----------
    request : Request
        What is asked.
    dimensions : sequence of Dimension
        What the objective takes targets for.
    scale : {"request", "reading"}
        ``request``: -1..1 over what the oracle's corpus holds (mean -+ 2 SD); ``reading``: the oracle's own units.

    Raises
    ------
    TargetError
        A dimension does not exist, a target is out of range, or there is none.
    """
    if scale not in get_args(Scale):
        raise ParameterError(f"scale is {scale!r}; expected one of {', '.join(get_args(Scale))}.")
    known = {dimension.name: dimension for dimension in dimensions}
    if known and not request.targets and request.like is None:
        raise TargetError(f"Nothing is asked. Name an emotion word, or a target for: {', '.join(known)}.")
    for name in request.targets:
        if name not in known and request.word and name in _OF_WORDS:
            raise TargetError(
                f"The word {request.word!r} asks for valence and arousal, and here can be asked for: "
                f"{', '.join(known) or 'nothing'}. Name targets instead, or choose an oracle that hears emotion."
            )
        if name not in known:
            raise TargetError(one_of(name, known, "dimension to ask for"))
    return {name: _to_reading(known[name], float(value), scale) for name, value in request.targets.items()}


def warn_unseen(targets: Mapping[str, float], dimensions: Sequence[Dimension]) -> list[str]:
    """Return a sentence for every target that lies outside what the oracle's corpus holds."""
    messages = []
    for d in dimensions:
        if d.name in targets and d.mean is not None and d.sd is not None:
            lower, upper = d.mean - _SEEN * d.sd, d.mean + _SEEN * d.sd
            if not lower - 1e-6 <= targets[d.name] <= upper + 1e-6:
                messages.append(
                    f"The target {d.name} {targets[d.name]:+.2f} lies outside what the oracle has heard "
                    f"({lower:+.2f} to {upper:+.2f}, mean -+ 2 SD of its corpus): its reading there is a guess."
                )
    return messages


def warn_missed(targets: Mapping[str, float], readings: Mapping[str, float], dimensions: Sequence[Dimension]) -> list[str]:
    """Return a sentence for every target that the run did not reach, with the value that it did reach."""
    messages = []
    for d in dimensions:
        if d.name in targets and abs(readings[d.name] - targets[d.name]) > _REACHED * (d.upper - d.lower) / 2:
            messages.append(
                f"The target {d.name} {targets[d.name]:+.3g} was not reached: the result reads {readings[d.name]:+.3g}."
            )
    return messages


def _to_reading(dimension: Dimension, value: float, scale: Scale) -> float:
    has_corpus = dimension.mean is not None
    lower, upper = (-1.0, 1.0) if scale == "request" and has_corpus else (dimension.lower, dimension.upper)
    if not lower <= value <= upper:
        what = "request" if scale == "request" and has_corpus else f"reading in {dimension.unit}"
        raise TargetError(f"The target {dimension.name} is {value:g}; expected a {what} in [{lower:g}, {upper:g}].")
    return dimension.reading(value) if scale == "request" and has_corpus else value

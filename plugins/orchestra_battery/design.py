"""The design of an evaluation: cells of requests, and the pieces that are composed for each."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestra_core import Dimension
from orchestra_core.errors import ConfigurationError

EMOTION = ("arousal", "valence")


@dataclass(frozen=True)
class Piece:
    """One piece of the design.

    Parameters
    ----------
    number : int
        Its place in the design, from 0.
    cell : int
        Its cell, from 0: pieces of one cell are asked the same.
    requests : mapping of str to float
        What is asked, by dimension.
    seed : int
        Everything random in it follows from it.
    """

    number: int
    cell: int
    requests: Mapping[str, float]
    seed: int


def factorial(dimensions: Sequence[str], levels: Sequence[float], seeds: Sequence[int]) -> tuple[Piece, ...]:
    """Return every combination of levels, once for each seed.

    Examples
    --------
    >>> [(piece.cell, dict(piece.requests), piece.seed) for piece in factorial(["valence"], [-0.4, 0.4], [7])]
    [(0, {'valence': -0.4}, 7), (1, {'valence': 0.4}, 7)]
    """
    cells = list(itertools.product(levels, repeat=len(dimensions)))
    pairs = [(cell, seed) for cell in range(len(cells)) for seed in seeds]
    return tuple(
        Piece(number, cell, dict(zip(dimensions, cells[cell], strict=True)), seed) for number, (cell, seed) in enumerate(pairs)
    )


def asked_dimensions(named: Sequence[str], offered: Sequence[Dimension]) -> tuple[str, ...]:
    """Return the dimensions that are asked for: those named, else arousal and valence, else all of at most two.

    Raises
    ------
    ConfigurationError
        One is not offered, or there are too many to ask for every combination.
    """
    names = [dimension.name for dimension in offered]
    unknown = [name for name in named if name not in names]
    if unknown:
        raise ConfigurationError(f"dimensions names {unknown[0]!r}; expected some of {', '.join(names) or 'none'}.")
    if named:
        return tuple(named)
    if set(EMOTION) <= set(names):
        return EMOTION
    if not 1 <= len(names) <= 2:
        raise ConfigurationError(
            f"The objective has the dimensions {', '.join(names) or 'none'}; name one or two with the key dimensions of a "
            f"configuration file, such as dimensions = {json.dumps(names[:2])}, and give the file: orchestra evaluate FILE -o DIR"
        )
    return tuple(names)

"""Two evaluations of the same design held against each other, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestra_battery.markers import Marker
from orchestra_battery.marking import Record
from orchestra_battery.statistics import Estimate, correlation, difference, draw_cells, estimate, mean, slope
from orchestra_battery.summary import asked_of, marks_in
from orchestra_core import Dimension
from orchestra_core.errors import UsageError


@dataclass(frozen=True)
class Difference:
    """What the first has more than the second, for one marker and dimension.

    Parameters
    ----------
    r, slope : Estimate
        Difference of the correlations and of the slopes, in SD of labels where known, with what was asked.
    error : Estimate
        Difference of the distances to what was asked, in SD; below 0 is nearer.
    better : bool
        Whether the 95 % interval of the difference of r lies above 0.
    nearer : bool
        Whether that of the difference of the error lies below 0.
    pieces : int
        Pairs of pieces.
    """

    r: Estimate
    slope: Estimate
    error: Estimate
    better: bool
    nearer: bool
    pieces: int


def compare(
    marker: Marker, first: Sequence[Record], second: Sequence[Record], names: Sequence[str], objective: Sequence[Dimension]
) -> dict[str, Difference]:
    """Return how two ways of composing differ in the marks of one marker: a paired bootstrap over cells and seeds.

    Parameters
    ----------
    marker : Marker
        Who marked both.
    first, second : sequence of Record
        Pieces; those that were asked the same and have the same seed are paired, others are left out.
    names : sequence of str
        The dimensions that were asked for.
    objective : sequence of Dimension
        Those of the objective, which requests are on.

    Returns
    -------
    dict of str to Difference
        By dimension.

    Raises
    ------
    UsageError
        No two pieces were asked the same with the same seed.
    """
    pairs = paired(first, second)
    if not pairs:
        raise UsageError("The two evaluations have no piece in common; expected the same requests and seeds in both.")
    marked = [(a, b) for a, b in pairs if marker.name in a.marks and marker.name in b.marks]
    if not marked:
        return {}
    one, other = [a for a, _ in marked], [b for _, b in marked]
    shared = [dimension for dimension in marker.dimensions if dimension.name in names]
    asked = asked_of(one, names, objective)
    draws = draw_cells(asked.cells, within=True)
    found = {}
    for own in shared:
        column, unit = asked.names.index(own.name), own.sd or 1.0
        marks = [marks_in(records, marker.name, own.name) / unit for records in (one, other)]
        found[own.name] = _difference(asked.values, column, marks, (own.mean or 0.0) / unit, draws)
    return found


def paired(first: Sequence[Record], second: Sequence[Record]) -> list[tuple[Record, Record]]:
    """Return the records that were asked the same with the same seed, side by side."""
    others = {_asked(record): record for record in second}
    return [(record, others[_asked(record)]) for record in first if _asked(record) in others]


def _difference(asked: np.ndarray, column: int, marks: Sequence[np.ndarray], middle: float, draws: np.ndarray) -> Difference:
    own = asked[:, column]
    r = estimate(difference(*(correlation(own, each) for each in marks)), draws)
    distances = [np.abs(each - middle - own) for each in marks]
    error = estimate(difference(*(mean(each) for each in distances)), draws)
    return Difference(
        r=r,
        slope=estimate(difference(*(slope(asked, each, column) for each in marks)), draws),
        error=error,
        better=bool(r.low > 0),
        nearer=bool(error.high < 0),
        pieces=len(own),
    )


def _asked(record: Record) -> tuple[tuple[tuple[str, float], ...], int]:
    return tuple(sorted((name, round(value, 9)) for name, value in record.requests.items())), record.seed

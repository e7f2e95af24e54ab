"""What the records of an evaluation add up to: by marker and dimension, by cue, by transform and by gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestra_battery.cues import CUES, Cue
from orchestra_battery.markers import Marker
from orchestra_battery.marking import Record
from orchestra_battery.statistics import Estimate, Statistic, correlation, draw_cells, estimate, mean, ratio, slope
from orchestra_battery.transforms import TRANSFORMS
from orchestra_core import Dimension

UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class Asked:
    """What was asked of pieces, in standard deviations of the oracle's corpus where it has one.

    Parameters
    ----------
    names : tuple of str
        The dimensions.
    values : np.ndarray [shape=(pieces, dimensions)]
        What was asked: 0 is the mean of the corpus.
    standardised : tuple of bool
        Whether a dimension has a corpus; otherwise its values are readings.
    cells : np.ndarray [shape=(pieces,), dtype=int]
        The cell of each piece.
    """

    names: tuple[str, ...]
    values: np.ndarray
    standardised: tuple[bool, ...]
    cells: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """Return what was asked in one dimension, shape (pieces,)."""
        values: np.ndarray = self.values[:, self.names.index(name)]
        return values


@dataclass(frozen=True)
class Mark:
    """What one marker makes of one dimension.

    Parameters
    ----------
    r : Estimate
        Pearson's correlation of its marks with what was asked.
    slope : Estimate
        Of its marks on what was asked, the other dimensions held: both in SD of their labels where `standardised`.
    slope_ratio : Estimate
        The slope over the one that the marker has on held-out human labels; above 1.5 is caricature. NaN where that is unknown.
    cross : Estimate
        The largest slope on another asked dimension as a share of its own slope.
    error : Estimate
        Mean absolute distance of its marks to what they should be, in its own unit.
    sign : Estimate
        Share of the pieces, where something other than the middle was asked, that lie on the asked side of its middle.
    standardised : bool
        Whether slopes are in SD.
    pieces : int
        How many it marked.
    """

    r: Estimate
    slope: Estimate
    slope_ratio: Estimate
    cross: Estimate
    error: Estimate
    sign: Estimate
    standardised: bool
    pieces: int


@dataclass(frozen=True)
class MarkerSummary:
    """What one marker makes of all pieces: by dimension, and how many of them lie in the asked quadrant."""

    marks: Mapping[str, Mark]
    quadrant: Estimate


@dataclass(frozen=True)
class CueSummary:
    """One cue in one dimension.

    Parameters
    ----------
    levels : mapping of float to float
        Its mean by requested level.
    r : Estimate
        Its correlation with what was asked.
    expected : int
        The sign in the literature: 1, -1, or 0 where it says none.
    met : bool or None
        Whether its sign is that one; None where none is expected or there is no telling.
    clear : bool
        Whether the interval of r leaves out 0.
    """

    levels: Mapping[float, float]
    r: Estimate
    expected: int
    met: bool | None
    clear: bool


def asked_of(records: Sequence[Record], names: Sequence[str], dimensions: Sequence[Dimension]) -> Asked:
    """Return what was asked of some records in some dimensions of an objective."""
    known = {dimension.name: dimension for dimension in dimensions}
    columns = []
    for name in names:
        targets = np.array([record.targets[name] for record in records])
        middle, deviation = known[name].mean, known[name].sd
        columns.append(targets if middle is None or not deviation else (targets - middle) / deviation)
    standardised = tuple(bool(known[name].sd) for name in names)
    return Asked(tuple(names), np.stack(columns, axis=1), standardised, np.array([record.cell for record in records]))


def summarise_marker(
    marker: Marker, records: Sequence[Record], names: Sequence[str], objective: Sequence[Dimension]
) -> MarkerSummary:
    """Return what a marker makes of the pieces that it could mark.

    Parameters
    ----------
    marker : Marker
        Who.
    records : sequence of Record
        The pieces.
    names : sequence of str
        The dimensions that were asked for.
    objective : sequence of Dimension
        Those of the objective, which requests are on.

    Returns
    -------
    MarkerSummary
        Dimensions that it does not mark are left out.
    """
    marked = [record for record in records if marker.name in record.marks]
    shared = [dimension for dimension in marker.dimensions if dimension.name in names]
    if not marked or not shared:
        return MarkerSummary({}, UNKNOWN)
    asked = asked_of(marked, names, objective)
    draws = draw_cells(asked.cells)
    sides = {one.name: _side(marks_in(marked, marker.name, one.name), asked.column(one.name), one) for one in shared}
    marks = {one.name: _mark(marker, one, marked, asked, draws, sides[one.name]) for one in shared}
    both = np.prod(list(sides.values()), axis=0) if len(shared) == len(names) else np.full(len(marked), np.nan)
    return MarkerSummary(marks, estimate(mean(both), draws))


def marks_in(records: Sequence[Record], marker: str, dimension: str) -> np.ndarray:
    """Return the marks of one marker in one dimension, shape (pieces,)."""
    return np.array([record.marks[marker][dimension] for record in records])


def summarise_cues(
    records: Sequence[Record], names: Sequence[str], objective: Sequence[Dimension]
) -> dict[str, dict[str, CueSummary]]:
    """Return every cue that was measured, by name and dimension."""
    found: dict[str, dict[str, CueSummary]] = {}
    for cue in CUES:
        measured = [record for record in records if cue.name in record.cues]
        if len({record.cell for record in measured}) < 2:
            continue
        asked = asked_of(measured, names, objective)
        draws = draw_cells(asked.cells)
        found[cue.name] = {name: _cue(cue, name, measured, asked, draws) for name in names}
    return found


def moved_by_transforms(marker: Marker, records: Sequence[Record]) -> dict[str, dict[str, dict[str, float]]]:
    """Return how marks move: by transform and dimension the mean and the mean absolute change, in SD of labels where known.

    Markers that need the notes alone have none.
    """
    names = {name for record in records for name, marks in record.transforms.items() if marker.name in marks}
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in TRANSFORMS if name in names}
    for name, by_dimension in found.items():
        having = [record for record in records if marker.name in record.transforms.get(name, {})]
        for dimension in marker.dimensions:
            before = marks_in(having, marker.name, dimension.name)
            after = np.array([record.transforms[name][marker.name][dimension.name] for record in having])
            moved = (after - before) / (dimension.sd or 1.0)
            by_dimension[dimension.name] = {"mean": float(moved.mean()), "absolute": float(np.abs(moved).mean())}
    return found


def summarise_gates(records: Sequence[Record]) -> dict[str, dict[str, float | int]]:
    """Return by gate how many pieces were held to it, how many passed, its limit, and the worst value."""
    names = list(dict.fromkeys(name for record in records for name in record.gates))
    found: dict[str, dict[str, float | int]] = {}
    for name in names:
        held = [record.gates[name] for record in records if name in record.gates]
        worst = max(held, key=lambda gate: (not gate.passed, abs(gate.value - gate.limit) * (-1 if gate.passed else 1)))
        passed = sum(gate.passed for gate in held)
        found[name] = {"pieces": len(held), "passed": passed, "limit": held[0].limit, "worst": worst.value}
    return found


def _mark(marker: Marker, own: Dimension, records: Sequence[Record], asked: Asked, draws: np.ndarray, side: np.ndarray) -> Mark:
    column, marks = asked.names.index(own.name), marks_in(records, marker.name, own.name)
    standardised = bool(own.sd) and asked.standardised[column]
    held_out = marker.held_out_slope.get(own.name) if standardised else None
    scaled = marks / own.sd if standardised and own.sd else marks
    own_slope = slope(asked.values, scaled, column)
    own_estimate = estimate(own_slope, draws)
    return Mark(
        r=estimate(correlation(asked.values[:, column], marks), draws),
        slope=own_estimate,
        slope_ratio=UNKNOWN if held_out is None else _divided(own_estimate, held_out),
        cross=estimate(_cross_share(asked, scaled, column, own_slope), draws),
        error=estimate(mean(np.abs(marks - _should_be(own, asked, column))), draws),
        sign=estimate(mean(side), draws),
        standardised=standardised,
        pieces=len(records),
    )


def _divided(what: Estimate, by: float) -> Estimate:
    return Estimate(what.value / by, what.low / by, what.high / by)


def _cross_share(asked: Asked, marks: np.ndarray, column: int, own: Statistic) -> Statistic:
    others = [index for index in range(len(asked.names)) if index != column]
    shares = [ratio(slope(asked.values, marks, other), own, absolute=True) for other in others]
    if not shares:
        return lambda weights: np.full(len(weights), np.nan)
    return lambda weights: np.max([share(weights) for share in shares], axis=0)


def _should_be(own: Dimension, asked: Asked, column: int) -> np.ndarray:
    """Return the marks that would say what was asked: as many SD from the marker's own mean; readings where nobody has any."""
    values = asked.values[:, column]
    if asked.standardised[column] and own.mean is not None and own.sd:
        return np.clip(own.mean + own.sd * values, own.lower, own.upper)
    return values if not asked.standardised[column] else np.full(len(values), np.nan)


def _side(marks: np.ndarray, asked: np.ndarray, own: Dimension) -> np.ndarray:
    """Return 1 for marks on the asked side of the middle, 0 for others, and NaN where the middle was asked."""
    middle = float(marks.mean()) if own.mean is None else own.mean
    return np.where(np.abs(asked) < 1e-9, np.nan, (np.sign(marks - middle) == np.sign(asked)).astype(float))


def _cue(cue: Cue, name: str, records: Sequence[Record], asked: Asked, draws: np.ndarray) -> CueSummary:
    values = np.array([record.cues[cue.name] for record in records])
    levels = np.array([record.requests[name] for record in records])
    r = estimate(correlation(asked.column(name), values), draws)
    expected = cue.expected(name)
    return CueSummary(
        levels={float(level): float(values[levels == level].mean()) for level in np.unique(levels)},
        r=r,
        expected=expected,
        met=None if not expected or np.isnan(r.value) else bool(np.sign(r.value) == expected),
        clear=bool(r.low > 0 or r.high < 0),
    )

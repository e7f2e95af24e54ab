"""The stages of a history: which steps are theirs, and whether they walk or jump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# A stage also jumps when its typical step is this share of its own range, and the range a good part of the whole history's:
# then a line through its points would show a path that nothing went.
_STEP_SHARE, _RANGE_SHARE = 0.25, 0.2
_FEWEST = 4


@dataclass(frozen=True)
class StageSpan:
    """A stage: its rows are ``start`` to ``stop`` of the history; ``jumps`` where it tries candidates rather than walks."""

    name: str
    start: int
    stop: int
    jumps: bool


def stage_spans(history: pd.DataFrame) -> list[StageSpan]:
    """Return the stages of a history in their order.

    Parameters
    ----------
    history : pandas.DataFrame
        As in `Result.history`.

    Returns
    -------
    list of StageSpan
        Consecutive rows of one stage name each.
    """
    if history.empty:
        return []
    names = history["stage"].astype(str).to_numpy()
    starts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist()]
    points = _points(history)
    spans = zip(starts, [*starts[1:], len(names)], strict=True)
    return [StageSpan(str(names[a]), a, b, _tries(history[a:b], points[a:b]) or _jumps(points[a:b], points)) for a, b in spans]


def _points(history: pd.DataFrame) -> np.ndarray:
    columns = [name for name in history.columns if name.startswith("reading.")] or ["loss"]
    return history[columns].to_numpy(dtype=float)


def _tries(stage: pd.DataFrame, points: np.ndarray) -> bool:
    """Return whether what changed in a stage cannot be its parameters, as it moves none."""
    points = points[np.isfinite(points).all(axis=1)]
    return "moves" in stage and not stage["moves"].any() and bool(len(points) and np.ptp(points, axis=0).any())


def _jumps(points: np.ndarray, whole: np.ndarray) -> bool:
    points, whole = points[np.isfinite(points).all(axis=1)], whole[np.isfinite(whole).all(axis=1)]
    if len(points) < _FEWEST:
        return False
    extent, reach = np.ptp(points, axis=0), np.ptp(whole, axis=0)
    scale = np.where(reach > 0, reach, 1.0)
    step = np.median(np.linalg.norm(np.diff(points, axis=0) / scale, axis=1))
    size = np.linalg.norm(extent / scale)
    return bool(size > _RANGE_SHARE and step > _STEP_SHARE * size)

"""How well judges agree with people: r, R2, CCC and partial r, with intervals from a bootstrap over groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

DIMENSIONS = ("arousal", "valence")
_DRAWS = 1000

Marks = dict[str, dict[str, float]]


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return Pearson's r; 0 where one of them is constant."""
    return float(np.corrcoef(x, y)[0, 1]) if x.std() > 1e-12 and y.std() > 1e-12 else 0.0


def partial_correlation(x: np.ndarray, y: np.ndarray, given: np.ndarray) -> float:
    """Return the correlation of what a line in `given` leaves of both."""
    left = [values - np.polyval(np.polyfit(given, values, 1), given) for values in (x, y)]
    return correlation(left[0], left[1])


def marks_of(marked: np.ndarray, rated: np.ndarray) -> Marks:
    """Return the marks of one judge by dimension; both arrays have the shape (pieces, 2): arousal, then valence."""
    table = {name: _agreement(marked[:, column], rated[:, column]) for column, name in enumerate(DIMENSIONS)}
    table["arousal"]["partial_r"] = partial_correlation(marked[:, 0], rated[:, 0], rated[:, 1])
    table["valence"]["partial_r"] = partial_correlation(marked[:, 1], rated[:, 1], rated[:, 0])
    return table


def with_intervals(marked: np.ndarray, rated: np.ndarray, groups: np.ndarray, seed: int = 0) -> Marks:
    """Return `marks_of`, with the bounds of 95 % intervals as ``r_low``, ``r_high`` and so on.

    Whole groups are drawn with replacement: pieces of one game, or songs of one genre, are not independent.
    """
    generator, names = np.random.default_rng(seed), sorted(set(groups.tolist()))
    members = {name: np.flatnonzero(groups == name) for name in names}
    draws = []
    for _ in range(_DRAWS):
        rows = np.concatenate([members[names[index]] for index in generator.integers(len(names), size=len(names))])
        draws.append(marks_of(marked[rows], rated[rows]))
    return {
        dimension: {key: round(mark, 4) for key, mark in _bounded(values, [draw[dimension] for draw in draws]).items()}
        for dimension, values in marks_of(marked, rated).items()
    }


def out_of_group(groups: np.ndarray, fit: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Return what models say of each group that learned from the others; `fit` takes two masks: to learn from, to mark."""
    parts = {name: groups == name for name in sorted(set(groups.tolist()))}
    found: np.ndarray | None = None
    for held in parts.values():
        marked = fit(~held, held)
        found = np.zeros((len(groups), marked.shape[1])) if found is None else found
        found[held] = marked
    return np.zeros((0, 2)) if found is None else found


def _agreement(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    error = float(np.mean((x - y) ** 2))
    covariance = float(np.mean((x - x.mean()) * (y - y.mean())))
    scale = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    return {"r": correlation(x, y), "r2": 1 - error / float(y.var()), "ccc": 2 * covariance / scale, "rmse": error**0.5}


def _bounded(values: Mapping[str, float], draws: list[dict[str, float]]) -> dict[str, float]:
    found = {}
    for key, value in values.items():
        low, high = np.quantile([draw[key] for draw in draws], (0.025, 0.975))
        found |= {key: value, f"{key}_low": float(low), f"{key}_high": float(high)}
    return found

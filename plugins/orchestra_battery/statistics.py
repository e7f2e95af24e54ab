"""Correlations, slopes and errors of marks against what was asked, for any weights of the pieces, and their bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: Resamplings of a bootstrap, and the share of them that an interval holds.
RESAMPLINGS, LEVEL = 2000, 0.95
_LEAST_VARIANCE = 1e-12

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    value : float
        Over all pieces; NaN where it cannot be told.
    low, high : float
        Ends of the 95 % bootstrap interval.
    """

    value: float
    low: float
    high: float


def estimate(statistic: Statistic, draws: np.ndarray) -> Estimate:
    """Return a statistic over all pieces, with the percentile interval of its resamplings.

    Parameters
    ----------
    statistic : callable
        Weights of the pieces, shape (n, pieces), to values, shape (n,).
    draws : np.ndarray [shape=(resamplings, pieces)]
        How often each piece was drawn; see `draw_cells`.

    Returns
    -------
    Estimate
        Resamplings in which the statistic is not defined are left out.

    References
    ----------
    .. [1] B. Efron, R. Tibshirani (1993): An Introduction to the Bootstrap, chapter 13.
    """
    value = float(statistic(np.ones((1, draws.shape[1])))[0])
    resampled = statistic(draws)
    resampled = resampled[np.isfinite(resampled)]
    if not len(resampled) or not np.isfinite(value):
        return Estimate(value, np.nan, np.nan)
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))


def draw_cells(cells: np.ndarray, seed: int = 0, count: int = RESAMPLINGS, *, within: bool = False) -> np.ndarray:
    """Return how often each piece is drawn when whole cells are drawn with replacement.

    Pieces of one cell are asked the same and are not independent; so cells are what is drawn.

    Parameters
    ----------
    cells : np.ndarray [shape=(pieces,), dtype=int]
        The cell of each piece.
    seed : int
        Everything random follows from it.
    count : int
        Resamplings.
    within : bool
        Whether the pieces of a drawn cell are drawn with replacement too: a bootstrap over cells and seeds.

    Returns
    -------
    np.ndarray [shape=(count, pieces)]

    References
    ----------
    .. [1] A. C. Cameron, J. B. Gelbach, D. L. Miller (2008): Bootstrap-based improvements for inference with clustered errors.
       Review of Economics and Statistics 90(3).
    """
    generator = np.random.default_rng(seed)
    names, places = np.unique(cells, return_inverse=True)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
    if not within:
        return drawn[:, places].astype(float)
    weights = np.zeros((count, len(cells)))
    for index in range(len(names)):
        members = np.flatnonzero(places == index)
        weights[:, members] = generator.multinomial(drawn[:, index] * len(members), np.full(len(members), 1 / len(members)))
    return weights


def correlation(asked: np.ndarray, marks: np.ndarray) -> Statistic:
    """Return Pearson's r of marks with what was asked, both of shape (pieces,), as a function of weights.

    Marks that do not move follow nothing: their r is 0. Where what was asked does not vary, it is NaN.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        (xx, _), (xy, yy) = _covariance(weights, asked[:, None], marks)
        x, y, both = xx[:, 0, 0], yy, xy[:, 0]
        still = y < _LEAST_VARIANCE
        r = np.where(still, 0.0, both / np.sqrt(np.where(still | (x < _LEAST_VARIANCE), 1.0, x * y)))
        return np.where(x < _LEAST_VARIANCE, np.nan, r)

    return statistic


def slope(asked: np.ndarray, marks: np.ndarray, column: int) -> Statistic:
    """Return the slope of marks on one column of what was asked, with the others held, as a function of weights.

    Parameters
    ----------
    asked : np.ndarray [shape=(pieces, dimensions)]
        What was asked.
    marks : np.ndarray [shape=(pieces,)]
        What was marked.
    column : int
        Whose slope.

    Returns
    -------
    callable
        The coefficient of ordinary least squares with an intercept; NaN where what was asked has not full rank.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        (xx, _), (xy, _) = _covariance(weights, asked, marks)
        scale = np.trace(xx, axis1=1, axis2=2)[:, None, None] / asked.shape[1]
        singular = np.linalg.cond(xx + 1e-30) > 1e10
        safe = np.where(singular[:, None, None], np.eye(asked.shape[1]) * np.maximum(scale, 1e-30), xx)
        return np.where(singular, np.nan, np.linalg.solve(safe, xy[:, :, None])[:, column, 0])

    return statistic


def ratio(above: Statistic, below: Statistic, *, absolute: bool = False) -> Statistic:
    """Return one statistic divided by another, NaN where that is 0."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        numerator, denominator = above(weights), below(weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            quotient = np.where(denominator == 0, np.nan, numerator / denominator)
        return np.abs(quotient) if absolute else quotient

    return statistic


def mean(values: np.ndarray) -> Statistic:
    """Return the mean of values, shape (pieces,), as a function of weights; pieces that are NaN do not count."""
    counted = np.isfinite(values)
    filled = np.where(counted, values, 0.0)

    def statistic(weights: np.ndarray) -> np.ndarray:
        total = weights @ counted
        return np.where(total > 0, (weights @ filled) / np.where(total > 0, total, 1), np.nan)

    return statistic


def difference(first: Statistic, second: Statistic) -> Statistic:
    """Return what the first has more than the second for the same weights."""
    return lambda weights: first(weights) - second(weights)


def _covariance(
    weights: np.ndarray, asked: np.ndarray, marks: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return ((xx, mean of x), (xy, yy)): weighted covariances, shapes (n, d, d), (n, d), (n, d) and (n,)."""
    share = weights / weights.sum(axis=1, keepdims=True)
    asked, marks = asked - asked.mean(axis=0), marks - marks.mean()  # close to the mean, for the sake of rounding
    middle, level = share @ asked, share @ marks
    xx = np.einsum("np,pi,pj->nij", share, asked, asked) - middle[:, :, None] * middle[:, None, :]
    xy = np.einsum("np,pi->ni", share, asked * marks[:, None]) - middle * level[:, None]
    yy = share @ marks**2 - level**2
    return (xx, middle), (xy, yy)

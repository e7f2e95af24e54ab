"""How well readings agree with ratings, with bootstrap intervals over clusters; all from sums of products."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Metrics = dict[str, float]
Intervals = dict[str, tuple[float, float]]


def agreement(read: np.ndarray, rated: np.ndarray, given: np.ndarray | None = None) -> Metrics:
    """Return how well readings agree with ratings.

    Parameters
    ----------
    read, rated : np.ndarray [shape=(n,)]
        Readings and ratings of the same items.
    given : np.ndarray [shape=(n,)], optional
        What the partial correlation holds constant.

    Returns
    -------
    dict
        ``mse``, ``rmse``, ``r2`` (1 - residual / total sum of squares), ``r`` (Pearson; 0 where one of them is constant),
        ``ccc`` (Lin's concordance), and ``partial_r`` where something is held constant.

    References
    ----------
    .. [1] L. I. Lin (1989): A concordance correlation coefficient to evaluate reproducibility. Biometrics 45.

    Examples
    --------
    >>> import numpy as np
    >>> marks = agreement(np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    >>> round(marks["r"], 6), marks["mse"], marks["r2"]
    (1.0, 0.5, 0.5)
    """
    columns = np.stack([read, rated] if given is None else [read, rated, given], axis=1)
    marks = _marks(_moments(columns, np.zeros(len(columns), dtype=int))[0])
    return {name: float(value) for name, value in marks.items()}


def intervals(
    read: np.ndarray,
    rated: np.ndarray,
    cluster: np.ndarray,
    given: np.ndarray | None = None,
    *,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Intervals:
    """Return percentile bootstrap intervals of `agreement`, whole clusters drawn with replacement.

    Items of one cluster, such as the songs of a game or the clips of a song, are alike: drawing them singly would make
    intervals too narrow.

    Parameters
    ----------
    read, rated : np.ndarray [shape=(n,)]
        As in `agreement`.
    cluster : np.ndarray [shape=(n,), dtype=int]
        Number of each item's cluster: 0, 1, ...
    given : np.ndarray [shape=(n,)], optional
        As in `agreement`.
    draws, seed : int
        How many, and of which draw.
    level : float, in (0, 1)
        Coverage.

    Returns
    -------
    dict
        Lower and upper end by the names of `agreement`.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley (1997): Bootstrap Methods and their Application. Section 3.8.
    """
    columns = np.stack([read, rated] if given is None else [read, rated, given], axis=1)
    moments = _moments(columns, cluster)
    counts = np.random.default_rng(seed).multinomial(len(moments), np.full(len(moments), 1 / len(moments)), size=draws)
    marks = _marks(np.tensordot(counts, moments, axes=1))
    tail = 50 * (1 - level)
    return {name: (float(low), float(high)) for name, (low, high) in _percentiles(marks, tail).items()}


def mean_by(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the mean of the rows of each group, shape (groups, columns); groups are 0, 1, ... in `group`, shape (n,)."""
    counts = np.bincount(group).astype(np.float64)
    return np.stack([np.bincount(group, weights=column) / counts for column in values.T], axis=1)


def _moments(columns: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Return sums over each cluster of products of two columns, the first being 1, shape (clusters, k + 1, k + 1)."""
    ones = np.concatenate([np.ones((len(columns), 1)), columns], axis=1)
    products = (ones[:, :, None] * ones[:, None, :]).reshape(len(columns), -1)
    sums = np.stack([np.bincount(cluster, weights=column) for column in products.T], axis=1)
    return sums.reshape(-1, ones.shape[1], ones.shape[1])


def _marks(moments: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return marks of summed moments, shape (..., k + 1, k + 1), each of shape (...)."""
    mean = moments[..., 0, 1:] / moments[..., :1, 0]
    covariance = moments[..., 1:, 1:] / moments[..., :1, :1] - mean[..., :, None] * mean[..., None, :]
    variance = np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0)
    mse = np.maximum(variance[..., 0] + variance[..., 1] - 2 * covariance[..., 0, 1], 0.0) + (mean[..., 0] - mean[..., 1]) ** 2
    scale = variance[..., 0] + variance[..., 1] + (mean[..., 0] - mean[..., 1]) ** 2
    # What rounding leaves of the variance of a constant is none.
    floor = 1e-12 * np.maximum(mean**2, 1e-12)
    r = _correlation(covariance, variance, floor, 0, 1)
    marks = {
        "mse": mse,
        "rmse": np.sqrt(mse),
        "r2": _ratio(variance[..., 1] - mse, variance[..., 1], floor[..., 1]),
        "r": r,
        "ccc": _ratio(2 * covariance[..., 0, 1], scale, floor[..., 0]) * (r != 0),
    }
    if mean.shape[-1] > 2:
        first, second = (_correlation(covariance, variance, floor, i, 2) for i in (0, 1))
        rest = np.sqrt((1 - first**2).clip(0) * (1 - second**2).clip(0))
        marks["partial_r"] = _ratio(r - first * second, rest, np.full_like(rest, 1e-9))
    return marks


def _correlation(covariance: np.ndarray, variance: np.ndarray, floor: np.ndarray, one: int, two: int) -> np.ndarray:
    varies = (variance[..., one] > floor[..., one]) & (variance[..., two] > floor[..., two])
    spread = np.sqrt(np.where(varies, variance[..., one] * variance[..., two], 1.0))
    return np.where(varies, covariance[..., one, two] / spread, 0.0)


def _ratio(above: np.ndarray, below: np.ndarray, floor: np.ndarray) -> np.ndarray:
    known = below > floor
    return np.where(known, above / np.where(known, below, 1.0), 0.0)


def _percentiles(marks: Mapping[str, np.ndarray], tail: float) -> dict[str, np.ndarray]:
    return {name: np.percentile(values, [tail, 100 - tail]) for name, values in marks.items()}

"""How well readings agree with ratings: R2, r, CCC and RMSE."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Metrics = dict[str, float]


def agreement(read: np.ndarray, rated: np.ndarray) -> Metrics:
    """Return how well readings agree with ratings.

    Parameters
    ----------
    read, rated : np.ndarray [shape=(n,)]
        Readings and ratings of the same items.

    Returns
    -------
    dict
        ``r2`` (1 - residual / total sum of squares), ``r`` (Pearson; 0 where one of them is constant), ``ccc`` (Lin's
        concordance) and ``rmse``.

    References
    ----------
    .. [1] L. I. Lin (1989): A concordance correlation coefficient to evaluate reproducibility. Biometrics 45.
    """
    error = float(np.mean((read - rated) ** 2))
    covariance = float(np.mean((read - read.mean()) * (rated - rated.mean())))
    spread = float(read.std() * rated.std())
    scale = float(read.var() + rated.var() + (read.mean() - rated.mean()) ** 2)
    return {
        "r2": 1.0 - error / float(rated.var()) if rated.var() > 0 else 0.0,
        "r": covariance / spread if spread > 0 else 0.0,
        "ccc": 2.0 * covariance / scale if scale > 0 else 0.0,
        "rmse": error**0.5,
    }


def by_dimension(read: np.ndarray, rated: np.ndarray, names: tuple[str, ...]) -> Mapping[str, Metrics]:
    """Return `agreement` of each column, by dimension; shapes (n, dimensions)."""
    return {name: agreement(read[:, column], rated[:, column]) for column, name in enumerate(names)}


def mean_by(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the mean of the rows of each group, shape (groups, columns); groups are 0, 1, ... in `group`, shape (n,)."""
    counts = np.bincount(group).astype(np.float64)
    return np.stack([np.bincount(group, weights=column) / counts for column in values.T], axis=1)

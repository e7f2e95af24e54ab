"""Kernel regression as plain arrays: a Gaussian around each centre, and a straight line through all of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, eq=False)
class KernelRegression:
    """A fitted kernel ridge regression.

    Parameters
    ----------
    mean, scale : np.ndarray [shape=(features,), dtype=float32]
        Features are standardised by these, and then limited to `LIMIT` either side.
    centres : np.ndarray [shape=(centres, features), dtype=float16]
        Standardised.
    width : np.ndarray [shape=(1,), dtype=float32]
        Of the Gaussians: ``exp(-distance ** 2 / (2 width ** 2))``.
    weights : np.ndarray [shape=(centres, outputs), dtype=float32]
        One column for each output.
    intercept : np.ndarray [shape=(outputs,), dtype=float32]
        What is said far from all centres.
    """

    mean: np.ndarray
    scale: np.ndarray
    centres: np.ndarray
    width: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the outputs, shape (n, outputs), of features, shape (n, features)."""
        near = gaussian_kernel(standardised(features, self.mean, self.scale), self.centres, float(self.width[0]))
        return np.asarray(near @ self.weights + self.intercept)


#: Names of the arrays, as they are stored.
ARRAYS = tuple(field.name for field in fields(KernelRegression))
#: Standard deviations beyond which a feature says no more.
LIMIT = 3.0


def standardised(features: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return features by mean and scale, within `LIMIT` either side."""
    return np.asarray(np.clip((features - mean) / scale, -LIMIT, LIMIT))


def gaussian_kernel(points: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    """Return the Gaussian of the distances between points and centres, shape (points, centres).

    Examples
    --------
    >>> float(gaussian_kernel(np.zeros((1, 2)), np.zeros((1, 2)), 1.0)[0, 0])
    1.0
    """
    points, others = points.astype(np.float64), centres.astype(np.float64)
    square = (points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * points @ others.T
    return np.asarray(np.exp(-np.maximum(square, 0.0) / (2 * width**2)))


def fit_kernel(
    features: np.ndarray, labels: np.ndarray, item: np.ndarray, centres: np.ndarray, width: float, ridge: float
) -> KernelRegression:
    """Return a regularised regression on Gaussians around some of the points (subset of regressors).

    Parameters
    ----------
    features : np.ndarray [shape=(n, features)]
        To learn from.
    labels : np.ndarray [shape=(n, outputs)]
        Their labels.
    item : np.ndarray [shape=(n,), dtype=int]
        What each row is a part of: every item weighs the same, however many rows it has.
    centres : np.ndarray [shape=(centres,), dtype=int]
        Rows that Gaussians stand on.
    width : float
        Of the Gaussians, re the square root of the number of features.
    ridge : float
        Penalty of the squared norm, re the number of items.

    References
    ----------
    .. [1] C. E. Rasmussen, C. K. I. Williams (2006): Gaussian Processes for Machine Learning, chapter 8.3.1. MIT Press.
    """
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    points = standardised(features, mean, scale)
    stands = points[centres].astype(np.float16)
    wide = width * float(np.sqrt(features.shape[1]))
    weight = 1 / np.bincount(item)[item]
    intercept = np.average(labels, axis=0, weights=weight)
    near, among = gaussian_kernel(points, stands, wide), gaussian_kernel(stands, stands, wide)
    inner = (near * weight[:, None]).T @ near + ridge * len(np.unique(item)) * (among + 1e-6 * np.eye(len(among)))
    solved = np.linalg.solve(inner, (near * weight[:, None]).T @ (labels - intercept))
    single = (mean, scale, np.array([wide]), solved, intercept)
    mean, scale, spread, solved, intercept = (values.astype(np.float32) for values in single)
    return KernelRegression(mean, scale, stands, spread, solved, intercept)

"""Regression forests as plain arrays: read by a few lines of numpy, made from scikit-learn's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Names of a forest's arrays, as they are stored.
ARRAYS = ("feature", "threshold", "left", "right", "value")


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of one dimension; a node without children points to itself.

    Parameters
    ----------
    feature : np.ndarray [shape=(trees, nodes), dtype=int16]
        Which feature a node looks at.
    threshold : np.ndarray [shape=(trees, nodes), dtype=float32]
        A node's left child follows where the feature is at most this.
    left, right : np.ndarray [shape=(trees, nodes), dtype=int16]
        Children.
    value : np.ndarray [shape=(trees, nodes), dtype=float32]
        What a leaf says.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the mean of what the trees say, shape (n,), float64.

        Parameters
        ----------
        features : np.ndarray [shape=(n, features), dtype=float32]
            One row per item.
        """
        rows, trees = np.arange(len(features))[:, None], np.arange(len(self.feature))
        node = np.zeros((len(features), len(trees)), dtype=np.int64)
        while True:
            below = features[rows, self.feature[trees, node]] <= self.threshold[trees, node]
            following = np.where(below, self.left[trees, node], self.right[trees, node])
            if np.array_equal(following, node):
                return np.asarray(self.value[trees, node].astype(np.float64).mean(axis=1))
            node = following


def pack_forest(estimators: Sequence[Any]) -> Forest:
    """Return the trees of a fitted scikit-learn forest as arrays.

    Parameters
    ----------
    estimators : sequence
        Fitted `sklearn.tree` regressors of one output.

    Returns
    -------
    Forest
        Says what scikit-learn's trees say, up to the rounding of values to single precision.
    """
    trees = [estimator.tree_ for estimator in estimators]
    nodes = max(tree.node_count for tree in trees)

    def table(dtype: type) -> np.ndarray:
        return np.zeros((len(trees), nodes), dtype=dtype)

    forest = Forest(table(np.int16), table(np.float32), table(np.int16), table(np.int16), table(np.float32))
    for row, tree in enumerate(trees):
        kept, leaf, itself = slice(tree.node_count), tree.children_left < 0, np.arange(tree.node_count)
        forest.feature[row, kept] = np.where(leaf, 0, tree.feature)
        forest.threshold[row, kept] = _rounded_down(tree.threshold)
        forest.left[row, kept] = np.where(leaf, itself, tree.children_left)
        forest.right[row, kept] = np.where(leaf, itself, tree.children_right)
        forest.value[row, kept] = tree.value[:, 0, 0]
    return forest


def forest_arrays(forests: Mapping[str, Forest]) -> dict[str, np.ndarray]:
    """Return the arrays of forests by name, such as ``arousal_feature``."""
    return {f"{name}_{array}": getattr(forest, array) for name, forest in forests.items() for array in ARRAYS}


def _rounded_down(thresholds: np.ndarray) -> np.ndarray:
    # scikit-learn compares single-precision features with double-precision thresholds; rounding down keeps every answer.
    single = thresholds.astype(np.float32)
    return np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)

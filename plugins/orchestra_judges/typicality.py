"""How far a piece lies from people's music in a judge's features: a Gaussian, and the distances of held-out human pieces."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from orchestra_judges.weights import JudgeWeights

#: What the names of the arrays begin with where they are stored.
PREFIX = "human_"


@dataclass(frozen=True, eq=False)
class HumanMusic:
    """A Gaussian over spans of human pieces, and the distances from its middle at which spans of other human pieces lie.

    A span stands where the mean features of its windows do, so that its distance depends on its length: a short one has fewer
    windows to average. So there are percentiles for several lengths, and a piece is compared with spans about as long.

    Parameters
    ----------
    mean : np.ndarray [shape=(features,), dtype=float32]
        The middle of human music.
    whitening : np.ndarray [shape=(features, features), dtype=float32]
        Takes what differs from the mean to coordinates that are independent and have a variance of 1: a Cholesky factor of the
        inverse covariance.
    lengths : np.ndarray [shape=(lengths,), dtype=float32]
        Of the spans, in s, ascending.
    distances : np.ndarray [shape=(lengths, percentiles), dtype=float32]
        Distances of held-out human spans of each length at percentiles that are equally spaced from 0 to 100.

    References
    ----------
    .. [1] P. C. Mahalanobis (1936): On the generalised distance in statistics. Proceedings of the National Institute of
       Sciences of India 2.
    .. [2] O. Ledoit, M. Wolf (2004): A well-conditioned estimator for large-dimensional covariance matrices. Journal of
       Multivariate Analysis 88.
    """

    mean: np.ndarray
    whitening: np.ndarray
    lengths: np.ndarray
    distances: np.ndarray

    def distance(self, windows: np.ndarray) -> float:
        """Return the distance of the mean of windows, shape (windows, features), from the middle of human music.

        It is Mahalanobis' over the square root of the number of features: about 1 for what the Gaussian was fitted to.
        """
        away = (windows.astype(np.float64).mean(axis=0) - self.mean) @ self.whitening
        return float(np.sqrt(np.mean(away**2)))

    def percentile(self, windows: np.ndarray, length: float) -> float:
        """Return the share in percent of held-out human spans, about as long as a piece of `length` s, that lie nearer.

        Parameters
        ----------
        windows : np.ndarray [shape=(windows, features)]
            Features of all windows of the piece.
        length : float, > 0
            Of the piece, in s.
        """
        nearest = int(np.argmin(np.abs(np.log(self.lengths) - np.log(length))))
        known = self.distances[nearest]
        return float(np.interp(self.distance(windows), known, np.linspace(0.0, 100.0, len(known))))


#: Names of the arrays, as they are stored.
ARRAYS = tuple(f"{PREFIX}{field.name}" for field in fields(HumanMusic))


def read_human_music(weights: JudgeWeights) -> HumanMusic | None:
    """Return what a weights file knows of people's music; None where it knows nothing.

    Raises
    ------
    WeightsError
        It holds some of the arrays and not others.
    """
    if not any(name in weights.arrays for name in ARRAYS):
        return None
    return HumanMusic(*(weights.array(name) for name in ARRAYS))


def human_music_arrays(human: HumanMusic) -> dict[str, np.ndarray]:
    """Return the arrays by the names under which they are stored."""
    return {name: getattr(human, name.removeprefix(PREFIX)) for name in ARRAYS}

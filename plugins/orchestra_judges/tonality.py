"""Tonality of pitch-class profiles: correlation with key templates, evidence of mode, tonal centroids."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

# Krumhansl & Kessler (1982); Temperley (2007), from the Kostka-Payne corpus; Albrecht & Shanahan (2013).
_MAJOR = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
)
_MINOR = (
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
)
_DIATONIC = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], dtype=np.float64)
_RADII = (1.0, 1.0, 0.5)
# Pitch class by degree (row) and tonic (column).
_ABOVE = (np.arange(12)[:, None] + np.arange(12)) % 12
_SHARPNESS = 12.0


@dataclass(frozen=True, eq=False)
class Tonality:
    """What a pitch-class profile says of key and mode.

    Parameters
    ----------
    major, minor : np.ndarray [shape=(12,)]
        Correlation with the major and the minor template on each tonic, mean over three pairs of templates.
    degrees : np.ndarray [shape=(12,)]
        Share of each degree above the tonic, weighted by how likely each tonic is.
    diatonic : float, in [0, 1]
        Largest share of the profile within one diatonic collection.
    """

    major: np.ndarray
    minor: np.ndarray
    degrees: np.ndarray
    diatonic: float

    @property
    def mode(self) -> float:
        """Best correlation with major minus best with minor."""
        return float(self.major.max() - self.minor.max())

    @property
    def parallel_mode(self) -> float:
        """Correlation with major minus that with minor on one tonic, weighted by how likely each tonic is."""
        weights = _soft(np.maximum(self.major, self.minor))
        return float(weights @ (self.major - self.minor))

    @property
    def clarity(self) -> float:
        """Best correlation minus the mean of all 24."""
        return float(max(self.major.max(), self.minor.max()) - np.concatenate([self.major, self.minor]).mean())

    @property
    def best(self) -> float:
        """Best correlation of all 24."""
        return float(max(self.major.max(), self.minor.max()))


def tonality(profile: np.ndarray) -> Tonality:
    """Return what a pitch-class profile says of key and mode.

    Parameters
    ----------
    profile : np.ndarray [shape=(12,)]
        Non-negative weights of the pitch classes from C.

    Returns
    -------
    Tonality
        All zeros for an empty or flat profile.

    References
    ----------
    .. [1] C. L. Krumhansl (1990): Cognitive Foundations of Musical Pitch. Oxford University Press.
    .. [2] D. Temperley (2007): Music and Probability. MIT Press.
    .. [3] J. Albrecht, D. Shanahan (2013): The use of large corpora to train a new type of key-finding algorithm.
       Music Perception 31.

    Examples
    --------
    >>> triad = np.isin(np.arange(12), (0, 4, 7)).astype(float)
    >>> int(np.argmax(tonality(triad).major)), tonality(triad).mode > 0
    (0, True)
    """
    total = float(profile.sum())
    share = profile / total if total > 0 else np.zeros(12)
    centred = share - share.mean()
    norm = float(np.linalg.norm(centred))
    templates, collections = _rotated_templates()
    major, minor = templates @ centred / norm if norm > 1e-12 else np.zeros((2, 12))
    degrees = share[_ABOVE] @ _soft(np.maximum(major, minor))
    return Tonality(major, minor, degrees, float((collections @ share).max()))


def tonal_centroid(profile: np.ndarray) -> np.ndarray:
    """Return the tonal centroid of pitch-class profiles, shape (..., 12) -> (..., 6).

    The circles of fifths, minor thirds and major thirds, each two coordinates.

    References
    ----------
    .. [1] C. Harte, M. Sandler, M. Gasser (2006): Detecting harmonic change in musical audio. ACM Multimedia Workshop.
    """
    classes = np.arange(12)
    angles = [classes * steps * math.pi / 6 for steps in (7, 9, 4)]
    basis = [radius * f(angle) for radius, angle in zip(_RADII, angles, strict=True) for f in (np.sin, np.cos)]
    total = np.maximum(profile.sum(axis=-1, keepdims=True), 1e-12)
    return np.asarray((profile / total) @ np.stack(basis, axis=1))


@lru_cache(maxsize=1)
def _rotated_templates() -> tuple[np.ndarray, np.ndarray]:
    """Return the templates of both modes on each tonic, (2, 12, 12), centred, of norm 1, averaged; and the collections."""
    centred = np.array([_MAJOR, _MINOR]) - np.mean([_MAJOR, _MINOR], axis=2, keepdims=True)
    templates = (centred / np.linalg.norm(centred, axis=2, keepdims=True)).mean(axis=1)
    # Row: tonic. Column: pitch class, which is this degree of it.
    degree = _ABOVE.T.argsort(axis=1)
    return templates[:, degree], _DIATONIC[degree]


def _soft(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(_SHARPNESS * (scores - scores.max()))
    return np.asarray(weights / weights.sum())

"""How much a set of notes sounds like major."""

from __future__ import annotations

import numpy as np

# C. L. Krumhansl (1990): Cognitive Foundations of Musical Pitch, table 2.1: how well each pitch class fits a key.
_FITS_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_FITS_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def major_evidence(profile: np.ndarray) -> float:
    """Return how much more the notes sound like their best major key than like their best minor key.

    Parameters
    ----------
    profile : np.ndarray [shape=(12,)]
        How much of each pitch class there is, from C.

    Returns
    -------
    float
        Difference of the two highest correlations with the profiles of Krumhansl and Kessler, in [-2, 2]; 0 for a profile
        without differences.

    References
    ----------
    .. [1] C. L. Krumhansl (1990): Cognitive Foundations of Musical Pitch. Oxford University Press, chapters 2 and 4.
    """
    if np.ptp(profile) == 0:
        return 0.0
    best = [max(np.corrcoef(profile, np.roll(fits, tonic))[0, 1] for tonic in range(12)) for fits in (_FITS_MAJOR, _FITS_MINOR)]
    return float(best[0] - best[1])

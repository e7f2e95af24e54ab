"""Keys and scales: what a declared key allows, and how much a set of notes sounds like major."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

_TONICS: Mapping[str, int] = MappingProxyType({"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11})
_MAJOR, _MINOR = frozenset({0, 2, 4, 5, 7, 9, 11}), frozenset({0, 2, 3, 5, 7, 8, 10})

#: Pitch classes above the tonic by mode; minor has its leading note too, and mixture is major and minor together.
SCALES: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "major": _MAJOR,
        "minor": _MINOR | {11},
        "lydian": frozenset({0, 2, 4, 6, 7, 9, 11}),
        "mixolydian": frozenset({0, 2, 4, 5, 7, 9, 10}),
        "dorian": frozenset({0, 2, 3, 5, 7, 9, 10}),
        "phrygian": frozenset({0, 1, 3, 5, 7, 8, 10}),
        "harmonic minor": _MINOR | {11},
        "mixture": _MAJOR | _MINOR,
    }
)

# C. L. Krumhansl (1990): Cognitive Foundations of Musical Pitch, table 2.1: how well each pitch class fits a key.
_FITS_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_FITS_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def parse_key(key: str | None) -> tuple[int, str] | None:
    """Return the pitch class of the tonic and the mode of a key; None where it declares none that is known.

    Examples
    --------
    >>> parse_key("Eb dorian"), parse_key("F# minor"), parse_key(None)
    ((3, 'dorian'), (6, 'minor'), None)
    """
    tonic, _, mode = (key or "").strip().partition(" ")
    mode = mode.strip().lower() or "major"
    if tonic[:1].upper() not in _TONICS or tonic[1:] not in ("", "#", "b") or mode not in SCALES:
        return None
    return (_TONICS[tonic[0].upper()] + {"": 0, "#": 1, "b": -1}[tonic[1:]]) % 12, mode


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

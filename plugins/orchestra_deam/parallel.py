"""Notes in the parallel mode: major turned to minor and back, for pairs that differ in mode alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from orchestra_deam.midi import NoteTable

#: Probe-tone ratings of the degrees of major and minor.
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

# Degrees, in semitones above the tonic, that are lowered in minor, and raised in major.
_LOWERED = {4: -1, 9: -1, 11: -1}
_RAISED = {3: 1, 8: 1, 10: 1}


@dataclass(frozen=True)
class Key:
    """The key of a stretch of music.

    Parameters
    ----------
    tonic : int, in [0, 11]
        Pitch class.
    major : bool
        Its mode.
    clarity : float
        By how much the correlation with its profile exceeds that of the best key of the other mode.
    """

    tonic: int
    major: bool
    clarity: float


def estimate_key(notes: NoteTable) -> Key:
    """Return the key whose profile correlates most with the durations of the pitch classes.

    References
    ----------
    .. [1] C. L. Krumhansl (1990): Cognitive Foundations of Musical Pitch. Oxford University Press.
    """
    classes = np.bincount(np.round(notes.pitch).astype(int) % 12, weights=np.minimum(notes.duration, 2.0), minlength=12)
    scores = np.array(
        [[_correlation(np.roll(profile, k), classes) for k in range(12)] for profile in (MAJOR_PROFILE, MINOR_PROFILE)]
    )
    major, minor = scores.max(axis=1)
    mode = int(minor > major)
    return Key(int(scores[mode].argmax()), not mode, abs(float(major - minor)))


def in_parallel_mode(notes: NoteTable, key: Key) -> NoteTable:
    """Return the notes with the third, sixth and seventh degree of the key moved to those of its parallel key."""
    moves = _LOWERED if key.major else _RAISED
    degrees = (np.round(notes.pitch).astype(int) - key.tonic) % 12
    return replace(notes, pitch=notes.pitch + np.array([moves.get(int(degree), 0) for degree in degrees], dtype=np.float64))


def mode_contrast(notes: NoteTable, key: Key) -> float:
    """Return how clearly these notes alone carry the mode of a key, and their parallel version the other mode.

    Parameters
    ----------
    notes : NoteTable
        A few seconds of music.
    key : Key
        Its key, estimated from more of its context.

    Returns
    -------
    float
        The lesser clarity of the two: positive for major, negative for minor. 0 where the notes, or their version in the
        parallel mode, sound in another key: then the pair does not differ in mode alone.
    """
    own, other = estimate_key(notes), estimate_key(in_parallel_mode(notes, key))
    if (own.tonic, own.major, other.tonic, other.major) != (key.tonic, key.major, key.tonic, not key.major):
        return 0.0
    clarity = min(own.clarity, other.clarity)
    return clarity if key.major else -clarity


def _correlation(profile: np.ndarray, classes: np.ndarray) -> float:
    profile, classes = profile - profile.mean(), classes - classes.mean()
    return float(profile @ classes / (np.linalg.norm(profile) * np.linalg.norm(classes) + 1e-12))

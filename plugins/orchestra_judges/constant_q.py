"""A front end of constant-Q frames: semitones folded to pitch classes above the tonic, octaves and their rises, in time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from orchestra_judges.audio import SAMPLE_RATE, frequencies, magnitudes
from orchestra_judges.tonality import tonality

_LOWEST, _BINS = 36, 72
_SPLIT = 24  # bins below MIDI 60 are folded into the bass
_HOP = 2048
# Longest frame for the lowest two octaves, shorter ones above: the quality factor stays between 12 and 47.
_SIZES = ((8192, 0, 24), (4096, 24, 48), (2048, 48, 72))
_SPREAD = 0.35  # standard deviation of a filter, in semitones
_FINE_SIZE, _FINE_HOP = 512, 256
# What is subtracted at 12, 19, 24 and 28 semitones above a bin, for its harmonics.
_HARMONICS = ((12, 0.45), (19, 0.3), (24, 0.2), (28, 0.12))
#: Numbers per frame: two times twelve pitch classes, six octaves, six rises, fine onsets.
WIDTH = 12 + 12 + 6 + 6 + 1


def constant_q_frames(window: np.ndarray) -> np.ndarray:
    """Return a window's frames: two chromas above the tonic, levels of octaves, their rises, and fine onsets.

    Parameters
    ----------
    window : np.ndarray [shape=(samples,), dtype=float32]
        At 22.05 kHz, with an RMS of 1.

    Returns
    -------
    np.ndarray [shape=(frames, WIDTH), dtype=float32]
        A frame every 93 ms. Chromas begin with the tonic, the best of 24 keys for the whole window, so that a network
        sees degrees and not pitches.

    References
    ----------
    .. [1] C. Schoerkhuber, A. Klapuri (2010): Constant-Q transform toolbox for music processing. Sound and Music
       Computing Conference.
    """
    bins = np.log1p(constant_q(window))
    clean = without_harmonics(bins)
    bass, treble = _folded(clean[:, :_SPLIT]), _folded(clean[:, _SPLIT:60])
    tonic = tonic_of((bass + treble).mean(axis=0))
    chromas = [np.roll(chroma, -tonic, axis=1) for chroma in (bass, treble)]
    octaves = bins.reshape(len(bins), -1, 12).mean(axis=2)
    rises = np.maximum(np.diff(octaves, axis=0, prepend=octaves[:1]), 0.0)
    scale = max(float(np.mean(bass + treble)), 1e-6)
    parts = [*(chroma / scale for chroma in chromas), octaves, 4 * rises, _fine_onsets(window, len(bins))]
    return np.concatenate(parts, axis=1).astype(np.float32)


def constant_q(window: np.ndarray) -> np.ndarray:
    """Return the magnitudes of 72 semitones from C2 (65.4 Hz) in frames every 93 ms, shape (frames, 72)."""
    return np.concatenate([_magnitudes_of(window, size) @ filters(size, first, last) for size, first, last in _SIZES], axis=1)


@lru_cache(maxsize=8)
def filters(size: int, first: int, last: int) -> np.ndarray:
    """Return Gaussians on the logarithmic frequency axis around the semitones `first` to `last`, shape (bins, semitones)."""
    pitch = 69 + 12 * np.log2(np.maximum(frequencies(size), 1e-3) / 440.0)
    # No filter is narrower than a bin of the transform at its centre.
    width = np.maximum(_SPREAD, 12 * np.log2(1 + SAMPLE_RATE / size / _hertz(first, last)))
    weights = np.exp(-0.5 * ((pitch[:, None] - (_LOWEST + np.arange(first, last))) / width) ** 2)
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float32)


def without_harmonics(bins: np.ndarray) -> np.ndarray:
    """Return semitone levels less what the harmonics of lower semitones explain, at least 0."""
    explained = np.zeros_like(bins)
    for above, share in _HARMONICS:
        explained[:, above:] += share * bins[:, :-above]
    return np.asarray(np.maximum(bins - explained, 0.0))


def tonic_of(chroma: np.ndarray) -> int:
    """Return the pitch class of the best of 24 keys."""
    found = tonality(chroma)
    return int(np.argmax(np.maximum(found.major, found.minor)))


def _magnitudes_of(window: np.ndarray, size: int) -> np.ndarray:
    # Frames of all sizes are centred on the same times: those of the longest within the window.
    longest = _SIZES[0][0]
    edge = (longest - size) // 2
    return magnitudes(window[edge : len(window) - edge], size, _HOP) / size * 100


def _hertz(first: int, last: int) -> np.ndarray:
    return np.asarray(440.0 * 2 ** ((_LOWEST + np.arange(first, last) - 69) / 12))


def _folded(bins: np.ndarray) -> np.ndarray:
    return np.asarray(bins.reshape(len(bins), -1, 12).sum(axis=1))


def _fine_onsets(window: np.ndarray, frames: int) -> np.ndarray:
    """Return the highest rise of short spectra within each frame's hop, shape (frames, 1)."""
    edge = (_SIZES[0][0] - _HOP) // 2
    curve = np.maximum(np.diff(np.log1p(magnitudes(window[edge:], _FINE_SIZE, _FINE_HOP)), axis=0), 0.0).mean(axis=1)
    per = _HOP // _FINE_HOP
    return np.asarray(10 * curve[: frames * per].reshape(frames, per).max(axis=1)[:, None])

"""Loudness and true peak of audio as ITU-R BS.1770 measures them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from orchestra_core.contracts.canvas import LOUDNESS_BLOCK

_STEPS = 4  # blocks overlap by three quarters
_OVERSAMPLED = 192_000  # 4 x 48 kHz, as in Annex 2
_PIECE = 2**20  # samples that are oversampled at once
_MARGIN = 64  # samples on either side that the filter of a piece reaches


@dataclass(frozen=True)
class Loudness:
    """How loud a clip is.

    Parameters
    ----------
    integrated : float
        Integrated loudness in LUFS; minus infinity for silence.
    true_peak : float
        Highest point of the waveform between the samples too, in dBTP; minus infinity for silence.
    """

    integrated: float
    true_peak: float


def measure_loudness(audio: np.ndarray, sample_rate: int) -> Loudness:
    """Return the loudness of a mono clip.

    Parameters
    ----------
    audio : np.ndarray [shape=(samples,)]
        Nominal full scale 1.
    sample_rate : int
        Rate in Hz.

    Returns
    -------
    Loudness

    References
    ----------
    .. [1] ITU-R BS.1770-4 (2015): Algorithms to measure audio programme loudness and true-peak audio level.
    .. [2] Steinmetz, C. J., and Reiss, J. D. (2021). pyloudnorm: A simple yet flexible loudness meter in Python. 150th AES
       Convention.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 997 * np.arange(48_000) / 48_000)
    >>> measured = measure_loudness(tone, 48_000)
    >>> round(measured.integrated, 2), round(abs(measured.true_peak), 1)
    (-3.01, 0.0)
    """
    return Loudness(integrated_loudness(audio, sample_rate), true_peak(audio, sample_rate))


def integrated_loudness(audio: np.ndarray, sample_rate: int) -> float:
    """Return the integrated loudness of a mono clip in LUFS; minus infinity where nothing passes the gate of -70 LUFS.

    A mono clip is one channel: the same clip on both channels of a stereo file has 3.01 LU more. A clip shorter than a block
    of 0.4 s, for which the standard has no figure, is one block of its own length.
    """
    import pyloudnorm

    samples = np.asarray(audio, dtype=np.float64)
    block = min(round(LOUDNESS_BLOCK * sample_rate), len(samples))
    step = max(block // _STEPS, 1)
    # Whole blocks only, as the standard says; the library would count a last one that is not full.
    whole = samples[: block + (len(samples) - block) // step * step]
    # The filters that the library names after De Man are the standard's own at any rate; its default ones are 0.05 dB off.
    return float(pyloudnorm.Meter(sample_rate, filter_class="DeMan", block_size=block / sample_rate).integrated_loudness(whole))


def true_peak(audio: np.ndarray, sample_rate: int) -> float:
    """Return the true peak of a mono clip in dBTP, from the clip oversampled to 192 kHz or a little more."""
    from scipy.signal import resample_poly

    samples = np.asarray(audio, dtype=np.float64)
    times = math.ceil(_OVERSAMPLED / sample_rate)
    highest = 0.0
    for start in range(0, len(samples), _PIECE):
        first = max(start - _MARGIN, 0)
        oversampled = resample_poly(samples[first : start + _PIECE + _MARGIN], times, 1)
        own = oversampled[(start - first) * times : (start - first + _PIECE) * times]
        highest = max(highest, float(np.abs(own).max()))
    return 20 * math.log10(highest) if highest > 0 else -math.inf

"""Measurements of an exported clip that the report states: peak, level, DC offset, clipping, silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Below this level re the clip's peak, sound counts as silence.
SILENCE_DB = -60.0
_FULL_SCALE = 1 - 2**-15  # within one 16-bit step of full scale
_FRAME_SECONDS = 0.01


@dataclass(frozen=True)
class Measurements:
    """What was measured of a clip.

    Parameters
    ----------
    peak : float
        Largest absolute sample, dB re full scale; minus infinity for silence.
    rms : float
        Root mean square, dB re full scale.
    offset : float
        Mean of the samples (DC), re full scale.
    clipped : int
        Number of samples at full scale.
    leading_silence : float
        Seconds before the level first comes within 60 dB of its maximum.
    """

    peak: float
    rms: float
    offset: float
    clipped: int
    leading_silence: float


def measure(audio: np.ndarray, sample_rate: int) -> Measurements:
    """Return measurements of a mono clip.

    Parameters
    ----------
    audio : np.ndarray [shape=(samples,)]
        Nominal full scale 1.
    sample_rate : int
        Rate in Hz.

    Returns
    -------
    Measurements

    Examples
    --------
    >>> measure(np.array([0.0, 0.5, -0.5, 0.0]), 4).peak.__round__(2)
    -6.02
    """
    samples = np.asarray(audio, dtype=np.float64)
    return Measurements(
        peak=decibels(float(np.abs(samples).max())),
        rms=decibels(float(np.sqrt(np.mean(samples**2)))),
        offset=float(samples.mean()),
        clipped=int(np.count_nonzero(np.abs(samples) >= _FULL_SCALE)),
        leading_silence=_leading_silence(samples, sample_rate),
    )


def decibels(amplitude: float) -> float:
    """Return an amplitude in dB re 1."""
    return float("-inf") if amplitude <= 0 else 20 * float(np.log10(amplitude))


def frame_levels(audio: np.ndarray, sample_rate: int, seconds: float = _FRAME_SECONDS) -> np.ndarray:
    """Return the RMS of frames of a clip that lie side by side, shape (frames,); the last one may be shorter."""
    size = max(round(seconds * sample_rate), 1)
    starts = np.arange(0, len(audio), size)
    sums = np.add.reduceat(np.asarray(audio, dtype=np.float64) ** 2, starts)
    return np.asarray(np.sqrt(sums / np.diff(np.append(starts, len(audio)))))


def _leading_silence(samples: np.ndarray, sample_rate: int) -> float:
    levels = frame_levels(samples, sample_rate)
    if not levels.max() > 0:
        return len(samples) / sample_rate
    loud = int(np.argmax(levels >= levels.max() * 10 ** (SILENCE_DB / 20)))
    return loud * max(round(_FRAME_SECONDS * sample_rate), 1) / sample_rate

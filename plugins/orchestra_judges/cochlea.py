"""A front end after the ear: a gammatone filterbank, the modulation of its envelopes, and the pitches that sound together."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from orchestra_judges.audio import SAMPLE_RATE, frequencies, magnitudes
from orchestra_judges.multipitch import PITCHES, pitch_salience
from orchestra_judges.tonality import tonality

_CHANNELS, _LOWEST, _HIGHEST = 32, 60.0, 9000.0
_SIZE, _HOP = 1024, 256
_POOL = 4  # channels that are averaged
# Edges of the modulation bands in Hz, an octave each.
_MODULATION = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_FLOOR = 1e-4


def cochlear_features(window: np.ndarray) -> dict[str, float]:
    """Return what a gammatone filterbank and a search for pitches hear in a window, by name.

    Parameters
    ----------
    window : np.ndarray [shape=(samples,), dtype=float32]
        At 22.05 kHz, with an RMS of 1.

    Returns
    -------
    dict of str to float
        Levels in natural logarithms, ratios and shares.

    References
    ----------
    .. [1] B. R. Glasberg, B. C. J. Moore (1990): Derivation of auditory filter shapes from notched-noise data.
       Hearing Research 47.
    .. [2] A. Klapuri (2006): Multiple fundamental frequency estimation by summing harmonic amplitudes. ISMIR.
    """
    power = magnitudes(window, _SIZE, _HOP) ** 2 @ gammatone_weights()
    return {**_spectrum(power), **_modulation(np.cbrt(power)), **_pitch(pitch_salience(window))}


@lru_cache(maxsize=1)
def gammatone_weights() -> np.ndarray:
    """Return the power response of gammatone filters of fourth order at the bins of a spectrum, shape (bins, channels).

    Centres are equally spaced on the ERB-rate scale; each response is scaled to a sum of 1 over the bins.
    """
    lowest, highest = (21.4 * float(np.log10(1 + 0.00437 * hertz)) for hertz in (_LOWEST, _HIGHEST))
    rate = np.linspace(lowest, highest, _CHANNELS)
    centre = (10 ** (rate / 21.4) - 1) / 0.00437
    bandwidth = 1.019 * 24.7 * (0.00437 * centre + 1)
    away = (frequencies(_SIZE)[:, None] - centre) / bandwidth
    response = (1 + away**2) ** -4.0
    return np.asarray(response / response.sum(axis=0), dtype=np.float32)


def _pooled(table: np.ndarray) -> np.ndarray:
    return np.asarray(table.reshape(*table.shape[:-1], -1, _POOL).mean(axis=-1))


def _spectrum(power: np.ndarray) -> dict[str, float]:
    mean = power.mean(axis=0)
    level = np.log(_pooled(mean) + _FLOOR * mean.mean() + 1e-12)
    level -= level.mean()
    loudness = np.cbrt(power).sum(axis=1)
    relative = loudness / max(loudness.mean(), 1e-9)
    return {
        **{f"band_{index}": float(value) for index, value in enumerate(level)},
        "loudness_cv": float(relative.std()),
        "loudness_low": float(np.quantile(relative, 0.1)),
    }


def _modulation(envelopes: np.ndarray) -> dict[str, float]:
    bands = _pooled(envelopes)
    mean = np.maximum(bands.mean(axis=0), 1e-9)
    spectrum = np.abs(np.fft.rfft((bands / mean - 1) * np.hanning(len(bands))[:, None], axis=0)) ** 2 / len(bands)
    rates = np.fft.rfftfreq(len(bands), _HOP / SAMPLE_RATE)
    features: dict[str, float] = {}
    for low, high in pairwise(_MODULATION):
        inside = spectrum[(rates >= low) & (rates < high)].mean(axis=0)
        features |= {f"modulation_{low:g}_{name}": float(np.log(value + 1e-3)) for name, value in _low_mid_high(inside).items()}
    rises = np.maximum(np.diff(bands / mean, axis=0), 0.0).mean(axis=1)
    peaks = (rises[1:-1] > rises[:-2]) & (rises[1:-1] >= rises[2:]) & (rises[1:-1] > rises.mean() + rises.std())
    seconds = len(bands) * _HOP / SAMPLE_RATE
    return {**features, "rise": float(np.log(rises.mean() + 1e-4)), "rises_per_s": float(np.log2(peaks.sum() / seconds + 0.2))}


def _low_mid_high(values: np.ndarray) -> dict[str, float]:
    return {"low": values[:3].mean(), "mid": values[3:6].mean(), "high": values[6:].mean()}


def _pitch(salience: np.ndarray) -> dict[str, float]:
    weights = salience.sum(axis=0)
    found = tonality(np.bincount(PITCHES % 12, weights=weights, minlength=12))
    degrees, total = found.degrees, max(float(weights.sum()), 1e-9)
    centre = float(weights @ PITCHES) / total
    return {
        "mode": found.mode,
        "parallel_mode": found.parallel_mode,
        "clarity": found.clarity,
        "third": float(degrees[4] - degrees[3]),
        "sixth": float(degrees[9] - degrees[8]),
        "flat_second": float(degrees[1]),
        "pitch_centre": centre,
        "pitch_spread": float(np.sqrt(weights @ (PITCHES - centre) ** 2 / total)),
        "voices": float((salience > 0).sum(axis=1).mean()),
        "pitch_change": float(np.abs(np.diff(salience, axis=0)).sum() / total),
    }

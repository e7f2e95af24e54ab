"""Pitches that sound together: summed harmonic amplitudes of a spectrum whitened in auditory bands, found one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from orchestra_judges.audio import SAMPLE_RATE

#: The pitches that are looked for, as MIDI numbers.
PITCHES = np.arange(36, 97)

_SIZE, _HOP, _PADDED = 8192, 4096, 16384
_HARMONICS, _MOST = 10, 5
_HIGHEST = 9000.0
# Klapuri (2006): compression of the bands, weights of harmonics in Hz, how much of a found tone is cancelled.
_BANDS, _COMPRESSION = 30, 0.5
_ALPHA, _BETA = 27.0, 320.0
_CANCELLED = 0.89
# Where a partial is looked for, in semitones either side of its place.
_STRAY = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
# Bins either side of a partial that are cancelled with it, and pitches below this share of the first that are none.
_REACH, _FAINTEST = 3, 0.3


def pitch_salience(window: np.ndarray) -> np.ndarray:
    """Return how salient the pitches are that sound in each frame.

    In each frame the pitch with the largest weighted sum of harmonics is taken, its partials are cancelled, and the next
    is looked for, five times at most.

    Parameters
    ----------
    window : np.ndarray [shape=(samples,), dtype=float32]
        At 22.05 kHz.

    Returns
    -------
    np.ndarray [shape=(frames, 61)]
        One column for each of `PITCHES`; 0 where a pitch was not found.

    References
    ----------
    .. [1] A. Klapuri (2006): Multiple fundamental frequency estimation by summing harmonic amplitudes. ISMIR.
    """
    spectra, table = _whitened(window), _table()
    salience, rows = np.zeros((len(spectra), len(PITCHES))), np.arange(len(spectra))
    first = np.zeros(len(spectra))
    for turn in range(_MOST):
        sums = (spectra[:, table.bins].max(axis=3) * table.weights).sum(axis=2)
        best = sums.argmax(axis=1)
        value = sums[rows, best]
        first = value if turn == 0 else first
        found = (value > _FAINTEST * first) & (value > 0)
        salience[rows, best] += np.where(found, value, 0.0)
        _cancel(spectra, table, best, found)
    return salience


@dataclass(frozen=True, eq=False)
class _Harmonics:
    """Bins where the harmonics of each pitch are looked for, (pitches, harmonics, strays), and their weights."""

    bins: np.ndarray
    weights: np.ndarray


@lru_cache(maxsize=1)
def _table() -> _Harmonics:
    fundamental = 440.0 * 2 ** ((PITCHES - 69) / 12)
    hertz = fundamental[:, None] * np.arange(1, _HARMONICS + 1)
    bins = np.rint(hertz[:, :, None] * 2 ** (_STRAY / 12) * _PADDED / SAMPLE_RATE).astype(int)
    weights = np.where(hertz < _HIGHEST, (fundamental[:, None] + _ALPHA) / (hertz + _BETA), 0.0)
    return _Harmonics(np.clip(bins, 0, _PADDED // 2), weights)


@lru_cache(maxsize=1)
def _bands() -> tuple[np.ndarray, np.ndarray]:
    """Return the power responses of auditory bands, (bins, bands), with a sum of 1 over bins, and over bands."""
    hertz = np.fft.rfftfreq(_PADDED, 1 / SAMPLE_RATE)
    rate = np.arange(1, _BANDS + 1) / _BANDS * 21.4 * float(np.log10(1 + 0.00437 * _HIGHEST))
    centre = (10 ** (rate / 21.4) - 1) / 0.00437
    response = (1 + ((hertz[:, None] - centre) / (1.019 * 24.7 * (0.00437 * centre + 1))) ** 2) ** -4.0
    over_bins, over_bands = response / response.sum(axis=0), response / response.sum(axis=1, keepdims=True)
    return over_bins.astype(np.float32), over_bands.astype(np.float32)


def _whitened(window: np.ndarray) -> np.ndarray:
    """Return magnitude spectra in which every auditory band has about the same level, shape (frames, bins)."""
    frames = np.lib.stride_tricks.sliding_window_view(window, _SIZE)[::_HOP]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_SIZE).astype(np.float32), n=_PADDED, axis=1))
    over_bins, over_bands = _bands()
    level = np.sqrt(spectra**2 @ over_bins) + 1e-9
    return np.asarray(spectra * (level ** (_COMPRESSION - 1) @ over_bands.T))


def _cancel(spectra: np.ndarray, table: _Harmonics, best: np.ndarray, found: np.ndarray) -> None:
    """Take the partials of the found pitches out of the spectra, in place."""
    rows = np.arange(len(spectra))[:, None]
    middle = table.bins[best, :, len(_STRAY) // 2]
    heard = found[:, None] & (table.weights[best] > 0)
    for away in range(-_REACH, _REACH + 1):
        kept = np.where(heard, 1 - _CANCELLED * (1 - abs(away) / (_REACH + 2)), 1.0)
        bins = np.clip(middle + away, 0, spectra.shape[1] - 1)
        np.multiply.at(spectra, (rows, bins), kept)

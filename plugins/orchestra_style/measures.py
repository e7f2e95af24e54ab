"""Measures of a transfer: how far spectrum and texture moved, and what was kept of the music; independent of the loss.

Written with numpy, scipy and librosa, on filters, scales and windows of their own: nothing here is shared with the objective.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

#: Third-octave bands from 63 Hz to 10 kHz (IEC 61260), as numbers of thirds re 1 kHz.
_THIRDS = np.arange(-12, 11)
_BANDS, _LOWEST, _HIGHEST = 24, 80.0, 9_000.0
#: Octaves of modulation: 0.5..1 Hz to 32..64 Hz.
OCTAVES = tuple((0.5 * 2.0**k, 2.0**k) for k in range(7))
_ENVELOPE_RATE, _COMPRESSION = 400, 0.3
# Modulation is estimated with so many sine tapers; an octave is measured where its lower edge has so many periods, so that it
# lies above what the tapers smear, (5 + 1) / 2 periods to either side.
_TAPERS, _PERIODS = 5, 4.0
# Levels so many dB below the whole are not heard, and count as this; bands so far below the loudest are left out.
_FLOOR_DB, _MODULATION_FLOOR_DB = 50.0, 43.5
_SILENCE = 1e-12


@dataclass(frozen=True, eq=False)
class Profile:
    """Statistics of a recording.

    Parameters
    ----------
    spectrum : np.ndarray [shape=(23,)]
        Long-term level of third-octave bands re the whole, dB, floored at -50.
    modulation : np.ndarray [shape=(24, 7)]
        Power of each band's relative envelope by octave of modulation frequency, dB, as the mean of five sine tapers hears it;
        NaN for octaves of which fewer than four periods fit into the recording: they do not repeat from one stretch of an
        ambience to the next.
    variation : np.ndarray [shape=(24,)]
        Standard deviation of the envelope over its mean, dB.
    kurtosis : np.ndarray [shape=(24,)]
        Logarithm of the envelope's kurtosis.
    correlation : np.ndarray [shape=(24, 24)]
        Correlation of the envelopes of two bands.
    level : np.ndarray [shape=(24,)]
        Level of the bands, dB.
    """

    spectrum: np.ndarray
    modulation: np.ndarray
    variation: np.ndarray
    kurtosis: np.ndarray
    correlation: np.ndarray
    level: np.ndarray


def profile(audio: np.ndarray, sample_rate: int) -> Profile:
    """Return the statistics of a recording.

    Bands are McDermott and Simoncelli's: 24 half cosines on the ERB scale, 80 Hz to 9 kHz; envelopes are Hilbert's, to
    the power of 0.3, at 400 Hz.

    Parameters
    ----------
    audio : np.ndarray [shape=(samples,)]
        Mono.
    sample_rate : int
        In Hz, at least 22,050.

    References
    ----------
    .. [1] J. McDermott, E. Simoncelli (2011): Sound texture perception via statistics of the auditory periphery. Neuron 71.
    .. [2] K. Riedel, A. Sidorenko (1995): Minimum bias multiple taper spectral estimation. IEEE Trans. Signal Processing 43.
    """
    bands = _cochlear_bands(np.asarray(audio, dtype=np.float64), sample_rate)
    level = 10 * np.log10(np.square(bands).mean(axis=1) + _SILENCE)
    envelope = _compressed(bands, sample_rate)
    relative = envelope / envelope.mean(axis=1, keepdims=True) - 1
    deviation = relative.std(axis=1, keepdims=True) + 1e-9
    unit = relative / deviation
    return Profile(
        spectrum=third_octaves(audio, sample_rate),
        modulation=_modulation(relative),
        variation=20 * np.log10(deviation[:, 0] + 1e-3),
        kurtosis=np.log((unit**4).mean(axis=1) + 1e-9),
        correlation=unit @ unit.T / unit.shape[1],
        level=level,
    )


def distances(a: Profile, style: Profile) -> Mapping[str, float]:
    """Return root mean square differences from a style, by name of the statistic, over the bands heard in the style."""
    heard = style.level > style.level.max() - _FLOOR_DB
    pairs = np.triu(np.outer(heard, heard), 1)
    return {
        "spectrum": _rms(a.spectrum - style.spectrum),
        "modulation": _rms((a.modulation - style.modulation)[heard]),
        "variation": _rms((a.variation - style.variation)[heard]),
        "kurtosis": _rms((a.kurtosis - style.kurtosis)[heard]),
        "correlation": _rms((a.correlation - style.correlation)[pairs]),
    }


def moved(content: Profile, result: Profile, style: Profile) -> Mapping[str, float]:
    """Return how far each statistic went from content to style: 1 - distance after / distance before; 1 is all the way."""
    before, after = distances(content, style), distances(result, style)
    return {name: 1 - after[name] / max(before[name], 1e-9) for name in before}


def chroma_correlation(content: np.ndarray, result: np.ndarray, sample_rate: int) -> float:
    """Return the correlation of two recordings' `librosa.feature.chroma_cqt`, over all classes and frames."""
    import librosa

    with warnings.catch_warnings():  # of windows longer than a short recording's lowest octaves
        warnings.simplefilter("ignore", UserWarning)
        a, b = (librosa.feature.chroma_cqt(y=x.astype(np.float32), sr=sample_rate, tuning=0.0) for x in (content, result))
    return _correlation(a.ravel(), b.ravel())


def onset_correlation(content: np.ndarray, result: np.ndarray, sample_rate: int) -> float:
    """Return the correlation of two recordings' `librosa.onset.onset_strength`."""
    import librosa

    a, b = (librosa.onset.onset_strength(y=x.astype(np.float32), sr=sample_rate) for x in (content, result))
    return _correlation(a, b)


def level_range(audio: np.ndarray, sample_rate: int) -> float:
    """Return how far apart the 95th and the 10th percentile of the level over 0.2 s lie, dB.

    The percentiles are those of the loudness range of EBU Tech 3342; its frames of 3 s are too long for excerpts. What
    swells here and is lost there has a large range, whatever its long-term spectrum.
    """
    frame = round(0.2 * sample_rate)
    frames = np.asarray(audio[: len(audio) // frame * frame], dtype=np.float64).reshape(-1, frame)
    level = 10 * np.log10(np.square(frames).mean(axis=1) + _SILENCE)
    low, high = np.percentile(level, [10, 95])
    return float(high - low)


def third_octaves(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the long-term level of third-octave bands from 63 Hz to 10 kHz re the whole, dB, floored at -50, shape (23,)."""
    from scipy.signal import welch

    frequency, density = welch(np.asarray(audio, dtype=np.float64), sample_rate, nperseg=min(8192, len(audio)))
    centres = 1000 * 2 ** (_THIRDS / 3)
    # By the integral of the density, so that bands narrower than a bin have their share of it.
    whole = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(frequency))])
    edges = np.interp(np.outer([2 ** (-1 / 6), 2 ** (1 / 6)], centres), frequency, whole)
    power = edges[1] - edges[0]
    level: np.ndarray = 10 * np.log10(np.maximum(power / max(power.sum(), _SILENCE), 10 ** (-_FLOOR_DB / 10)))
    return level


def _cochlear_bands(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the Hilbert envelopes of bands, shape (24, samples)."""
    spectrum = np.fft.rfft(audio)
    place = 21.4 * np.log10(1 + 0.00437 * np.fft.rfftfreq(len(audio), 1 / sample_rate))
    ends = 21.4 * np.log10(1 + 0.00437 * np.array([_LOWEST, _HIGHEST]))
    edges = np.linspace(ends[0], ends[1], _BANDS + 2)
    distance = np.abs(place - edges[1:-1, None]) / (edges[1] - edges[0])
    filtered = np.zeros((_BANDS, len(audio)), dtype=complex)
    filtered[:, : len(spectrum)] = 2 * spectrum * np.where(distance < 1, np.cos(np.pi / 2 * distance), 0.0)
    return np.asarray(np.abs(np.fft.ifft(filtered, axis=1)))


def _compressed(bands: np.ndarray, sample_rate: int) -> np.ndarray:
    from scipy.signal import resample_poly

    slow = resample_poly(bands, _ENVELOPE_RATE, sample_rate, axis=1)
    floor = 1e-4 * slow.mean(axis=1, keepdims=True) + _SILENCE
    return np.asarray(np.maximum(slow, floor) ** _COMPRESSION)


def _modulation(relative: np.ndarray) -> np.ndarray:
    samples = relative.shape[1]
    frequency = np.fft.rfftfreq(samples, 1 / _ENVELOPE_RATE)
    place = (np.arange(samples) + 0.5) / samples
    power = np.zeros((len(relative), len(frequency)))
    for number in range(1, _TAPERS + 1):
        taper = np.sqrt(2) * np.sin(np.pi * number * place)
        power += 2 * np.square(np.abs(np.fft.rfft(relative * taper, axis=1))) / samples**2 / _TAPERS
    columns = []
    for lower, upper in OCTAVES:
        inside = (frequency >= lower) & (frequency < upper)
        measurable = lower * samples / _ENVELOPE_RATE >= _PERIODS
        columns.append(power[:, inside].sum(axis=1) if measurable else np.full(len(power), np.nan))
    return np.asarray(10 * np.log10(np.stack(columns, axis=1) + 10 ** (-_MODULATION_FLOOR_DB / 10)))


def _rms(values: np.ndarray) -> float:
    seen = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(np.square(seen)))) if seen.size else 0.0


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum() / size) if size > _SILENCE else 0.0

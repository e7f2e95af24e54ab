"""A front end of spectral peaks: harmonic pitch-class profiles, tonal centroids, roughness and onsets."""

from __future__ import annotations

import numpy as np

from orchestra_judges.audio import SAMPLE_RATE, frequencies, magnitudes
from orchestra_judges.tonality import tonal_centroid, tonality

_SIZE, _HOP = 8192, 2048
_LOWEST, _HIGHEST, _BASS = 60.0, 4000.0, 250.0
_PEAKS = 40
_HARMONICS, _DECAY = 6, 0.7
_WIDTH = 1.0  # semitones on either side that a peak counts for
_FLUX_SIZE, _FLUX_HOP = 1024, 256
_SMOOTHED = 8  # frames of a smoothed profile, 0.74 s
# Sethares (1993): the dissonance of two pure tones.
_SETHARES = (0.24, 0.0207, 18.96, 3.51, 5.75)


def harmonic_features(window: np.ndarray) -> dict[str, float]:
    """Return what spectral peaks say of a window's harmony, with its onsets and its colour, by name.

    Parameters
    ----------
    window : np.ndarray [shape=(samples,), dtype=float32]
        At 22.05 kHz, with an RMS of 1.

    Returns
    -------
    dict of str to float
        Correlations, shares and logarithms.

    References
    ----------
    .. [1] E. Gomez (2006): Tonal description of polyphonic audio for music content processing. INFORMS Journal on
       Computing 18.
    .. [2] C. Harte, M. Sandler, M. Gasser (2006): Detecting harmonic change in musical audio. ACM Multimedia Workshop.
    .. [3] M. Mueller, S. Ewert (2011): Chroma toolbox: MATLAB implementations for extracting variants of chroma-based
       audio features. ISMIR.
    .. [4] W. A. Sethares (1993): Local consonance and the relationship between timbre and scale. JASA 94.
    """
    spectra = magnitudes(window, _SIZE, _HOP)
    frequency, strength = spectral_peaks(spectra)
    tuning = estimate_tuning(frequency, strength)
    profiles = pitch_class_profiles(frequency, strength, tuning)
    bass = pitch_class_profiles(frequency, strength * (frequency < _BASS), tuning)
    return {
        **_harmony(profiles, bass),
        **_change(profiles),
        **_colour(spectra, frequency, strength),
        **_onsets(magnitudes(window, _FLUX_SIZE, _FLUX_HOP)),
    }


def spectral_peaks(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the strongest peaks of each spectrum, refined by a parabola through the logarithms of three bins.

    Parameters
    ----------
    spectra : np.ndarray [shape=(frames, bins)]
        Magnitudes.

    Returns
    -------
    frequency, strength : np.ndarray [shape=(frames, peaks)]
        In Hz, and as a square root of the magnitude; a strength of 0 where there are fewer peaks.
    """
    hertz = frequencies(2 * (spectra.shape[1] - 1))
    inner = spectra[:, 1:-1]
    floor = 0.01 * spectra.max(axis=1, keepdims=True)
    peak = (inner > spectra[:, :-2]) & (inner >= spectra[:, 2:]) & (inner > floor)
    peak &= (hertz[1:-1] > _LOWEST) & (hertz[1:-1] < _HIGHEST)
    order = np.argsort(np.where(peak, -inner, 0.0), axis=1, kind="stable")[:, :_PEAKS]
    kept = np.take_along_axis(peak, order, axis=1)
    left, middle, right = (np.log(np.take_along_axis(spectra, order + k, axis=1) + 1e-9) for k in range(3))
    bend = np.where(kept, left - 2 * middle + right, -1.0)
    shift = np.where(kept, np.clip(0.5 * (left - right) / np.minimum(bend, -1e-9), -0.5, 0.5), 0.0)
    strength = np.where(kept, np.sqrt(np.take_along_axis(inner, order, axis=1)), 0.0)
    return (order + 1 + shift) * hertz[1], strength


def estimate_tuning(frequency: np.ndarray, strength: np.ndarray) -> float:
    """Return by what part of a semitone, in [-0.5, 0.5], peaks lie above equal temperament at 440 Hz: the circular mean."""
    away = 12 * np.log2(frequency / 440.0)
    return float(np.angle(np.sum(strength * np.exp(2j * np.pi * away))) / (2 * np.pi))


def pitch_class_profiles(frequency: np.ndarray, strength: np.ndarray, tuning: float = 0.0) -> np.ndarray:
    """Return the harmonic pitch-class profiles of frames of peaks, from C, shape (frames, 12), each with a sum of 1 or 0.

    Each peak counts for the pitches that it may be a harmonic of, with weights that fall by 0.7 a harmonic, and for classes
    within a semitone by a squared cosine.
    """
    profiles = np.zeros((len(frequency), 12))
    classes = np.arange(12)
    for harmonic in range(1, _HARMONICS + 1):
        pitch = 69 + 12 * np.log2(frequency / harmonic / 440.0) - tuning
        away = np.abs((pitch[:, :, None] - classes + 6) % 12 - 6)
        weights = np.where(away < _WIDTH, np.cos(0.5 * np.pi * away / _WIDTH) ** 2, 0.0)
        profiles += _DECAY ** (harmonic - 1) * np.einsum("fp,fpc->fc", strength, weights)
    return np.asarray(profiles / np.maximum(profiles.sum(axis=1, keepdims=True), 1e-9))


def _harmony(profiles: np.ndarray, bass: np.ndarray) -> dict[str, float]:
    found, low = tonality(profiles.mean(axis=0)), tonality(bass.mean(axis=0))
    frames = [tonality(profile) for profile in _smooth(profiles)[:: _SMOOTHED // 2]]
    return {
        "mode": found.mode,
        "parallel_mode": found.parallel_mode,
        "clarity": found.clarity,
        "best": found.best,
        "third": float(found.degrees[4] - found.degrees[3]),
        "sixth": float(found.degrees[9] - found.degrees[8]),
        "seventh": float(found.degrees[11] - found.degrees[10]),
        "flat_second": float(found.degrees[1]),
        "tritone": float(found.degrees[6]),
        "diatonic": found.diatonic,
        "bass_mode": low.mode,
        "local_mode": float(np.mean([one.mode for one in frames])),
        "local_parallel_mode": float(np.mean([one.parallel_mode for one in frames])),
        "local_clarity": float(np.mean([one.clarity for one in frames])),
    }


def _smooth(profiles: np.ndarray) -> np.ndarray:
    """Return energy-normalised statistics of chroma: quantised, smoothed over time."""
    levels = np.sum([profiles > edge for edge in (0.05, 0.1, 0.2, 0.4)], axis=0).astype(float)
    kernel = np.hanning(_SMOOTHED + 2)[1:-1]
    columns = [np.convolve(column, kernel / kernel.sum(), mode="same") for column in (levels + profiles).T]
    return np.stack(columns, axis=1)


def _change(profiles: np.ndarray) -> dict[str, float]:
    centroids = tonal_centroid(profiles)
    return {
        "centroid_norm": float(np.linalg.norm(centroids.mean(axis=0))),
        "centroid_spread": float(np.linalg.norm(centroids.std(axis=0))),
        "centroid_change": float(np.linalg.norm(np.diff(centroids, axis=0), axis=1).mean()),
        "profile_change": float(np.abs(np.diff(profiles, axis=0)).sum(axis=1).mean()),
        "profile_entropy": float(-(profiles * np.log2(profiles + 1e-9)).sum(axis=1).mean()),
    }


def _colour(spectra: np.ndarray, frequency: np.ndarray, strength: np.ndarray) -> dict[str, float]:
    mean, hertz = spectra.mean(axis=0), frequencies(_SIZE)
    octaves = np.log2(np.maximum(hertz, 20.0) / 440.0)
    total = max(float(mean.sum()), 1e-9)
    weights = strength / max(float(strength.sum()), 1e-9)
    heard = np.log2(np.maximum(frequency, 20.0) / 440.0)
    centre = float((weights * heard).sum())
    return {
        "centroid": float(mean @ octaves) / total,
        "treble": float(np.log(mean[hertz > 2000].sum() / total + 1e-4)),
        "bass": float(np.log(mean[hertz < 250].sum() / total + 1e-4)),
        "peak_centre": centre,
        "peak_spread": float(np.sqrt((weights * (heard - centre) ** 2).sum())),
        "peaks": float((strength > 0.2 * strength.max()).sum(axis=1).mean()),
        "roughness": float(np.mean([_roughness(f, s) for f, s in zip(frequency, strength, strict=True)])),
    }


def _roughness(frequency: np.ndarray, strength: np.ndarray) -> float:
    f, s = frequency[:20], strength[:20]
    x_star, s1, s2, b1, b2 = _SETHARES
    away = np.abs(f[:, None] - f) * x_star / (s1 * np.minimum(f[:, None], f) + s2)
    pairs = np.minimum(s[:, None], s) * (np.exp(-b1 * away) - np.exp(-b2 * away))
    return float(pairs.sum() / max(float((s**2).sum()), 1e-9))


def _onsets(spectra: np.ndarray) -> dict[str, float]:
    compressed = np.log1p(10 * spectra)
    flux = np.maximum(np.diff(compressed, axis=0), 0.0)
    edge = int(500 * _FLUX_SIZE / SAMPLE_RATE)
    features: dict[str, float] = {}
    for name, part in (("all", flux), ("low", flux[:, :edge]), ("high", flux[:, edge:])):
        curve = part.mean(axis=1)
        level = curve.mean() + 1.0 * curve.std()
        peaks = (curve[2:-2] > level) & np.all([curve[2:-2] >= curve[2 + k : len(curve) - 2 + k] for k in (-2, -1, 1, 2)], axis=0)
        rate = peaks.sum() / (len(curve) * _FLUX_HOP / SAMPLE_RATE)
        strength = float(np.log(curve.mean() / max(float(compressed.mean()), 1e-6) + 1e-4))
        features |= {f"onsets_{name}": float(np.log2(rate + 0.2)), f"flux_{name}": strength}
        features[f"flux_cv_{name}"] = float(curve.std() / max(float(curve.mean()), 1e-9))
    return features

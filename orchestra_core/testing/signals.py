"""Test signals, and what is measured of audio: levels, peaks of the spectrum, energy in a band."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor


def music(seeds: Sequence[int], sample_rate: int, duration: float, lowest_rate: int | None = None) -> Tensor:
    """Return a chord that fades over a bed of many faint tones up to 7 kHz, shape (seeds, samples), float64, peak 0.5.

    It is a formula in time: the same signal at every rate from `lowest_rate` (`sample_rate` where none is given) up.
    """
    return _music(tuple(seeds), sample_rate, duration, min(7_000.0, 0.4 * (lowest_rate or sample_rate))).clone()


@functools.lru_cache(maxsize=16)
def _music(seeds: tuple[int, ...], sample_rate: int, duration: float, highest: float) -> Tensor:
    time = torch.arange(round(duration * sample_rate), dtype=torch.float64) / sample_rate
    return torch.stack([_piece(seed, time, duration, highest) for seed in seeds])


def _piece(seed: int, time: Tensor, duration: float, highest: float) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    faint = torch.rand(60, 2, generator=generator, dtype=torch.float64)
    frequency = 60.0 * (highest / 60.0) ** faint[:, 0]
    bed = torch.sin(2 * math.pi * (frequency[:, None] * time + faint[:, 1:])).mul(0.01).sum(dim=0)
    chord = torch.zeros_like(time)
    for index, semitones in enumerate((0, 4 - seed % 2, 7)):
        since = time - 0.1 * index * duration
        pitch = 196.0 * 2 ** ((semitones + seed % 5) / 12)
        tone = torch.stack([torch.sin(2 * math.pi * k * pitch * since) / k**2 for k in (1, 2, 3)]).sum(dim=0)
        chord = chord + tone * torch.exp(-3 * since.clamp_min(0) / duration) * (since / 0.02).clamp(0, 1)
    piece = bed + 0.3 * chord
    return piece / (2 * float(piece.abs().max()))


def level(audio: Tensor) -> float:
    """Return the effective value in dB re full scale; -240 for silence."""
    return 20 * math.log10(max(float(audio.detach().double().square().mean().sqrt()) if audio.numel() else 0.0, 1e-12))


def spectrum(audio: Tensor, padding: int = 4) -> Tensor:
    """Return the magnitudes of audio, shape (..., samples), under a Blackman window, padded with zeros, float64."""
    samples = audio.shape[-1]
    window = torch.blackman_window(samples, periodic=False, dtype=torch.float64, device=audio.device)
    magnitudes: Tensor = torch.fft.rfft(audio.detach().double() * window, n=padding * samples).abs()
    return magnitudes


def strongest(audio: Tensor, sample_rate: int, low: float, high: float) -> tuple[float, float]:
    """Return the frequency in Hz of the strongest component between two frequencies, and its level in dB re the strongest.

    The peak is refined by a parabola through the logarithms of three bins.
    """
    magnitudes = spectrum(audio, padding=8)
    per_bin = sample_rate / (2 * (len(magnitudes) - 1))
    first, last = max(round(low / per_bin), 1), min(round(high / per_bin), len(magnitudes) - 2)
    top = first + int(magnitudes[first : last + 1].argmax())
    left, middle, right = torch.log(magnitudes[top - 1 : top + 2] + 1e-300).tolist()
    curvature = left - 2 * middle + right
    shift = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    relative = 20 * math.log10(float(magnitudes[top] / magnitudes.max().clamp_min(1e-300)) + 1e-300)
    return (top + max(min(shift, 0.5), -0.5)) * per_bin, relative


def share_below(audio: Tensor, sample_rate: int, frequency: float) -> float:
    """Return the energy between 40 Hz and a frequency in dB re the energy of everything."""
    power = spectrum(audio, padding=1).square()
    bins = torch.linspace(0, sample_rate / 2, len(power), dtype=torch.float64)
    below = power[(bins > 40.0) & (bins < frequency)].sum()
    return 10 * math.log10(float(below / power.sum().clamp_min(1e-300)) + 1e-24)

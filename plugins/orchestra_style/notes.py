"""What is kept of the music: its harmony over time (chroma of a constant-Q transform) and its onsets, differentiable."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_style.subbands import SubbandBank, erb_centres, erb_number

# Seven octaves of semitones from C1.
_SEMITONES, _LOWEST = 84, 32.703
# Frames per second of the chroma at least half this, and at most it.
_FRAMES = 44
_SIZE, _HOP, _FLUX_BANDS = 2048, 512, 48
_LOWEST_FLUX, _HIGHEST_FLUX = 60.0, 10_500.0
# Loudness is heard over 0.19 s.
_LONG, _APART = 4096, 1024


class MusicEar:
    """Hears harmony and onsets of recordings of one length.

    Parameters
    ----------
    samples : int
        Length of the recordings.
    sample_rate : int
        In Hz.
    """

    def __init__(self, samples: int, sample_rate: int) -> None:
        self._frames = 2 ** max(int(math.log2(max(_FRAMES * samples / sample_rate, 1.0))), 0)
        centres = torch.arange(_SEMITONES, dtype=torch.float64)
        self._bank = SubbandBank(samples, sample_rate, centres, _semitone, self._frames)
        # Magnitudes of a constant-Q transform with windows of unit energy.
        self._scale = (2 ** (-centres / 24))[:, None]
        self._flux_bands = _triangles(sample_rate)

    def chroma(self, spectrum: Tensor) -> Tensor:
        """Return the share of each pitch class over time.

        Parameters
        ----------
        spectrum : Tensor [shape=(n, samples // 2 + 1), complex]
            ``torch.fft.rfft`` of recordings of unit power.

        Returns
        -------
        Tensor [shape=(n, 12, frames)]
            From C; the largest of each frame about 1.
        """
        squared = self._bank.envelopes(spectrum)
        pooled = [(s + 1e-14).sqrt().reshape(*s.shape[:2], self._frames, -1).mean(dim=-1) for s in squared]
        magnitude = self._bank.in_order(pooled) * self._scale.to(pooled[0])
        classes = magnitude.reshape(len(magnitude), -1, 12, self._frames).sum(dim=1)
        shares: Tensor = classes / (classes.amax(dim=1, keepdim=True) + 1e-4)
        return shares

    def onsets(self, audio: Tensor) -> Tensor:
        """Return how much all bands rise from frame to frame, about dB, for recordings of unit power (n, samples).

        Returns
        -------
        Tensor [shape=(n, frames)]
        """
        window = torch.hann_window(_SIZE, dtype=audio.dtype, device=audio.device)
        # Whole windows only: where a recording is cut, its level rises from nothing and would outweigh every onset.
        audio = functional.pad(audio, (0, max(_SIZE + _HOP - audio.shape[1], 0)))
        spectrum = torch.stft(audio, _SIZE, _HOP, window=window, return_complex=True, center=False)
        power = self._flux_bands.to(audio) @ (spectrum.real.square() + spectrum.imag.square())
        floor = 1e-7 * power.detach().amax(dim=(1, 2), keepdim=True) + 1e-9
        rise = (10 * torch.log10(power + floor)).diff(dim=2)
        return functional.softplus(2 * rise).mean(dim=1) / 2


def loudness(audio: Tensor) -> Tensor:
    """Return the level over time of recordings of unit power (n, samples), dB re the whole, shape (n, frames)."""
    long = min(_LONG, audio.shape[1])
    power = functional.avg_pool1d(audio.square()[:, None], long, min(_APART, long))[:, 0]
    return 10 * torch.log10(power + 1e-6)


def loudness_distance(heard: Tensor, kept: Tensor, free: float | Tensor) -> Tensor:
    """Return how far a loudness strays from what lies between that of the source and a steady one, shape (n,).

    A texture may even out the dynamics of the music; what is loud at the ends and lost in between is neither. A mean
    square in units of 10 dB, beyond `free` dB.
    """
    above = (heard - kept.clamp_min(0.0) - free).clamp_min(0.0)
    below = (kept.clamp_max(0.0) - free - heard).clamp_min(0.0)
    return ((above + below) / 10).square().mean(dim=1)


def one_minus_correlation(heard: Tensor, kept: Tensor) -> Tensor:
    """Return 1 minus the correlation of two tensors by row, shape (n,); 0 where they rise and fall together."""
    a, b = (x.flatten(1) - x.flatten(1).mean(dim=1, keepdim=True) for x in (heard, kept))
    energy = a.square().sum(dim=1) * b.square().sum(dim=1)
    return 1 - (a * b).sum(dim=1) / (energy + 1e-12).sqrt()


def _semitone(frequency: Tensor) -> Tensor:
    return 12 * torch.log2(frequency.clamp_min(1e-3) / _LOWEST)


def _triangles(sample_rate: int) -> Tensor:
    """Return bands evenly apart on the ERB scale, shape (48, bins)."""
    place = erb_number(torch.linspace(0, sample_rate / 2, _SIZE // 2 + 1, dtype=torch.float64))
    centres = erb_centres(_FLUX_BANDS, _LOWEST_FLUX, _HIGHEST_FLUX)
    return (1 - ((place - centres[:, None]) / (centres[1] - centres[0])).abs()).clamp_min(0.0)

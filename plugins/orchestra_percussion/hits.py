"""Hits at any time: each drum's sound, set at its onsets between the samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_percussion.voice import Shots

# Taps of the windowed sinc on each side.
_TAPS = 16
# Below it nothing is heard of a drum, and a mean would be left.
_HIGHPASS = 20.0
# How the layers follow the amplitude of a hit: one struck harder has more noise and more click in it.
_EXPONENTS = {"body": 1.0, "noise": 1.4, "click": 1.8}


@dataclass(frozen=True, eq=False)
class Hits:
    """The hits of a batch, without padding.

    Parameters
    ----------
    row : Tensor [shape=(hits,), dtype=int64]
        Which drum of `Shots`.
    onset : Tensor [shape=(hits,)]
        In seconds.
    amplitude : Tensor [shape=(hits,)]
        In (0, 1].
    """

    row: Tensor
    onset: Tensor
    amplitude: Tensor


def place(shots: Shots, hits: Hits, samples: int, sample_rate: int) -> Tensor:
    """Return the sound of each drum over the canvas: its hit, convolved with band-limited impulses at its onsets.

    So an onset may lie between two samples, and has a gradient.

    Parameters
    ----------
    shots : Shots [shape=(rows, n)]
        One hit of each drum.
    hits : Hits
        When and how hard.
    samples : int
        Of the canvas.
    sample_rate : int
        In Hz.

    Returns
    -------
    Tensor [shape=(rows, samples)]
    """
    rows, length = shots.body.shape
    size = fast_size(samples + length + round(0.1 * sample_rate))
    index, weight = _taps(hits.onset, samples, sample_rate)
    layers = []
    for layer, exponent in _EXPONENTS.items():
        impulses = weight * (hits.amplitude**exponent)[:, None]
        train = torch.zeros(rows * samples, dtype=weight.dtype, device=weight.device)
        train = train.index_add(0, (hits.row[:, None] * samples + index).reshape(-1), impulses.reshape(-1))
        layers.append(torch.fft.rfft(train.reshape(rows, samples), n=size) * torch.fft.rfft(getattr(shots, layer), n=size))
    spectrum = torch.stack(layers).sum(dim=0) * _highpass(size, sample_rate, weight)
    sound: Tensor = torch.fft.irfft(spectrum, n=size)
    return sound[:, :samples]


def fast_size(least: int) -> int:
    """Return the smallest length with no prime factor above 5 that is `least` or more and even."""
    odd = (3**threes * 5**fives for threes in range(6) for fives in range(4))
    return int(min(2 ** max(math.ceil(math.log2(least / factor)), 1) * factor for factor in odd))


def _taps(onset: Tensor, samples: int, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Return places and values of a windowed sinc around each onset, both of shape (hits, taps); beyond the canvas it is 0."""
    position = onset.double() * sample_rate
    around = torch.arange(1 - _TAPS, _TAPS + 1, device=onset.device)
    place = position.detach().floor().nan_to_num().long()[:, None] + around
    distance = place - position[:, None]
    weight = torch.sinc(distance) * torch.cos(math.pi / 2 * distance / (_TAPS + 1)).square()
    inside = (place >= 0) & (place < samples)
    return place.clamp(0, samples - 1), (weight * inside).to(onset.dtype)


def _highpass(size: int, sample_rate: int, like: Tensor) -> Tensor:
    """Return the response of a causal second-order Butterworth high-pass, which takes out what is no sound."""
    ratio = torch.arange(size // 2 + 1, dtype=like.dtype, device=like.device) * (sample_rate / size / _HIGHPASS)
    square = ratio.square()
    response: Tensor = -square / torch.complex(1 - square, math.sqrt(2) * ratio)
    return response

"""Small random changes of sound that should change no emotion: shift, tilt, band limit, light reverberation, noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from orchestra_core.errors import ParameterError

#: Uniform numbers that one transform takes.
COUNT = 6
_PIVOT, _TILTED = 1_000.0, (50.0, 8_000.0)  # Hz
_PREDELAY, _DECAY, _TAIL = 0.005, (0.15, 0.6), 0.6  # s
_SOFTER_NOISE, _SOFTER_REVERB = 20.0, 15.0  # dB
_ROLL_OFF = 0.1


@dataclass(frozen=True)
class Ranges:
    """How far transforms go.

    Parameters
    ----------
    shift : float, in [0, 1]
        Largest shift in s, to either side.
    tilt : float, in [0, 12]
        Largest spectral tilt in dB per octave, to either side, around 1 kHz.
    noise : float, in [-200, 0]
        Loudest white noise in dB re the sound's level.
    reverb : float, in [-200, 0]
        Loudest reverberation in dB re the direct sound.
    bandwidth : float, in (0, 1]
        Least share of the band that is kept.

    Raises
    ------
    ParameterError
        A value lies outside its range.
    """

    shift: float = 0.05
    tilt: float = 1.0
    noise: float = -30.0
    reverb: float = -12.0
    bandwidth: float = 0.5

    def __post_init__(self) -> None:
        limits = {"shift": (0.0, 1.0), "tilt": (0.0, 12.0), "noise": (-200.0, 0.0), "reverb": (-200.0, 0.0)}
        for name, (lower, upper) in limits.items():
            if not lower <= getattr(self, name) <= upper:
                raise ParameterError(f"{name} is {getattr(self, name)!r}; expected a value in [{lower:g}, {upper:g}].")
        if not 0 < self.bandwidth <= 1:
            raise ParameterError(f"bandwidth is {self.bandwidth!r}; expected a value in (0, 1].")


@dataclass(frozen=True, eq=False)
class Draw:
    """Random numbers of one transform for each row; a single row serves all.

    Parameters
    ----------
    uniform : Tensor [shape=(rows, COUNT)]
        In [0, 1): shift, tilt, level of the noise, level and decay of the reverberation, band limit.
    tail : Tensor [shape=(rows, tail_length(rate))]
        Standard normal: the reverberation.
    hiss : Tensor [shape=(rows, samples)]
        Standard normal: the noise.
    """

    uniform: Tensor
    tail: Tensor
    hiss: Tensor


def tail_length(sample_rate: int) -> int:
    """Return how many numbers the reverberation takes at a rate in Hz."""
    return round(_TAIL * sample_rate)


def transform(audio: Tensor, sample_rate: int, ranges: Ranges, draw: Draw) -> Tensor:
    """Return audio (batch, samples) shifted, tilted, band-limited, with reverberation and noise, at the level it had.

    Everything but the noise is one filter, applied by a Fourier transform that is long enough for nothing to wrap around.
    Resampling to another rate and back is the band limit that it sets.

    Parameters
    ----------
    audio : Tensor [shape=(batch, samples)]
        Any sound.
    sample_rate : int
        In Hz.
    ranges : Ranges
        How far it goes.
    draw : Draw
        The random numbers.

    Returns
    -------
    Tensor [shape=(batch, samples)]
        Differentiable with respect to the audio; silence stays silence.
    """
    samples = audio.shape[1]
    size = next_fast_len(samples + math.ceil(ranges.shift * sample_rate) + tail_length(sample_rate), real=True)
    uniform, tail, hiss = (numbers.to(audio) for numbers in (draw.uniform, draw.tail, draw.hiss))
    frequency = torch.fft.rfftfreq(size, 1 / sample_rate, dtype=audio.dtype, device=audio.device)
    response = _delay(uniform[:, 0:1], frequency, ranges.shift) * _tilt(uniform[:, 1:2], frequency, ranges.tilt)
    response = response * _band(uniform[:, 5:6], frequency, sample_rate / 2, ranges.bandwidth)
    response = response * (1 + torch.fft.rfft(_echo(uniform[:, 3:5], tail, sample_rate, ranges.reverb), size))
    changed: Tensor = torch.fft.irfft(torch.fft.rfft(audio, size) * response, size)[:, :samples]
    level = _level(audio)
    changed = changed * (level / _level(changed).clamp_min(1e-9))
    return changed + hiss * level * _factor(ranges.noise - _SOFTER_NOISE * uniform[:, 2:3])


def _delay(place: Tensor, frequency: Tensor, largest: float) -> Tensor:
    angle = -2 * math.pi * frequency * (2 * place - 1) * largest
    return torch.complex(torch.cos(angle), torch.sin(angle))


def _tilt(place: Tensor, frequency: Tensor, largest: float) -> Tensor:
    octaves = torch.log2(frequency.clamp(*_TILTED) / _PIVOT)
    return _factor((2 * place - 1) * largest * octaves)


def _band(place: Tensor, frequency: Tensor, highest: float, least: float) -> Tensor:
    """Return a low-pass filter whose edge falls as a raised cosine over the upper tenth of what is kept."""
    if least == 1:
        return torch.ones_like(place) * torch.ones_like(frequency)
    edge = (least + (1 - least) * place) * highest
    along = ((frequency - (1 - _ROLL_OFF) * edge) / (_ROLL_OFF * edge)).clamp(0, 1)
    return 0.5 + 0.5 * torch.cos(math.pi * along)


def _echo(places: Tensor, tail: Tensor, sample_rate: int, loudest: float) -> Tensor:
    """Return noise that falls by 60 dB in the decay time, of the drawn energy."""
    time = torch.arange(tail.shape[1], dtype=tail.dtype, device=tail.device) / sample_rate
    decay = _DECAY[0] + (_DECAY[1] - _DECAY[0]) * places[:, 1:2]
    echo = tail * torch.pow(10.0, -3 * time / decay) * (time >= _PREDELAY)
    energy = echo.square().sum(dim=1, keepdim=True).clamp_min(1e-12)
    return echo / energy.sqrt() * _factor(loudest - _SOFTER_REVERB * places[:, 0:1])


def _factor(decibels: Tensor) -> Tensor:
    return torch.pow(10.0, decibels / 20)


def _level(audio: Tensor) -> Tensor:
    """Return the root mean square, shape (batch, 1), without a gradient."""
    return audio.detach().square().mean(dim=1, keepdim=True).sqrt()

"""Noise that is the same at every sample rate: a spectrum of fixed random phases by frequency."""

from __future__ import annotations

import math

import torch
from torch import Tensor

#: Components lie at every whole number of Hz up to here, so that the noise repeats after a second.
HIGHEST = 24_000

# Constants of SplitMix64 as signed integers.
_GOLDEN, _FIRST, _SECOND = -7046029254386353131, -4658895280553007687, -7723592293110705685


def random_phases(seed: Tensor, count: int) -> Tensor:
    """Return the phases of the first components of the noises with those seeds.

    A counter-based generator [1]_, so that a phase depends on the seed and the number of its component alone, on every
    device and for any number of components.

    Parameters
    ----------
    seed : Tensor [shape=(rows,), dtype=int64]
        One per noise.
    count : int
        Number of components.

    Returns
    -------
    Tensor [shape=(rows, count), dtype=float64]
        In radians, in [0, 2 pi).

    References
    ----------
    .. [1] G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
    """
    state = seed[:, None] + _GOLDEN * torch.arange(1, count + 1, device=seed.device)
    state = (state ^ _shifted(state, 30)) * _FIRST
    state = (state ^ _shifted(state, 27)) * _SECOND
    state = state ^ _shifted(state, 31)
    return _shifted(state, 11).double() * (2 * math.pi / 2**53)


def band_noise(seed: Tensor, centre: Tensor, width: Tensor, sample_rate: int) -> Tensor:
    r"""Return a second of noise in a band.

    The power per octave of its spectrum is a Gaussian around the centre,

    .. math::
        P(f) \propto \frac{1}{f} \exp\left(-\left(\frac{\log_2 (f / f_c)}{w}\right)^2\right),

    and its level does not depend on the band: the effective value is 1 where the band lies within what can be heard. At
    a lower rate it is the same noise without its upper components.

    Parameters
    ----------
    seed : Tensor [shape=(rows,), dtype=int64]
        One per noise.
    centre : Tensor [shape=(rows,)]
        In Hz.
    width : Tensor [shape=(rows,)]
        In octaves on each side, to 1/e of the power.
    sample_rate : int
        In Hz.

    Returns
    -------
    Tensor [shape=(rows, sample_rate)]
        One period.
    """
    count = min(HIGHEST, (sample_rate - 1) // 2)
    frequency = torch.arange(1, count + 1, dtype=torch.float64, device=seed.device).to(centre.dtype)
    octaves = (torch.log2(frequency) - torch.log2(centre)[:, None]) / width[:, None]
    total = math.log(2) * math.sqrt(math.pi) * width[:, None]
    # irfft divides by the number of samples and adds the conjugate half: a cosine of amplitude a is a spectrum of a n / 2.
    amplitude = torch.exp(-0.5 * octaves.square()) * torch.sqrt(2 / (frequency * total)) * (sample_rate / 2)
    phase = random_phases(seed, count).to(centre.dtype)
    spectrum = torch.polar(torch.ones_like(phase), phase) * amplitude
    noise: Tensor = torch.fft.irfft(torch.nn.functional.pad(spectrum, (1, sample_rate // 2 - count)), n=sample_rate)
    return noise


def _shifted(number: Tensor, bits: int) -> Tensor:
    """Return 64-bit integers shifted to the right, zeros coming in."""
    return (number >> bits) & ((1 << (64 - bits)) - 1)

"""Random changes of mel features that leave the emotion as it is: colour, noise floor, time, masks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_deam.front_end import standardise

_TILT_DB, _CURVE_DB, _CURVE_POINTS = 2.0, 1.0, 8
_HIGHEST_FLOOR_DB = -60.0
_TIME_MASK, _BAND_MASK = 24, 4


def augmented(decibels: Tensor, generator: torch.Generator) -> Tensor:
    """Return standardised features of randomly changed clips.

    Each clip gets another colour (tilt and a smooth curve over the bands), a noise floor, a circular shift in time
    and, half of the time, a masked stretch of time and of bands.

    Parameters
    ----------
    decibels : Tensor [shape=(n, bands, frames)]
        Mel bands in dB relative to the clip's maximum.
    generator : torch.Generator
        The only source of randomness.

    Returns
    -------
    Tensor [shape=(n, 1, bands, frames)]

    References
    ----------
    .. [1] D. S. Park et al. (2019): SpecAugment. Interspeech.
    """
    coloured = decibels + _colour(decibels, generator)
    relative = (coloured - coloured.amax(dim=(1, 2), keepdim=True)).clamp_min(-80.0)
    noisy = torch.logaddexp(relative * 0.23026, _floor(len(relative), generator) * 0.23026) / 0.23026  # powers add
    shifted = torch.stack([clip.roll(shift, dims=1) for clip, shift in zip(noisy, _shifts(noisy, generator), strict=True)])
    return _masked(standardise(shifted), generator)[:, None]


def _colour(clips: Tensor, generator: torch.Generator) -> Tensor:
    count, bands, _ = clips.shape
    tilt = torch.randn(count, 1, generator=generator) * _TILT_DB * torch.linspace(-1, 1, bands)
    points = torch.randn(count, 1, _CURVE_POINTS, generator=generator) * _CURVE_DB
    curve = functional.interpolate(points, size=bands, mode="linear", align_corners=True)[:, 0]
    return (tilt + curve)[:, :, None]


def _floor(count: int, generator: torch.Generator) -> Tensor:
    # Half of the clips keep their own floor: -100 dB adds nothing to -80.
    level = -80.0 + (_HIGHEST_FLOOR_DB + 80.0) * torch.rand(count, 1, 1, generator=generator)
    return torch.where(torch.rand(count, 1, 1, generator=generator) < 0.5, level, torch.full_like(level, -100.0))


def _shifts(clips: Tensor, generator: torch.Generator) -> list[int]:
    shifts: list[int] = torch.randint(clips.shape[2], (len(clips),), generator=generator).tolist()
    return shifts


def _masked(clips: Tensor, generator: torch.Generator) -> Tensor:
    count, bands, frames = clips.shape
    hidden_time = _stretch(count, frames, _TIME_MASK, generator)[:, None, :]
    hidden_bands = _stretch(count, bands, _BAND_MASK, generator)[:, :, None]
    # Zero is the mean of a standardised clip.
    return clips.masked_fill(hidden_time | hidden_bands, 0.0)


def _stretch(count: int, size: int, most: int, generator: torch.Generator) -> Tensor:
    width = torch.randint(0, most + 1, (count, 1), generator=generator)
    width = width * (torch.rand(count, 1, generator=generator) < 0.5)
    first = (torch.rand(count, 1, generator=generator) * (size - width)).long()
    place = torch.arange(size)[None]
    return (place >= first) & (place < first + width)

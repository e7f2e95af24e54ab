"""From the changed mono recording at 22,050 Hz back to every channel at the content's own rate."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from orchestra_style.mel import SAMPLE_RATE
from orchestra_style.waveform import inverse, spectrum

# Cells over which the change is averaged: bins and frames, both odd.
_BINS, _FRAMES = 9, 5
# The change that channels follow lies within these bounds, dB.
_LEAST, _MOST = -60.0, 40.0
# What lies above the network's rate follows the change of this band, in Hz, smoothed over so many frames.
_TOP, _TOP_FRAMES, _TOP_MOST = (7_000.0, 10_500.0), 21, 20.0
# A mean of the channels that is so much quieter than they are has cancelled.
_CANCELLED = 0.1


def reference(channels: Tensor) -> Tensor:
    """Return the mono recording that is changed, shape (samples,): the mean of the channels (channels, samples).

    Where they cancel each other it is the loudest channel.
    """
    mean = channels.mean(dim=0)
    if float(mean.square().mean()) >= _CANCELLED**2 * float(channels.square().mean()):
        return mean
    return channels[int(channels.square().sum(dim=1).argmax())]


def spread(channels: Tensor, sample_rate: int, before: Tensor, after: Tensor) -> Tensor:
    """Return every channel with the change from `before` to `after`.

    The reference itself becomes `after`. What a channel has beside the reference, the side of a stereo recording, is
    scaled in cells of time and frequency as the reference was, so that its place in the image stays. What lies above
    11 kHz is scaled as the highest octave below it was. Where nothing changed, every sample stays.

    Parameters
    ----------
    channels : Tensor [shape=(channels, samples)]
        At their own rate.
    sample_rate : int
        That rate in Hz.
    before, after : Tensor [shape=(samples at 22,050 Hz,)]
        The reference of the channels, and what became of it.

    Returns
    -------
    Tensor [shape=(channels, samples)]
    """
    changes = _change(before, after)
    top = _top_change(before, after)
    return torch.stack([_follow(channel, sample_rate, before, after, changes, top) for channel in channels])


def resampled(audio: Tensor, source: int, target: int, samples: int | None = None) -> Tensor:
    """Return audio (..., samples) at another rate in Hz, in high quality, cut or filled up to a length."""
    import librosa

    changed = audio
    if source != target:
        changed = torch.from_numpy(np.ascontiguousarray(librosa.resample(audio.numpy(), orig_sr=source, target_sr=target)))
    if samples is None:
        return changed
    return functional.pad(changed[..., :samples], (0, max(samples - changed.shape[-1], 0)))


def _follow(channel: Tensor, rate: int, before: Tensor, after: Tensor, changes: Tensor, top: Tensor) -> Tensor:
    low = resampled(channel, rate, SAMPLE_RATE, len(before))
    beside = inverse(spectrum((low - before)[None]) * changes, len(before))[0]
    changed = resampled(after + beside, SAMPLE_RATE, rate, len(channel))
    high = channel - resampled(low, SAMPLE_RATE, rate, len(channel))
    gain = functional.interpolate(top[None, None], size=len(channel), mode="linear", align_corners=True)[0, 0]
    return changed + high * gain


def _change(before: Tensor, after: Tensor) -> Tensor:
    """Return the gain of each cell, shape (1, bins, frames)."""
    powers = []
    for audio in (before, after):
        bins = spectrum(audio[None])
        power = (bins.real.square() + bins.imag.square())[:, None]
        powers.append(
            functional.avg_pool2d(power, (_BINS, _FRAMES), 1, (_BINS // 2, _FRAMES // 2), count_include_pad=False)[:, 0]
        )
    return _bounded(powers[0], powers[1], _MOST)


def _top_change(before: Tensor, after: Tensor) -> Tensor:
    """Return the gain of what lies above, shape (frames,)."""
    powers = []
    for audio in (before, after):
        bins = spectrum(audio[None])
        first, last = (round(frequency / SAMPLE_RATE * 2 * (bins.shape[1] - 1)) for frequency in _TOP)
        power = bins[:, first:last].abs().square().sum(dim=1, keepdim=True)
        powers.append(functional.avg_pool1d(power, _TOP_FRAMES, 1, _TOP_FRAMES // 2, count_include_pad=False)[0, 0])
    return _bounded(powers[0], powers[1], _TOP_MOST)


def _bounded(before: Tensor, after: Tensor, most: float) -> Tensor:
    floor = 1e-12 * float(before.max()) + 1e-20
    decibels = 10 * torch.log10((after + floor) / (before + floor))
    gain: Tensor = 10 ** (decibels.clamp(_LEAST, most) / 20)
    return gain

"""Long recordings in overlapping windows, and windows joined again without seams."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core.errors import ParameterError


@dataclass(frozen=True)
class Window:
    """A part of a recording: samples ``start`` to ``stop``."""

    start: int
    stop: int


def plan_windows(samples: int, longest: int, overlap: int) -> tuple[Window, ...]:
    """Return windows of about equal length that cover a recording, each overlapping the next.

    Parameters
    ----------
    samples : int
        Length of the recording.
    longest : int
        Largest window.
    overlap : int, < longest / 2
        Samples that neighbours share.

    Returns
    -------
    tuple of Window

    Raises
    ------
    ParameterError
        The overlap is too long.

    Examples
    --------
    >>> plan_windows(25, 10, 2)
    (Window(start=0, stop=10), Window(start=8, stop=18), Window(start=15, stop=25))
    """
    if not 0 <= 2 * overlap < longest:
        raise ParameterError(f"Windows of {longest} samples overlap by {overlap}; expected less than half a window.")
    if samples <= longest:
        return (Window(0, samples),)
    count = math.ceil((samples - overlap) / (longest - overlap))
    length = math.ceil((samples + (count - 1) * overlap) / count)
    starts = [round(k * (samples - length) / (count - 1)) for k in range(count)]
    return tuple(Window(start, start + length) for start in starts)


def join_windows(parts: Sequence[Tensor], windows: Sequence[Window]) -> Tensor:
    """Return the whole recording, shape (samples,), from its windows.

    Neighbours cross-fade where they overlap. How much their sum loses in power depends on how alike they are: a linear
    fade is right for equal signals and an equal-power fade for independent ones. Windows of one piece lie between,
    with equal notes under independent noise; so the correlation of the two is measured in each overlap and the
    fade is made power-complementary for it [1]_.

    Parameters
    ----------
    parts : sequence of Tensor [shape=(window.stop - window.start,)]
        The sound of each window.
    windows : sequence of Window
        As from `plan_windows`.

    References
    ----------
    .. [1] M. Fink, M. Holters, U. Zoelzer (2016): Signal-matched power-complementary cross-fading and dry-wet mixing. DAFx.
    """
    joined = parts[0].new_zeros(windows[-1].stop)
    end = 0
    for part, window in zip(parts, windows, strict=True):
        shared = end - window.start
        if shared > 0:
            before = joined[window.start : end].clone()
            joined[window.start : end] = cross_fade(before, part[:shared])
        joined[max(end, window.start) : window.stop] = part[max(shared, 0) :]
        end = window.stop
    return joined


def cross_fade(before: Tensor, after: Tensor) -> Tensor:
    """Return a fade from one signal to another, shape (samples,), that keeps the power for their correlation."""
    place = (torch.arange(len(before), dtype=before.dtype, device=before.device) + 0.5) / len(before)
    rising = torch.sin(math.pi / 2 * place).square()
    falling = 1 - rising
    alike = float((before * after).sum() / (before.square().sum() * after.square().sum()).sqrt().clamp_min(1e-12))
    power = rising.square() + falling.square() + 2 * max(alike, 0.0) * rising * falling
    return (falling * before + rising * after) / power.sqrt()

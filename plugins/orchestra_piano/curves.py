"""Curves of a note's level with their derivatives by hand: a third of the operations that autograd needs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def smooth_step(position: Tensor) -> Tensor:
    """Return a rise from 0 at 0 to 1 at 1, 6 x^5 - 15 x^4 + 10 x^3, whose first two derivatives are 0 at both ends."""
    rise: Tensor = _SmoothStep.apply(position)  # type: ignore[no-untyped-call]
    return rise


def adsr_level(time: Tensor, duration: Tensor, shape: tuple[Tensor, Tensor, Tensor, Tensor], beta: float) -> Tensor:
    """Return the continuous form of `Adsr`, the same as `orchestra_piano.adsr.continuous`.

    Parameters
    ----------
    time : Tensor [shape=(batch, notes, n)]
        Seconds since the onsets.
    duration : Tensor [shape=(batch, notes, 1)]
        Seconds.
    shape : tuple of Tensor [shape=(batch, 1, 1)]
        Attack, decay, sustain, release.
    beta : float
        Nepers per second.

    Returns
    -------
    Tensor [shape=(batch, notes, n)]
    """
    level: Tensor = _AdsrLevel.apply(time, duration, *shape, beta)  # type: ignore[no-untyped-call]
    return level


class _SmoothStep(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, position: Tensor) -> Tensor:
        x = position.clamp(0.0, 1.0)
        ctx.save_for_backward(x)
        return (6 * x).sub_(15).mul_(x).add_(10).mul_(x).mul_(x).mul_(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        slope: Tensor = torch.addcmul(x, x, x, value=-1).square_().mul_(30)  # 30 x^2 (1 - x)^2
        by_position: Tensor = slope.mul_(gradient)
        return by_position


class _AdsrLevel(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, time: Tensor, duration: Tensor, *rest: Any) -> Tensor:
        attack, decay, sustain, release, beta = rest
        held = torch.minimum(time, duration).clamp_min_(0.0)
        risen = (held / attack).clamp_max_(1.0)
        past = held.sub_(attack)
        fallen = (past / decay).clamp_(0.0, 1.0)
        sunk = (past - decay).clamp_min_(0.0).mul_(-beta).exp_()
        left = ((duration + release - time) / release).clamp_(0.0, 1.0)
        reached = (1 - (1 - sustain) * fallen).mul_(risen).mul_(sunk)
        ctx.save_for_backward(time, duration, attack, decay, sustain, release, risen, fallen, sunk, left, reached)
        ctx.beta = beta
        level: Tensor = (left * left).mul_(left).mul_(reached)
        return level

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        time, duration, attack, decay, sustain, release, risen, fallen, sunk, left, reached = ctx.saved_tensors
        share = (left * left).mul_(gradient)
        # The cubed release; before it begins, `left` is 1 and does not move.
        by_left = (share * reached).mul_(left < 1).mul_(3 / release)
        by_reached = share.mul_(left)
        # What is reached grows by 1 / attack, then falls by (1 - sustain) / decay, then sinks by beta of itself.
        falls = torch.where(fallen < 1, (sustain - 1) / decay, reached * -ctx.beta)
        by_held = torch.where(risen < 1, 1 / attack, falls).mul_(by_reached)
        # The corners move with attack and decay, so that what is reached at a time moves the other way.
        by_attack, by_decay = -(by_held * risen), -(by_held * fallen)
        by_sustain = by_reached.mul_(fallen).mul_(sunk)
        is_held = time < duration
        by_time = by_held * (is_held & (time > 0)) - by_left
        by_duration = by_held.masked_fill(is_held, 0.0) + by_left
        by_release = by_left.mul_(1 - left)
        moved = (by_duration, duration), (by_attack, attack), (by_decay, decay), (by_sustain, sustain), (by_release, release)
        return by_time, *(by.sum_to_size(like.shape) for by, like in moved), None

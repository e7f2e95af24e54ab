"""Smooth statistics over time: what the cues are made of, with finite gradients everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

_TINY = 1e-12


def rising(values: Tensor, softness: float) -> Tensor:
    """Return the positive part, with a smooth corner of that width."""
    return 0.5 * (values + (values.square() + softness**2).sqrt()) - 0.5 * softness


def deviation(values: Tensor, dim: int = -1) -> Tensor:
    """Return the standard deviation along an axis; its derivative at constant values is finite."""
    return (values - values.mean(dim, keepdim=True)).square().mean(dim).add(1e-6).sqrt()


def soft_maximum(values: Tensor, temperature: float, dim: int = -1) -> Tensor:
    """Return ``temperature * log sum exp(values / temperature)``, a maximum that every value has a share in."""
    return temperature * torch.logsumexp(values / temperature, dim)


def weighted_mean(values: Tensor, weights: Tensor, dim: int = -1) -> Tensor:
    """Return the mean along an axis with non-negative weights."""
    return (values * weights).sum(dim) / (weights.sum(dim) + 1e-4)


def unit(values: Tensor) -> Tensor:
    """Return vectors along the last axis centred and of length one; constant ones become (nearly) zero."""
    centred = values - values.mean(-1, keepdim=True)
    return centred / (centred.square().sum(-1, keepdim=True) + 1e-4).sqrt()


def grouped(values: Tensor, *sizes: int) -> Tensor:
    """Return values with the last axis split into axes of those sizes."""
    return values.reshape(*values.shape[:-1], *sizes)


def moments(values: Tensor, dim: int = -1) -> Tensor:
    """Return mean and standard deviation along an axis, stacked last."""
    return torch.stack([values.mean(dim), deviation(values, dim)], -1)

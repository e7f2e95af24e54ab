"""Rhythm, dynamics and timbre from mel bands: onsets and their density, level in time, articulation, spectral shape."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from orchestra_deam.smooth import deviation, grouped, moments, rising, weighted_mean

#: Groups of mel bands that onsets are counted in.
_GROUPS = 6
_COSINES = 14


class Motion:
    """Cues of rhythm, dynamics and timbre; holds its tables, on one device and in one precision."""

    def __init__(self, bands: int, device: torch.device, dtype: torch.dtype) -> None:
        place = (torch.arange(bands, dtype=torch.float64) + 0.5) / bands
        orders = torch.arange(_COSINES, dtype=torch.float64)[:, None]
        self.cosines = (torch.cos(math.pi * orders * place) / bands).to(device, dtype)
        self.place = (2 * place - 1).to(device, dtype)

    def __call__(self, power: Tensor) -> dict[str, Tensor]:
        """Return the cues, shape (n, k) by name, of powers in mel bands relative to their mean, shape (n, frames, bands)."""
        loud = torch.log1p(100.0 * power)
        return {**self._onsets(loud), **_dynamics(power.mean(-1)), **self._timbre(power, loud)}

    def _onsets(self, loud: Tensor) -> dict[str, Tensor]:
        flux = rising(loud[:, 2:] - loud[:, :-2], 0.1)
        groups = grouped(flux, _GROUPS, -1).mean(-1)
        strength = torch.cat([flux.mean(-1, keepdim=True), groups], -1).transpose(1, 2)  # (n, 1 + groups, frames)
        taken = strength.mean(-1).square() / (strength.square().mean(-1) + 1e-3)
        counted = grouped(flux / (flux + 1.0), _GROUPS, -1).mean((1, 3))
        peaks = rising(strength - strength.mean(-1, keepdim=True), 0.02)
        peaked = peaks.mean(-1).square() / (peaks.square().mean(-1) + 1e-4)
        fading = grouped(rising(loud[:, :-2] - loud[:, 2:], 0.1), _GROUPS, -1).mean((1, 3))
        return {
            "onset": moments(strength).flatten(1),
            "onset_taken": taken,
            "onset_counted": counted,
            "onset_peaked": peaked,
            "fading": fading,
        }

    def _timbre(self, power: Tensor, loud: Tensor) -> dict[str, Tensor]:
        mean = power.mean(1)
        level = (mean + 1e-5).log()
        shape = loud @ self.cosines.T
        centre = weighted_mean(self.place, (power + 1e-6).sqrt())
        return {
            "colour": level @ self.cosines.T,
            "colour_loud": moments(shape, 1).flatten(1),
            "centre": moments(centre).flatten(1),
            "flatness": torch.stack([(power + 1e-5).log().mean((1, 2)), level.mean(1) - (mean.mean(1) + 1e-5).log()], -1),
        }


def _dynamics(energy: Tensor) -> dict[str, Tensor]:
    relative = energy / (energy.mean(1, keepdim=True) + 1e-6)
    level = (relative + 1e-3).log()
    silent = torch.sigmoid(-(level + level.new_tensor([2.0, 3.5, 5.0])[:, None, None]) * 3).mean(-1).T
    steps = [moments(rising(sign * (level[:, lag:] - level[:, :-lag]), 0.05)) for sign in (1, -1) for lag in (2, 8)]
    time = torch.linspace(-1, 1, level.shape[1], device=level.device, dtype=level.dtype)
    return {
        "level": torch.stack([level.mean(1), deviation(level), deviation(relative), (level * time).mean(1)], -1),
        "silent": silent,
        "steps": torch.cat(steps, 1),
    }

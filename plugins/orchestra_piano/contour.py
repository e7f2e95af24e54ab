"""How notes rise and fall: their envelope, and what the instrument does at their edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core import Envelope
from orchestra_piano.curves import smooth_step
from orchestra_piano.voice import Voices


@dataclass(frozen=True)
class Contour:
    """How a note rises and falls: its envelope, and what the instrument does at its edges.

    Parameters
    ----------
    envelope : Envelope
        The amplitude contour.
    smooth : bool
        Ramps of `ramp` seconds at both ends of a note, or the published product of two sigmoids of slope `alpha`.
    alpha : float
        Per second.
    ramp : float
        Seconds.
    """

    envelope: Envelope
    smooth: bool
    alpha: float = 100.0
    ramp: float = 0.005

    def level(self, voices: Voices, since: Tensor) -> Tensor:
        """Return amplitudes (rows, n) at times (rows, n) in seconds since the onsets."""
        levels = self.envelope.levels(since[:, None, :], voices.duration[:, None], voices.envelope)[:, 0]
        return voices.amplitude[:, None] * levels * self._edges(voices, since)

    def span(self, voices: Voices) -> Tensor:
        """Return how long notes sound in seconds, shape (rows,)."""
        return self.envelope.span(voices.duration[:, None], voices.envelope)[:, 0]

    def _edges(self, voices: Voices, since: Tensor) -> Tensor:
        if self.smooth:
            left = torch.minimum(since, self.span(voices)[:, None] - since)
            return smooth_step(left / self.ramp)
        return torch.sigmoid(self.alpha * since) * torch.sigmoid(self.alpha * (voices.duration[:, None] - since))


def end_ramp(samples: int, sample_rate: int, seconds: float, like: Tensor) -> Tensor:
    """Return a gain (samples,) that falls to 0 over the last `seconds` of a canvas."""
    gain = like.new_ones(samples)
    last = min(samples, math.ceil(seconds * sample_rate) + 1)
    left = torch.arange(last - 1, -1, -1, dtype=torch.float64, device=like.device)
    gain[samples - last :] = smooth_step(left / (seconds * sample_rate)).to(like.dtype)
    return gain

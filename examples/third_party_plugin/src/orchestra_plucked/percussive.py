"""The envelope ``percussive``: a curved attack, an exponential decay, and a damper at the end of the note."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from orchestra_core import Brief, Envelope, Parameter
from orchestra_core.errors import ParameterError

#: Name, unit, lower and upper bound, description.
_PARAMETERS = (
    ("attack", "s", 0.001, 0.1, "Time from the onset to the full level"),
    ("curve", "1", 0.1, 8.0, "How the attack bends, from a straight line to an early rise"),
    ("decay", "s", 0.05, 6.0, "Time in which the level falls by 60 dB"),
    ("damping", "s", 0.01, 0.5, "Time from the end of the note to silence"),
)


class Percussive(Envelope):
    r"""What is struck rises fast, fades at a steady rate, and is damped where the note ends.

    .. math::
        E(t) = \frac{1 - e^{-c \min(t / A, 1)}}{1 - e^{-c}} \; 10^{-3 (t - A) / D} \left(\frac{d + R - t}{R}\right)^2

    with the attack A, its curve c, the decay D, the damping R and the duration d of the note; t - A is at least 0, and the
    last fraction is limited to [0, 1]. It is continuous for every duration above 0.

    Parameters
    ----------
    attack, curve, decay, damping : float
        Where the optimisation starts: s in (0.001, 0.1), in (0.1, 8), s in (0.05, 6), s in (0.01, 0.5).

    Raises
    ------
    ParameterError
        A value lies outside its range.

    Examples
    --------
    >>> values = {"attack": 0.01, "curve": 3.0, "decay": 1.0, "damping": 0.1}
    >>> values = {name: torch.tensor([value]) for name, value in values.items()}
    >>> Percussive().levels(torch.tensor([[[0.0, 0.01, 0.31, 0.61]]]), torch.tensor([[0.5]]), values).round(decimals=3)
    tensor([[[0.0000, 1.0000, 0.1260, 0.0000]]])
    """

    capabilities = frozenset({"differentiable", "rate_free"})

    def __init__(self, attack: float = 0.004, curve: float = 3.0, decay: float = 1.5, damping: float = 0.08) -> None:
        self._start = {"attack": attack, "curve": curve, "decay": decay, "damping": damping}
        for name, unit, lower, upper, _ in _PARAMETERS:
            if not lower < self._start[name] < upper:
                raise ParameterError(f"{name} starts at {self._start[name]!r} {unit}; expected inside ({lower:g}, {upper:g}).")

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(name, "envelope", torch.full((len(brief),), self._start[name], device=brief.device), unit, low, high, text)
            for name, unit, low, high, text in _PARAMETERS
        )

    def _levels(self, time: Tensor, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        attack, curve, decay, damping = (values[name][:, None, None] for name, *_ in _PARAMETERS)
        risen = torch.expm1(-curve * (time / attack).clamp(0.0, 1.0)) / torch.expm1(-curve)
        fading = torch.exp(-math.log(1000) * (time - attack).clamp_min(0.0) / decay)
        damped = ((duration[:, :, None] + damping - time) / damping).clamp(0.0, 1.0)
        return risen * fading * damped.square()

    def _span(self, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        return duration + values["damping"][:, None]

"""The envelope ``adsr``: attack, decay, sustain, release, in a continuous and in the published form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, get_args

import torch
from torch import Tensor

from orchestra_core import Brief, Envelope, Parameter
from orchestra_core.errors import ParameterError
from orchestra_piano.config import Form
from orchestra_piano.curves import adsr_level
from orchestra_piano.hints import hinted
from orchestra_piano.settings import MARGIN

#: Name, unit, lower and upper bound, description.
_PARAMETERS = (
    ("attack", "s", 0.001, 0.1, "Time from the onset to the full level"),
    ("decay", "s", 0.01, 0.5, "Time from the full level to the sustained one"),
    ("sustain", "1", 0.3, 0.9, "Level after the decay, re the full level"),
    ("release", "s", 0.05, 1.0, "Time from the end of the note to silence"),
)


class Adsr(Envelope):
    r"""Attack, decay, sustain, release, shared by all notes of an item.

    The continuous form rises in a straight line over the attack A, falls in a straight line to the sustained level S over
    the decay D, and then sinks by exp(-beta) per second. At the end of the note d, wherever it has come to, it is released:

    .. math::
        E(t) = H(\min(t, d)) \left(\frac{d + R - t}{R}\right)^3, \qquad
        H(t) = \frac{t}{A} \left(1 - (1 - S) \frac{t - A}{D}\right) e^{-\beta (t - A - D)}

    with each fraction limited to [0, 1] and the exponent to at most 0.

    It is 0 at the onset, reaches 0 with slope 0 at d + R, and is continuous and finite, with finite gradients, for every
    duration above 0, also for notes shorter than A + D + R.

    The literal form is the published one; its release lies inside the note. It jumps from S exp(-beta) to S at d - R, is
    cut off at d, and is not finite where d - A - D - R comes close to 0. It is kept for reproduction.

    Parameters
    ----------
    form : {"continuous", "literal"}
        Which of the two.
    attack, decay, sustain, release : float
        Where the optimisation starts: s in [0.001, 0.1], s in [0.01, 0.5], level in [0.3, 0.9], s in [0.05, 1]. In the
        continuous form the attack starts at a quarter of it where a word hints at a sharper one with 1, at four times of it
        with -1, and likewise, by three quarters of that, for arousal (`orchestra_core.cue_hints`).
    beta : float, >= 0
        Fall of the sustained level in nepers, per second (continuous) or over the sustained part (literal).
    blind : bool
        Whether the attack starts alike whatever is asked.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    Examples
    --------
    >>> import torch
    >>> values = {"attack": 0.01, "decay": 0.1, "sustain": 0.5, "release": 0.2}
    >>> values = {name: torch.tensor([value]) for name, value in values.items()}
    >>> Adsr(beta=0.0).levels(torch.tensor([[[0.0, 0.01, 0.11, 0.5, 0.7]]]), torch.tensor([[0.5]]), values)
    tensor([[[0.0000, 1.0000, 0.5000, 0.5000, 0.0000]]])
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable", "rate_free"})

    def __init__(
        self,
        *,
        form: Form = "continuous",
        attack: float = 0.012,
        decay: float = 0.18,
        sustain: float = 0.7,
        release: float = 0.3,
        beta: float = 1.5,
        blind: bool = False,
    ) -> None:
        if form not in get_args(Form):
            raise ParameterError(f"The form of adsr is {form!r}; expected one of {', '.join(get_args(Form))}.")
        if not beta >= 0:
            raise ParameterError(f"beta of adsr is {beta!r}; expected a number of at least 0.")
        self.form = form
        self.beta = beta
        self._follows = form == "continuous" and not blind
        self._start = {"attack": attack, "decay": decay, "sustain": sustain, "release": release}
        for name, unit, lower, upper, _ in _PARAMETERS:
            _check_start(name, self._start[name], lower, upper, unit)

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        def start(name: str, *bounds: float) -> Tensor:
            plain = torch.full((len(brief),), self._start[name], device=brief.device)
            return hinted(name, plain, (bounds[0], bounds[1]), brief) if self._follows else plain

        return tuple(
            Parameter(name, "envelope", start(name, lower, upper), unit, lower, upper, description)
            for name, unit, lower, upper, description in _PARAMETERS
        )

    def _levels(self, time: Tensor, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        attack, decay, sustain, release = (values[name][:, None, None] for name, *_ in _PARAMETERS)
        form = adsr_level if self.form == "continuous" else literal
        return form(time, duration[:, :, None], (attack, decay, sustain, release), self.beta)

    def _span(self, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        return duration + values["release"][:, None] if self.form == "continuous" else duration


Shape = tuple[Tensor, Tensor, Tensor, Tensor]


def continuous(t: Tensor, d: Tensor, shape: Shape, beta: float) -> Tensor:
    """Return the continuous form as the equation has it, the reference for `orchestra_piano.curves.adsr_level`."""
    a, decay, s, r = shape
    held = torch.minimum(t, d).clamp_min(0.0)
    fallen = 1 - (1 - s) * ((held - a) / decay).clamp(0.0, 1.0)
    reached = (held / a).clamp_max(1.0) * fallen * torch.exp(-beta * (held - a - decay).clamp_min(0.0))
    return reached * ((d + r - t) / r).clamp(0.0, 1.0) ** 3


def literal(t: Tensor, d: Tensor, shape: Shape, beta: float) -> Tensor:
    """Return the published form as it stands: nothing guards the division by d - A - D - R."""
    a, decay, s, r = shape
    sustained = s * torch.exp(-beta * (t - (a + decay)) / (d - a - decay - r))
    released = s * torch.exp(-beta * (t - (d - r)) / r)
    level = torch.where(t < d - r, sustained, released)
    level = torch.where(t < a + decay, 1 - (1 - s) * (t - a) / decay, level)
    level = torch.where(t < a, t / a, level)
    return torch.where((t >= 0) & (t < d), level, torch.zeros_like(level))


def _check_start(name: str, value: float, lower: float, upper: float, unit: str) -> None:
    margin = MARGIN * (upper - lower)
    if not lower + margin <= value <= upper - margin:
        raise ParameterError(f"{name} of adsr starts at {value!r} {unit}; expected a value inside ({lower:g}, {upper:g}).")

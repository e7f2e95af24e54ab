"""Parameters: named tensors with unit, bounds and the map between physical values and free coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_core.errors import ContractError

#: A start nearer to a finite bound than this share of the range (or this much, on a half-line) has hardly any gradient.
MARGIN = 1e-4

ALL_GROUPS = "all"

ParameterScale = Literal["linear", "log"]


@dataclass(frozen=True, eq=False)
class Parameter:
    """A named tensor that an instrument is played with.

    Parameters
    ----------
    name : str
        Unique within the instrument; layers prefix it (``piano.onset``).
    group : str
        What a stage moves together: ``timing``, ``dynamics``, ``envelope``, ``timbre``, ``mix``, ... (an open set).
    initial : Tensor [shape=(batch, ...)]
        Where the optimisation starts, in physical units.
    unit : str
        Physical unit; ``"1"`` for a pure number.
    lower, upper : float
        Bounds of the physical value; infinite where there is none. A range may be finite, a half-line or the whole
        line; ``upper`` alone is not supported without ``lower``.
    description : str
        One line for people.
    fixed : bool
        A fixed parameter rides in the values and is never optimised (pitch, note mask, noise, source audio).
    scale : {"linear", "log"}
        ``log``: equal steps of the coordinate are equal ratios, as suits frequencies and times over some decades. Needs two
        finite, positive bounds.
    """

    name: str
    group: str
    initial: Tensor
    unit: str = "1"
    lower: float = -math.inf
    upper: float = math.inf
    description: str = ""
    fixed: bool = False
    scale: ParameterScale = "linear"

    def to_coordinate(self, value: Tensor) -> Tensor:
        """Return the free coordinate of a physical value, in double precision: the inverse of `to_value`.

        Values on or beyond a bound are first moved inside by a small margin.

        Coordinates are double so that the order of an optimiser's sums, which differs between one item and a batch, is
        rounded away when they become values, long before it could be heard.
        """
        value = value.double()
        if math.isfinite(self.upper):
            return torch.logit(self._share(value).clamp(MARGIN, 1 - MARGIN))
        if math.isfinite(self.lower):
            above = (value - self.lower).clamp_min(MARGIN)
            return above + torch.log(-torch.expm1(-above))  # inverse softplus
        return value

    def to_value(self, coordinate: Tensor) -> Tensor:
        """Return the physical value of a free coordinate, in the type of the initial value.

        A sigmoid between two finite bounds, of the value or of its logarithm; a softplus above one; the identity where there
        is none.
        """
        value = coordinate
        if math.isfinite(self.upper) and self.scale == "log":
            value = self.lower * torch.exp(math.log(self.upper / self.lower) * torch.sigmoid(coordinate))
        elif math.isfinite(self.upper):
            value = self.lower + (self.upper - self.lower) * torch.sigmoid(coordinate)
        elif math.isfinite(self.lower):
            value = self.lower + functional.softplus(coordinate)
        return value.to(self.initial.dtype)

    def _share(self, value: Tensor) -> Tensor:
        """Return where a value lies between two finite bounds, 0 to 1 on the parameter's scale."""
        if self.scale == "log":
            return torch.log(value.clamp_min(self.lower) / self.lower) / math.log(self.upper / self.lower)
        return (value - self.lower) / (self.upper - self.lower)


def check_parameter(parameter: Parameter, batch_size: int) -> None:
    """Check a parameter against the contract.

    Raises
    ------
    ContractError
        The batch dimension, the bounds or the initial value are not as the contract says.
    """
    name, initial = parameter.name, parameter.initial
    if initial.ndim < 1 or initial.shape[0] != batch_size:
        raise ContractError(
            f"Parameter {name!r} starts with shape {tuple(initial.shape)}; expected the batch first: ({batch_size}, ...)."
        )
    if parameter.fixed:
        return
    if not initial.is_floating_point():
        raise ContractError(
            f"Parameter {name!r} starts with values of {initial.dtype}; expected floating point. What is discrete is a choice of "
            "a score source, or fixed."
        )
    if not torch.isfinite(initial).all():
        raise ContractError(f"Parameter {name!r} starts with NaN or infinite values; expected finite ones.")
    _check_bounds(parameter)


def _check_bounds(parameter: Parameter) -> None:
    name, lower, upper = parameter.name, parameter.lower, parameter.upper
    if not lower < upper or (math.isfinite(upper) and not math.isfinite(lower)):
        raise ContractError(
            f"Parameter {name!r} has bounds [{lower:g}, {upper:g}]; expected lower < upper, and a finite lower bound with a "
            "finite upper one."
        )
    if parameter.scale not in get_args(ParameterScale):
        raise ContractError(f"Parameter {name!r} has the scale {parameter.scale!r}; expected linear or log.")
    if parameter.scale == "log" and not (lower > 0 and math.isfinite(upper)):
        raise ContractError(
            f"Parameter {name!r} has a log scale and the bounds [{lower:g}, {upper:g}]; expected two positive, finite ones."
        )
    least, most = _inner_bounds(parameter)
    seen = parameter.initial.detach()
    if math.isfinite(lower) and not bool(((seen >= least) & (seen <= most)).all()):
        raise ContractError(
            f"Parameter {name!r} starts between {seen.min():g} and {seen.max():g} {parameter.unit}; expected values in "
            f"[{least:g}, {most:g}], a little inside its bounds [{lower:g}, {upper:g}]: a start on a bound has no gradient and "
            "never leaves it."
        )


def _inner_bounds(parameter: Parameter) -> tuple[float, float]:
    """Return the bounds that a start must lie within."""
    lower, upper = parameter.lower, parameter.upper
    if not math.isfinite(upper):
        return lower + MARGIN, upper
    if parameter.scale == "log":
        factor = (upper / lower) ** MARGIN
        return lower * factor, upper / factor
    margin = MARGIN * (upper - lower)
    return lower + margin, upper - margin

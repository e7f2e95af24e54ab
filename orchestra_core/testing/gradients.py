"""Values at the ends of ranges, and derivatives by finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from orchestra_core.contracts.parameter import Parameter

Values = dict[str, Tensor]

#: Step of a central difference, as a share of a parameter's range.
_STEP = 1e-6


def as_double(values: Mapping[str, Tensor]) -> Values:
    """Return values with the floating-point ones in double precision."""
    return {name: to_double(value) for name, value in values.items()}


def to_double(value: Tensor) -> Tensor:
    """Return a tensor in double precision, if it is floating-point or complex."""
    if value.is_complex():
        return value.to(torch.complex128)
    return value.double() if value.is_floating_point() else value


def ends(parameter: Parameter) -> tuple[tuple[str, float], ...]:
    """Return the ends of a parameter's range, and what to call them; far values where there is no end."""
    start = parameter.initial.detach()
    lower = parameter.lower if math.isfinite(parameter.lower) else float(start.min()) - 3.0
    upper = parameter.upper if math.isfinite(parameter.upper) else float(start.max()) + (10.0 if math.isfinite(lower) else 3.0)
    return (("lower end", lower), ("upper end", upper))


def end_cases(parameters: Sequence[Parameter]) -> tuple[list[str], Values]:
    """Return rows of values of one item, each with a parameter at an end of its range or all at once, and their names."""
    moved = [parameter for parameter in parameters if not parameter.fixed]
    start = {parameter.name: parameter.initial[:1].detach() for parameter in parameters}
    names, rows = [], []
    for parameter in moved:
        for end, value in ends(parameter):
            names.append(f"{parameter.name} at its {end} {value:g} {parameter.unit}")
            rows.append({**start, parameter.name: torch.full_like(start[parameter.name], value)})
    for which, end in enumerate(("lower end", "upper end")):
        names.append(f"everything at its {end}")
        rows.append({**start, **{p.name: torch.full_like(start[p.name], ends(p)[which][1]) for p in moved}})
    return names, {name: torch.cat([row[name] for row in rows]) for name in start}


def leaves(values: Mapping[str, Tensor], names: Sequence[str]) -> Values:
    """Return values of which the named ones require gradients."""
    return {n: v.detach().clone().requires_grad_() if n in names else v.detach() for n, v in values.items()}


def bad_gradients(output: Tensor, values: Mapping[str, Tensor], names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the names and rows of inputs whose gradient of the output is not finite; rows that are not finite do not count.

    Parameters
    ----------
    output : Tensor [shape=(rows, ...)]
        Made from `values`.
    values : mapping of str to Tensor [shape=(rows, ...)]
        Leaves.
    names : sequence of str
        Which of them.
    """
    flat = output.reshape(len(output), -1)
    fine = torch.isfinite(flat.detach()).all(dim=1)
    if not output.requires_grad or not bool(fine.any()):
        return
    weights = projection(flat.shape[1]).to(flat)
    found = torch.autograd.grad((flat[fine] * weights).sum(), [values[n] for n in names], allow_unused=True)
    for name, gradient in zip(names, found, strict=True):
        if gradient is not None:
            bad = ~torch.isfinite(gradient.reshape(len(gradient), -1)).all(dim=1) & fine
            yield from ((name, row) for row in bad.nonzero()[:, 0].tolist())


def projection(size: int) -> Tensor:
    """Return fixed random weights of that number, float64: a scalar to differentiate is made with them."""
    return torch.randn(size, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def compare_slopes(
    function: Callable[[Values], Tensor], values: Values, name: str, scale: float, step: float = _STEP
) -> tuple[float, float]:
    """Return the derivative of a scalar along a random direction of one input, by autograd and by central differences.

    Parameters
    ----------
    function : callable
        Values to a scalar, in double precision.
    values : dict of str to Tensor
        Where.
    name : str
        Which input is moved.
    scale : float
        How far it can move.
    step : float
        Of the difference, as a share of the scale.
    """
    here = values[name].detach()
    direction = scale * torch.randn(here.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    leaf = here.clone().requires_grad_()
    output = function({**values, name: leaf})
    gradient = torch.autograd.grad(output, leaf, allow_unused=True)[0] if output.requires_grad else None
    analytic = 0.0 if gradient is None else float((gradient * direction).sum())
    with torch.no_grad():
        up, down = (function({**values, name: here + sign * step * direction}) for sign in (1, -1))
    return analytic, float(up - down) / (2 * step)


def differ(analytic: float, numeric: float, floor: float, tolerance: float = 2e-3) -> bool:
    """Return whether two derivatives differ by more than a share of the larger; those below `floor` count as zero."""
    size = max(abs(analytic), abs(numeric))
    return not (math.isfinite(analytic) and abs(analytic - numeric) <= max(tolerance * size, floor))


def scale_of(parameter: Parameter) -> float:
    """Return how far a parameter can move: its range, or the size of its initial value."""
    if math.isfinite(parameter.upper):
        return parameter.upper - parameter.lower
    return max(float(parameter.initial.detach().abs().max()), 1e-2)

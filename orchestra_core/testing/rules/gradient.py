"""Rules for the gradients of instruments."""

from __future__ import annotations

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.testing.gradients import (
    Values,
    as_double,
    bad_gradients,
    compare_slopes,
    differ,
    end_cases,
    leaves,
    projection,
    scale_of,
)
from orchestra_core.testing.rule import Fault, NotApplicable, expect, rule
from orchestra_core.testing.subject import Subject


@rule(
    "instrument.range_values",
    reason="An optimiser goes to the end of every range; one infinite sample there ends the run.",
    fix="Guard divisions, logarithms and roots, or narrow the bounds of the parameter.",
)
def range_values(subject: Subject) -> None:
    """The audio is finite with every parameter at either end of its range."""
    names, values, brief = _ends(subject)
    audio = subject.component._render(values, brief.canvas).detach()
    for name, row in zip(names, audio, strict=True):
        bad = int((~torch.isfinite(row)).sum())
        expect(bad == 0, f"{bad} of {row.numel()} samples are NaN or infinite with {name}; expected finite ones.")


@rule(
    "instrument.range_gradients",
    needs=("differentiable",),
    reason="A gradient that is not finite stops every parameter of the item, however good the audio is.",
    fix="Mind functions with an infinite slope (sqrt, pow and norm at 0), and `torch.where` over a branch that is not finite.",
)
def range_gradients(subject: Subject) -> None:
    """Gradients are finite with every parameter at either end of its range."""
    names, values, brief = _ends(subject)
    moved = [p.name for p in subject.component.parameters(brief) if not p.fixed]
    given = leaves(values, moved)
    for parameter, row in bad_gradients(subject.component._render(given, brief.canvas), given, moved):
        raise Fault(f"The gradient for {parameter} is NaN or infinite with {names[row]}; expected a finite one.")


@rule(
    "instrument.gradient",
    needs=("differentiable",),
    reason="A gradient that is cut or wrong lets a run stand still or go astray without any error.",
    fix="Look for `.detach()`, `.item()`, rounding, `no_grad` or an own autograd function on the parameter's way to audio.",
)
def gradient(subject: Subject) -> None:
    """In double precision the gradient of every parameter agrees with finite differences."""
    brief = subject.brief((1,))
    parameters = subject.component.parameters(brief)
    values = as_double({parameter.name: parameter.initial.detach() for parameter in parameters})
    if subject.component._render(values, brief.canvas).dtype != torch.float64:
        raise NotApplicable("it does not render in double precision")
    weights = projection(brief.canvas.samples)

    def heard(given: Values) -> Tensor:
        audio: Tensor = subject.component._render(given, brief.canvas)
        return (audio[0] * weights.to(audio)).sum()

    for parameter in parameters:
        if not parameter.fixed:
            slope, numeric = compare_slopes(heard, values, parameter.name, scale_of(parameter))
            message = f"{parameter.name} has the slope {slope:.6g} by autograd and {numeric:.6g} by finite differences"
            expect(not differ(slope, numeric, floor=1e-5), f"{message}; expected them to agree within 0.2 %.")


def _ends(subject: Subject) -> tuple[list[str], Values, Brief]:
    brief = subject.brief((1,))
    names, values = end_cases(subject.component.parameters(brief))
    return names, values, brief


RULES = (range_values, range_gradients, gradient)

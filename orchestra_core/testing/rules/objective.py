"""Rules for objectives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from orchestra_core.contracts.objective import Evaluation, Take
from orchestra_core.errors import OrchestraError, ParameterError
from orchestra_core.testing.benches import ObjectiveBench
from orchestra_core.testing.rule import Fault, expect, rule
from orchestra_core.testing.rules.instrument import expect_error
from orchestra_core.testing.subject import Subject


def _bench(subject: Subject) -> ObjectiveBench:
    return ObjectiveBench(subject.setting, subject.component)


def _take(subject: Subject) -> Take:
    bench = _bench(subject)
    return bench.take(bench.inputs())


def _targeted(take: Take, targets: Mapping[str, Tensor]) -> Take:
    return replace(take, brief=replace(take.brief, targets=targets))


@rule(
    "objective.terms",
    reason="Stages weigh terms by name, before anything is evaluated.",
    fix="List in `terms` exactly the names that `_evaluate` returns, each with one number per item.",
)
def terms(subject: Subject) -> None:
    """It returns the terms that it lists, one number per item each."""
    take = _take(subject)
    names = subject.component.terms
    expect(len(names) > 0 and len(set(names)) == len(names), f"terms is {names!r}; expected one or more different names.")
    found = subject.component._evaluate(take).terms
    expect(set(found) == set(names), f"It returns the terms {sorted(found)}; expected {sorted(names)}.")
    for name, term in found.items():
        expect(term.shape == (3,), f"The term {name!r} has shape {tuple(term.shape)} for 3 items; expected (3,).")


@rule(
    "objective.readings",
    reason="The report compares readings with targets, by dimension.",
    fix="Return a reading, of shape (batch,), for each dimension, and list a dimension for each that you take targets for.",
)
def readings(subject: Subject) -> None:
    """It returns one reading per item for each of its dimensions."""
    found = subject.component._evaluate(_take(subject)).readings
    names = {dimension.name for dimension in subject.component.dimensions}
    expect(names <= set(found), f"It reads {sorted(found)}; expected its dimensions {sorted(names)} among them.")
    for name, reading in found.items():
        expect(reading.shape == (3,), f"The reading {name!r} has shape {tuple(reading.shape)} for 3 items; expected (3,).")


@rule(
    "objective.finite",
    reason="The first loss that is not finite, at the start, ends a run.",
    fix="Add floors inside logarithms, roots and divisions by a level.",
)
def finite(subject: Subject) -> None:
    """Terms and readings are finite for music and for silence."""
    take = _take(subject)
    for what, audio in (("music", take.audio), ("silence", torch.zeros_like(take.audio))):
        evaluation = subject.component._evaluate(replace(take, audio=audio))
        for name, value in {**evaluation.terms, **evaluation.readings}.items():
            bad = value[~torch.isfinite(value)].tolist()
            expect(not bad, f"{name!r} is {bad[0] if bad else 0} for {what}; expected a finite number.")


@rule(
    "objective.gradient",
    needs=("differentiable",),
    reason="Schedules follow this gradient.",
    fix="Return terms that are attached to audio or values: no `.detach()`, `.item()` or `no_grad` on their way.",
)
def gradient(subject: Subject) -> None:
    """The terms have a finite gradient, not everywhere 0, to the audio or to the values."""
    take = _take(subject)
    audio = take.audio.clone().requires_grad_()
    values = {n: v.clone().requires_grad_() if v.is_floating_point() else v for n, v in take.values.items()}
    found = subject.component._evaluate(replace(take, audio=audio, values=values)).terms
    total = torch.stack([term.sum() for term in found.values()]).sum()
    expect(total.requires_grad, "The terms are cut off from audio and values; expected gradients to flow.")
    inputs = {"audio": audio, **{name: value for name, value in values.items() if value.requires_grad}}
    gradients = torch.autograd.grad(total, list(inputs.values()), allow_unused=True)
    largest = 0.0
    for name, slope in zip(inputs, gradients, strict=True):
        if slope is not None:
            bad = int((~torch.isfinite(slope)).sum())
            expect(bad == 0, f"{bad} of {slope.numel()} gradients for {name} are NaN or infinite; expected finite ones.")
            largest = max(largest, float(slope.abs().max()))
    expect(largest > 0, f"The largest gradient is {largest:g}; expected more than 0.")


@rule(
    "objective.targets",
    reason="A target that changes nothing is a request that is not heard.",
    fix="Compare each reading with `take.targets[name]`; list no dimension that you take no target for.",
)
def targets(subject: Subject) -> None:
    """The target of each of its dimensions changes the terms."""
    take = _take(subject)
    before = subject.component._evaluate(take).terms
    for d in subject.component.dimensions:
        moved = {**take.targets, d.name: torch.full_like(take.targets[d.name], d.lower + 0.1 * (d.upper - d.lower))}
        after = subject.component._evaluate(_targeted(take, moved)).terms
        change = max(float((after[name] - before[name]).abs().max()) for name in before)
        expect(change > 0, f"Moving the target of {d.name} changes the terms by {change:g}; expected more than 0.")


@rule(
    "objective.unknown_targets",
    reason="A brief may ask other objectives for more, or ask for less than there are dimensions.",
    fix="Read targets with `take.targets.get(name)`; give the term 0 where there is none, and ignore names you do not know.",
)
def unknown_targets(subject: Subject) -> None:
    """Targets of other names change nothing, and missing ones leave every term finite."""
    take = _take(subject)
    before = subject.component._evaluate(take).terms
    for what, asked in (
        ("a target of another name", {**take.targets, "no_such_dimension": torch.zeros(3)}),
        ("no targets", {}),
    ):
        found = _evaluated(subject, _targeted(take, asked), what).terms
        for name, term in found.items():
            value = float(term.detach()[0])
            expect(math.isfinite(value), f"The term {name!r} is {value} with {what}; expected a finite number.")
            if asked:
                far = float((term - before[name]).abs().max())
                expect(far == 0, f"{what} changes the term {name!r} by {far:.3g}; expected no change.")


def _evaluated(subject: Subject, take: Take, what: str) -> Evaluation:
    try:
        evaluation: Evaluation = subject.component._evaluate(take)
    except OrchestraError:
        raise
    except Exception as error:
        raise Fault(f"With {what} it raises {type(error).__name__} ({error}); expected terms.") from error
    return evaluation


@rule(
    "objective.errors",
    reason="Every plugin fails with the same clear errors; audio that is not finite must not become a number.",
    fix="Implement `_evaluate` and leave `evaluate` to the base class, which checks.",
)
def errors(subject: Subject) -> None:
    """Audio of another rank, empty or not finite, and a rate that is none, are refused as the contract says."""
    take = _take(subject)
    audio = take.audio
    for what, wrong in {
        "audio of rank 1": audio[0],
        "an empty batch": audio[:0],
        "audio without samples": audio[:, :0],
        "audio with NaN": audio.clone().index_fill(1, torch.tensor([7]), torch.nan),
        "audio with infinite samples": audio.clone().index_fill(1, torch.tensor([7]), torch.inf),
    }.items():
        broken = replace(take, audio=wrong)
        expect_error(ParameterError, partial(subject.component.evaluate, broken), what)
    silent = replace(take, sample_rate=0)
    expect_error(ParameterError, partial(subject.component.evaluate, silent), "a sample rate of 0")


RULES = (terms, readings, finite, gradient, targets, unknown_targets, errors)

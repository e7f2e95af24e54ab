"""Rules for envelopes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from orchestra_core.contracts.parameter import Parameter
from orchestra_core.errors import ParameterError
from orchestra_core.testing.gradients import Values, as_double, bad_gradients, compare_slopes, differ, end_cases, leaves, scale_of
from orchestra_core.testing.rule import Fault, expect, rule
from orchestra_core.testing.rules.instrument import expect_error
from orchestra_core.testing.subject import Subject

_DURATIONS = (0.1, 0.4, 1.0)
_SHORT = (0.002, 0.02, 0.06)
#: A change of level between two instants this close is a jump.
_INSTANT, _JUMP = 1e-9, 0.01


def _start(subject: Subject) -> tuple[tuple[Parameter, ...], Values]:
    """Return the parameters and initial values of one item, in double precision."""
    parameters = subject.component.parameters(subject.brief((1,)))
    return parameters, as_double({parameter.name: parameter.initial.detach() for parameter in parameters})


def _duration(*lengths: float, rows: int = 1) -> Tensor:
    return torch.tensor([lengths], dtype=torch.float64).expand(rows, len(lengths)).clone()


def _grid(duration: Tensor, first: float, last: float, count: int = 2001) -> Tensor:
    """Return times from `first` to `last` for every note of durations (rows, notes)."""
    return torch.linspace(first, last, count, dtype=torch.float64).expand(*duration.shape, count).clone()


def _levels(subject: Subject, time: Tensor, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
    levels: Tensor = subject.component._levels(time, duration, values)
    return levels


@rule(
    "envelope.shape",
    reason="Instruments multiply levels with their voices, note by note.",
    fix="Return levels in the shape of the times, (batch, notes, n), and spans in that of the durations, (batch, notes).",
)
def shape(subject: Subject) -> None:
    """Levels have the shape of the times, and spans that of the durations."""
    _, values = _start(subject)
    duration = _duration(*_DURATIONS)
    time = _grid(duration, 0.0, 1.0, 50)
    for what, seen, like in (
        ("levels", _levels(subject, time, duration, values), time),
        ("spans", subject.component.span(duration, values), duration),
    ):
        expect(seen.shape == like.shape, f"The {what} have shape {tuple(seen.shape)}; expected {tuple(like.shape)}.")


@rule(
    "envelope.range",
    reason="Loudness is the instrument's own; a level outside [0, 1] breaks its headroom or turns its phase.",
    fix="Scale the contour to a maximum of 1, and let it end at 0.",
)
def level_range(subject: Subject) -> None:
    """Levels lie in [0, 1], and somewhere above 0.1."""
    _, values = _start(subject)
    duration = _duration(*_DURATIONS)
    levels = _levels(subject, _grid(duration, -0.1, 3.0), duration, values).nan_to_num()
    low, high = float(levels.min()), float(levels.max())
    expect(low >= -1e-6 and high <= 1 + 1e-6, f"Levels lie between {low:.4g} and {high:.4g}; expected 0 to 1.")
    expect(high > 0.1, f"The highest level is {high:.3g}; expected more than 0.1.")


@rule(
    "envelope.onset",
    reason="A note that sounds before its onset is heard too early, and moving it moves more than it.",
    fix="Return 0 for negative times.",
)
def onset(subject: Subject) -> None:
    """The level is 0 before the onset."""
    _, values = _start(subject)
    duration = _duration(*_DURATIONS)
    early = float(_levels(subject, _grid(duration, -0.5, -1e-6), duration, values).abs().max())
    expect(early <= 1e-6, f"The level is {early:.3g} before the onset; expected 0.")


@rule(
    "envelope.span",
    reason="Instruments render each note on its span only: what lies behind is cut off, with a click.",
    fix="Return the time from which on the level is 0, the release included.",
)
def span(subject: Subject) -> None:
    """The level is 0 from the span on, and the span is positive and finite."""
    _, values = _start(subject)
    duration = _duration(*_DURATIONS)
    spans = subject.component.span(duration, values)
    expect(bool((torch.isfinite(spans) & (spans > 0)).all()), f"Spans are {spans.tolist()}; expected positive, finite seconds.")
    time = spans.reshape(duration.shape)[:, :, None] + torch.linspace(1e-6, 5.0, 500, dtype=torch.float64)
    late = float(_levels(subject, time, duration, values).abs().nan_to_num().max())
    expect(late <= 1e-6, f"The level is {late:.3g} after the span; expected 0.")


@rule(
    "envelope.continuity",
    reason="A jump in the level is a click.",
    fix="Let each piece of the contour begin where the one before has come to.",
)
def continuity(subject: Subject) -> None:
    """The level never jumps."""
    _expect_continuous(subject, _duration(*_DURATIONS))


@rule(
    "envelope.short",
    reason="Notes get shorter than attack and release together, while they are optimised if not before.",
    fix="Release from wherever the contour has come to; divide by nothing that shrinks to 0 with the duration.",
)
def short(subject: Subject) -> None:
    """Notes of 2 to 60 ms have finite levels in [0, 1] without jumps, and finite gradients."""
    parameters, values = _start(subject)
    duration = _duration(*_SHORT)
    time = _grid(duration, -0.01, 0.5)
    levels = _levels(subject, time, duration, values).detach()
    bad = int((~torch.isfinite(levels)).sum())
    expect(bad == 0, f"{bad} of {levels.numel()} levels of short notes are NaN or infinite; expected finite ones.")
    low, high = float(levels.min()), float(levels.max())
    expect(low >= -1e-6 and high <= 1 + 1e-6, f"Levels of short notes lie between {low:.4g} and {high:.4g}; expected 0 to 1.")
    _expect_continuous(subject, duration)
    if "differentiable" in subject.component.capabilities:
        moved = [p.name for p in parameters if not p.fixed]
        _expect_finite_gradients(subject, ["the initial values"], values, moved, duration)


@rule(
    "envelope.range_gradients",
    needs=("differentiable",),
    reason="A gradient that is not finite stops every parameter of the item.",
    fix="Guard divisions by what can be 0, or narrow the bounds of the parameter.",
)
def range_gradients(subject: Subject) -> None:
    """Levels and gradients are finite with every parameter at either end of its range, and for every duration."""
    parameters, _ = _start(subject)
    moved = [p.name for p in parameters if not p.fixed]
    if moved:
        names, rows = end_cases(parameters)
        _expect_finite_gradients(subject, names, as_double(rows), moved, _duration(*_DURATIONS, rows=len(names)))


@rule(
    "envelope.gradient",
    needs=("differentiable",),
    reason="A gradient that is cut or wrong lets a run stand still or go astray without any error.",
    fix="Look for `.detach()`, rounding or comparisons on the way from a parameter, or the duration, to the level.",
)
def gradient(subject: Subject) -> None:
    """The gradients of every parameter, of the duration and of time agree with finite differences."""
    parameters, values = _start(subject)
    duration = _duration(0.313, 0.471)
    generator = torch.Generator().manual_seed(3)
    time = torch.rand(1, 2, 400, generator=generator, dtype=torch.float64) * 1.2
    weights = torch.randn(time.shape, generator=generator, dtype=torch.float64)

    def heard(given: Values) -> Tensor:
        named = {name: value for name, value in given.items() if name not in ("time", "duration")}
        return (_levels(subject, given["time"], given["duration"], named) * weights).sum()

    given = {**values, "time": time, "duration": duration}
    scales = {"time": 0.1, "duration": 0.1, **{p.name: scale_of(p) for p in parameters if not p.fixed}}
    for name, scale in scales.items():
        slope, numeric = compare_slopes(heard, given, name, scale)
        message = f"{name} has the slope {slope:.6g} by autograd and {numeric:.6g} by finite differences"
        expect(not differ(slope, numeric, floor=1e-5), f"{message}; expected them to agree within 0.2 %.")


@rule(
    "envelope.effect",
    reason="A parameter that changes nothing is moved in vain.",
    fix="Use the parameter in `_levels`, or leave it out.",
)
def effect(subject: Subject) -> None:
    """Every parameter changes the levels."""
    parameters, values = _start(subject)
    duration = _duration(*_DURATIONS)
    time = _grid(duration, 0.0, 2.0)
    before = _levels(subject, time, duration, values)
    for parameter in parameters:
        if not parameter.fixed:
            moved = parameter.to_value(parameter.to_coordinate(parameter.initial[:1]) + 0.5).double()
            after = _levels(subject, time, duration, {**values, parameter.name: moved})
            change = float((after - before).detach().abs().max())
            expect(change > 1e-5, f"Moving {parameter.name!r} changes the levels by {change:.3g}; expected more than 1e-05.")


@rule(
    "envelope.errors",
    reason="Every plugin fails with the same clear errors.",
    fix="Implement `_levels` and leave `levels` to the base class, which checks.",
)
def errors(subject: Subject) -> None:
    """Times and durations of the wrong rank are refused as the contract says."""
    _, values = _start(subject)
    duration = _duration(*_DURATIONS)
    time = _grid(duration, 0.0, 1.0, 20)
    for what, wrong in (("times of rank 2", (time[0], duration)), ("durations of rank 1", (time, duration[0]))):
        expect_error(ParameterError, partial(subject.component.levels, *wrong, values), what)


def _expect_continuous(subject: Subject, duration: Tensor) -> None:
    """Look closer and closer at the steepest places: a jump stays where a slope fades away."""
    _, values = _start(subject)
    whole = _grid(duration, -0.05, 3.0, 6001)[0]
    starts, width = whole[:, :-1], float(whole[0, 1] - whole[0, 0])
    time = whole
    while True:
        levels = _levels(subject, time.reshape(1, len(time), -1), duration, values).reshape(time.shape).detach()
        steps = (levels[..., 1:] - levels[..., :-1]).abs().nan_to_num()
        width = float(time.reshape(-1, time.shape[-1])[0, 1] - time.reshape(-1, time.shape[-1])[0, 0])
        starts = time[..., :-1].reshape(len(time), -1)
        steepest, place = steps.reshape(len(time), -1).topk(24, dim=1)
        if width < _INSTANT or float(steepest.max()) < _JUMP:
            break
        time = starts.gather(1, place)[..., None] + torch.linspace(0.0, width, 21, dtype=torch.float64)
    note = int(steepest.amax(dim=1).argmax())
    at = float(starts[note, place[note, 0]])
    found = f"The level of a note of {float(duration[0, note]):g} s jumps by {float(steepest.max()):.3g} at {at:.4g} s"
    expect(float(steepest.max()) < _JUMP, f"{found}; expected no jump.")


def _expect_finite_gradients(subject: Subject, names: list[str], rows: Values, moved: list[str], duration: Tensor) -> None:
    time = _grid(duration, -0.05, 2.0, 801)
    given = leaves({**rows, "time": time, "duration": duration}, [*moved, "duration", "time"])
    values = {name: value for name, value in given.items() if name not in ("time", "duration")}
    levels = _levels(subject, given["time"], given["duration"], values)
    for row, name in enumerate(names):
        bad = int((~torch.isfinite(levels[row].detach())).sum())
        expect(bad == 0, f"{bad} of {levels[row].numel()} levels are NaN or infinite with {name}; expected finite ones.")
    for parameter, row in bad_gradients(levels, given, [*moved, "duration", "time"]):
        raise Fault(f"The gradient for {parameter} is NaN or infinite with {names[row]}; expected a finite one.")


RULES = (shape, level_range, onset, span, continuity, short, range_gradients, gradient, effect, errors)

"""Rules for oracles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from orchestra_core.contracts.oracle import Dimension
from orchestra_core.errors import ParameterError
from orchestra_core.testing.benches import clip_of
from orchestra_core.testing.gradients import Values, compare_slopes, differ
from orchestra_core.testing.modules import torch_modules
from orchestra_core.testing.rule import NotApplicable, Rule, expect, rule
from orchestra_core.testing.rules.instrument import expect_error
from orchestra_core.testing.signals import music
from orchestra_core.testing.subject import Subject

_SEEDS = (1, 2, 3)
#: A network of rectifiers has kinks close to everywhere: one of these steps lies between two of them.
_STEPS = (1e-6, 1e-7, 1e-8)
#: Readings at two rates may differ by this share of a dimension's range.
_RATE_TOLERANCE = 0.02
#: Rates in Hz that no oracle should need to be told of.
_USUAL_RATES = (22_050, 44_100, 48_000)


def _clips(subject: Subject, rate: int | None = None) -> tuple[Tensor, int]:
    lowest, duration = clip_of(subject.component)
    return music(_SEEDS, rate or lowest, duration, lowest).float(), rate or lowest


def expect_dimensions(found: Sequence[Dimension]) -> None:
    """Expect dimensions with different names, each with a range, and mean and standard deviation or neither."""
    names = [dimension.name for dimension in found]
    expect(bool(names) and len(set(names)) == len(names), f"The dimensions are {names}; expected one or more different names.")
    for d in found:
        expect(
            math.isfinite(d.upper - d.lower) and d.lower < d.upper, f"{d.name} is in [{d.lower}, {d.upper}]; expected a range."
        )
        known = (d.mean is None) == (d.sd is None) and (d.sd is None or d.sd > 0)
        expect(known, f"{d.name} has mean {d.mean} and sd {d.sd}; expected both, with sd > 0, or neither.")


@rule(
    "oracle.dimensions",
    reason="Targets, terms, readings and plots are keyed by them.",
    fix="Return `Dimension(name, lower, upper)` of different names with lower < upper, and sd > 0 where there is a corpus.",
)
def dimensions(subject: Subject) -> None:
    """Dimensions have names of their own, and ranges."""
    expect_dimensions(subject.component.dimensions)


@rule(
    "oracle.shape",
    reason="Objectives ask for every dimension by name and for every item.",
    fix="Return a mapping with one tensor of shape (n,) for every dimension.",
)
def shape(subject: Subject) -> None:
    """A reading has one number per item under each dimension's name."""
    audio, rate = _clips(subject)
    readings = subject.component._read(audio, rate)
    names = sorted(dimension.name for dimension in subject.component.dimensions)
    expect(sorted(readings) == names, f"It reads {sorted(readings)}; expected its dimensions {names}.")
    for name, reading in readings.items():
        expect(reading.shape == (len(audio),), f"{name} has shape {tuple(reading.shape)}; expected ({len(audio)},).")


@rule(
    "oracle.range",
    reason="Targets are placed, and errors are weighed, by the range of each dimension.",
    fix="State the range that readings really have, or squash them into it.",
)
def reading_range(subject: Subject) -> None:
    """Readings of music lie in the range of their dimension."""
    audio, rate = _clips(subject)
    readings = {name: reading.detach() for name, reading in subject.component.read(audio, rate).items()}
    for d in subject.component.dimensions:
        low, high = float(readings[d.name].min()), float(readings[d.name].max())
        message = f"{d.name} reads {low:.4g} to {high:.4g}; expected {d.lower:g} to {d.upper:g}."
        expect(d.lower <= low and high <= d.upper, message)


@rule(
    "oracle.frozen",
    reason="A run that trains its oracle finds an oracle that is easily pleased.",
    fix="Call `model.eval().requires_grad_(False)`, and keep no statistics of what is read.",
)
def frozen(subject: Subject) -> None:
    """No weight asks for gradients or trains, and reading changes none."""
    component = subject.fresh()
    audio, rate = _clips(subject)
    for module in torch_modules(vars(component)):
        asking = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
        expect(not asking, f"{len(asking)} weights ask for gradients, {', '.join(asking[:3])}; expected none.")
        expect(not module.training, f"{type(module).__name__} is in training mode; expected evaluation mode.")
    before = {id(module): _weights(module) for module in torch_modules(vars(component))}
    component.read(audio, rate)
    for module in torch_modules(vars(component)):
        for name, weight in before.get(id(module), {}).items():
            same = torch.equal(weight, module.state_dict()[name])
            expect(same, f"Reading changes {name} of {type(module).__name__}; expected it to be left as it was.")


@rule(
    "oracle.gradient",
    needs=("differentiable",),
    reason="Schedules follow this gradient; one that is cut, zero or wrong leads nowhere.",
    fix="Read with torch operations only, outside of `no_grad`; look for `.numpy()`, rounding and hard thresholds.",
)
def gradient(subject: Subject) -> None:
    """Every reading has a finite gradient to the audio that agrees with finite differences."""
    audio, rate = _clips(subject)
    audio = audio[:1].double()
    wide = {name: r.dtype == torch.float64 for name, r in subject.component.read(audio, rate).items()}
    for name, is_wide in wide.items():
        if not is_wide:
            raise NotApplicable("it does not read in double precision")

        def reading(given: Values, name: str = name) -> Tensor:
            read: Tensor = subject.component.read(given["audio"], rate)[name]
            return read.sum()

        slopes = [compare_slopes(reading, {"audio": audio}, "audio", 0.01, step) for step in _STEPS]
        slope, numeric = min(slopes, key=lambda pair: abs(pair[0] - pair[1]))
        expect(math.isfinite(slope) and slope != 0, f"{name} has the slope {slope:g} along audio; expected a finite one, not 0.")
        message = f"{name} has the slope {slope:.6g} by autograd and {numeric:.6g} by finite differences"
        expect(not differ(slope, numeric, floor=1e-9, tolerance=0.01), f"{message}; expected them to agree within 1 %.")


@rule(
    "oracle.rates",
    reason="Runs optimise at the lowest native rate and export at the canvas'; people bring audio of any rate.",
    fix="Tie filters and hops to Hz and seconds; list in `sample_rates` only rates whose readings agree.",
)
def rates(subject: Subject) -> None:
    """The same signal reads the same at every native rate, and at the usual rates."""
    tried = sorted({*subject.component.sample_rates, *(r for r in _USUAL_RATES if r >= min(subject.component.sample_rates))})
    reference, first = subject.component.read(*_clips(subject)), min(subject.component.sample_rates)
    ranges = {d.name: d.upper - d.lower for d in subject.component.dimensions}
    for rate in tried:
        readings = subject.component.read(*_clips(subject, rate))
        for name, width in ranges.items():
            far = float((readings[name] - reference[name]).detach().abs().max())
            message = f"{name} at {rate} Hz differs by {far:.3g} from {first} Hz; expected at most {_RATE_TOLERANCE * width:.3g}."
            expect(far <= _RATE_TOLERANCE * width, message)


@rule(
    "oracle.short",
    reason="Recordings end anywhere; what happens to a short one is the oracle's stated choice.",
    fix="Set `short` to 'pad' or 'refuse', and read a clip with silence at its end.",
)
def short(subject: Subject) -> None:
    """Audio shorter than a clip is padded or refused, as stated."""
    component = subject.component
    if component.clip_duration is None:
        raise NotApplicable("it takes any length")
    expect(component.short in ("pad", "refuse"), f"short is {component.short!r}; expected 'pad' or 'refuse'.")
    audio, rate = _clips(subject)
    half = audio[:, : audio.shape[1] // 2]
    if component.short == "refuse":
        expect_error(ParameterError, lambda: component.read(half, rate), "half a clip")
        return
    padded = component.read(torch.nn.functional.pad(half, (0, audio.shape[1] - half.shape[1])), rate)
    for name, reading in component.read(half, rate).items():
        far = float((reading - padded[name]).detach().abs().max())
        expect(far < 1e-4, f"{name} of half a clip differs by {far:.3g} from that of the clip with silence appended; expected 0.")


@rule(
    "oracle.errors",
    reason="Every plugin fails with the same clear errors; audio that is not finite must not become a number.",
    fix="Implement `_read` and leave `read` to the base class, which checks.",
)
def errors(subject: Subject) -> None:
    """Audio of another rank or type, empty or not finite, and rates that are none are refused as the contract says."""
    audio, rate = _clips(subject)
    audio = audio[:, : rate // 10]
    broken = {bad: audio.clone().index_fill(1, torch.tensor([7]), bad) for bad in (torch.nan, torch.inf)}
    cases: dict[str, tuple[Tensor, int]] = {
        "audio of rank 1": (audio[0], rate),
        "audio of rank 3": (audio[None], rate),
        "an empty batch": (audio[:0], rate),
        "audio without samples": (audio[:, :0], rate),
        "audio of whole numbers": ((audio * 100).int(), rate),
        **{f"audio with {bad}": (wrong, rate) for bad, wrong in broken.items()},
        "a sample rate of 0": (audio, 0),
        "a sample rate of -1": (audio, -1),
    }
    for what, wrong in cases.items():
        expect_error(ParameterError, partial(subject.component.read, *wrong), what)


def _on_signal(what: str, name: str, advice: str) -> Rule:
    """Make the rule that an oracle has a finite reading, and gradient, of a signal that every run can meet."""

    def check(subject: Subject) -> None:
        rate, duration = clip_of(subject.component)
        audio = _signal(name, rate, duration).requires_grad_()
        readings = subject.component.read(audio, rate)
        for dimension, reading in readings.items():
            value = float(reading.detach()[0])
            expect(math.isfinite(value), f"{dimension} reads {value} for {what}; expected a finite number.")
        total = torch.stack([reading.sum() for reading in readings.values()]).sum()
        if "differentiable" in subject.component.capabilities and total.requires_grad:
            bad = int((~torch.isfinite(torch.autograd.grad(total, audio)[0])).sum())
            expect(bad == 0, f"{bad} of {audio.numel()} gradients are NaN or infinite for {what}; expected finite ones.")

    made = rule(
        f"oracle.{name}", reason=f"An optimisation can come to {what} at any time, and has to get away again.", fix=advice
    )
    return replace(made(check), summary=f"The reading of {what}, and its gradient, are finite.")


def _signal(name: str, rate: int, duration: float) -> Tensor:
    time = torch.arange(round(rate * duration))
    if name == "impulse":
        return 0.5 * (time == len(time) // 3).float()[None]
    if name == "full_scale":
        return torch.where(time * 440 // rate % 2 == 0, 1.0, -1.0)[None]
    return torch.full((1, len(time)), 0.5 if name == "dc" else 0.0)


silence = _on_signal("silence", "silence", "Add a floor inside logarithms, roots and divisions by a level.")
impulse = _on_signal("a single impulse", "impulse", "Add a floor where a frame can be empty beside one that is not.")
dc = _on_signal("a constant", "dc", "Add a floor where a variance or the energy above 0 Hz is divided by.")
full_scale = _on_signal(
    "a square wave of full scale", "full_scale", "Expect samples of exactly 1 and -1: no atanh, no log(1 - x)."
)


@rule(
    "oracle.advice",
    reason="Advice on targets is shown as it is, for every run, before anything was heard.",
    fix="Return a tuple of plain sentences from `advise`, and an empty one for targets that you know nothing of.",
)
def advice(subject: Subject) -> None:
    """Advice is a tuple of sentences, for one target as for all, and the same each time."""
    scales = {d.name: (d.lower, (d.lower + d.upper) / 2, d.upper) for d in subject.component.dimensions}
    names = list(scales)
    for targets in ({names[0]: scales[names[0]][1]}, *({name: scales[name][i] for name in names} for i in range(3))):
        said = subject.component.advise(targets)
        sentences = isinstance(said, tuple) and all(isinstance(text, str) and text.endswith(".") for text in said)
        expect(sentences, f"For {targets} it advises {said!r}; expected a tuple of sentences.")
        expect(subject.component.advise(targets) == said, f"For {targets} its advice changes; expected the same each time.")


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in module.state_dict().items()}


RULES = (dimensions, shape, reading_range, frozen, gradient, rates, short, errors, silence, impulse, dc, full_scale, advice)

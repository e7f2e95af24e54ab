"""Rules for instruments: parameters, shapes, notes, errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from orchestra_core.contracts.parameter import Parameter
from orchestra_core.contracts.score import Note, Score
from orchestra_core.errors import ParameterError
from orchestra_core.testing.rule import Fault, expect, rule
from orchestra_core.testing.setting import SEEDS
from orchestra_core.testing.subject import Subject

#: A change of less than this share of the peak is no change.
_AUDIBLE = 1e-5
#: An item rendered alone and beside others may differ by so much, -80 dB.
_ALONE = 1e-4


def started(subject: Subject, *arguments: Any, **options: Any) -> tuple[tuple[Parameter, ...], dict[str, Tensor]]:
    """Return the parameters of a brief of the setting and their initial values."""
    parameters = subject.component.parameters(subject.brief(*arguments, **options))
    return parameters, {parameter.name: parameter.initial.detach() for parameter in parameters}


@rule(
    "instrument.parameters",
    reason="A schedule moves parameters by group; an instrument without any can only be listened to.",
    fix="Return at least one parameter that is not fixed, and name a group for each.",
)
def movable(subject: Subject) -> None:
    """There is at least one parameter to move, and each is in a group."""
    parameters, _ = started(subject)
    expect(any(not p.fixed for p in parameters), f"{len(parameters)} parameters, all fixed; expected one or more to move.")
    lost = [p.name for p in parameters if not p.group]
    expect(not lost, f"The parameter {lost[0] if lost else ''!r} is in no group; expected a name such as 'timbre'.")


@rule(
    "instrument.described",
    level="should",
    reason="The report and `orchestra plugins show` tell people what moved, and in which unit.",
    fix="Give each parameter that moves a one-line description, and a unit ('1' for a pure number).",
)
def described(subject: Subject) -> None:
    """Every parameter that moves has a description and a unit."""
    bare = [p.name for p in started(subject)[0] if not p.fixed and not (p.description and p.unit)]
    expect(not bare, f"{', '.join(bare)} has no description or no unit; expected both.")


@rule(
    "instrument.seed",
    reason="The same seed has to give the same piece, alone or beside others.",
    fix="Draw initial values from `brief.generator(name)` only; derive nothing from the size of the batch.",
)
def seeded(subject: Subject) -> None:
    """Initial values follow from the item's seed alone."""
    _, first = started(subject)
    _, again = started(subject)
    scores = subject.brief().scores
    _, alone = started(subject, SEEDS[1:2], None if scores is None else scores[1:2])
    for name, value in first.items():
        expect(
            torch.equal(value, again[name]), f"{name!r} starts elsewhere the second time; expected the same values for one seed."
        )
        same = alone[name].shape == value[1:2].shape and torch.allclose(alone[name].double(), value[1:2].double(), atol=1e-6)
        expect(same, f"{name!r} of an item starts elsewhere alone than in a batch of {len(SEEDS)}; expected the same values.")


@rule(
    "instrument.length",
    reason="The canvas is the grid of the whole piece; what is longer or shorter cannot be exported or compared.",
    fix="Return exactly `canvas.samples` samples; pad or cut.",
)
def length(subject: Subject) -> None:
    """The audio has the canvas' number of samples, also where duration times rate is no whole number."""
    for duration in (subject.canvas.duration, 0.3333):
        brief = subject.brief(canvas=subject.canvas.__class__(duration, subject.canvas.sample_rate, "as_is"))
        values = {p.name: p.initial for p in subject.component.parameters(brief)}
        shape, wanted = tuple(subject.component._render(values, brief.canvas).shape), (len(brief), brief.canvas.samples)
        expect(shape == wanted, f"The audio has shape {shape} on {duration} s; expected {wanted}.")


@rule(
    "instrument.padding",
    needs=("notes",),
    reason="Scores of different lengths are padded; a padded note that sounds is a note nobody wrote.",
    fix="Multiply what each note sounds like by the mask of `brief.notes()`.",
)
def padding(subject: Subject) -> None:
    """Notes that only pad a batch change no audio."""
    end = subject.canvas.duration
    short = Score((Note(62, 0.1 * end, 0.3 * end),))
    long = Score(tuple(Note(60 + i, 0.1 * end * (i + 1), 0.2 * end) for i in range(4)))
    _, alone = started(subject, (1,), (short,))
    _, beside = started(subject, (1, 2), (short, long))
    one, other = (subject.component.render(values, subject.canvas)[0] for values in (alone, beside))
    far, peak = float((one - other).abs().max()), float(one.abs().max())
    expect(far <= 1e-4 * max(peak, 1e-3), f"Padding changes the audio by {far:.3g} at a peak of {peak:.3g}; expected no change.")


@rule(
    "instrument.notes",
    needs=("notes",),
    reason="The MIDI file and the piano roll of a result are what `notes` says.",
    fix="Return one Score per item from `_notes`, with the pitches that sound and without padding.",
)
def notes(subject: Subject) -> None:
    """It tells the notes that it plays: one score per item, with the pitches of the brief."""
    brief = subject.brief()
    values = {p.name: p.initial for p in subject.component.parameters(brief)}
    told = subject.component.notes(values, brief.canvas)
    if told is None or len(told) != len(brief):
        raise Fault(f"notes gives {'None' if told is None else f'{len(told)} scores'}; expected {len(brief)} scores.")
    for seen, asked in zip(told, brief.scores or (), strict=True):
        pitches, wanted = (sorted(round(note.pitch, 2) for note in score.notes) for score in (seen, asked))
        expect(pitches == wanted, f"notes tells the pitches {pitches}; expected {wanted}.")


@rule(
    "instrument.effect",
    reason="A parameter that changes nothing is moved in vain, and its group promises what it cannot do.",
    fix="Use the parameter in `_render`, or declare it `fixed=True`, or leave it out.",
)
def effect(subject: Subject) -> None:
    """Every parameter that is not fixed changes the audio."""
    parameters, values = started(subject, SEEDS[:1])
    before = subject.component.render(values, subject.canvas)
    peak = max(float(before.detach().abs().max()), 1e-6)
    for parameter in parameters:
        if parameter.fixed:
            continue
        moved = parameter.to_value(parameter.to_coordinate(parameter.initial) + 0.5)
        after = subject.component.render({**values, parameter.name: moved}, subject.canvas)
        change = float((after - before).detach().abs().max())
        what = f"Moving {parameter.name!r} changes the audio by {change:.3g} at a peak of {peak:.3g}"
        expect(change > _AUDIBLE * peak, f"{what}; expected more than {_AUDIBLE * peak:.3g}.")


@rule(
    "instrument.errors",
    reason="Every plugin fails with the same clear errors, or people cannot tell a fault of theirs from one of the plugin.",
    fix="Implement `_render` and leave `render` to the base class, which checks; catch no KeyError in between.",
)
def errors(subject: Subject) -> None:
    """Values that are missing, not finite or disagree on the batch, and an empty batch, are refused as the contract says."""
    parameters, values = started(subject)
    name = next(p.name for p in parameters if not p.fixed)
    cases: Mapping[str, dict[str, Tensor]] = {
        "no values at all": {},
        f"no value {name!r}": {key: value for key, value in values.items() if key != name},
        f"one item of {name!r} and {len(SEEDS)} of the others": {**values, name: values[name][:1]},
        "an empty batch": {key: value[:0] for key, value in values.items()},
        f"NaN in {name!r}": {**values, name: torch.full_like(values[name], torch.nan)},
        f"an infinite {name!r}": {**values, name: torch.full_like(values[name], torch.inf)},
    }
    for what, wrong in cases.items():
        if what.startswith("one item") and len(values) == 1:
            continue
        expect_error(ParameterError, partial(subject.component.render, wrong, subject.canvas), what)


@rule(
    "instrument.nan",
    reason="A NaN in a value must come to light, where the run can name the parameter and go back to the best values.",
    fix="Leave NaN alone: no `nan_to_num` on the way from values to audio, and no comparison that lets it vanish.",
)
def nan_values(subject: Subject) -> None:
    """NaN in a value is never turned into finite audio: a run's inner loop, which checks nothing, looks at the loss."""
    parameters, values = started(subject, SEEDS[:1])
    for parameter in parameters:
        if parameter.fixed:
            continue
        wrong = {**values, parameter.name: torch.full_like(values[parameter.name], torch.nan)}
        audio = subject.component._render(wrong, subject.canvas)
        expect(not bool(torch.isfinite(audio).all()), f"For NaN in {parameter.name!r} it renders finite audio; expected NaN.")


@rule(
    "instrument.finish",
    reason="What is exported is rendered once for the file and once for whoever makes the run again: to the same bytes.",
    fix="Seed whatever the final rendering draws, or take it from a fixed parameter; do not depend on what ran before.",
)
def finish(subject: Subject) -> None:
    """What `finish` gives is the same the second time, and an item alone as in a batch."""
    _, values = started(subject)
    audio = subject.component.finish(values, subject.canvas)
    again = subject.component.finish(values, subject.canvas)
    expect(torch.equal(audio, again), "The final rendering differs the second time; expected the same samples.")
    alone = subject.component.finish({name: value[1:2] for name, value in values.items()}, subject.canvas)
    off = float((alone - audio[1:2]).detach().abs().max())
    expect(
        off < _ALONE, f"The final rendering of an item alone is {off:.2g} away from that in a batch; expected less than {_ALONE}."
    )


def expect_error(expected: type[Exception], call: Callable[[], object], what: str) -> None:
    """Raise `Fault` unless a call raises an error of that type."""
    try:
        call()
    except expected:
        return
    except Exception as error:
        raise Fault(f"For {what} it raises {type(error).__name__} ({error}); expected {expected.__name__}.") from error
    raise Fault(f"For {what} it raises nothing; expected {expected.__name__}.")


RULES = (movable, described, seeded, length, padding, notes, effect, errors, nan_values, finish)

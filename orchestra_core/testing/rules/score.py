"""Rules for score sources."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from orchestra_core.contracts.randomness import score_generator
from orchestra_core.contracts.score import Score
from orchestra_core.errors import ParameterError
from orchestra_core.testing.benches import write_score
from orchestra_core.testing.rule import Fault, expect, rule
from orchestra_core.testing.rules.instrument import expect_error
from orchestra_core.testing.setting import Setting
from orchestra_core.testing.subject import Subject

_SEEDS = (1, 2, 3)
_DURATIONS = (0.5, 2.0, 5.0)
#: Lowest and highest key of a piano.
_LOWEST, _HIGHEST = 21, 108
_LONGEST_SILENCE = 0.5
#: On the request scale.
_ASKED: tuple[dict[str, float], ...] = ({}, {"arousal": 1.0, "valence": -1.0}, {"arousal": -1.0, "valence": 1.0})


def _written(subject: Subject) -> Iterator[tuple[float, int, Score]]:
    """Yield default scores on canvases of several lengths, with the length in s and the seed."""
    for duration, seed in itertools.product(_DURATIONS, _SEEDS):
        setting = replace(subject.setting, canvas=replace(subject.canvas, duration=duration))
        yield duration, seed, write_score(setting, subject.component, seed)


@rule(
    "score.choices",
    reason="A search tries every value; one that cannot be written ends the run.",
    fix="List in `choices` only values that `_write` can use, plain ones, the default first.",
)
def choices(subject: Subject) -> None:
    """Every value of every choice writes a score, and is a plain value."""
    for name, values in subject.component.choices.items():
        expect(len(values) > 0, f"The choice {name!r} has no values; expected one or more.")
        for value in values:
            plain = isinstance(value, str | int | float | bool)
            expect(plain, f"The choice {name!r} has the value {value!r}; expected a string, a number or a truth value.")
            _expect_written(subject, name, value)


def _expect_written(subject: Subject, name: str, value: Any) -> None:
    try:
        write_score(subject.setting, subject.component, 1, {name: value})
    except Exception as error:
        raise Fault(f"With {name}={value!r} it raises {type(error).__name__} ({error}); expected a score.") from error


@rule(
    "score.canvas",
    reason="A note that starts after the canvas has ended is never heard.",
    fix="Write for `brief.canvas.duration`, whatever it is.",
)
def canvas(subject: Subject) -> None:
    """Every note starts on the canvas, from 0.5 to 5 s."""
    for duration, seed, score in _written(subject):
        last = max(note.onset for note in score.notes)
        expect(last < duration, f"A note starts at {last:.3g} s on a canvas of {duration:g} s (seed {seed}); expected less.")


@rule(
    "score.leading_silence",
    reason="People who wait for the first sound think that nothing was made.",
    fix="Let the first note start within half a second.",
)
def leading_silence(subject: Subject) -> None:
    """The first note starts within 0.5 s."""
    for duration, seed, score in _written(subject):
        first = min(note.onset for note in score.notes)
        message = (
            f"The first note starts at {first:.3g} s of {duration:g} s (seed {seed}); expected at most {_LONGEST_SILENCE:g} s."
        )
        expect(first <= _LONGEST_SILENCE, message)


@rule(
    "score.ranges",
    reason="Instruments play the keys of a piano; a note of velocity 0 is none.",
    fix="Fold pitches into 21 to 108 by octaves, and leave silent notes out.",
)
def ranges(subject: Subject) -> None:
    """Pitches lie on the keys of a piano, and every note can be heard."""
    for _, seed, score in _written(subject):
        for note in score.notes:
            message = f"A note has pitch {note.pitch:g} (seed {seed}); expected {_LOWEST} to {_HIGHEST}."
            expect(_LOWEST <= note.pitch <= _HIGHEST, message)
            expect(note.velocity > 0, f"A note has velocity {note.velocity:g} (seed {seed}); expected more than 0.")


@rule(
    "score.errors",
    reason="Every plugin fails with the same clear errors.",
    fix="Implement `_write` and leave `write` to the base class, which checks.",
)
def errors(subject: Subject) -> None:
    """Choices that do not exist, and briefs of several items, are refused as the contract says."""
    component, brief = subject.component, replace(Setting().brief((1,)), scores=None)
    wrong_name = {"no_such_choice": 1}
    expect_error(ParameterError, lambda: component.write(brief, wrong_name, score_generator(1)), "a choice that does not exist")
    for name in component.choices:
        wrong = {name: object()}
        expect_error(ParameterError, partial(component.write, brief, wrong, score_generator(1)), f"an unknown {name}")
    two = replace(Setting().brief((1, 2)), scores=None)
    expect_error(ParameterError, lambda: component.write(two, {}, score_generator(1)), "a brief of two items")


@rule(
    "score.prior",
    reason="A search draws by these weights, and ranks by their logarithms.",
    fix="Return a list with a weight of 0 or more for each value of a choice, at least one above 0, or leave the choice out.",
)
def prior(subject: Subject) -> None:
    """What is likely is told by finite weights, one for each value of a choice, for whatever is asked."""
    for asked in _ASKED:
        brief = replace(Setting().brief((1,)), scores=None, requests={name: torch.tensor([w]) for name, w in asked.items()})
        for name, weights in subject.component.prior(brief).items():
            values = subject.component.choices.get(name, ())
            fits = len(weights) == len(values) and all(math.isfinite(w) and w >= 0 for w in weights) and any(weights)
            expect(
                fits,
                f"Asked for {dict(asked)} it gives {list(weights)} for the values {list(values)} of {name!r}; expected a finite "
                "weight of 0 or more for each, at least one above 0.",
            )


RULES = (choices, prior, canvas, leading_silence, ranges, errors)

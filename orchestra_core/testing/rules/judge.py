"""Rules for judges."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from orchestra_core.contracts.judge import AUDIO, NOTES, Marks, Performance
from orchestra_core.errors import ParameterError
from orchestra_core.testing.benches import performance
from orchestra_core.testing.rule import Fault, expect, rule
from orchestra_core.testing.rules.instrument import expect_error
from orchestra_core.testing.rules.oracle import expect_dimensions
from orchestra_core.testing.subject import Subject

_LENGTHS = (1.0, 6.0, 21.0)
_RATES = (16_000, 22_050, 44_100)


@rule(
    "judge.dimensions",
    reason="Marks are compared with what was asked by name, and with people's ratings by mean and standard deviation.",
    fix="Return `Dimension(name, lower, upper)` of different names with lower < upper, and sd > 0 where there is a corpus.",
)
def dimensions(subject: Subject) -> None:
    """Dimensions have names of their own, and ranges; those it qualifies on are among them."""
    found = subject.component.dimensions
    expect_dimensions(found)
    names = [dimension.name for dimension in found]
    unknown = sorted(set(subject.component.qualified) - set(names))
    expect(not unknown, f"It qualifies on {unknown}; expected some of its dimensions {names}.")


@rule(
    "judge.needs",
    reason="Who holds only a recording must be told so before anything is computed, not by an error within the judge.",
    fix='Set `needs` to a frozenset of "audio" and "notes", and leave `mark` to the base class, which checks.',
)
def needs(subject: Subject) -> None:
    """It says what it needs, takes that alone, and refuses less."""
    component, whole = subject.component, performance(1)
    needed = component.needs
    allowed = isinstance(needed, frozenset) and needed and needed <= {AUDIO, NOTES}
    expect(bool(allowed), f'needs is {needed!r}; expected a frozenset of "audio", "notes" or both.')
    for name in sorted(needed):
        rest = _without(whole, name)
        if rest is not None:
            expect_error(ParameterError, partial(component.mark, rest), f"a performance without {name}")
    for name in sorted({AUDIO, NOTES} - needed):
        rest = _without(whole, name)
        if rest is not None:
            _marks(subject, rest, f"a performance without {name}")


def _without(whole: Performance, name: str) -> Performance | None:
    if len(whole.offers) < 2:
        return None
    return replace(whole, audio=None, sample_rate=None) if name == AUDIO else replace(whole, score=None)


@rule(
    "judge.lengths",
    reason="Pieces are of any length and rate; a judge that only hears one kind marks nothing else.",
    fix="Resample to your own rate, read longer pieces in windows and average, and repeat or pad shorter ones.",
)
def lengths(subject: Subject) -> None:
    """Pieces of 1 to 21 s, and rates of 16 to 44.1 kHz, get finite marks."""
    for duration in _LENGTHS:
        _expect_marked(subject, performance(1, duration), f"a piece of {duration:g} s")
    for rate in _RATES:
        _expect_marked(subject, performance(1, sample_rate=rate), f"audio at {rate} Hz")


def _marks(subject: Subject, heard: Performance, what: str) -> Marks:
    try:
        marks: Marks = subject.component.mark(heard)
    except Exception as error:
        raise Fault(f"For {what} it raises {type(error).__name__} ({error}); expected marks.") from error
    return marks


def _expect_marked(subject: Subject, heard: Performance, what: str) -> None:
    marks = _marks(subject, heard, what)
    names = {dimension.name for dimension in subject.component.dimensions} & subject.component.qualified
    expect(set(marks) == names, f"For {what} it marks {sorted(marks)}; expected what it qualifies on.")
    for name, value in marks.items():
        expect(math.isfinite(value), f"For {what} {name} is {value}; expected a finite number.")


@rule(
    "judge.silence",
    reason="A piece that has fallen silent must be marked, not break the table that it stands in.",
    fix="Guard divisions and logarithms by a small constant.",
)
def silence(subject: Subject) -> None:
    """Silence gets finite marks."""
    whole = performance(1)
    if whole.audio is not None:
        _expect_marked(subject, replace(whole, audio=whole.audio.new_zeros(whole.audio.shape)), "silence")


@rule(
    "judge.listens",
    reason="A judge that says the same of everything marks nothing.",
    fix="Check that what is read of the performance reaches the marks.",
)
def listens(subject: Subject) -> None:
    """Different pieces get different marks."""
    first, second = (subject.component.mark(performance(seed)) for seed in (1, 2))
    for name, value in first.items():
        expect(value != second[name], f"{name} is {value:.4g} for two different pieces; expected two numbers.")


RULES = (dimensions, needs, lengths, silence, listens)

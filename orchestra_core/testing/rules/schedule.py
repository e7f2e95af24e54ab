"""Rules for schedules, on toy problems."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from orchestra_core.contracts.score_source import ScoreSource
from orchestra_core.errors import OrchestraError
from orchestra_core.problem import Problem
from orchestra_core.testing.rule import Fault, NotApplicable, expect, rule
from orchestra_core.testing.subject import Subject
from orchestra_core.testing.toys import (
    PINNED,
    Killed,
    Offsets,
    Recorded,
    Trouble,
    convex,
    flat,
    rugged,
    solve,
    toy_loss,
    toy_problem,
)

_SEEDS = (1, 2, 3)
#: A step may evaluate a whole generation of candidates before it looks at the budget.
_BUDGET, _SLACK = 50, 50
_CONVEX, _RUGGED = 0.5, 0.95
#: The evaluation that is NaN comes this early, and may cost this share of the first loss.
_EARLY, _COST = 6, 0.3


def _solve(subject: Subject, problem: Recorded) -> Recorded:
    return solve(subject.component, problem)


def _shares(subject: Subject, problem: Recorded) -> list[float]:
    """Return each item's final loss as a share of the one it started from."""
    started = toy_loss(problem)
    return [float(share) for share in toy_loss(_solve(subject, problem)) / started]


@rule(
    "schedule.terminates",
    reason="A run without an end is a run without a result.",
    fix="Loop over `problem.stage(..., steps=...)`, which ends; bound every other loop.",
)
def terminates(subject: Subject) -> None:
    """It ends by itself, within 10,000 evaluations, also where nothing gets better."""
    for landscape in (convex, flat):
        _solve(subject, toy_problem(subject.setting, _SEEDS, landscape))


@rule(
    "schedule.budget",
    reason="A budget is a promise about time.",
    fix="Evaluate inside of the steps of a stage, a generation in one call, or look at `problem.exhausted` in every loop.",
)
def budget(subject: Subject) -> None:
    """It ends soon after its budget of evaluations is spent."""
    problem = _solve(subject, toy_problem(subject.setting, _SEEDS, budget=_BUDGET))
    spent = int(problem.meter.counts.max())
    expect(
        spent <= _BUDGET + _SLACK,
        f"It takes {spent} evaluations of an item with a budget of {_BUDGET}; expected at most {_BUDGET + _SLACK}.",
    )


@rule(
    "schedule.convex",
    reason="What cannot come down a bowl comes down nothing.",
    fix="Check the sign of the step, the step size, and that gradients are cleared between steps.",
)
def improves_convex(subject: Subject) -> None:
    """On a convex problem the loss of every item halves at least."""
    worst = max(_shares(subject, toy_problem(subject.setting, _SEEDS, convex)))
    expect(worst <= _CONVEX, f"An item ends at {worst:.3g} of its first loss in a bowl; expected at most {_CONVEX:g}.")


@rule(
    "schedule.rugged",
    reason="Real losses are rugged.",
    fix="Take smaller or more varied steps; rely on the best values that a stage keeps, not on the last ones.",
)
def improves_rugged(subject: Subject) -> None:
    """On a rugged problem the loss of every item falls."""
    worst = max(_shares(subject, toy_problem(subject.setting, _SEEDS, rugged)))
    expect(worst <= _RUGGED, f"An item ends at {worst:.3g} of its first loss among ripples; expected at most {_RUGGED:g}.")


@rule(
    "schedule.groups",
    reason="Whoever freezes a group counts on it.",
    fix="Write to `stage.coordinates` only, and leave `problem.values` to the stages.",
)
def groups(subject: Subject) -> None:
    """Only parameters of the groups that its stages declare move, and fixed ones never."""
    problem = toy_problem(subject.setting, _SEEDS)
    before = {name: value.clone() for name, value in problem.values.items()}
    _solve(subject, problem)
    for parameter in problem.parameters:
        moved = float((problem.values[parameter.name].double() - before[parameter.name].double()).abs().max())
        allowed = not parameter.fixed and parameter.group in problem.groups_moved
        what = "is fixed" if parameter.name == PINNED else f"belongs to the group {parameter.group!r}, which no stage declares,"
        expect(allowed or moved == 0, f"{parameter.name} {what} and moves by {moved:.3g}; expected it to stay.")


@rule(
    "schedule.resume",
    reason="A run that is killed anywhere and resumed has to end with the same bits.",
    fix="Hand all that lasts over steps, optimisers too, to `stage.keep(...)`; draw from `problem.generator` inside steps.",
)
def resumes(subject: Subject) -> None:
    """A run that is killed and resumed ends with the same bits as one that is not, with and without a choice of scores."""
    _expect_resumed(subject, _solve(subject, toy_problem(subject.setting, _SEEDS)), None)
    searched = _solve(subject, toy_problem(subject.setting, _SEEDS, source=Offsets()))
    if searched.has_searched:
        _expect_resumed(subject, searched, Offsets())


def _expect_resumed(subject: Subject, whole: Recorded, source: ScoreSource | None) -> None:
    renderings = int(whole.meter.counts.sum())
    for at in sorted({2, renderings // 3, 2 * renderings // 3} - {0, 1}):
        resumed = _killed(subject, at, source)
        for name, value in whole.values.items():
            far = float((resumed.values[name].double() - value.double()).abs().max())
            message = f"{name} differs by {far:.3g} after a kill in rendering {at} of about {renderings}; expected the same bits."
            expect(torch.equal(resumed.values[name], value), message)
        rows, wanted = len(resumed.state.rows), len(whole.state.rows)
        expect(rows == wanted, f"The history has {rows} rows after a kill in rendering {at}; expected {wanted}.")


def _killed(subject: Subject, at: int, source: ScoreSource | None) -> Problem:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pt"
        doomed = toy_problem(subject.setting, _SEEDS, trouble=Trouble(killed_at=at), path=path, source=source)
        with suppress(Killed):
            subject.component.optimize(doomed)
        return _solve(subject, toy_problem(subject.setting, _SEEDS, path=path, source=source))


@rule(
    "schedule.nan",
    reason="One loss that is not finite, of one item, must not cost the run.",
    fix="Use `step.loss()` and `step.backward()`, which take an item back; rank candidates with NaN last.",
)
def survives_nan(subject: Subject) -> None:
    """A loss that is NaN once, in one item, costs neither that item nor the others."""
    calm = toy_problem(subject.setting, _SEEDS)
    expected = _shares(subject, calm)
    lost_at = max(_EARLY, int(calm.meter.counts[0]) // 8)
    problem = toy_problem(subject.setting, _SEEDS, trouble=Trouble(lost_at=lost_at))
    try:
        shares = _shares(subject, problem)
    except OrchestraError as error:
        raise Fault(f"It raises {type(error).__name__} ({error}); expected it to go on from the best values.") from error
    for name, value in problem.values.items():
        expect(bool(torch.isfinite(value).all()), f"{name} ends with {value.tolist()}; expected finite values.")
    for share, usual in zip(shares, expected, strict=True):
        message = f"An item ends at {share:.3g} of its first loss, and at {usual:.3g} where nothing is NaN"
        expect(share <= usual + _COST, f"{message}; expected at most {_COST:g} more.")


@rule(
    "schedule.gradient_free",
    reason="A schedule that does not declare `differentiable` is offered for instruments and oracles without gradients.",
    fix="Declare `differentiable`, or take no gradients.",
)
def gradient_free(subject: Subject) -> None:
    """Without the capability differentiable it works where there are no gradients."""
    if "differentiable" in subject.component.capabilities:
        raise NotApplicable("it declares differentiable")
    problem = toy_problem(subject.setting, _SEEDS, trouble=Trouble(detached=True))
    worst = max(_quietly(lambda: _shares(subject, problem)))
    expect(worst <= _CONVEX, f"Without gradients an item ends at {worst:.3g} of its first loss; expected at most {_CONVEX:g}.")


def _quietly(call: Callable[[], list[float]]) -> list[float]:
    try:
        return call()
    except RuntimeError as error:
        raise Fault(f"Without gradients it raises {type(error).__name__} ({error}); expected it to work.") from error


RULES = (terminates, budget, improves_convex, improves_rugged, groups, resumes, survives_nan, gradient_free)

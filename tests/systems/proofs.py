"""What every system is put through: it runs, its items are independent, its seed decides, a kill costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Evaluation, Instrument, Objective, Parameter, Problem, Schedule, Score, ScoreSource
from orchestra_core.problem import Evaluator
from orchestra_core.problem.checkpoint import CheckpointFile


@dataclass(frozen=True)
class System:
    """The parts of a whole system, the brief it is given for some seeds, and how its terms weigh."""

    instrument: Instrument
    objective: Objective
    schedule: Schedule
    brief: Callable[[Sequence[int]], Brief]
    source: ScoreSource | None = None
    weights: Mapping[str, float] = field(default_factory=dict)

    def problem(self, seeds: Sequence[int], checkpoint: CheckpointFile | None = None) -> Problem:
        """Return the problem of a batch of those seeds."""
        evaluator = Evaluator(self.instrument, self.objective)
        return Problem(evaluator, self.brief(seeds), source=self.source, checkpoint=checkpoint)

    def solve(self, seeds: Sequence[int], checkpoint: CheckpointFile | None = None) -> Problem:
        """Return the problem after the schedule has worked on it."""
        problem = self.problem(seeds, checkpoint)
        self.schedule.optimize(problem)
        return problem

    def loss(self, problem: Problem) -> Tensor:
        """Return the loss, shape (batch,), where the problem's values stand."""
        terms = audition(problem).terms
        return torch.stack([self.weights.get(name, 1.0) * term for name, term in terms.items()]).sum(dim=0)


class Killed(Instrument):
    """An instrument during whose n-th rendering the process is killed."""

    def __init__(self, inner: Instrument, at: int) -> None:
        self.inner = inner
        self.left = at
        self.capabilities = inner.capabilities  # type: ignore[misc]

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        return self.inner.parameters(brief)

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.inner._render(values, canvas)

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...] | None:
        return self.inner.notes(values, canvas)


def solve_killed(system: System, seeds: Sequence[int], at: int, folder: Path) -> Problem:
    """Return the problem after a run that is killed in its n-th rendering and then resumed, in folder."""
    path = folder / "checkpoint.pt"
    try:
        replace(system, instrument=Killed(system.instrument, at)).solve(seeds, CheckpointFile(path, "run", interval=0))
    except KeyboardInterrupt:
        return system.solve(seeds, CheckpointFile(path, "run", interval=0))
    raise AssertionError(f"The run took fewer than {at} renderings.")


@torch.no_grad()
def audition(problem: Problem) -> Evaluation:
    """Return what the objective makes of where a problem stands; unlike `Problem.evaluate`, it leaves no trace there."""
    return problem.evaluator.hear(problem.values, problem.brief, problem.brief.generator("audition")).evaluation


def audio(problem: Problem, row: int) -> Tensor:
    """Return the audio of one item, shape (samples,), rendered by itself."""
    brief, _, values = problem.item(row)
    return problem.evaluator.instrument.render(values, brief.canvas)[0]


def assert_same_bits(one: Problem, other: Problem) -> None:
    """Check that two problems stand at the same bits and have the same history."""
    assert one.choices == other.choices
    assert one.brief.scores == other.brief.scores
    assert one.values.keys() == other.values.keys()
    for name, value in one.values.items():
        assert torch.equal(value, other.values[name]), name
    assert one.state.rows == other.state.rows
    assert torch.equal(one.meter.counts, other.meter.counts)
    for mine, theirs in zip(one.generator.state(), other.generator.state(), strict=True):
        assert torch.equal(mine, theirs)

"""Toy problems that schedules are tried on: an instrument whose samples are its values, and landscapes over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.instrument import Instrument
from orchestra_core.contracts.objective import Evaluation, Objective, Take
from orchestra_core.contracts.oracle import Dimension
from orchestra_core.contracts.parameter import Parameter
from orchestra_core.contracts.score import Note, Score
from orchestra_core.contracts.score_source import Choice, ScoreSource
from orchestra_core.problem import Evaluator, Problem, Stage
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_core.testing.rule import Fault
from orchestra_core.testing.setting import Setting

Landscape = Callable[[Tensor], Tensor]

CANVAS = Canvas(duration=0.02, sample_rate=4_000, level="as_is")
WIDTH = 2
#: A schedule that evaluates more often on a toy is taken to go on for ever.
_MOST = 10_000
#: The name of the one parameter that no schedule may move.
PINNED = "pinned"


class Runaway(BaseException):
    """A schedule takes far more evaluations than it should; no `Exception`, so that a schedule cannot swallow it."""


class Killed(BaseException):
    """The process dies here."""


def convex(distance: Tensor) -> Tensor:
    """Return the square of a distance."""
    return distance.square()


def flat(distance: Tensor) -> Tensor:
    """Return a height that is the same everywhere."""
    return 0 * distance + 1


def rugged(distance: Tensor) -> Tensor:
    """Return a square with ripples (Rastrigin's function, of smaller ripples)."""
    return distance.square() + 0.1 * (1 - torch.cos(4 * math.pi * distance))


@dataclass(frozen=True)
class Trouble:
    """What goes wrong during a run.

    Parameters
    ----------
    limit : int
        Evaluations of an item after which the schedule counts as a runaway.
    killed_at : int
        The rendering in which the process dies; 0 for never.
    lost_at : int
        The evaluation of item 1 whose loss is NaN; 0 for never.
    detached : bool
        Whether the objective gives no gradients.
    """

    limit: int = _MOST
    killed_at: int = 0
    lost_at: int = 0
    detached: bool = False


class Offsets(ScoreSource):
    """A discrete choice that moves all samples: the pitch of the one note above 60."""

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """Three pitches."""
        return {"offset": (0, 1, 2)}

    def _write(self, brief: Brief, choice: Choice, generator: np.random.Generator) -> Score:
        return Score((Note(60.0 + choice["offset"], 0.0, 0.01),))


class Samples(Instrument):
    """Every value is a sample; one parameter for each group, of two values per item. A score moves them all."""

    capabilities = frozenset({"differentiable"})

    def __init__(self, groups: Sequence[str], killed_at: int = 0) -> None:
        self.groups = tuple(groups)
        self._left = killed_at

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        drawn = brief.generator("start").rand(len(self.groups), WIDTH).to(brief.device)
        bounds = [(-math.inf, math.inf) if index % 2 == 0 else (-3.0, 3.0) for index in range(len(self.groups))]
        moved = [
            Parameter(f"{group}.place", group, drawn[:, index] - 0.5, "1", *bounds[index], f"Place along {group}")
            for index, group in enumerate(self.groups)
        ]
        pinned = drawn[:, 0, :1] if brief.scores is None else brief.notes().pitch - 60
        return (*moved, Parameter(PINNED, "pinned", pinned, "1", description="Stays where it is", fixed=True))

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        self._left -= 1
        if self._left == 0:
            raise Killed
        samples = torch.cat([values[f"{group}.place"] for group in self.groups], dim=1) + 0.2 * values[PINNED]
        return torch.nn.functional.pad(samples, (0, canvas.samples - samples.shape[1]))


class Distance(Objective):
    """The distance of every sample to an optimum that follows from the item's seed, in a landscape, shared out over terms."""

    def __init__(self, terms: Sequence[str], width: int, landscape: Landscape, trouble: Trouble) -> None:
        self._terms = tuple(terms)
        self._width = width
        self._landscape = landscape
        self._trouble = trouble
        self._evaluations = 0
        self._of_item_one = 0
        self.capabilities = frozenset() if trouble.detached else frozenset({"differentiable"})  # type: ignore[misc]

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms it was given."""
        return self._terms

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """One dimension for each term."""
        return tuple(Dimension(term, -1e3, 1e3) for term in self._terms)

    def _evaluate(self, take: Take) -> Evaluation:
        self._count(take)
        optimum = 0.7 + 0.5 * take.brief.generator("optimum").rand(self._width)
        audio = take.audio.detach() if self._trouble.detached else take.audio
        heights = self._landscape(audio[:, : self._width] - optimum.to(take.audio))
        terms = {name: heights[:, i :: len(self._terms)].sum(dim=1) for i, name in enumerate(self._terms)}
        if self._is_lost(take):
            terms = {name: term * torch.nan for name, term in terms.items()}
        return Evaluation(terms, {name: term.detach() for name, term in terms.items()})

    def _count(self, take: Take) -> None:
        self._evaluations += len(take.brief)
        self._of_item_one += int((take.brief.seeds == 1).any())
        if self._evaluations > self._trouble.limit:
            raise Runaway

    def _is_lost(self, take: Take) -> bool:
        return self._of_item_one == self._trouble.lost_at and bool((take.brief.seeds == 1).any())


class Recorded(Problem):
    """A problem that notes which groups its stages move, and whether scores are searched."""

    groups_moved: frozenset[str] = frozenset()
    has_searched = False

    def branch(self, choices: Choice | Sequence[Choice], items: Tensor | None = None) -> Problem:
        """Return a problem of its own with other scores, and note that there was one."""
        self.has_searched = True
        return super().branch(choices, items)

    def stage(self, name: str, *, groups: Sequence[str], weights: Mapping[str, float], steps: int) -> Stage:
        """Return the next stage, and note the groups of the parameters that it moves."""
        stage = super().stage(name, groups=groups, weights=weights, steps=steps)
        self.groups_moved = self.groups_moved | {parameter.group for parameter in stage.moved.values()}
        return stage


def toy_problem(
    setting: Setting,
    seeds: Sequence[int],
    landscape: Landscape = convex,
    *,
    trouble: Trouble | None = None,
    budget: int | None = None,
    path: Path | None = None,
    source: ScoreSource | None = None,
) -> Recorded:
    """Return a toy problem with one item per seed; with a path, every step is saved there; with a source, there are choices."""
    trouble = trouble or Trouble()
    instrument = Samples(setting.groups, trouble.killed_at)
    objective = Distance(setting.terms, WIDTH * len(setting.groups), landscape, trouble)
    brief = Brief(CANVAS, {}, torch.tensor(list(seeds)))
    checkpoint = CheckpointFile(path, "toy", interval=0) if path else None
    return Recorded(Evaluator(instrument, objective), brief, source=source, budget=budget, checkpoint=checkpoint)


def solve(schedule: Any, problem: Recorded) -> Recorded:
    """Return a problem after a schedule has worked on it; raises `Fault` if it does not come to an end."""
    try:
        schedule.optimize(problem)
    except Runaway:
        raise Fault(f"It has taken more than {_MOST} evaluations and goes on; expected it to end.") from None
    return problem


@torch.no_grad()
def toy_loss(problem: Problem) -> Tensor:
    """Return the sum of all terms, shape (batch,), where a toy problem stands."""
    clean = Distance(problem.evaluator.objective.terms, _width(problem), _landscape(problem), Trouble())
    evaluation = Evaluator(Samples(_groups(problem)), clean).hear(problem.values, problem.brief, problem.generator).evaluation
    return torch.stack(list(evaluation.terms.values())).sum(dim=0)


def _groups(problem: Problem) -> tuple[str, ...]:
    return tuple(parameter.group for parameter in problem.parameters if not parameter.fixed)


def _width(problem: Problem) -> int:
    return WIDTH * len(_groups(problem))


def _landscape(problem: Problem) -> Landscape:
    objective = problem.evaluator.objective
    return objective._landscape if isinstance(objective, Distance) else convex

"""The schedule `search`: successive halving over score choices, then gradient stages from the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from orchestra_core import Evaluation, Problem, Schedule, Stage
from orchestra_core.errors import ParameterError
from orchestra_staged.candidates import Choice
from orchestra_staged.config import SEARCH_STAGES, StageConfig
from orchestra_staged.descent import can_move, check_stage, check_stages, descend
from orchestra_staged.population import Plan, Population, row_index

_LEAST = {"candidates": 0, "survivors": 1, "wave": 1, "finalists": 1, "finalist_steps": 0, "prior": 0.0, "stop_loss": 0.0}


class Search(Schedule):
    """Explores what a score source offers to choose, halves the field while it looks closer, and refines the best by gradient.

    1. *Explore.* `candidates` choices are drawn for each item from the prior of the score source (`ScoreSource.prior`), the
       likeliest first, and evaluated without gradient, a `wave` at a time as one batch.
    2. *Halve.* The best `survivors` go on. In every round the neighbours of those that are left are tried, as many in all as
       there were survivors at first, so that each of those that remain is looked at twice as closely; the best half of
       everything that is known goes on, until one round has a single survivor's neighbours left to try.
    3. *Finalists.* The best `finalists` are moved by gradient for `finalist_steps` each, in the groups of the first stage.
    4. *Refine.* The winner goes through the gradient stages.

    Candidates are ranked by the loss, every term weighed 1, plus `prior` for each nat that a choice is less likely than the
    likeliest one. An item stops searching once a candidate's loss lies below `stop_loss`; then its stages have little to do and
    stop early too. Without choices there is nothing to search, and only the stages are left.

    Parameters
    ----------
    candidates : int, >= 0
        Drawn for each item; 0 for no search.
    survivors : int, >= 1
        Rounded down to a power of two.
    wave : int, >= 1
        Candidates of an item evaluated together; between two waves a run can be interrupted without loss.
    finalists : int, >= 1
        How many are moved by gradient before one is chosen.
    finalist_steps : int, >= 0
        So many steps each.
    prior : float, >= 0
        Loss that one nat of surprise is worth.
    blind : bool
        Draw without looking at the prior: every value as likely as another.
    stop_loss : float, >= 0
        Enough.
    stages : sequence of StageConfig
        Instead of the usual ones.

    Raises
    ------
    ParameterError
        A number lies outside its range.

    References
    ----------
    .. [1] Jamieson, K., & Talwalkar, A. (2016). Non-stochastic best arm identification and hyperparameter optimization.
       AISTATS 51, 240-248.
    .. [2] Li, L., Jamieson, K., DeSalvo, G., Rostamizadeh, A., & Talwalkar, A. (2018). Hyperband: a novel bandit-based approach
       to hyperparameter optimization. JMLR 18(185), 1-52.
    """

    capabilities = frozenset({"differentiable"})

    def __init__(
        self,
        *,
        candidates: int = 64,
        survivors: int = 8,
        wave: int = 8,
        finalists: int = 2,
        finalist_steps: int = 10,
        prior: float = 0.1,
        blind: bool = False,
        stop_loss: float = 0.02,
        stages: Sequence[StageConfig] = SEARCH_STAGES,
    ) -> None:
        given: dict[str, Any] = {
            "candidates": candidates,
            "survivors": survivors,
            "wave": wave,
            "finalists": finalists,
            "finalist_steps": finalist_steps,
            "prior": prior,
            "stop_loss": stop_loss,
        }
        for name, least in _LEAST.items():
            if not (given[name] >= least and math.isfinite(given[name])):
                raise ParameterError(f"{name} of search is {given[name]!r}; expected {least:g} or more.")
        for stage in stages:
            check_stage(stage)
        self.stages = tuple(stages)
        self._plan = Plan(candidates, survivors, wave, prior, blind)
        self._finalists, self._finalist_steps, self._stop_loss = finalists, finalist_steps, stop_loss

    def check(self, groups: frozenset[str], terms: frozenset[str]) -> None:
        """Refuse groups none of which a stage can move, and terms that a stage weighs and the objective does not have."""
        check_stages(self.stages, groups, terms)

    def _optimize(self, problem: Problem) -> None:
        if problem.choice_values and self._plan.candidates:
            self._search(problem)
        for config in self.stages:
            if can_move(config, problem.groups):
                descend(problem, config)

    def _search(self, problem: Problem) -> None:
        stage = problem.stage("search", groups=(), weights=dict.fromkeys(problem.terms, 1.0), steps=self._plan.steps + 1)
        population = Population(problem, self._plan)
        front = _Front(problem, population)
        stage.keep(population=population, front=front)
        for step in stage:
            with_gradient = step.index == self._plan.steps
            asked = {
                item: population.best(item, self._finalists) if with_gradient else population.proposals(item, step.index)
                for item in torch.nonzero(step.active)[:, 0].tolist()
            }
            if any(asked.values()):
                best = front.advance(stage, asked, self._prepared if with_gradient else _as_written)
                step.observe(best)
                stage.stop(stage.weigh(best) < self._stop_loss)

    def _prepared(self, branch: Problem) -> Evaluation:
        """Return what the objective makes of finalists that are moved by gradient for a few steps."""
        moving = next((stage for stage in self.stages if can_move(stage, branch.groups)), None)
        if moving is not None and self._finalist_steps:
            descend(branch, moving, steps=self._finalist_steps)
        return _as_written(branch)


class _Front:
    """The best that is known of every item, by loss and surprise, where the problem stands."""

    def __init__(self, problem: Problem, population: Population) -> None:
        self._problem, self._population = problem, population
        self.rank = torch.full((len(problem.brief),), torch.inf, dtype=torch.float64)

    def advance(self, stage: Stage, asked: Mapping[int, list[Choice]], hear: Callable[[Problem], Evaluation]) -> Evaluation:
        """Evaluate candidates, take over what is better, and return what was made of the best candidate of every item.

        The terms of items without candidates are infinite.
        """
        items = [item for item, choices in asked.items() for _ in choices]
        choices = [choice for own in asked.values() for choice in own]
        branch = self._problem.branch(choices, row_index(items, self._problem.brief.seeds))
        evaluation = hear(branch)
        losses = stage.weigh(evaluation).detach().double().tolist()
        ranks = [self._population.rank(*one) for one in zip(items, choices, losses, strict=True)]
        place = self._note(items, choices, ranks)
        index = row_index([place.get(item, 0) for item in range(len(self.rank))], self._problem.brief.seeds)
        self._problem.adopt(branch, self._improved(place, ranks).to(index.device), index)
        idle = torch.tensor([item not in place for item in range(len(self.rank))], device=index.device)
        terms = {name: term.detach()[index].masked_fill(idle, torch.inf) for name, term in evaluation.terms.items()}
        return Evaluation(terms, {name: reading.detach()[index] for name, reading in evaluation.readings.items()})

    def _note(self, items: list[int], choices: list[Choice], ranks: list[float]) -> dict[int, int]:
        """Tell the population, and return the place of every item's best candidate."""
        place: dict[int, int] = {}
        for index, (item, choice, rank) in enumerate(zip(items, choices, ranks, strict=True)):
            self._population.note(item, choice, rank)
            if item not in place or rank < ranks[place[item]]:
                place[item] = index
        return place

    def _improved(self, place: dict[int, int], ranks: list[float]) -> Tensor:
        better = torch.zeros_like(self.rank, dtype=torch.bool)
        for item, index in place.items():
            if ranks[index] < self.rank[item]:
                self.rank[item], better[item] = ranks[index], True
        return better

    def state_dict(self) -> Tensor:
        """Return the ranks."""
        return self.rank

    def load_state_dict(self, state_dict: Tensor) -> None:
        """Take the ranks over."""
        self.rank = state_dict.clone()


def _as_written(branch: Problem) -> Evaluation:
    with torch.no_grad():
        return branch.evaluate()

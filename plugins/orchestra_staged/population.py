"""What a search knows of its candidates: the best of each item, what was tried, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from orchestra_core import Brief, Problem, ScoreSource
from orchestra_core.errors import ContractError
from orchestra_staged.candidates import Choice, Space, key


@dataclass(frozen=True)
class Plan:
    """How many candidates are looked at, and how.

    Parameters
    ----------
    candidates : int, >= 1
        Drawn from the prior.
    survivors : int, >= 1
        The best of them, whose neighbours are tried; half of them go on to the next round.
    wave : int, >= 1
        Evaluated together for each item, in one step.
    prior : float, >= 0
        Loss that one nat of surprise is worth.
    blind : bool
        Whether the prior is not looked at.
    """

    candidates: int
    survivors: int
    wave: int
    prior: float
    blind: bool

    @property
    def waves(self) -> int:
        """Steps that draw from the prior."""
        return -(-self.candidates // self.wave)

    @property
    def rounds(self) -> int:
        """How often the survivors are halved, until one is left."""
        return self.survivors.bit_length() - 1

    @property
    def steps(self) -> int:
        """Steps in all: as many neighbours are tried in each round as there are survivors at first, or a wave of them."""
        return self.waves + self.rounds * self.waves_per_round

    @property
    def waves_per_round(self) -> int:
        """Steps of a round."""
        return -(-self.survivors // self.wave)

    def survivors_at(self, step: int) -> int:
        """Return how many survivors have neighbours in a step, counted from 0 over all; 0 while drawing from the prior."""
        return 0 if step < self.waves else max(self.survivors >> ((step - self.waves) // self.waves_per_round), 1)


class Population:
    """The candidates of every item of a problem.

    Parameters
    ----------
    problem : Problem
        With a score source that has choices.
    plan : Plan
        How many, and how.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._plan, self._meter = plan, problem.meter
        self._spaces = [_space(problem, item, plan.blind) for item in range(len(problem.brief))]
        # Fresh streams, which follow from the seeds alone: a resumed run draws what an uninterrupted one would.
        self._seeds = (2**31 * problem.brief.generator("search").rand(1)[:, 0].double()).long().tolist()
        self._known: list[dict[str, tuple[float, Choice]]] = [{} for _ in self._spaces]

    def proposals(self, item: int, step: int) -> list[Choice]:
        """Return the choices that an item tries in a step: no more than a wave and than its budget, none that was tried."""
        space, known = self._spaces[item], self._known[item]
        generator = np.random.default_rng([self._seeds[item], step])
        parents, found = self._parents(item, step), dict.fromkeys(known)
        proposed: list[Choice] = []
        for number in range(min(self._room(item, step), space.size - len(known))):
            if step == 0 and number == 0:
                choice = space.likeliest
            elif parents:
                choice = space.near(parents[number % len(parents)], generator, found)
            else:
                choice = space.drawn(generator, found)
            if key(choice) not in found:
                found[key(choice)] = None
                proposed.append(choice)
        return proposed

    def note(self, item: int, choice: Choice, rank: float) -> None:
        """Take note of what an item's candidate is ranked by."""
        self._known[item][key(choice)] = (rank, choice)

    def best(self, item: int, count: int) -> list[Choice]:
        """Return the best choices of an item so far, by rank; those whose loss was not finite are none."""
        ranked = sorted((entry for entry in self._known[item].values() if np.isfinite(entry[0])), key=lambda entry: entry[0])
        return [choice for _, choice in ranked[:count]]

    def rank(self, item: int, choice: Mapping[str, Any], loss: float) -> float:
        """Return what a choice is ranked by: its loss, and its surprise; infinite for a loss that is not finite."""
        surprise = 0.0 if self._plan.blind else self._plan.prior * self._spaces[item].surprise(choice)
        return loss + surprise if np.isfinite(loss) else np.inf

    def state_dict(self) -> list[list[tuple[float, Choice]]]:
        """Return all candidates with what they are ranked by."""
        return [list(known.values()) for known in self._known]

    def load_state_dict(self, state_dict: Sequence[Sequence[tuple[float, Choice]]]) -> None:
        """Take candidates over."""
        self._known = [{key(choice): (rank, choice) for rank, choice in known} for known in state_dict]

    def _room(self, item: int, step: int) -> int:
        """Return how many candidates an item may try in a step: a wave, if there are so many left to draw and to pay for."""
        drawing = step < self._plan.waves
        planned = min(self._plan.wave, self._plan.candidates - step * self._plan.wave) if drawing else self._plan.wave
        budget = self._meter.budget
        return planned if budget is None else max(min(planned, budget - int(self._meter.counts[item])), 0)

    def _parents(self, item: int, step: int) -> list[Choice]:
        """Return the survivors whose neighbours are tried in a step; those of later waves of a round come in turn."""
        count = self._plan.survivors_at(step)
        if not count:
            return []
        parents = self.best(item, count)
        first = (step - self._plan.waves) % self._plan.waves_per_round * self._plan.wave
        return [parents[(first + index) % len(parents)] for index in range(len(parents))] if parents else []


def _space(problem: Problem, item: int, blind: bool) -> Space:
    source = problem.source
    brief = problem.brief.rows(torch.tensor([item], device=problem.brief.device))
    return Space(problem.choice_values, {} if blind or source is None else _weights(source, brief))


def _weights(source: ScoreSource, brief: Brief) -> dict[str, tuple[float, ...]]:
    prior = source.prior(brief)
    try:
        return {name: tuple(map(float, weights)) for name, weights in prior.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise ContractError(
            f"{type(source).__name__}.prior returned {prior!r}; expected a mapping of choices to a weight for each of their "
            "values, which may be empty."
        ) from error


def row_index(items: Sequence[int], like: Tensor) -> Tensor:
    """Return items as an index on the device of a tensor."""
    return torch.tensor(items, dtype=torch.int64, device=like.device)

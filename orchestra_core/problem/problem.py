"""The problem: the workshop that a schedule works in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.objective import Evaluation
from orchestra_core.contracts.parameter import ALL_GROUPS, Parameter
from orchestra_core.contracts.randomness import score_generator
from orchestra_core.contracts.score_source import Choice, ScoreSource
from orchestra_core.errors import ParameterError, UnknownNameError
from orchestra_core.names import one_of
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_core.problem.evaluator import Evaluator
from orchestra_core.problem.listener import Listener
from orchestra_core.problem.meter import Meter
from orchestra_core.problem.rows import RowEvaluator, detached, gather
from orchestra_core.problem.stage import Stage
from orchestra_core.problem.state import ProblemState

Values = Mapping[str, Tensor]
T = TypeVar("T")


class Problem:
    """What a schedule works on: parameters to move and an objective to meet, for a batch of independent items.

    Parameters
    ----------
    evaluator : Evaluator
        The instrument under the objective.
    brief : Brief
        What is asked. Scores are written here when a score source is given.
    source : ScoreSource, or None
        Writes scores for choices.
    listener : Listener, or None
        Is told of stages and rows.
    checkpoint : CheckpointFile, or None
        Where to resume from and save to.
    budget : int, or None
        At most so many evaluations of each item; stages end when it is spent.

    Attributes
    ----------
    brief : Brief
        What is asked, with the scores of the current choices.
    parameters : tuple of Parameter
        Everything the instrument is played with.
    values : mapping of str to Tensor [shape=(batch, ...)]
        Where the parameters stand, in physical units.
    choices : tuple of mapping
        The current score choice of each item.
    meter : Meter
        Evaluations so far, and the budget.
    generator : ItemGenerator
        Random numbers for the schedule, one stream per item; its state is saved with every checkpoint.
    hearing : ItemGenerator
        Random numbers for the objective, likewise.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        brief: Brief,
        *,
        source: ScoreSource | None = None,
        listener: Listener | None = None,
        checkpoint: CheckpointFile | None = None,
        budget: int | None = None,
    ) -> None:
        self.evaluator = evaluator
        self.source = source
        self.listener = listener or Listener()
        self.meter = Meter(len(brief), budget)
        self.generator = brief.generator("schedule")
        self.hearing = brief.generator("objective")
        self.choices: tuple[Choice, ...] = (source.default_choice if source else {},) * len(brief)
        self.set_brief(self._write_scores(brief, self.choices))
        self.values: Values = {p.name: p.initial.detach() for p in self.parameters}
        self.state = ProblemState(self, checkpoint)

    @property
    def groups(self) -> frozenset[str]:
        """The groups that can be moved."""
        return frozenset(p.group for p in self.parameters if not p.fixed)

    @property
    def terms(self) -> frozenset[str]:
        """The loss terms that can be weighed."""
        return frozenset(self.evaluator.objective.terms)

    @property
    def choice_values(self) -> Mapping[str, tuple[Any, ...]]:
        """Values by discrete choice of the score source; empty when there is nothing to choose."""
        return self.source.choices if self.source else {}

    @property
    def exhausted(self) -> bool:
        """Whether the budget of every item is spent."""
        return bool(self.meter.spent.all())

    def stage(self, name: str, *, groups: Sequence[str], weights: Mapping[str, float], steps: int) -> Stage:
        """Return the next stage; iterate over it to optimise.

        A resumed run skips the stages, and the steps of a stage, that were done before; so a schedule is written once and
        runs from its top.

        Parameters
        ----------
        name : str
            For people.
        groups : sequence of str
            Which groups move; ``"all"`` stands for every one. Empty for a stage that only searches.
        weights : mapping of str to float
            Weight by loss term; terms that are not named weigh 0.
        steps : int
            At most so many steps.

        Returns
        -------
        Stage

        Raises
        ------
        UnknownNameError
            A group or term does not exist.
        """
        for group in set(groups) - self.groups - {ALL_GROUPS}:
            raise UnknownNameError(one_of(group, self.groups | {ALL_GROUPS}, f"group in stage {name!r}"))
        for term in set(weights) - self.terms:
            raise UnknownNameError(one_of(term, self.terms, f"loss term in stage {name!r}"))
        moved = [p for p in self.parameters if not p.fixed and (ALL_GROUPS in groups or p.group in groups)]
        return self.state.next_stage(Stage(self, name, moved, weights, steps))

    def evaluate(self, values: Values | None = None, rows: Tensor | None = None) -> Evaluation:
        """Return what the objective makes of values.

        Parameters
        ----------
        values : mapping of str to Tensor [shape=(rows, ...)], or None
            Physical values that differ from where the parameters stand.
        rows : Tensor [shape=(rows,), dtype=int64], or None
            Which item each row is a candidate of; None for one row per item.

        Returns
        -------
        Evaluation [shape=(rows,)]
            Differentiable with respect to the values, where instrument and objective are.
        """
        index, full = self._asked(values, rows)
        if self.brief.device.type == "cpu":
            return self._rows.evaluate(full, index, self.hearing.rows(index))
        return self.evaluator.hear_unchecked(full, self.brief.rows(index), self.hearing.rows(index)).evaluation

    def descend(
        self, weigh: Callable[[Evaluation], Tensor], values: Values | None = None, rows: Tensor | None = None
    ) -> tuple[Evaluation, Tensor]:
        """Return what the objective makes of values, and losses whose gradient is worked out at once.

        On a CPU one row goes forward and backward before, or beside, the next, so that memory does not grow with the batch.

        Parameters
        ----------
        weigh : callable
            Takes an evaluation and returns the loss of each of its rows.
        values, rows
            As for `evaluate`.

        Returns
        -------
        evaluation : Evaluation [shape=(rows,)]
            Without gradients.
        losses : Tensor [shape=(rows,)]
            Differentiable with respect to the values, where instrument and objective are.
        """
        if self.brief.device.type == "cpu":
            index, full = self._asked(values, rows)
            return self._rows.descend(full, index, self.hearing.rows(index), weigh)
        evaluation = self.evaluate(values, rows)
        return detached(evaluation), weigh(evaluation)

    def _asked(self, values: Values | None, rows: Tensor | None) -> tuple[Tensor, dict[str, Tensor]]:
        self.meter.count(rows)
        index = torch.arange(len(self.brief), device=self.brief.device) if rows is None else rows
        full = {name: value[index] for name, value in self.values.items()} if rows is not None else dict(self.values)
        return index, {**full, **(values or {})}

    def branch(self, choices: Choice | Sequence[Choice], items: Tensor | None = None) -> Problem:
        """Return a problem of its own with other scores, for search; nothing done to it changes this one but the meter.

        Parameters
        ----------
        choices : mapping, or sequence of mapping
            Values of `choice_values`, for all items or candidates, or one for each.
        items : Tensor [shape=(candidates,), dtype=int64], or None
            Which item each candidate is one of; an item may have any number. None for one candidate of every item. They are
            the items of the branch, evaluated as one batch, and each of them draws the numbers that its item would.

        Returns
        -------
        Problem
            Of the candidates: with scores for these choices, and values where an instrument starts.

        Raises
        ------
        ParameterError
            There is nothing to choose, or a choice does not exist.
        """
        if self.source is None:
            raise ParameterError("This problem has no score source, so there is nothing to branch over.")
        brief = self.brief if items is None else self.brief.rows(items)
        other = Problem.__new__(Problem)
        other.__dict__.update(self.__dict__)
        other.listener = Listener()
        other.choices = other._full_choices(choices, len(brief))
        other.set_brief(other._write_scores(brief, other.choices))
        other.values = {p.name: p.initial.detach() for p in other.parameters}
        other.hearing = brief.generator("objective")
        if items is not None:
            other.generator = brief.generator("schedule")
            other.meter = self.meter.of(items)
        other.state = ProblemState(other, None)
        return other

    def adopt(self, branch: Problem, rows: Tensor, candidates: Tensor | None = None) -> None:
        """Take over scores, choices and values of a branch in some items.

        Parameters
        ----------
        branch : Problem
            From `branch`.
        rows : Tensor [shape=(batch,), dtype=bool]
            True for the items to take over.
        candidates : Tensor [shape=(batch,), dtype=int64], or None
            Which of the branch's candidates an item takes over; None where there is one of every item.
        """
        taken = rows.tolist()
        if not any(taken):
            return
        places = list(range(len(taken))) if candidates is None else candidates.tolist()
        theirs = [places[i] if take else None for i, take in enumerate(taken)]
        self.choices = _pick(theirs, self.choices, branch.choices)
        if self.brief.scores and branch.brief.scores:
            self.set_brief(replace(self.brief, scores=_pick(theirs, self.brief.scores, branch.brief.scores)))
        sources = [(self.values, i) if place is None else (branch.values, place) for i, place in enumerate(theirs)]
        self.values = {p.name: gather(p, [values[p.name][row] for values, row in sources]) for p in self.parameters}

    def set_brief(self, brief: Brief) -> None:
        """Ask for something else, and what the instrument needs for it; the values stay as they are."""
        self.brief = brief
        self.parameters: tuple[Parameter, ...] = self.evaluator.instrument.parameters(brief)
        self._rows = RowEvaluator(self.evaluator, brief)

    def item(self, row: int) -> tuple[Brief, tuple[Parameter, ...], Values]:
        """Return one item by itself, without the padding that its batch needed.

        Parameters
        ----------
        row : int
            Which item.

        Returns
        -------
        brief : Brief
            Of one item.
        parameters : tuple of Parameter
            What the instrument states for it.
        values : mapping of str to Tensor [shape=(1, ...)]
            Where its parameters stand.
        """
        brief = self.brief.rows(torch.tensor([row], device=self.brief.device))
        parameters = self.evaluator.instrument.parameters(brief)
        return brief, parameters, {p.name: gather(p, [self.values[p.name][row]]) for p in parameters}

    def _full_choices(self, choices: Choice | Sequence[Choice], count: int) -> tuple[Choice, ...]:
        each = [choices] * count if isinstance(choices, Mapping) else list(choices)
        if len(each) != count:
            raise ParameterError(f"{len(each)} choices were given for {count} items; expected one, or one for each.")
        default = self.source.default_choice if self.source else {}
        return tuple({**default, **choice} for choice in each)

    def _write_scores(self, brief: Brief, choices: tuple[Choice, ...]) -> Brief:
        if self.source is None:
            return brief
        scores = []
        for i, (seed, choice) in enumerate(zip(brief.seeds.tolist(), choices, strict=True)):
            single = replace(brief, scores=None).rows(torch.tensor([i], device=brief.device))
            scores.append(self.source.write(single, choice, score_generator(seed)))
        return replace(brief, scores=tuple(scores))


def _pick(places: Sequence[int | None], own: tuple[T, ...], theirs: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(mine if place is None else theirs[place] for place, mine in zip(places, own, strict=True))

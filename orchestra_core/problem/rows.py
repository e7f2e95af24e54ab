"""Items of a batch one by one: without padding, so that an item's numbers are the same to the bit alone and beside others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.objective import Evaluation
from orchestra_core.contracts.parameter import Parameter
from orchestra_core.contracts.randomness import ItemGenerator
from orchestra_core.problem.evaluator import Evaluator

Values = Mapping[str, Tensor]


class RowEvaluator:
    """Evaluates the items of a brief one row at a time.

    In a batched product the order of sums depends on the batch, and an optimiser turns a difference in the last bit into
    another piece within some dozen steps. On a CPU, where one item fills the machine, rows cost nothing.

    Parameters
    ----------
    evaluator : Evaluator
        The instrument under the objective.
    brief : Brief
        What is asked of the batch.
    """

    def __init__(self, evaluator: Evaluator, brief: Brief) -> None:
        self._evaluator = evaluator
        self._brief = brief
        self._singles: dict[int, tuple[Brief, Mapping[str, torch.Size]]] = {}

    def evaluate(self, values: Values, rows: Tensor, generator: ItemGenerator) -> Evaluation:
        """Return what the objective makes of rows of values, each a candidate of the item that `rows`, shape (rows,), says."""
        columns = {name: torch.split(value, 1) for name, value in values.items()}
        generators = generator.split()
        heard = []
        for i, row in enumerate(rows.tolist()):
            brief, shapes = self._single(row)
            own = {name: crop(column[i], shapes[name]) for name, column in columns.items()}
            heard.append(self._evaluator.hear_unchecked(own, brief, generators[i]).evaluation)
        generator.join(generators)
        return Evaluation(_concatenate([e.terms for e in heard]), _concatenate([e.readings for e in heard]))

    def _single(self, row: int) -> tuple[Brief, Mapping[str, torch.Size]]:
        """Return the brief of one item by itself, and the shapes of its values without padding."""
        if row not in self._singles:
            brief = self._brief.rows(torch.tensor([row], device=self._brief.device))
            parameters = self._evaluator.instrument.parameters(brief)
            self._singles[row] = (brief, {p.name: p.initial.shape for p in parameters})
        return self._singles[row]


def gather(parameter: Parameter, rows: Sequence[Tensor]) -> Tensor:
    """Return rows under each other in the shape of the parameter; shorter ones keep its initial values as padding."""
    gathered = parameter.initial.detach().clone()
    for target, row in zip(gathered, rows, strict=True):
        kept = crop(row, target.shape)
        crop(target, kept.shape).copy_(kept)
    return gathered


def crop(tensor: Tensor, shape: torch.Size) -> Tensor:
    """Return the leading part of a tensor that is at most as large as `shape` in every dimension."""
    for dimension, size in enumerate(shape):
        if tensor.shape[dimension] > size:
            tensor = tensor.narrow(dimension, 0, size)
    return tensor


def _concatenate(rows: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}

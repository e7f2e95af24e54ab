"""Items of a batch one by one: without padding, so that an item's numbers are the same to the bit alone and beside others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.objective import Evaluation
from orchestra_core.contracts.parameter import Parameter
from orchestra_core.contracts.randomness import ItemGenerator
from orchestra_core.problem.evaluator import Evaluator

Values = Mapping[str, Tensor]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _Row:
    """One candidate of one item by itself."""

    values: Values
    brief: Brief
    generator: ItemGenerator


class RowEvaluator:
    """Evaluates the items of a brief one row at a time, as many at once as torch has threads.

    In a batched product the order of sums depends on the batch, and an optimiser turns a difference in the last bit into
    another piece within some dozen steps. A row is computed in one thread, so that its bits do not depend on how many there
    are either: several rows run side by side.

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
        return _concatenate(self._on_each(values, rows, generator, self._hear))

    def descend(
        self, values: Values, rows: Tensor, generator: ItemGenerator, weigh: Callable[[Evaluation], Tensor]
    ) -> tuple[Evaluation, Tensor]:
        """Return the evaluation without gradients, and losses, shape (rows,), whose gradient has been worked out row by row.

        Only one row per thread is held in memory between its forward and its backward pass.
        """
        moved = [name for name, value in values.items() if value.requires_grad and torch.is_grad_enabled()]

        def descend_row(row: _Row) -> tuple[Evaluation, Tensor, Sequence[Tensor | None]]:
            own = {name: value.detach().requires_grad_(name in moved) for name, value in row.values.items()}
            evaluation = self._hear(_Row(own, row.brief, row.generator))
            loss = weigh(evaluation)
            leaves = [own[name] for name in moved]
            gradients = torch.autograd.grad(loss.sum(), leaves, allow_unused=True) if loss.requires_grad else [None] * len(moved)
            return detached(evaluation), loss.detach(), gradients

        evaluations, losses, by_row = zip(*self._on_each(values, rows, generator, descend_row), strict=True)
        columns = zip(moved, zip(*by_row, strict=True), strict=True)
        gradients = {
            name: _under_each_other(values[name], column) for name, column in columns if any(g is not None for g in column)
        }
        return _concatenate(evaluations), _with_gradients(
            torch.cat(losses), {name: (values[name], gradients[name]) for name in gradients}
        )

    def _hear(self, row: _Row) -> Evaluation:
        return self._evaluator.hear_unchecked(row.values, row.brief, row.generator).evaluation

    def _on_each(self, values: Values, rows: Tensor, generator: ItemGenerator, work: Callable[[_Row], T]) -> list[T]:
        columns = {name: torch.split(value, 1) for name, value in values.items()}
        generators = generator.split()
        tasks = []
        for i, row in enumerate(rows.tolist()):
            brief, shapes = self._single(row)
            tasks.append(_Row({name: crop(column[i], shapes[name]) for name, column in columns.items()}, brief, generators[i]))
        done = _side_by_side(work, tasks)
        generator.join(generators)
        return done

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


def detached(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation without gradients."""
    terms, readings = ({name: value.detach() for name, value in some.items()} for some in (evaluation.terms, evaluation.readings))
    return Evaluation(terms, readings)


def _side_by_side(work: Callable[[_Row], T], tasks: Sequence[_Row]) -> list[T]:
    workers, graph = min(torch.get_num_threads(), len(tasks)), torch.is_grad_enabled()

    def begin(task: _Row) -> T:
        with torch.set_grad_enabled(graph):  # a thread begins with gradients, whatever the caller said
            return work(task)

    with one_thread_each():
        if workers == 1:
            return [work(task) for task in tasks]
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(begin, tasks))


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let every operation in the block take one thread, so that no bit depends on how many there are."""
    threads = torch.get_num_threads()
    if threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _KnownGradients(torch.autograd.Function):
    """Losses whose gradient with respect to the rows of some values is known."""

    @staticmethod
    def forward(ctx: Any, losses: Tensor, gradients: Sequence[Tensor], *values: Tensor) -> Tensor:
        ctx.save_for_backward(*gradients)
        return losses.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        def scaled(gradient: Tensor) -> Tensor:
            return gradient * upstream.reshape(-1, *[1] * (gradient.ndim - 1)).to(gradient.dtype)

        return (None, None, *(scaled(gradient) for gradient in ctx.saved_tensors))


def _with_gradients(losses: Tensor, known: Mapping[str, tuple[Tensor, Tensor]]) -> Tensor:
    if not known:
        return losses
    values, gradients = zip(*known.values(), strict=True)
    differentiable: Tensor = _KnownGradients.apply(losses, gradients, *values)  # type: ignore[no-untyped-call]
    return differentiable


def _under_each_other(like: Tensor, rows: Sequence[Tensor | None]) -> Tensor:
    """Return gradients of rows in the shape of the values, 0 in the padding."""
    gathered = torch.zeros_like(like, requires_grad=False)
    for i, row in enumerate(rows):
        if row is not None:
            crop(gathered[i : i + 1], row.shape).copy_(row)
    return gathered


def _concatenate(rows: Sequence[Evaluation]) -> Evaluation:
    terms, readings = (
        {name: torch.cat([getattr(row, kind)[name] for row in rows]) for name in getattr(rows[0], kind)}
        for kind in ("terms", "readings")
    )
    return Evaluation(terms, readings)

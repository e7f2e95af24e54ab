"""A stage: which parameters move, what their loss is, and everything that happens between two steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from orchestra_core.contracts.objective import Evaluation
from orchestra_core.contracts.parameter import Parameter
from orchestra_core.errors import NonFiniteError
from orchestra_core.problem.step import Step, as_rows

if TYPE_CHECKING:
    from orchestra_core.problem.problem import Problem

# An item that has to recover more often than this stops with its best values.
_MOST_RECOVERIES = 8
_LOOK = 10
# glibc hands blocks above a size back to the system when they are freed, and every step asks for them again, a page at a
# time. Freeing one large block raises that size, up to 32 MiB; its pages are never touched.
_KEPT_BLOCK = 31 * 2**20
# Growth per finite step of an item's steps after a failure.
_TRUST = 1.2


class Stateful(Protocol):
    """Anything with the two methods of a torch optimiser's state; the state must be tensors and plain values."""

    def state_dict(self) -> Any:
        """Return the state."""

    def load_state_dict(self, state_dict: Any) -> Any:
        """Take the state over."""


class Stage:
    """One stage of an optimisation; iterate over it for its steps.

    Between two steps it scales each item's move by `rate`, takes items back to their best values after a non-finite loss
    or gradient, saves a checkpoint when one is due, and ends when every item has stopped. At its end every item stands at
    its best values.

    Attributes
    ----------
    coordinates : mapping of str to Tensor [shape=(batch, ...)]
        Free coordinates of the moved parameters, leaves that require gradients: hand them to any torch optimiser, or
        write to them under ``torch.no_grad()``.
    rate : Tensor [shape=(batch,)]
        Factor on each item's move: 1 at first, 0 for an item that has stopped. Schedules lower it in place.
    best_loss : Tensor [shape=(batch,)]
        Lowest loss so far.
    step : int
        The next step.
    """

    def __init__(self, problem: Problem, name: str, moved: Sequence[Parameter], weights: Mapping[str, float], steps: int) -> None:
        batch, device = len(problem.brief), problem.brief.device
        self.problem = problem
        self.name = name
        self.moved = {parameter.name: parameter for parameter in moved}
        self.weights = {term: float(weight) for term, weight in weights.items()}
        self.steps = steps
        self.coordinates = {p.name: p.to_coordinate(problem.values[p.name]).clone().requires_grad_() for p in moved}
        self.rate = torch.ones(batch, device=device)
        self.caution = torch.ones(batch, device=device)
        self.best_loss = torch.full((batch,), torch.inf, device=device)
        self.best = {name: leaf.detach().clone() for name, leaf in self.coordinates.items()}
        self.recoveries = torch.zeros(batch, dtype=torch.int64, device=device)
        self.step = 0
        self.kept: dict[str, Stateful] = {}
        self.restored: dict[str, Any] = {}

    @property
    def active(self) -> Tensor:
        """Which items still move, shape (batch,): not stopped, and with budget left."""
        return (self.rate > 0) & ~self.problem.meter.spent.to(self.rate.device)

    def keep(self, **objects: Stateful) -> None:
        """Save the state of these objects with every checkpoint, and restore it now if this stage is resumed.

        Parameters
        ----------
        **objects : Stateful
            Optimisers, learning-rate schedulers, anything with ``state_dict`` and ``load_state_dict``, by name.
        """
        self.kept.update(objects)
        for name, kept in objects.items():
            if name in self.restored:
                kept.load_state_dict(self.restored[name])

    def weigh(self, evaluation: Evaluation) -> Tensor:
        """Return the loss of each row, shape (rows,): the weighted sum of its terms."""
        terms = [weight * evaluation.terms[name] for name, weight in self.weights.items()]
        return sum(terms[1:], start=terms[0]) if terms else torch.zeros_like(next(iter(evaluation.terms.values())))

    def losses(self, coordinates: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        """Return the losses of candidates, without gradients (for schedules that need none).

        Parameters
        ----------
        coordinates : mapping of str to Tensor [shape=(rows, ...)]
            Candidate coordinates of the moved parameters.
        rows : Tensor [shape=(rows,), dtype=int64]
            Which item each row is a candidate of.

        Returns
        -------
        Tensor [shape=(rows,)]
        """
        with torch.no_grad():
            return self.weigh(self.problem.evaluate(self.to_values(coordinates), rows))

    def to_values(self, coordinates: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the physical values of free coordinates.

        Parameters
        ----------
        coordinates : mapping of str to Tensor [shape=(rows, ...)]
            Of the moved parameters.

        Returns
        -------
        dict of str to Tensor [shape=(rows, ...)]
        """
        return {name: self.moved[name].to_value(coordinate) for name, coordinate in coordinates.items()}

    def stop(self, rows: Tensor) -> None:
        """Stop some items: they keep their best values and move no more.

        Parameters
        ----------
        rows : Tensor [shape=(batch,), dtype=bool]
            True for the items to stop.
        """
        self.rate.masked_fill_(rows, 0.0)

    def __iter__(self) -> Iterator[Step]:
        """Yield the steps that are left to do; a loop that is left by ``break`` ends the stage too."""
        torch.empty(_KEPT_BLOCK, dtype=torch.uint8)
        try:
            if not self._over():
                self.problem.listener.stage_started(self.name, self.steps)
            while not self._over():
                yield from self._one_step()
        except GeneratorExit:
            self._finish()
            raise
        self._finish()

    def _one_step(self) -> Iterator[Step]:
        before = {name: leaf.detach().clone() for name, leaf in self.coordinates.items()}
        step = Step(self, self.step)
        yield step
        self._move(before)
        self._recover(step)
        self.step += 1
        self.problem.state.step_done(self, step)

    def _over(self) -> bool:
        # Looking at a tensor makes the host wait for an accelerator, so there it looks only now and then.
        due = self.rate.device.type == "cpu" or self.step % _LOOK == 0
        return self.step >= self.steps or self.problem.exhausted or (due and not bool(self.active.any()))

    @torch.no_grad()
    def _move(self, before: Mapping[str, Tensor]) -> None:
        for name, leaf in self.coordinates.items():
            rate = as_rows(self.rate * self.caution, leaf).to(leaf.dtype)
            moved = torch.where(rate > 0, torch.lerp(before[name], leaf, rate), before[name])
            leaf.copy_(torch.where(torch.isfinite(moved), moved, before[name]))
            leaf.grad = None

    @torch.no_grad()
    def _recover(self, step: Step) -> None:
        failed = step.failed
        if failed is None:
            return
        if step.index == 0:  # later there is always a best value to go back to
            self._refuse_hopeless(step, failed & torch.isinf(self.best_loss))
        for name, leaf in self.coordinates.items():
            leaf.copy_(torch.where(as_rows(failed, leaf), self.best[name], leaf))
        self.recoveries += failed
        # Smaller steps after a failure, and slowly larger again: one bad spot does not hold an item back for the whole stage.
        self.caution = torch.where(failed, self.caution / 2, (self.caution * _TRUST).clamp_max(1.0))
        self.stop(self.recoveries > _MOST_RECOVERIES)

    def _refuse_hopeless(self, step: Step, hopeless: Tensor) -> None:
        if bool(hopeless.any()):
            raise NonFiniteError(
                f"{step.describe_failure(int(hopeless.nonzero()[0]))} There is no earlier finite state to go back to: check the "
                "instrument's starting values and the objective."
            )

    @torch.no_grad()
    def observe(self, loss: Tensor) -> Tensor:
        """Note losses of the current coordinates, shape (batch,); return where they are the best so far."""
        better = torch.isfinite(loss) & (loss < self.best_loss)
        self.best_loss = torch.where(better, loss.detach(), self.best_loss)
        for name, leaf in self.coordinates.items():
            self.best[name] = torch.where(as_rows(better, leaf), leaf.detach(), self.best[name])
        return better

    @torch.no_grad()
    def _finish(self) -> None:
        if bool(torch.isfinite(self.best_loss).any()) and self.coordinates:
            self.problem.values = {**self.problem.values, **self.to_values(self.best)}
        self.problem.state.deliver()

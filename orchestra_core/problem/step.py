"""One step of a stage: the loss at the current coordinates, its gradient, and what went wrong with either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from orchestra_core.contracts.objective import Evaluation
from orchestra_core.errors import ContractError
from orchestra_core.problem.history import Row

if TYPE_CHECKING:
    from orchestra_core.problem.stage import Stage


class Step:
    """One step.

    Attributes
    ----------
    index : int
        From 0 within the stage.
    evaluation : Evaluation, or None
        What the objective made of this step, once there is one; without gradients.
    active : Tensor [shape=(batch,), dtype=bool]
        Items that have not stopped.
    failed : Tensor [shape=(batch,), dtype=bool], or None
        Items whose loss or gradient was not finite.
    """

    def __init__(self, stage: Stage, index: int) -> None:
        self.stage = stage
        self.index = index
        self.evaluation: Evaluation | None = None
        self.failed: Tensor | None = None
        # Asking an accelerator which items have stopped would make the host wait for it.
        self.active = stage.active if stage.rate.device.type == "cpu" else torch.ones_like(stage.rate, dtype=torch.bool)
        self._loss = torch.full_like(stage.best_loss, torch.nan)
        self._faults: dict[str, Tensor] = {}

    def loss(self) -> Tensor:
        """Evaluate the current coordinates and return the loss of each item, shape (batch,), differentiable.

        Items that have stopped are not evaluated; their loss is infinite.
        """
        values = self.stage.to_values(self.stage.coordinates)
        problem, weigh = self.stage.problem, self.stage.weigh
        # The rate's device, and not what is active, decides: looking would make the host wait for an accelerator.
        if self.stage.rate.device.type != "cpu" or bool(self.active.all()):
            evaluation, losses = problem.descend(weigh, values)
            self._observe(evaluation, losses)
        else:
            rows = self.active.nonzero()[:, 0]
            evaluation, losses = problem.descend(weigh, {name: value[rows] for name, value in values.items()}, rows)
            whole = Evaluation(self._spread(evaluation.terms, rows), self._spread(evaluation.readings, rows))
            self._observe(whole, self._spread({"loss": losses}, rows)["loss"])
        return self._loss

    def observe(self, evaluation: Evaluation) -> Tensor:
        """Take an evaluation as this step's; return where, shape (batch,), it is the best of the stage so far."""
        return self._observe(evaluation, self.stage.weigh(evaluation))

    def _observe(self, evaluation: Evaluation, losses: Tensor) -> Tensor:
        self.evaluation = evaluation
        self._loss = losses
        self.failed = ~torch.isfinite(self._loss.detach()) & self.active if self.stage.coordinates else None
        return self.stage.observe(self._loss)

    def backward(self) -> None:
        """Set the gradients of the stage's coordinates, after `loss`; those of items with anything non-finite are zero.

        Losses are summed over the items, so that none sees another's gradient.
        """
        if not self._loss.requires_grad:
            raise ContractError(
                f"Stage {self.stage.name!r}: the loss depends on {', '.join(self.stage.coordinates) or 'no parameter'} in no "
                "way that torch can follow; expected a gradient. The instrument, the oracle or the objective declares "
                "'differentiable' and cuts it: look for `.detach()`, `.item()`, `no_grad` or numpy in it."
            )
        lost = ~torch.isfinite(self._loss.detach())
        torch.where(lost, 0.0, self._loss).sum().backward()  # type: ignore[no-untyped-call]
        moved = {name: leaf for name, leaf in self.stage.coordinates.items() if leaf.grad is not None}
        self._faults = {name: ~torch.isfinite(_rows(leaf.grad)).all(dim=1) for name, leaf in moved.items()}
        self.failed = failed = torch.stack([lost, *self._faults.values()]).any(dim=0) & self.active
        for leaf in moved.values():
            if leaf.grad is not None:
                leaf.grad = torch.where(as_rows(failed, leaf), 0.0, leaf.grad)

    def describe_failure(self, item: int) -> str:
        """Return the sentence that names stage, step, item, terms and parameters of a non-finite loss."""
        terms = self.evaluation.terms if self.evaluation else {}
        bad_terms = [name for name, term in terms.items() if not bool(torch.isfinite(term[item]))]
        bad_parameters = [name for name, rows in self._faults.items() if bool(rows[item])] or self._non_finite_values(item)
        return (
            f"Stage {self.stage.name!r}, step {self.index}, item {item}: the {'loss' if bad_terms else 'gradient'} is not finite "
            f"(terms: {', '.join(bad_terms) or 'all finite'}; parameters: {', '.join(bad_parameters) or 'all finite'})."
        )

    def rows(self) -> list[Row]:
        """Return this step as rows of the history, one per item; empty if nothing was evaluated."""
        if self.evaluation is None or self._loss is None:
            return []
        terms = {name: term.detach().tolist() for name, term in self.evaluation.terms.items()}
        readings = {name: reading.detach().tolist() for name, reading in self.evaluation.readings.items()}
        failed = [False] * len(self._loss) if self.failed is None else self.failed.tolist()
        return [
            Row(
                item=i,
                stage=self.stage.name,
                step=self.index,
                loss=loss,
                terms={name: column[i] for name, column in terms.items()},
                readings={name: column[i] for name, column in readings.items()},
                event=self.describe_failure(i) + " Went back to the best values so far." if failed[i] else "",
                moves=bool(self.stage.moved),
            )
            for i, loss in enumerate(self._loss.detach().tolist())
            if self.active[i]
        ]

    def _spread(self, named: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
        full = torch.full_like(self.stage.best_loss, torch.inf)
        return {name: full.to(some.dtype).index_copy(0, rows, some) for name, some in named.items()}

    def _non_finite_values(self, item: int) -> list[str]:
        values = self.stage.to_values(self.stage.coordinates)
        return [name for name, value in values.items() if not bool(torch.isfinite(value[item]).all())]


def _rows(tensor: Tensor | None) -> Tensor:
    return torch.zeros(0, 0) if tensor is None else tensor.reshape(tensor.shape[0], -1)


def as_rows(mask: Tensor, like: Tensor) -> Tensor:
    """Return one value per item, shape (batch,), in a shape that broadcasts over the rows of another tensor."""
    return mask.reshape(-1, *[1] * (like.ndim - 1))

"""The meter: how often each item was evaluated, and what is left of its budget."""

from __future__ import annotations

import torch
from torch import Tensor


class Meter:
    """Counts the evaluations of each item, those of branches and of candidates included.

    Parameters
    ----------
    items : int
        Number of items.
    budget : int, or None
        At most so many evaluations of each item.

    Attributes
    ----------
    counts : Tensor [shape=(items,), dtype=int64]
        Evaluations so far, on the CPU.
    """

    def __init__(self, items: int, budget: int | None = None) -> None:
        self.budget = budget
        self.counts = torch.zeros(items, dtype=torch.int64)

    def count(self, rows: Tensor | None) -> None:
        """Count an evaluation of these rows, shape (rows,), or of every item."""
        self.counts += 1 if rows is None else torch.bincount(rows.cpu(), minlength=len(self.counts))

    def of(self, rows: Tensor) -> BranchMeter:
        """Return the meter of a branch whose items are candidates of these, shape (candidates,): both count as one."""
        return BranchMeter(self, rows)

    @property
    def spent(self) -> Tensor:
        """Where the budget is spent, shape (items,), on the CPU."""
        return torch.zeros_like(self.counts, dtype=torch.bool) if self.budget is None else self.counts >= self.budget


class BranchMeter(Meter):
    """Counts for the items that a branch's candidates belong to, and sees their budget.

    Parameters
    ----------
    parent : Meter
        What counts.
    rows : Tensor [shape=(candidates,), dtype=int64]
        The item of each candidate.
    """

    def __init__(self, parent: Meter, rows: Tensor) -> None:
        self._parent, self._items = parent, rows.cpu()
        super().__init__(len(rows), parent.budget)

    def count(self, rows: Tensor | None) -> None:
        """Count an evaluation of these candidates, or of all, for their items."""
        self._parent.count(self._items if rows is None else self._items[rows.cpu()])

    @property
    def spent(self) -> Tensor:
        """Where the budget of a candidate's item is spent, shape (candidates,), on the CPU."""
        return self._parent.spent[self._items]

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

    @property
    def spent(self) -> Tensor:
        """Where the budget is spent, shape (items,), on the CPU."""
        return torch.zeros_like(self.counts, dtype=torch.bool) if self.budget is None else self.counts >= self.budget

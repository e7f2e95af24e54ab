"""Random numbers that belong to an item: its draws do not depend on the batch around it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# The smallest uniform number but 0, whose normal would be infinite.
_LEAST = 2.0**-53


def stream_seed(seed: int, stream: str) -> int:
    """Return a 63-bit seed for a named stream of random numbers of the item with that seed."""
    digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def score_generator(seed: int) -> np.random.Generator:
    """Return the generator that a score source writes an item's score with."""
    return np.random.default_rng(stream_seed(seed, "score"))


class ItemGenerator:
    """A random stream for each item of a batch.

    Rows drawn for the same item are equal (common random numbers), however many candidates of it are evaluated, and
    an item draws the same numbers alone as beside others.

    Parameters
    ----------
    seeds : sequence of int
        One per item.
    stream : str
        Name of the stream; different names give independent numbers.
    """

    def __init__(self, seeds: Sequence[int], stream: str) -> None:
        self._items = [torch.Generator().manual_seed(stream_seed(int(seed), stream)) for seed in seeds]
        self._rows: Tensor = torch.arange(len(self._items))

    def rows(self, index: Tensor) -> ItemGenerator:
        """Return a view on the same streams whose rows are those of `index`, shape (rows,)."""
        view = ItemGenerator.__new__(ItemGenerator)
        view._items = self._items
        view._rows = self._rows[index.cpu()]
        return view

    def split(self) -> list[ItemGenerator]:
        """Return a generator of its own for each row, which begins where the row's stream stands; see `join`."""
        return [self._copy(int(row)) for row in self._rows.tolist()]

    def join(self, parts: Sequence[ItemGenerator]) -> None:
        """Go on where the generators from `split` have come to; rows of one item have drawn the same numbers."""
        for row, part in zip(self._rows.tolist(), parts, strict=True):
            self._items[row].set_state(part._items[0].get_state())

    def _copy(self, row: int) -> ItemGenerator:
        single = ItemGenerator((0,), "")
        single._items[0].set_state(self._items[row].get_state())
        return single

    def rand(self, *shape: int) -> Tensor:
        """Return uniform numbers in [0, 1), shape ``(rows, *shape)``, on the CPU."""
        return self._draw(shape).float()

    def randn(self, *shape: int) -> Tensor:
        """Return standard normal numbers, shape ``(rows, *shape)``, on the CPU.

        By the inverse of the normal distribution, so that a longer draw begins with the numbers of a shorter one, as for
        `rand`: noise drawn for each note does not depend on how many notes of padding the batch adds.
        """
        normal: Tensor = torch.special.ndtri(self._draw(shape).clamp_min(_LEAST))
        return normal.float()

    def state(self) -> list[Tensor]:
        """Return the state of every item's stream, to be handed to `restore`."""
        return [item.get_state() for item in self._items]

    def restore(self, state: Sequence[Tensor]) -> None:
        """Set every item's stream to a state from `state`."""
        for item, saved in zip(self._items, state, strict=True):
            item.set_state(saved)

    def _draw(self, shape: tuple[int, ...]) -> Tensor:
        rows = self._rows.tolist()
        used = {row: torch.rand(shape, dtype=torch.float64, generator=self._items[row]) for row in sorted(set(rows))}
        return torch.stack([used[row] for row in rows])

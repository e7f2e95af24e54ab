"""Streams of random numbers by name: what one part of a piece draws does not change another."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

#: What may be locked while the rest varies.
LOCKABLE = ("melody", "harmony", "rhythm", "timing")
_DRAWN_AGAIN = ("melody", "rhythm")


@dataclass(frozen=True)
class Streams:
    """The random streams of one piece.

    Parameters
    ----------
    seed : int
        Drawn once from the item's generator.
    variation : int
        0 is the piece itself; each other number gives the parts that are not locked another stream.
    locked : tuple of str
        Names in `LOCKABLE` that stay as they are in variation 0.
    theme : int
        0, or the number of another piece out of the same seed.
    attempt : int
        0, or the number of another melody and rhythm in the same piece.
    """

    seed: int
    variation: int = 0
    locked: tuple[str, ...] = ()
    theme: int = 0
    attempt: int = 0

    @classmethod
    def of(cls, generator: np.random.Generator, variation: int = 0, locked: tuple[str, ...] = ()) -> Streams:
        """Return the streams of the item that a generator belongs to."""
        return cls(int(generator.integers(2**62)), variation, locked)

    def of_theme(self, theme: int) -> Streams:
        """Return the streams of another piece out of the same seed; theme 0 is the first."""
        return replace(self, theme=theme)

    def again(self, attempt: int) -> Streams:
        """Return the streams of another melody and rhythm; attempt 0 is the first."""
        return replace(self, attempt=attempt)

    def named(self, name: str) -> np.random.Generator:
        """Return a fresh generator for a name; one in `LOCKABLE` varies with the variation unless it is locked."""
        varies = name in LOCKABLE and name not in self.locked
        further = (self.theme, self.attempt if name in _DRAWN_AGAIN else 0)
        return np.random.default_rng(
            [self.seed, zlib.crc32(name.encode()), self.variation if varies else 0, *(further if any(further) else ())]
        )

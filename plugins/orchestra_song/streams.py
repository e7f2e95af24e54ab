"""Streams of random numbers by name: what one part of a piece draws does not change another."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

#: What may be locked while the rest varies.
LOCKABLE = ("melody", "harmony", "rhythm", "timing")


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
    """

    seed: int
    variation: int = 0
    locked: tuple[str, ...] = ()

    @classmethod
    def of(cls, generator: np.random.Generator, variation: int = 0, locked: tuple[str, ...] = ()) -> Streams:
        """Return the streams of the item that a generator belongs to."""
        return cls(int(generator.integers(2**62)), variation, locked)

    def named(self, name: str) -> np.random.Generator:
        """Return a fresh generator for a name; one in `LOCKABLE` varies with the variation unless it is locked."""
        varies = name in LOCKABLE and name not in self.locked
        return np.random.default_rng([self.seed, zlib.crc32(name.encode()), self.variation if varies else 0])

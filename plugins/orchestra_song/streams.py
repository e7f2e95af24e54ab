"""Streams of random numbers by name: what one part of a piece draws does not change another."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from orchestra_core import score_generator

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
    origin : int or None
        The seed of the piece whose locked parts are kept, where it is another one.
    """

    seed: int
    variation: int = 0
    locked: tuple[str, ...] = ()
    theme: int = 0
    attempt: int = 0
    origin: int | None = None

    @classmethod
    def of(
        cls, generator: np.random.Generator, variation: int = 0, locked: tuple[str, ...] = (), origin: int | None = None
    ) -> Streams:
        """Return the streams of the item that a generator belongs to; `origin` is the seed of an item that it varies."""
        other = None if origin is None or not locked else _drawn(score_generator(origin))
        return cls(_drawn(generator), variation, locked, origin=other)

    def of_theme(self, theme: int) -> Streams:
        """Return the streams of another piece out of the same seed; theme 0 is the first."""
        return replace(self, theme=theme)

    def again(self, attempt: int) -> Streams:
        """Return the streams of another melody and rhythm; attempt 0 is the first."""
        return replace(self, attempt=attempt)

    def named(self, name: str) -> np.random.Generator:
        """Return a fresh generator for a name; one in `LOCKABLE` varies with the variation unless it is locked.

        What is locked is the origin's, and so is its key, and the order of broken chords with the harmony.
        """
        varies = name in LOCKABLE and name not in self.locked
        further = (self.theme, self.attempt if name in _DRAWN_AGAIN else 0)
        return np.random.default_rng(
            [
                self._seed_of(name),
                zlib.crc32(name.encode()),
                self.variation if varies else 0,
                *(further if any(further) else ()),
            ]
        )

    def _seed_of(self, name: str) -> int:
        kept = name in self.locked or name == "key" or (name == "texture" and "harmony" in self.locked)
        return self.seed if self.origin is None or not kept else self.origin


def _drawn(generator: np.random.Generator) -> int:
    return int(generator.integers(2**62))

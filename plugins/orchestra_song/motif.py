"""Motifs: short figures of rhythm and scale steps, and what can be made of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

_NOISE = 0.9
_STARTS, _START_WEIGHTS = (0, 2, 4), (0.4, 0.35, 0.25)
_TURN, _SKIP, _SAME = 0.3, 0.15, 0.1
_WIDEST = 5


@dataclass(frozen=True)
class Motif:
    """A figure of one slot.

    Parameters
    ----------
    steps : tuple of int
        Onsets in sixteenths from the start of the slot, the first at 0.
    degrees : tuple of int
        Scale steps above the root of a chord, one per onset.
    """

    steps: tuple[int, ...]
    degrees: tuple[int, ...]

    def moved(self, shift: int) -> Motif:
        """Return it some steps of the scale higher."""
        return replace(self, degrees=tuple(degree + shift for degree in self.degrees))

    def inverted(self) -> Motif:
        """Return it upside down, around its first note."""
        first = self.degrees[0]
        return replace(self, degrees=tuple(2 * first - degree for degree in self.degrees))

    def fragmented(self, length: int) -> Motif:
        """Return its first half twice, a step lower the second time: fragmentation and sequence in a slot of a length."""
        half = length // 2
        kept = [(step, degree) for step, degree in zip(self.steps, self.degrees, strict=True) if step < half]
        twice = [*kept, *((step + half, degree - 1) for step, degree in kept)]
        return Motif(tuple(step for step, _ in twice), tuple(degree for _, degree in twice))

    def varied(self, generator: np.random.Generator) -> Motif:
        """Return another line in the same rhythm that begins alike."""
        if len(self.degrees) < 3:
            return self
        last = self.degrees[-1] + int(generator.choice((-1, 1)))
        return replace(self, degrees=(*self.degrees[:-1], last))


def strength(step: int, bar: int, beat: int) -> int:
    """Return how strong a sixteenth of a bar is: 4 on the downbeat, 3 in the middle of an even bar, 2 on beats, 1 on eighths.

    Examples
    --------
    >>> [strength(step, 16, 4) for step in (0, 1, 2, 4, 8)], [strength(step, 12, 6) for step in (0, 2, 6)]
    ([4, 0, 1, 2, 3], [4, 1, 3])
    """
    if step % bar == 0:
        return 4
    if step % beat == 0:
        return 3 if step % bar * 2 == bar else 2
    return int(step % 2 == 0)


def rhythm(notes: int, length: int, bar: int, beat: int, generator: np.random.Generator) -> tuple[int, ...]:
    """Return onsets in a slot: the downbeat and the strongest sixteenths, with some chance.

    Parameters
    ----------
    notes : int, >= 1
        How many, at most one on each sixteenth.
    length : int
        Of the slot, in sixteenths.
    bar, beat : int
        Sixteenths in a bar and in a beat.
    generator : numpy.random.Generator
        Of the melody.

    Returns
    -------
    tuple of int
    """
    rank = [strength(step, bar, beat) + _NOISE * generator.gumbel() for step in range(1, length)]
    order = sorted(range(1, length), key=lambda step: -rank[step - 1])
    return (0, *sorted(order[: notes - 1]))


def make_motif(steps: Sequence[int], bar: int, beat: int, generator: np.random.Generator) -> Motif:
    """Return a line over a rhythm: chord tones on strong sixteenths, steps and a few skips between, within a sixth.

    Parameters
    ----------
    steps : sequence of int
        Onsets in sixteenths.
    bar, beat : int
        Sixteenths in a bar and in a beat.
    generator : numpy.random.Generator
        Of the melody.

    Returns
    -------
    Motif
    """
    start = int(generator.choice(_STARTS, p=_START_WEIGHTS))
    degrees = [start]
    direction = 1 if generator.random() < 0.6 else -1
    for step in steps[1:]:
        turn, size = generator.random(), generator.random()
        if turn < _TURN or abs(degrees[-1] + direction - start) >= _WIDEST:
            direction = -direction
        aim = degrees[-1] + direction * (2 if size < _SKIP else 0 if size > 1 - _SAME else 1)
        if strength(step, bar, beat) >= 2:
            aim = nearest_chord_tone(aim, direction)
        degrees.append(aim if abs(aim - start) <= _WIDEST else start)
    return Motif(tuple(steps), tuple(degrees))


def nearest_chord_tone(degree: int, direction: int = 1) -> int:
    """Return the nearest root, third or fifth over a root at 0; of two at the same distance the one in the direction.

    Examples
    --------
    >>> nearest_chord_tone(3), nearest_chord_tone(3, -1), nearest_chord_tone(6)
    (4, 2, 7)
    """
    tones = (tone for tone in range(degree - 3, degree + 4) if tone % 7 in (0, 2, 4))
    return min(tones, key=lambda tone: (abs(tone - degree), -direction * tone))

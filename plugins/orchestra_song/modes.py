"""Modes: their ladder, and what their chords are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orchestra_core import SCALES

#: The ladder of modes from bright to dark; each step lowers one note.
LADDER = ("lydian", "major", "mixolydian", "dorian", "minor", "phrygian")
#: What a piece can be in; ``mixture`` is major with chords borrowed from minor.
MODES = (*LADDER, "mixture")


@dataclass(frozen=True)
class Chord:
    """A triad on a degree of a scale.

    Parameters
    ----------
    degree : int, in [0, 6]
        Of its root, 0 at the tonic.
    scale : str
        The scale in `orchestra_core.SCALES` that it and the melody over it are taken from.
    pedal : bool
        Whether the tonic stays in the bass.
    """

    degree: int
    scale: str
    pedal: bool = False

    @property
    def degrees(self) -> tuple[int, int, int]:
        """Degrees of root, third and fifth, in [0, 6]."""
        return self.degree, (self.degree + 2) % 7, (self.degree + 4) % 7

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Semitones of root, third and fifth above the tonic, in [0, 11]."""
        return tuple(SCALES[self.scale][degree] for degree in self.degrees)


Weighted = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Functions:
    """Degrees that stand for tonic, subdominant and dominant in a mode, with their weights; and loops of four chords.

    The first degree of `tonic` is the tonic itself, and every dominant holds the second degree of the scale, from which the
    melody steps home.
    """

    tonic: Weighted
    subdominant: Weighted
    dominant: Weighted
    loops: tuple[tuple[int, ...], ...]


#: Functional harmony by mode: T-S-D in major and minor; elsewhere the chords that have the note that makes the mode.
FUNCTIONS: Mapping[str, Functions] = MappingProxyType(
    {
        "lydian": Functions(((0, 6), (5, 2)), ((1, 6), (5, 2)), ((4, 6), (1, 4)), ((0, 1, 4, 0), (0, 1, 5, 4))),
        "major": Functions(((0, 6), (5, 4)), ((3, 5), (1, 4)), ((4, 1),), ((0, 5, 3, 4), (0, 3, 1, 4), (0, 4, 5, 3))),
        "mixolydian": Functions(((0, 6), (5, 3)), ((3, 6), (1, 3)), ((6, 7), (4, 3)), ((0, 6, 3, 0), (0, 3, 6, 3))),
        "dorian": Functions(((0, 6), (2, 3)), ((3, 7), (1, 2)), ((6, 6), (4, 4)), ((0, 3, 0, 6), (0, 2, 6, 3))),
        "minor": Functions(((0, 6), (5, 3)), ((3, 6), (5, 2)), ((4, 1),), ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 4))),
        "phrygian": Functions(((0, 6), (5, 2)), ((3, 5), (5, 3)), ((1, 7), (6, 3)), ((0, 1, 0, 6), (0, 1, 2, 1))),
        "mixture": Functions(((0, 6), (5, 3)), ((3, 6), (5, 3)), ((4, 7), (6, 3)), ((0, 3, 0, 4), (0, 5, 6, 0))),
    }
)

# Degrees that ``mixture`` borrows from minor: iv, bVI and bVII; and the second degree of ii.
_BORROWED = frozenset({1, 3, 5, 6})


def chord(mode: str, degree: int, *, pedal: bool = False) -> Chord:
    """Return the triad on a degree in a mode: V of minor has the leading note, and mixture borrows from minor.

    Examples
    --------
    >>> chord("minor", 4).pitch_classes, chord("mixture", 3).pitch_classes
    ((7, 11, 2), (5, 8, 0))
    """
    if mode == "minor" and degree == 4:
        return Chord(degree, "harmonic minor", pedal)
    if mode == "mixture":
        return Chord(degree, "minor" if degree in _BORROWED else "major", pedal)
    return Chord(degree, mode, pedal)


def scale_pitch(tonic: int, scale: str, degree: int) -> int:
    """Return the MIDI number of a degree of a scale, counted from 0 at the tonic, on through the octaves both ways.

    Examples
    --------
    >>> [scale_pitch(60, "major", degree) for degree in (-1, 0, 2, 7)]
    [59, 60, 64, 72]
    """
    octave, step = divmod(degree, 7)
    return tonic + 12 * octave + SCALES[scale][step]

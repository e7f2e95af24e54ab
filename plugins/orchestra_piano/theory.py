"""Scales, keys and registers as plain tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Semitones above the tonic, by name of the scale.
SCALES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "major": (0, 2, 4, 5, 7, 9, 11),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
        "pentatonic": (0, 2, 4, 7, 9),
        "minor_pentatonic": (0, 3, 5, 7, 10),
        "blues": (0, 3, 5, 6, 7, 10),
        "whole_tone": (0, 2, 4, 6, 8, 10),
        "chromatic": tuple(range(12)),
    }
)

#: Scales that triads can be built on: those of seven notes.
MODES: tuple[str, ...] = tuple(name for name, steps in SCALES.items() if len(steps) == 7)

#: Names of the twelve pitch classes from C.
TONICS: tuple[str, ...] = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

#: MIDI number of the C that a register starts from.
REGISTERS: Mapping[str, int] = MappingProxyType({"low": 48, "middle": 60, "high": 72})


def scale_pitch(tonic: int, scale: str, degree: int) -> int:
    """Return the MIDI number of a degree of a scale, counted from 0 at the tonic, on through the octaves both ways.

    Examples
    --------
    >>> [scale_pitch(60, "major", degree) for degree in (-1, 0, 2, 7)]
    [59, 60, 64, 72]
    """
    octave, step = divmod(degree, len(SCALES[scale]))
    return tonic + 12 * octave + SCALES[scale][step]


def key_name(tonic: int, scale: str) -> str:
    """Return a name such as ``"C major"`` for the MIDI number of a tonic."""
    return f"{TONICS[tonic % 12]} {scale.replace('_', ' ')}"

"""The plan of a piece: everything that is decided before a note is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

#: Metres by name: beats per bar and the note value of a beat.
METRES: Mapping[str, tuple[int, int]] = MappingProxyType({"4/4": (4, 4), "3/4": (3, 4), "6/8": (6, 8)})
#: How velocity moves over the piece.
CONTOURS = ("arch", "flat", "crescendo", "diminuendo")
PROGRESSIONS = ("functional", "loop", "pedal")
TEXTURES = ("block", "arpeggio", "broken", "sustained")
BEATS = ("steady", "sparse", "driving")
#: Parts in the order of their tracks: General MIDI programs, from 0.
PROGRAMS: Mapping[str, int] = MappingProxyType({"melody": 0, "harmony": 0, "bass": 32, "pad": 89, "drums": 0})


@dataclass(frozen=True)
class Plan:
    """What a piece is to be.

    Parameters
    ----------
    mode : str
        In `modes.MODES`.
    tonic : int, in [0, 11]
        Pitch class.
    register : float
        MIDI number that the melody moves around.
    density : float, > 0
        Notes of the melody per second.
    articulation : float, in (0, 1]
        Sounding part of the time between onsets.
    level : float, in (0, 1]
        Velocity of the melody.
    contour, progression, texture, metre, beat : str
        In `CONTOURS`, `PROGRESSIONS`, `TEXTURES`, `METRES` and `BEATS`.
    tempo : float
        Quarter notes per minute that the bars are fitted to the canvas near, or exactly if `exact_tempo`.
    bars : int
        0 for as many as fit.
    exact_tempo : bool
        Whether the tempo is to be kept.
    parts : tuple of str
        In `PROGRAMS`.
    humanise : float, in [0, 0.025]
        Largest deviation of an onset from the grid, in s.
    uneven : float, in [0, 0.3]
        Largest deviation of a velocity from what it should be.
    """

    mode: str = "major"
    tonic: int = 0
    register: float = 67.0
    density: float = 2.0
    articulation: float = 0.75
    level: float = 0.6
    contour: str = "arch"
    progression: str = "functional"
    texture: str = "block"
    metre: str = "4/4"
    beat: str = "steady"
    tempo: float = 120.0
    bars: int = 0
    exact_tempo: bool = False
    parts: tuple[str, ...] = ("melody", "harmony", "bass")
    humanise: float = 0.012
    uneven: float = 0.0

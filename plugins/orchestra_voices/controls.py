"""What a voice is played with: names, groups, units and bounds of its controls, and what the hints of a word do to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Control:
    """One control of a voice, shared by the notes of an item.

    Parameters
    ----------
    name, group, unit : str
        As of the parameter.
    bass, pad : (float, float)
        Bounds for each of the instruments.
    scale : {"linear", "log"}
        How the range is laid out: evenly, or by ratios, as times are heard.
    description : str
        One line.
    """

    name: str
    group: str
    unit: str
    bass: tuple[float, float]
    pad: tuple[float, float]
    scale: Scale
    description: str


_TILT, _UNITY, _BOOST = (-24.0, -2.0), (0.0, 1.0), (-12.0, 12.0)

CONTROLS: tuple[Control, ...] = (
    Control("attack", "envelope", "s", (0.003, 0.08), (0.03, 2.0), "log", "Time from the onset to the full level"),
    Control("decay", "envelope", "s", (0.08, 4.0), (0.2, 8.0), "log", "Time for 95 % of the way to the sustained level"),
    Control("sustain", "envelope", "1", (0.05, 0.95), (0.3, 0.98), "linear", "Level that a held note falls to"),
    Control("release", "envelope", "s", (0.02, 0.6), (0.1, 3.0), "log", "Time from the end of a note to silence"),
    Control("brightness", "timbre", "dB/octave", _TILT, _TILT, "linear", "Spectral tilt at the onset of a note of amplitude 0.8"),
    Control("fundamental", "timbre", "dB", _BOOST, _BOOST, "linear", "Level of the lowest partial above what the tilt gives it"),
    Control("partial_decay", "timbre", "1/s", (0.05, 8.0), (0.01, 3.0), "log", "How much faster each further partial fades"),
    Control("detune", "timbre", "cents", (0.2, 20.0), (0.5, 40.0), "log", "How far the outermost copies lie from the note"),
    Control("roughness", "timbre", "1", _UNITY, _UNITY, "linear", "Depth of the beats at 70 Hz"),
)

#: What a hint of 1 adds to where a control starts: dB per octave; natural logarithm of the time; depth.
HINTED: Mapping[str, float] = MappingProxyType({"brightness": 4.0, "attack": -math.log(4.0), "roughness": 0.6})

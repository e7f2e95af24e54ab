"""How likely each choice of a song is for what is asked: bells around what the rules say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, log2
from types import MappingProxyType
from typing import Any

from orchestra_core import Brief
from orchestra_song.guide import asked, plan_of
from orchestra_song.hints import hinted, hints_of
from orchestra_song.plan import Plan

#: Valence at which a mode is at home, half of the request scale: steps of the ladder from bright to dark.
MODE_PLACES: Mapping[str, float] = MappingProxyType(
    {"lydian": 0.4, "major": 0.3, "mixolydian": 0.1, "mixture": 0.0, "dorian": -0.1, "minor": -0.3, "phrygian": -0.4}
)
#: How far a hint of dissonance of 1 darkens the mode.
_DARKER = -0.3
_MODE_WIDTH = 0.2
#: Of choices that are numbers: standard deviation of the bell, and whether it is one of octaves.
WIDTHS: Mapping[str, tuple[float, bool]] = MappingProxyType(
    {
        "register": (6.0, False),
        "density": (0.6, True),
        "articulation": (0.18, False),
        "level": (0.12, False),
        "tempo": (0.35, True),
    }
)


def prior(brief: Brief, values: Mapping[str, Sequence[Any]]) -> dict[str, tuple[float, ...]]:
    """Return weights for the choices that the rules say something of.

    Parameters
    ----------
    brief : Brief
        A brief of one item: its valence, arousal and hints are looked at.
    values : mapping of str to sequence
        The values of each choice.

    Returns
    -------
    dict of str to tuple of float
        Weights in (0, 1] by choice: normal densities about what `guide.plan_of` and the hints of a word say, 1 at its middle.
        Texture, contour, progression, metre and theme are left open.

    Examples
    --------
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> brief = Brief(Canvas(duration=16.0), {"valence": torch.tensor([0.3])}, torch.tensor([7]))
    >>> [round(weight, 2) for weight in prior(brief, {"mode": ("major", "minor")})["mode"]]
    [1.0, 0.01]
    """
    valence, arousal, hints = asked(brief, "valence"), asked(brief, "arousal"), hints_of(brief)
    plan = hinted(plan_of(Plan(), valence, arousal), hints)
    place = valence + _DARKER * hints.get("dissonance", 0.0)
    bells: dict[str, Callable[[Any], float]] = {"mode": lambda mode: (MODE_PLACES[mode] - place) / _MODE_WIDTH}
    bells |= {name: _bell(float(getattr(plan, name)), *width) for name, width in WIDTHS.items()}
    return {name: tuple(exp(-0.5 * bells[name](value) ** 2) for value in values[name]) for name in values if name in bells}


def _bell(middle: float, width: float, octaves: bool) -> Callable[[Any], float]:
    return lambda value: (log2(value / middle) if octaves else value - middle) / width

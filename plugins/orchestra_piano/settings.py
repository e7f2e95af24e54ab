"""Checks of the piano's configuration."""

from __future__ import annotations

from typing import get_args

from orchestra_core.errors import ParameterError
from orchestra_piano.config import EdgeForm, PianoConfig, Renderer, Start

_CHOICES = (("edges", EdgeForm), ("start", Start), ("renderer", Renderer))
#: Name, lower and upper bound, unit.
_RANGES = (
    ("partials", 1, 64, ""),
    ("inharmonicity", 0.0, 0.01, ""),
    ("hardness", -24.0, 24.0, "dB/octave"),
    ("alpha", 1e-3, 1e6, "1/s"),
)


def check_piano(config: PianoConfig) -> None:
    """Check the values of a configuration.

    Raises
    ------
    ParameterError
        A value is none of its choices, or outside its range.
    """
    for name, kind in _CHOICES:
        if getattr(config, name) not in get_args(kind):
            raise ParameterError(
                f"{name} of piano_adsr is {getattr(config, name)!r}; expected one of {', '.join(get_args(kind))}."
            )
    for name, lower, upper, unit in _RANGES:
        value = getattr(config, name)
        if not lower <= value <= upper:
            raise ParameterError(f"{name} of piano_adsr is {value!r} {unit}; expected a value in [{lower:g}, {upper:g}].")
    if config.gain is not None and not 0 < config.gain <= 1000:
        raise ParameterError(f"gain of piano_adsr is {config.gain!r}; expected a positive number, or None.")

"""Checks of the piano's configuration."""

from __future__ import annotations

from typing import get_args

from orchestra_core.errors import ParameterError
from orchestra_piano.config import EdgeForm, PianoConfig, Renderer, Start

#: Starting values lie inside their bounds by this share of the range, as the contract asks.
MARGIN = 1.01e-4

#: Name, unit, lower and upper bound, description of the parameters that only several partials have.
TIMBRE = (
    ("brightness", "dB/octave", -24.0, -2.0, "Spectral tilt of the partials at the onset of a note of amplitude 0.8"),
    ("partial_decay", "1/s", 0.05, 6.0, "How much faster each further partial of middle C fades"),
)

_CHOICES = (("edges", EdgeForm), ("start", Start), ("renderer", Renderer))
#: Name, lower and upper bound, unit.
_RANGES = (
    ("partials", 1, 64, ""),
    ("inharmonicity", 0.0, 0.01, ""),
    ("hardness", -24.0, 24.0, "dB/octave"),
    ("quietest", 0.0, 0.9, ""),
    ("alpha", 1e-3, 1e6, "1/s"),
)


_WIDEST_GROOVE = 0.1


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
            raise ParameterError(
                f"{name} of piano_adsr is {value!r}{f' {unit}' if unit else ''}; expected a value in [{lower:g}, {upper:g}]."
            )
    for name, unit, lower, upper, _ in TIMBRE:
        value, margin = getattr(config, name), MARGIN * (upper - lower)
        if not lower + margin <= value <= upper - margin:
            raise ParameterError(f"{name} of piano_adsr starts at {value!r} {unit}; expected inside ({lower:g}, {upper:g}).")
    if config.groove is not None and not (0 <= config.groove <= _WIDEST_GROOVE and config.start == "score"):
        raise ParameterError(
            f"groove of piano_adsr is {config.groove!r} s with start={config.start!r}; expected a value in "
            f"[0, {_WIDEST_GROOVE:g}] with start='score', or None."
        )
    if config.gain is not None and not 0 < config.gain <= 1000:
        raise ParameterError(f"gain of piano_adsr is {config.gain!r}; expected a positive number, or None.")

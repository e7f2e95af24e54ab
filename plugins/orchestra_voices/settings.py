"""Checks of the configurations."""

from __future__ import annotations

from orchestra_core.errors import ParameterError
from orchestra_voices.config import BassConfig, PadConfig
from orchestra_voices.controls import CONTROLS

_COPIES = (3, 5)
#: Name, lower and upper bound.
_RANGES = (("partials", 2, 32), ("groove", 0.0, 0.1), ("quietest", 0.0, 0.9), ("hardness", -24.0, 24.0))
# As the contract asks of starting values.
_MARGIN = 1.01e-4


def check_voice(config: BassConfig | PadConfig, voice: str) -> None:
    """Check the values of a configuration.

    Raises
    ------
    ParameterError
        A value is none of its choices, or outside its range.
    """
    for name, lower, upper in _RANGES:
        value = getattr(config, name)
        if value is not None and not lower <= value <= upper:
            raise ParameterError(f"{name} of {voice} is {value!r}; expected a value in [{lower:g}, {upper:g}].")
    if config.copies not in _COPIES:
        raise ParameterError(f"copies of {voice} is {config.copies!r}; expected 3 or 5.")
    for control in CONTROLS:
        lower, upper = control.bass if voice == "bass" else control.pad
        value, margin = getattr(config, control.name), _MARGIN * (upper - lower)
        if not lower + margin <= value <= upper - margin:
            raise ParameterError(
                f"{control.name} of {voice} starts at {value!r} {control.unit}; expected inside ({lower:g}, {upper:g})."
            )

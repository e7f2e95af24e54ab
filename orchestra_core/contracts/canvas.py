"""The canvas: the fixed time grid that a piece is written on, and the level it is delivered at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from orchestra_core.errors import ParameterError

Level = Literal["peak", "loudness", "as_is"]

_RATES = (4_000, 192_000)
_LONGEST = 3_600.0
#: Gating block of ITU-R BS.1770 in seconds.
_LOUDNESS_BLOCK = 0.4


@dataclass(frozen=True)
class Canvas:
    """The fixed time grid of a piece.

    Parameters
    ----------
    duration : float, in (0, 3600]
        Length in seconds.
    sample_rate : int, in [4000, 192000]
        Sampling rate in Hz.
    level : {"peak", "loudness", "as_is"}
        How each item is scaled before anything hears or exports it: to a sample peak of ``peak``, to an
        integrated loudness of ``loudness`` (ITU-R BS.1770), or not at all.
    peak : float, in (0, 1]
        Peak amplitude for ``level="peak"``, re full scale.
    loudness : float, in [-60, 0]
        Integrated loudness in LUFS for ``level="loudness"``.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    Examples
    --------
    >>> Canvas(duration=2.0, sample_rate=22_050).samples
    44100
    """

    duration: float = 5.0
    sample_rate: int = 44_100
    level: Level = "peak"
    peak: float = 0.9
    loudness: float = -20.0

    def __post_init__(self) -> None:
        _within("duration", self.duration, 1e-3, _LONGEST, "s")
        _within("sample_rate", self.sample_rate, *_RATES, "Hz")
        _within("peak", self.peak, 1e-6, 1.0, "re full scale")
        _within("loudness", self.loudness, -60.0, 0.0, "LUFS")
        if self.level not in get_args(Level):
            raise ParameterError(f"level is {self.level!r}; expected one of {', '.join(get_args(Level))}.")
        if self.level == "loudness" and self.duration < _LOUDNESS_BLOCK:
            raise ParameterError(f"A canvas of {self.duration:g} s has no loudness; expected at least {_LOUDNESS_BLOCK} s.")

    @property
    def samples(self) -> int:
        """Number of samples."""
        return round(self.duration * self.sample_rate)

    def at(self, sample_rate: int) -> Canvas:
        """Return the same canvas at another rate.

        Parameters
        ----------
        sample_rate : int, in [4000, 192000]
            In Hz.

        Returns
        -------
        Canvas
        """
        return replace(self, sample_rate=sample_rate)


def _within(name: str, value: float, lower: float, upper: float, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterError(f"{name} is {value!r}, of type {type(value).__name__}; expected a number of {unit}.")
    if not lower <= value <= upper:
        raise ParameterError(f"{name} is {value!r} {unit}; expected a value in [{lower:g}, {upper:g}] {unit}.")

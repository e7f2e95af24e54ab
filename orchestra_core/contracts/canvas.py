"""The canvas: the fixed time grid that a piece is written on, and the level it is delivered at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

from orchestra_core.errors import ParameterError

Level = Literal["auto", "peak", "loudness", "expressive", "as_is"]
#: What people may ask of the loudness of pieces: a name, or a number of LUFS.
LoudnessName = Literal["expressive", "matched", "peak"]

_RATES = (4_000, 192_000)
_LONGEST = 3_600.0
#: What sounds for so many seconds after the end of a loop is heard at its beginning.
TAIL = 5.0
#: Gating block of ITU-R BS.1770 in seconds.
LOUDNESS_BLOCK = 0.4
_LEVELS: Mapping[str, Level] = MappingProxyType({"expressive": "expressive", "matched": "loudness", "peak": "peak"})


@dataclass(frozen=True)
class Canvas:
    """The fixed time grid of a piece.

    Parameters
    ----------
    duration : float, in (0, 3600]
        Length in seconds.
    sample_rate : int, in [4000, 192000]
        Sampling rate in Hz.
    level : {"auto", "peak", "loudness", "expressive", "as_is"}
        How each item is scaled before it is heard and exported: to a sample peak of ``peak``; to an integrated loudness of
        ``loudness`` (ITU-R BS.1770); to one that expresses the arousal that is asked, ``loudness`` and 8 dB more or less per
        unit of the request scale; or not at all. ``auto`` is ``expressive`` where arousal is asked of a piece of 0.4 s or
        more, and ``peak`` elsewhere. Loudness is lowered where the true peak would exceed -1 dBTP. While a piece is
        optimised it is heard at its peak with ``auto`` and ``expressive``: loudness is then the gain of its export.
    peak : float, in (0, 1]
        Peak amplitude, re full scale.
    loudness : float, in [-60, 0]
        Integrated loudness in LUFS; for ``expressive`` that of an arousal of 0.
    loop : bool
        Whether the piece repeats seamlessly: what sounds after its end, up to 5 s, is heard from its beginning. For instruments
        that play notes.

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
    level: Level = "auto"
    peak: float = 0.9
    loudness: float = -20.0
    loop: bool = False

    def __post_init__(self) -> None:
        _within("duration", self.duration, 1e-3, _LONGEST - TAIL * self.loop, "s")
        _within("sample_rate", self.sample_rate, *_RATES, "Hz")
        _within("peak", self.peak, 1e-6, 1.0, "re full scale")
        _within("loudness", self.loudness, -60.0, 0.0, "LUFS")
        if self.level not in get_args(Level):
            raise ParameterError(f"level is {self.level!r}; expected one of {', '.join(get_args(Level))}.")
        if self.level in ("loudness", "expressive") and self.duration < LOUDNESS_BLOCK:
            raise ParameterError(f"A canvas of {self.duration:g} s has no loudness; expected at least {LOUDNESS_BLOCK} s.")

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

    def with_tail(self) -> Canvas:
        """Return the canvas that a loop is rendered on: no loop, and 5 s longer."""
        return replace(self, duration=self.duration + TAIL, loop=False)

    def with_loudness(self, loudness: LoudnessName | float) -> Canvas:
        """Return the same canvas at another loudness.

        Parameters
        ----------
        loudness : {"expressive", "matched", "peak"} or float
            ``expressive``: what arousal asks for; ``matched``: the canvas' loudness, the same for all pieces; ``peak``: the
            same sample peak for all; a number: so many LUFS for all.

        Returns
        -------
        Canvas

        Raises
        ------
        ParameterError
            It is none of these, or the canvas is too short to have a loudness.

        Examples
        --------
        >>> Canvas().with_loudness(-16.0).level
        'loudness'
        """
        if isinstance(loudness, int | float) and not isinstance(loudness, bool):
            return replace(self, level="loudness", loudness=float(loudness))
        level = _LEVELS.get(str(loudness))
        if level is None:
            raise ParameterError(f"loudness is {loudness!r}; expected {', '.join(_LEVELS)} or a number of LUFS.")
        return replace(self, level=level)


def _within(name: str, value: float, lower: float, upper: float, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterError(f"{name} is {value!r}, of type {type(value).__name__}; expected a number of {unit}.")
    if not lower <= value <= upper:
        raise ParameterError(f"{name} is {value!r} {unit}; expected a value in [{lower:g}, {upper:g}] {unit}.")

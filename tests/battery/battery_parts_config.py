"""Configurations of the small system's parts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PulseConfig:
    """Configuration of `pulse`.

    Parameters
    ----------
    deaf : bool
        Whether it reads 0 of everything.
    """

    deaf: bool = False


@dataclass(frozen=True)
class TonesConfig:
    """Configuration of `tones`.

    Parameters
    ----------
    steps : tuple of int
        Semitones above the first tone.
    lowest : int
        MIDI number of the first tone.
    """

    steps: tuple[int, ...] = (0, 4, 7, 0)
    lowest: int = 60

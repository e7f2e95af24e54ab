"""Configuration of the small oracle."""

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

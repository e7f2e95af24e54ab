"""Configurations of the components: frozen dataclasses with a default for every field, importable without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PluckedConfig:
    """Configuration of the instrument ``plucked``.

    Parameters
    ----------
    modes : int, in [1, 40]
        Modes of vibration per string.
    decay : float, in (0.2, 6)
        Seconds in which middle C fades by 60 dB, where the optimisation starts.
    brightness : float, in (0, 1)
        Where the optimisation starts: 0 for a soft thumb, 1 for a hard plectrum.
    position : float, in (0.05, 0.5)
        Where the string is plucked, as a share of its length, at the start.
    """

    modes: int = 10
    decay: float = 2.0
    brightness: float = 0.6
    position: float = 0.2


@dataclass(frozen=True)
class EvolutionConfig:
    """Configuration of the schedule ``evolution``.

    Parameters
    ----------
    population : int, >= 4
        Candidates of each item in a generation.
    generations : int, >= 0
        At most so many.
    spread : float, > 0
        Standard deviation of the first generation, in free coordinates.
    enough : float, >= 0
        An item stops once its loss is lower than this.
    scores : int, >= 0
        At most so many scores are tried first, where the score source has choices.
    """

    population: int = 12
    generations: int = 30
    spread: float = 0.6
    enough: float = 0.02
    scores: int = 24

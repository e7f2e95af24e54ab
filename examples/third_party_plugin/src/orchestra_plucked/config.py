"""Configurations of the components: frozen dataclasses with a default for every field, importable without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestra_core import Ref

Covariance = Literal["full", "diagonal"]


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
class PercussiveConfig:
    """Configuration of the envelope ``percussive``: where the optimisation starts.

    Parameters
    ----------
    attack : float, in (0.001, 0.1)
        Seconds from the onset to the full level.
    curve : float, in (0.1, 8)
        How the attack bends: nearly straight at 0.1, at 8 most of the rise in the first third.
    decay : float, in (0.05, 6)
        Seconds in which the level falls by 60 dB.
    damping : float, in (0.01, 0.5)
        Seconds from the end of the note to silence.
    """

    attack: float = 0.004
    curve: float = 3.0
    decay: float = 1.5
    damping: float = 0.08


@dataclass(frozen=True)
class MatchWithPriorConfig:
    """Configuration of the objective ``match_with_prior``.

    Parameters
    ----------
    oracle : Ref
        What hears.
    scale : float, > 0
        Errors of readings, in halves of their range, are multiplied by it before they are squared.
    weight : float, >= 0
        Of the prior, beside the readings.
    tolerance : float, > 0
        Seconds that an onset may lie off the score for a loss of 1.
    spread : float, > 0
        Standard deviation of amplitudes within a piece for a loss of 1.
    """

    oracle: Ref = Ref("oracle", "")  # it is frozen
    scale: float = 10.0
    weight: float = 1.0
    tolerance: float = 0.05
    spread: float = 0.2


@dataclass(frozen=True)
class CmaEsConfig:
    """Configuration of the schedule ``cma_es``.

    Parameters
    ----------
    groups : tuple of str
        The groups that it moves, ``"all"`` for every one; the fewer coordinates, the fewer candidates it needs.
    population : int >= 4, or None
        Candidates of each item in a generation; None for 4 + 3 ln(coordinates).
    sigma : float, > 0
        Standard deviation of the first generation, in free coordinates.
    steps : int, >= 0
        At most so many generations.
    covariance : {"full", "diagonal"}
        Whether it learns how coordinates depend on each other, which takes many generations where they are many.
    enough : float, >= 0
        An item stops once its loss is lower than this.
    scores : int, >= 0
        At most so many scores are tried first, where the score source has choices.
    """

    groups: tuple[str, ...] = ("all",)
    population: int | None = 12
    sigma: float = 1.0
    steps: int = 30
    covariance: Covariance = "diagonal"
    enough: float = 0.02
    scores: int = 24

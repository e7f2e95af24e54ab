"""What is evaluated, as plain values: a pipeline, targets, seeds, judges, a baseline and controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestra_core.errors import ConfigurationError

#: A component by name, or by name and configuration.
Named = str | Mapping[str, Any]

#: The levels of a request in the battery of the documentation.
LEVELS = (-0.8, -0.4, 0.0, 0.4, 0.8)


@dataclass(frozen=True)
class Controls:
    """Oracles that know nothing, under which the same pipeline composes.

    Parameters
    ----------
    oracles : tuple of str or mapping
        By name, or by name and configuration.
    weights : tuple of str
        Weights files of the pipeline's own kind of oracle, ``*`` allowed; each is one control.
    levels : tuple of float
        Of the requests.
    seeds : int, >= 1
        Pieces of each cell.
    """

    oracles: tuple[Named, ...] = ()
    weights: tuple[str, ...] = ()
    levels: tuple[float, ...] = (-0.8, 0.0, 0.8)
    seeds: int = 1


@dataclass(frozen=True)
class Goals:
    """What is to be reached in one dimension; None sets no goal.

    Parameters
    ----------
    oracle_error : float or None
        Highest mean absolute error of the optimised oracle.
    audio_r, notes_r : float or None
        Lowest correlation of judges that listen, and of judges that need the notes alone.
    slope_ratio : float or None
        Lowest slope ratio of judges that listen; the highest is 1.5.
    cross : float or None
        Highest share of the cross slope, of every judge.
    """

    oracle_error: float | None = None
    audio_r: float | None = None
    notes_r: float | None = None
    slope_ratio: float | None = None
    cross: float | None = None


@dataclass(frozen=True)
class Settings:
    """What is evaluated.

    Parameters
    ----------
    pipeline : mapping
        Parts by name, or by name and configuration: instrument, oracle, objective, schedule, score.
    preset : str or None
        Settings that a plugin hands in, in place of the defaults: what is said here goes before them.
    levels : tuple of float
        Requests in each dimension; every combination is a cell.
    dimensions : tuple of str
        Which dimensions are asked for; empty for arousal and valence.
    seeds : int, >= 1
        Pieces of each cell.
    first_seed : int, >= 0
        The seed of the first.
    scale : {"request", "reading"}
        What levels mean: -1 to 1 over what the oracle's corpus holds, or the oracle's own units.
    duration : float or None
        Length of a piece in s; None for the pipeline's own.
    loudness : {"expressive", "matched", "peak"}, float or None
        Of the files, as in `orchestra compose`; None for the pipeline's own.
    budget : int or None
        At most so many evaluations of a piece.
    judges : tuple of str or mapping, or None
        Who marks; None for all that are installed.
    tuned_on : tuple of str
        Judges that choices were made on; the others are untouched, and the report says which. Where none is named, it says that.
    transforms : int, >= 0
        Of so many seeds of every cell it is told how marks move when the sound is changed irrelevantly.
    baseline : str, mapping or None
        What to hold it against: a score source played as it is written, or another pipeline with an optional ``budget``.
    controls : Controls
        Oracles that know nothing.
    goals : mapping of str to Goals
        What is to be reached, by dimension; the report says what is.
    batch : int, >= 1
        Pieces composed together, between two of which an evaluation can be interrupted without loss.
    """

    pipeline: Mapping[str, Any] = field(default_factory=dict)
    preset: str | None = None
    levels: tuple[float, ...] = LEVELS
    dimensions: tuple[str, ...] = ()
    seeds: int = 3
    first_seed: int = 0
    scale: Literal["request", "reading"] = "request"
    duration: float | None = None
    loudness: Literal["expressive", "matched", "peak"] | float | None = None
    budget: int | None = None
    judges: tuple[Named, ...] | None = None
    tuned_on: tuple[str, ...] = ()
    transforms: int = 1
    baseline: Named | None = None
    controls: Controls = field(default_factory=Controls)
    goals: Mapping[str, Goals] = field(default_factory=dict)
    batch: int = 12

    def __post_init__(self) -> None:
        for name, least in (("seeds", 1), ("first_seed", 0), ("transforms", 0), ("batch", 1)):
            if getattr(self, name) < least:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; expected {least} or more.")
        for who, levels in (("levels", self.levels), ("controls.levels", self.controls.levels)):
            if len(set(levels)) != len(levels) or len(levels) < 2:
                raise ConfigurationError(f"{who} is {list(levels)}; expected at least two different levels.")


def spread(count: int, reach: float = LEVELS[-1]) -> tuple[float, ...]:
    """Return so many levels, evenly from -reach to reach.

    Examples
    --------
    >>> spread(5)
    (-0.8, -0.4, 0.0, 0.4, 0.8)
    """
    if count < 2:
        raise ConfigurationError(f"The grid is {count}; expected 2 or more levels in each dimension.")
    return tuple(round(-reach + 2 * reach * index / (count - 1), 10) + 0.0 for index in range(count))

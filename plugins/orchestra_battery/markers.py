"""Who marks: the oracle that was optimised, and judges that were not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from orchestra_core import Dimension, Judge, Objective, Performance, Pipeline, build, get_registry
from orchestra_core.errors import UsageError

AUDIO, NOTES = "audio", "notes"
ORACLE = "oracle"


@dataclass(frozen=True)
class Marker:
    """Somebody who marks performances.

    Parameters
    ----------
    name : str
        ``"oracle"``, or the judge's name.
    role : {"oracle", "judge"}
        Whether pieces are optimised for it.
    dimensions : tuple of Dimension
        What it marks.
    needs : frozenset of str
        ``audio``, ``notes`` or both.
    mark : callable
        A performance to marks by dimension.
    held_out_slope : mapping of str to float
        By dimension, the slope of its marks on held-out human labels, where its card has it.
    unqualified : tuple of str
        Dimensions that it knows and is not good enough on.
    typicality : callable or None
        A performance to the percentile of its distance from human music, where the judge can tell it.
    """

    name: str
    role: Literal["oracle", "judge"]
    dimensions: tuple[Dimension, ...]
    needs: frozenset[str]
    mark: Callable[[Performance], Mapping[str, float]]
    held_out_slope: Mapping[str, float] = field(default_factory=dict)
    unqualified: tuple[str, ...] = ()
    typicality: Callable[[Performance], float | None] | None = None

    def can_mark(self, performance: Performance) -> bool:
        """Return whether a performance offers what it needs."""
        return self.needs <= performance.offers


def oracle_of(pipeline: Pipeline) -> Marker | None:
    """Return what the objective of a pipeline hears with, as a marker; None for an objective that reads no recordings."""
    objective = pipeline.parts.objective
    if type(objective).read is Objective.read:
        return None

    def mark(performance: Performance) -> Mapping[str, float]:
        if performance.audio is None or performance.sample_rate is None:
            return {}
        with torch.no_grad():
            readings = objective.read(performance.audio[None], performance.sample_rate)
        return {name: float(reading[0]) for name, reading in readings.items()}

    return Marker(ORACLE, "oracle", tuple(objective.dimensions), frozenset({AUDIO}), mark)


def installed_judges(specs: Sequence[Any] | None) -> tuple[Marker, ...]:
    """Return judges as markers: those given by name, by name and configuration or as objects; None for all installed.

    Raises
    ------
    UsageError
        Two have the same name.
    """
    if specs is None:
        registry = get_registry()
        specs = [registry.clear_name(entry) for entry in registry.entries("judge")]
    found = [_judge(spec) for spec in specs]
    names = [marker.name for marker in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"Two judges are called {twice[0]!r}; expected each once.")
    return tuple(found)


def by_audio(markers: Iterable[Marker]) -> tuple[Marker, ...]:
    """Return those that listen."""
    return tuple(marker for marker in markers if AUDIO in marker.needs)


def _judge(spec: Any) -> Marker:
    judge = build("judge", spec).component
    return Marker(
        name=_name_of(spec),
        role="judge",
        dimensions=tuple(dimension for dimension in judge.dimensions if dimension.name in judge.qualified),
        needs=judge.needs,
        mark=judge.mark,
        held_out_slope=_held_out_slope(judge),
        unqualified=tuple(dimension.name for dimension in judge.dimensions if dimension.name not in judge.qualified),
        typicality=judge.typicality,
    )


def _name_of(spec: Any) -> str:
    if isinstance(spec, Judge):
        return type(spec).__name__
    return spec if isinstance(spec, str) else str(spec["name"])


def _held_out_slope(judge: Judge) -> dict[str, float]:
    """Return the slopes of a judge's marks on held-out ratings, where it knows them; one of 0 divides nothing."""
    return {name: float(known["slope"]) for name, known in judge.held_out.items() if known.get("slope", 0.0) > 0}

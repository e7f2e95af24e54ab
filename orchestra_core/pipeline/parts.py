"""The four parts of a pipeline: how they are named, built and held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from orchestra_core.config import to_plain
from orchestra_core.contracts.component import Component, Kind
from orchestra_core.contracts.instrument import Instrument
from orchestra_core.contracts.objective import Objective
from orchestra_core.contracts.oracle import Oracle
from orchestra_core.contracts.schedule import Schedule
from orchestra_core.contracts.score import Score
from orchestra_core.contracts.score_source import ScoreSource
from orchestra_core.descriptors import Ref
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_core.io.midi import read_midi
from orchestra_core.names import one_of
from orchestra_core.pipeline.fixed_score import FixedScore
from orchestra_core.registry import Registry, build
from orchestra_core.registry.build import Spec

#: A score may also be a MIDI file or notes.
ScoreSpec = Spec | Path | Score

C = TypeVar("C", bound=Component)

#: In a recipe, a string that begins with it stands for a file in the run folder.
INPUT = "input:"

_MIDI = (".mid", ".midi")


@dataclass(frozen=True)
class Specs:
    """How the parts of a pipeline are named; each field is a specification or None for the default."""

    instrument: Spec = None
    oracle: Spec = None
    objective: Spec = None
    schedule: Spec = None
    score: ScoreSpec = None

    def replaced(self, changes: Mapping[str, Any]) -> Specs:
        """Return the same parts with some named otherwise.

        Raises
        ------
        ParameterError
            There is no part of that name.
        """
        unknown = set(changes) - set(self.__dataclass_fields__)
        if unknown:
            raise ParameterError(one_of(sorted(unknown)[0], self.__dataclass_fields__, "part of a pipeline"))
        return replace(self, **changes)


@dataclass(frozen=True)
class Parts:
    """The built parts.

    Attributes
    ----------
    instrument, objective, schedule : Component
        The parts.
    score : ScoreSource, or None
        None where the instrument plays no notes.
    plain : mapping
        Names and configurations of the parts, as plain values for a recipe.
    files : mapping of str to Path
        Files from outside that the parts were made from, by the name they get in a run folder.
    by_hand : tuple of str
        The parts that no name and configuration can make again, in words.
    providers : mapping of str to str
        Versions of the distributions that provide the parts.
    """

    instrument: Instrument
    objective: Objective
    schedule: Schedule
    score: ScoreSource | None
    plain: Mapping[str, Any]
    files: Mapping[str, Path]
    by_hand: tuple[str, ...]
    providers: Mapping[str, str]


class PartsBuilder:
    """Builds parts and collects what a recipe must know of them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._plain: dict[str, Any] = {}
        self._files: dict[str, Path] = {}
        self._by_hand: list[str] = []
        self._providers: dict[str, str] = {}

    def build(self, specs: Specs) -> Parts:
        """Return the parts.

        Raises
        ------
        UnknownNameError, ConfigurationError, PluginError
            A part cannot be made.
        IncompatibleError
            The parts do not fit together.
        """
        instrument = cast(Instrument, self._part("instrument", specs.instrument))
        score = self._score(specs.score, instrument)
        objective = cast(Objective, self._part("objective", self._objective(specs)))
        schedule = cast(Schedule, self._part("schedule", specs.schedule or self._best_with(instrument, "schedule")))
        check_fit(instrument, objective, schedule)
        return Parts(instrument, objective, schedule, score, self._plain, self._files, tuple(self._by_hand), self._providers)

    def _part(self, kind: Kind, spec: Spec) -> Component:
        built = build(kind, spec, self._registry)
        self._by_hand += built.by_hand
        self._providers.update({entry.distribution: entry.version for entry in built.entries})
        names = {str(path): self._add_file(path) for path in built.files}
        self._plain[kind] = None if built.ref is None else name_inputs(to_plain(built.ref), names)
        return built.component

    def _add_file(self, path: Path) -> str:
        name = free_name(path, self._files)
        self._files[name] = path
        return INPUT + name

    def _objective(self, specs: Specs) -> Spec:
        if specs.oracle is None:
            return specs.objective
        if isinstance(specs.objective, Component):
            raise IncompatibleError(
                f"An oracle was named beside the objective {type(specs.objective).__name__}, which was made with its own. "
                "Give one of the two."
            )
        ref = _as_ref("objective", specs.objective or self._registry.default("objective").descriptor.name)
        return Ref("objective", ref.name, {**ref.config, "oracle": specs.oracle})

    def _score(self, spec: ScoreSpec, instrument: Instrument) -> ScoreSource | None:
        if "notes" not in instrument.capabilities:
            if spec is not None:
                raise IncompatibleError(f"{type(instrument).__name__} plays no notes; a score cannot be used with it.")
            return None
        if isinstance(spec, Score):
            self._plain["score"] = None
            self._by_hand.append("score made of notes in code")
            return FixedScore(spec)
        if isinstance(spec, Path) or (isinstance(spec, str) and is_midi(spec)):
            path = Path(spec)
            self._plain["score"] = self._add_file(path)
            return FixedScore(read_midi(path))
        return cast(ScoreSource, self._part("score", spec or self._best_with(instrument, "score")))

    def _best_with(self, instrument: Instrument, kind: Kind) -> Spec:
        """Return what an instrument is best played with, where that is installed; None for the default."""
        spec = instrument.defaults.get(kind)
        installed = {entry.descriptor.name for entry in self._registry.entries(kind)}
        return spec if spec is not None and _as_ref(kind, spec).name in installed else None


def check_fit(instrument: Instrument, objective: Objective, schedule: Schedule) -> None:
    """Refuse parts that cannot work together, as far as their capabilities tell.

    Raises
    ------
    IncompatibleError
        A schedule that needs gradients has an instrument, an objective or an oracle in it without.
    """
    if "differentiable" not in schedule.capabilities:
        return
    # An objective is as differentiable as what it hears with.
    oracles = [part for part in vars(objective).values() if isinstance(part, Oracle)]
    for part in (instrument, objective, *oracles):
        if "differentiable" not in part.capabilities:
            raise IncompatibleError(
                f"The schedule {type(schedule).__name__} follows gradients, and the {part.kind} {type(part).__name__} has none. "
                "Choose a schedule that needs no gradient."
            )


def is_midi(name: str) -> bool:
    """Return whether a score is named by a MIDI file."""
    return name.lower().endswith(_MIDI)


def free_name(path: Path, files: Mapping[str, Path]) -> str:
    """Return the name that a file gets among others in a run folder: its own, unless another file has it."""
    return path.name if files.get(path.name, path) == path else f"{len(files)}-{path.name}"


def name_inputs(plain: Any, names: Mapping[str, str]) -> Any:
    """Return plain values in which every string that is a key of `names` is replaced by what it stands for."""
    if isinstance(plain, Mapping):
        return {key: name_inputs(value, names) for key, value in plain.items()}
    if isinstance(plain, list):
        return [name_inputs(value, names) for value in plain]
    return names.get(plain, plain) if isinstance(plain, str) else plain


def _as_ref(kind: Kind, spec: str | Mapping[str, Any] | Ref) -> Ref:
    if isinstance(spec, Ref):
        return spec
    if isinstance(spec, str):
        return Ref(kind, spec)
    return Ref(kind, str(spec["name"]), dict(spec.get("config", {})))

"""An evaluation from the design to its files: compose, read back, mark, add up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from orchestra_battery.composing import Order, compose, seconds_per_piece
from orchestra_battery.control import ControlSummary, control_oracles, summarise_controls
from orchestra_battery.design import Piece, asked_dimensions, factorial
from orchestra_battery.markers import ORACLE, Marker, installed_judges, oracle_of
from orchestra_battery.marking import Examination, Record, examine_all
from orchestra_battery.plain import FORMAT, RECORD, plain, read_record, read_records
from orchestra_battery.settings import Named, Settings
from orchestra_core import Dimension, Pipeline, write_text
from orchestra_core.errors import RunFolderError

#: Called with what is being done, and how many of how many pieces are done.
Listener = Callable[[str, int, int], None]

_SETTINGS = "settings.json"
# What pieces that are there already must have been composed with.
_DESIGN = ("preset", "levels", "dimensions", "seeds", "first_seed", "scale", "duration", "loudness", "budget", "batch")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Parameters
    ----------
    directory : Path
        Its folder.
    pipeline : Pipeline
        What composed.
    settings : Settings
        What was evaluated.
    names : tuple of str
        The dimensions that were asked for.
    markers : tuple of Marker
        Who marked.
    records : tuple of Record
        The pieces.
    baseline : tuple of Record
        The pieces of the baseline; empty without one.
    controls : ControlSummary or None
        What came of oracles that know nothing.
    """

    directory: Path
    pipeline: Pipeline
    settings: Settings
    names: tuple[str, ...]
    markers: tuple[Marker, ...]
    records: tuple[Record, ...]
    baseline: tuple[Record, ...] = ()
    controls: ControlSummary | None = None

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Those of the objective that were asked for, which requests are on."""
        known = {dimension.name: dimension for dimension in self.pipeline.parts.objective.dimensions}
        return tuple(known[name] for name in self.names)

    @property
    def seconds_per_piece(self) -> float | None:
        """The mean time that a piece took to compose, where that is known."""
        return seconds_per_piece(self.directory / "pieces")

    @property
    def duration(self) -> float:
        """The length of a piece in s."""
        return duration_of(self.directory / self.records[0].folder)


def evaluate(settings: Settings, directory: Path, *, resume: bool = False, listener: Listener | None = None) -> Evaluation:
    """Compose, read back and mark the pieces of a design, its baseline and its controls.

    Everything is kept in the folder as it is done, so that an interrupted evaluation goes on where it was.

    Parameters
    ----------
    settings : Settings
        What is evaluated.
    directory : Path
        A folder that is missing or empty; with `resume`, also one of the same design, whose judges, transforms, baseline and
        controls may be others.
    resume : bool
        Go on with what is there.
    listener : callable, optional
        Told what is being done, and how many of how many pieces are done.

    Returns
    -------
    Evaluation

    Raises
    ------
    RunFolderError
        The folder holds something else.
    ConfigurationError
        The settings do not fit the pipeline.
    """
    pipeline = pipeline_of(settings)
    names = asked_dimensions(settings.dimensions, pipeline.parts.objective.dimensions)
    judges = installed_judges(settings.judges)
    oracle = oracle_of(pipeline)
    # What cannot be made is refused before anything is composed.
    baseline, controls = _baseline_of(settings, pipeline), control_oracles(settings.controls, pipeline)
    for spec in controls.values():
        pipeline.replace(oracle=spec)
    _open(directory, settings, pipeline, resume)
    bench = _Bench(settings, directory, names, listener or _silent)
    markers = (*((oracle,) if oracle else ()), *judges)
    seeds = range(settings.first_seed, settings.first_seed + settings.seeds)
    chosen = frozenset(seeds[: settings.transforms])
    records = bench.run("", pipeline, bench.order, Examination(markers, transformed_seeds=chosen))
    found = Evaluation(directory, pipeline, settings, names, markers, records)
    bench = replace(bench, duration=found.duration)
    against = () if baseline is None else baseline(bench, Examination(markers, transforms=()))
    return replace(found, baseline=against, controls=_controls(bench, found, judges, controls) if controls else None)


def pipeline_of(settings: Settings) -> Pipeline:
    """Return what composes: the parts that are named, over those of the preset or the default ones."""
    parts = settings.pipeline
    return Pipeline(**parts) if settings.preset is None else Pipeline.from_preset(settings.preset).replace(**parts)


@dataclass(frozen=True)
class _Bench:
    """Where designs are composed and marked."""

    settings: Settings
    directory: Path
    names: tuple[str, ...]
    listener: Listener
    duration: float | None = None

    @property
    def order(self) -> Order:
        own = self.settings
        return Order(own.scale, self.duration or own.duration, own.loudness, own.budget, own.batch)

    @property
    def design(self) -> tuple[Piece, ...]:
        own = self.settings
        return factorial(self.names, own.levels, range(own.first_seed, own.first_seed + own.seeds))

    def run(
        self, name: str, pipeline: Pipeline, order: Order, examination: Examination, design: Sequence[Piece] = ()
    ) -> tuple[Record, ...]:
        """Return the records of a design, composed and marked in a folder of that name; by default the whole design."""
        pieces, folder, prefix = tuple(design) or self.design, self.directory / name, f"{name}: " if name else ""
        places = compose(pipeline, pieces, folder / "pieces", order, lambda *done: self.listener(f"{prefix}composing", *done))
        return examine_all(
            pieces,
            places,
            self.directory,
            folder / "marks",
            examination,
            lambda *done: self.listener(f"{prefix}marking", *done),
        )


#: Composes and marks the pieces of a baseline.
_Baseline = Callable[[_Bench, Examination], tuple[Record, ...]]


def _baseline_of(settings: Settings, pipeline: Pipeline) -> _Baseline | None:
    """Return how the pieces of the baseline are had: a score source as it writes, another pipeline, or another evaluation."""
    named = settings.baseline
    if named is None:
        return None
    if isinstance(named, str) and (Path(named) / RECORD).exists():
        stored = _comparable(read_record(Path(named)), pipeline)
        return lambda bench, examination: stored
    if isinstance(named, str):
        parts, budget = {"score": named}, 1  # one evaluation, and so nothing moves
    else:
        parts = {name: part for name, part in named.items() if name != "budget"}
        budget = named.get("budget", settings.budget)
    other = pipeline.replace(**parts)
    return lambda bench, examination: bench.run("baseline", other, replace(bench.order, budget=budget), examination)


def _comparable(record: Mapping[str, Any], pipeline: Pipeline) -> tuple[Record, ...]:
    """Return the pieces of another evaluation; marks of another oracle are left out, as the same name is not the same ear."""
    records = read_records(record)
    if record["settings"]["pipeline"].get("objective") == plain(pipeline.parts.plain.get("objective")):
        return records
    return tuple(replace(one, marks={name: marks for name, marks in one.marks.items() if name != ORACLE}) for one in records)


def _controls(bench: _Bench, found: Evaluation, judges: tuple[Marker, ...], oracles: Mapping[str, Named]) -> ControlSummary:
    """Return what came of the controls."""
    own = bench.settings.controls
    first = bench.settings.first_seed
    design = factorial(bench.names, own.levels, range(first, first + own.seeds))
    examination = Examination(judges, transforms=(), measured=False)
    pieces = {
        name: bench.run(f"controls/{name}", found.pipeline.replace(oracle=spec), bench.order, examination, design)
        for name, spec in oracles.items()
    }
    return summarise_controls(judges, pieces, found.records, bench.names, found.pipeline.parts.objective.dimensions)


def duration_of(folder: Path) -> float:
    """Return the length in s of the piece in a run folder."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return float(record["recipe"]["canvas"]["duration"])


def _open(directory: Path, settings: Settings, pipeline: Pipeline, resume: bool) -> None:
    """Make the folder, or check that what is there is of the same design."""
    now = plain({"format": FORMAT, "pipeline": pipeline.parts.plain, **{name: getattr(settings, name) for name in _DESIGN}})
    record = directory / _SETTINGS
    if not directory.exists() or not any(directory.iterdir()):
        directory.mkdir(parents=True, exist_ok=True)
        write_text(record, json.dumps({**now, "baseline": plain(settings.baseline)}, indent=1) + "\n")
        return
    if not record.exists():
        raise RunFolderError(f"{directory} is not empty and no evaluation: it has no {_SETTINGS}. Choose another folder with -o.")
    if not resume:
        raise RunFolderError(f"{directory} already holds an evaluation. Choose another folder with -o, or go on with --resume.")
    before: Mapping[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    different = [key for key in now if before.get(key) != json.loads(json.dumps(now[key]))]
    if different:
        raise RunFolderError(
            f"{directory} holds an evaluation with another {' and '.join(different)}. Evaluate the same as then, or choose "
            "another folder with -o."
        )


def baseline_before(directory: Path) -> Named | None:
    """Return the baseline that a folder's evaluation was last held against, or else begun with; None without one."""
    for name in (RECORD, _SETTINGS):
        try:
            record = json.loads((directory / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # what is needed of it is refused where it is read
        named: Named | None = record.get("settings", record).get("baseline")
        return named
    return None


def _silent(stage: str, done: int, total: int) -> None:
    """Say nothing."""


def settings_as_plain(settings: Settings, pipeline: Pipeline) -> dict[str, Any]:
    """Return settings as plain values; parts made by hand are named."""
    own = {name: getattr(settings, name) for name in settings.__dataclass_fields__ if name not in ("pipeline", "controls")}
    made: dict[str, Any] = plain({"pipeline": pipeline.parts.plain, **own, "controls": asdict(settings.controls)})
    return made

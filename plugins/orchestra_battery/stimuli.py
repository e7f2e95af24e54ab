"""Sets of stimuli: composed from a plan, measured, and listed in a manifest."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestra_battery.composing import is_finished
from orchestra_battery.cues import measure
from orchestra_battery.markers import Marker, installed_judges, oracle_of
from orchestra_battery.marking import audio_hash, gates_of, marks_of, record_of
from orchestra_battery.plain import plain
from orchestra_battery.plan import Stimulus
from orchestra_core import Gate, Pipeline, read_performance, write_text
from orchestra_core.errors import ConfigurationError, RunFolderError, UsageError

#: Format and version of the manifest.
FORMAT = "orchestra-stimuli/1"
MANIFEST = "manifest.json"
_PLAN, _TABLE, _FOLDER = "plan.json", "manifest.csv", "stimuli"


@dataclass(frozen=True)
class Made:
    """What is known of a stimulus that is there.

    Parameters
    ----------
    stimulus : Stimulus
        Its row in the plan.
    folder : str
        Its run folder, relative to the set's.
    sha256 : str
        Of its ``audio.wav``.
    seconds : float
        Its length.
    targets : mapping of str to float
        What was asked, as readings of the oracle.
    readings : mapping of str to float
        What the oracle reads of the saved file.
    marks : mapping of str to mapping of str to float
        By judge and dimension.
    cues : mapping of str to float
        Measured cues, the integrated loudness among them.
    gates : mapping of str to Gate
        What it was held to.
    versions : mapping of str to str
        Of everything that its bits depend on.
    """

    stimulus: Stimulus
    folder: str
    sha256: str
    seconds: float
    targets: Mapping[str, float]
    readings: Mapping[str, float]
    marks: Mapping[str, Mapping[str, float]]
    cues: Mapping[str, float]
    gates: Mapping[str, Gate]
    versions: Mapping[str, str]

    @property
    def failed(self) -> tuple[str, ...]:
        """The gates that it does not hold to."""
        return tuple(name for name, gate in self.gates.items() if not gate.passed)


def make_stimuli(
    stimuli: Sequence[Stimulus],
    directory: Path,
    parts: Mapping[str, Any],
    *,
    judges: Sequence[Any] | None = None,
    resume: bool = False,
    listener: Callable[[int, int], None] | None = None,
) -> tuple[Made, ...]:
    """Compose a set of stimuli, measure the saved files, and write its manifest.

    Parameters
    ----------
    stimuli : sequence of Stimulus
        The plan.
    directory : Path
        A folder that is missing or empty, or where nothing is finished; with `resume`, also one that holds some of the same
        plan.
    parts : mapping
        Parts of the pipeline by name, or by name and configuration; rows of the plan change them.
    judges : sequence, optional
        Who marks; all that are installed by default.
    resume : bool
        Go on with what is there.
    listener : callable, optional
        Told how many of how many stimuli are there.

    Returns
    -------
    tuple of Made
        In the order of the plan. ``manifest.json`` and ``manifest.csv`` list them.

    Raises
    ------
    RunFolderError
        The folder holds something else, or stimuli of another plan.
    UsageError
        A row asks for what cannot be made, such as an unknown word; nothing is written then.
    """
    kitchen = _Kitchen(parts)
    pipelines = [kitchen.pipeline(stimulus) for stimulus in stimuli]  # refuses what cannot be made before anything is
    markers = installed_judges(judges)
    plan = _plain_plan(stimuli, kitchen.base)
    stale = _begun_otherwise(directory, plan, resume)
    rows = tuple(zip(stimuli, pipelines, strict=True))
    _rehearse([row for row in rows if not is_finished(directory / _FOLDER / row[0].name)])
    _open(directory, plan, stale)
    made = []
    for done, (stimulus, pipeline) in enumerate(rows):
        if listener is not None:
            listener(done, len(stimuli))
        folder = directory / _FOLDER / stimulus.name
        if not is_finished(folder):
            _compose(pipeline, stimulus, folder)
        made.append(_measured(stimulus, pipeline, folder, directory, markers))
    if listener is not None:
        listener(len(stimuli), len(stimuli))
    _write_manifest(directory, made)
    return tuple(made)


class _Kitchen:
    """Makes pipelines for rows; rows of the same parts share one."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self.base = Pipeline(**parts)
        self._made: dict[str, Pipeline] = {}

    def pipeline(self, stimulus: Stimulus) -> Pipeline:
        """Return the pipeline of a row."""
        key = json.dumps(stimulus.parts, sort_keys=True)
        if key not in self._made:
            changes = {part: self._changed(part, dict(own), stimulus.name) for part, own in stimulus.parts.items()}
            self._made[key] = self.base.replace(**changes)
        return self._made[key]

    def _changed(self, part: str, own: dict[str, Any], who: str) -> dict[str, Any]:
        name = own.pop("", None)
        current = self.base.parts.plain.get(part)
        if name is not None or not isinstance(current, Mapping):
            if name is None:
                raise ConfigurationError(
                    f"Stimulus {who!r} configures the {part}, which is not known by name; name it in {part!r}."
                )
            return {"name": name, "config": own}
        config = dict(current.get("config", {}))
        # A cell holds one value; a field that holds several gets it as its only one.
        several = {field for field, value in config.items() if isinstance(value, list)}
        changes = {field: [value] if field in several and not isinstance(value, list) else value for field, value in own.items()}
        return {"name": current["name"], "config": {**config, **changes}}


def _rehearse(rows: Sequence[tuple[Stimulus, Pipeline]]) -> None:
    """Refuse every row that cannot be composed; rows that differ in their seeds alone are tried once."""
    tried = {json.dumps(plain(replace(stimulus, name="", factors={}, seed=0))): (stimulus, pipe) for stimulus, pipe in rows[::-1]}
    for stimulus, pipeline in reversed(tried.values()):
        with TemporaryDirectory() as taken:
            # A run is checked in everything before its folder is opened, and this one is not to be had.
            (Path(taken) / "taken").touch()
            try:
                _compose(pipeline, stimulus, Path(taken))
            except RunFolderError:
                continue
            except UsageError as error:
                raise type(error)(f"Stimulus {stimulus.name!r}: {error}") from error


def _compose(pipeline: Pipeline, stimulus: Stimulus, folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    pipeline.compose(
        stimulus.word,
        targets=stimulus.targets,
        seed=stimulus.seed,
        duration=stimulus.duration,
        loudness=stimulus.loudness,  # type: ignore[arg-type]  # the core refuses other names
        budget=stimulus.budget,
        directory=folder,
        resume=folder.exists(),
    )


def _measured(stimulus: Stimulus, pipeline: Pipeline, folder: Path, directory: Path, judges: tuple[Marker, ...]) -> Made:
    performance, record, oracle = read_performance(folder), record_of(folder), oracle_of(pipeline)
    audio, rate = performance.audio, performance.sample_rate
    return Made(
        stimulus=stimulus,
        folder=folder.relative_to(directory).as_posix(),
        sha256=audio_hash(folder),
        seconds=len(audio) / rate if audio is not None and rate else 0.0,
        targets=record["item"]["targets"],
        readings=oracle.mark(performance) if oracle else {},
        marks=marks_of(performance, judges),
        cues=measure(performance),
        gates=gates_of(performance, record["item"], judges),
        versions=record["recipe"].get("versions", {}),
    )


def _plain_plan(stimuli: Sequence[Stimulus], base: Pipeline) -> dict[str, Any]:
    rows = {stimulus.name: plain(stimulus) for stimulus in stimuli}
    stored: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, "pipeline": plain(base.parts.plain), "stimuli": rows}))
    return stored


def _begun_otherwise(directory: Path, plan: Mapping[str, Any], resume: bool) -> list[Path]:
    """Return run folders that another plan began, where it finished none; refuse a folder where it did, or that is no set."""
    if not directory.exists() or not any(directory.iterdir()):
        return []
    if not (directory / _PLAN).exists():
        raise RunFolderError(f"{directory} is not empty and no set of stimuli. Choose another folder with -o.")
    begun = {folder.name: folder for folder in sorted((directory / _FOLDER).glob("*")) if folder.is_dir()}
    if begun and not resume:
        raise RunFolderError(f"{directory} already holds stimuli. Choose another folder with -o, or go on with --resume.")
    before = json.loads((directory / _PLAN).read_text(encoding="utf-8"))
    other = [name for name in begun if before["stimuli"].get(name) != plan["stimuli"].get(name) and name in plan["stimuli"]]
    same_parts = before["pipeline"] == plan["pipeline"]
    if any(map(is_finished, begun.values())) and (other or not same_parts):
        what = f"asks otherwise for {other[0]!r}" if other else "names other parts"
        raise RunFolderError(f"{directory} holds stimuli of another plan: this one {what}. Choose another folder with -o.")
    return [begun[name] for name in (other if same_parts else begun)]


def _open(directory: Path, plan: Mapping[str, Any], stale: Sequence[Path]) -> None:
    for folder in stale:
        shutil.rmtree(folder)
    directory.mkdir(parents=True, exist_ok=True)
    write_text(directory / _PLAN, json.dumps(plan, indent=1, ensure_ascii=False) + "\n")


def _write_manifest(directory: Path, made: Sequence[Made]) -> None:
    record = {"format": FORMAT, "stimuli": [{**plain(one), "failed": list(one.failed)} for one in made]}
    write_text(directory / MANIFEST, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    rows = [_row(one) for one in made]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(rows)
    write_text(directory / _TABLE, text.getvalue())


def _row(one: Made) -> dict[str, Any]:
    named = {
        **{f"target.{name}": value for name, value in one.targets.items()},
        **{f"reading.{name}": value for name, value in one.readings.items()},
        **{f"{judge}.{name}": value for judge, marks in one.marks.items() for name, value in marks.items()},
        **{f"cue.{name}": value for name, value in one.cues.items()},
    }
    head = {"stimulus": one.stimulus.name, "file": f"{one.folder}/audio.wav", **one.stimulus.factors}
    versions = " ".join(f"{name}={version}" for name, version in one.versions.items())
    rounded = {name: round(float(value), 6) for name, value in named.items()}
    tail = {"seconds": round(one.seconds, 4), "failed": " ".join(one.failed), "sha256": one.sha256, "versions": versions}
    return {**head, **rounded, **tail}

"""Read finished pieces back from their files, and note what every marker, cue and gate says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orchestra_battery.cues import measure
from orchestra_battery.design import Piece
from orchestra_battery.gates import HIGHEST_PEAK, MOST_UNUSUAL, gates
from orchestra_battery.markers import AUDIO, Marker
from orchestra_battery.transforms import TRANSFORMS, transformed
from orchestra_core import Gate, Performance, read_performance, write_text
from orchestra_core.errors import ParameterError

Marks = Mapping[str, float]

#: Raised where marks that are there already would not be what they are now.
VERSION = 4


@dataclass(frozen=True)
class Record:
    """What is known of one piece.

    Parameters
    ----------
    number, cell, seed : int
        As in the design.
    requests : mapping of str to float
        What was asked, by dimension.
    targets : mapping of str to float
        The same as readings of the oracle.
    folder : str
        Its run folder, relative to the evaluation's.
    sha256 : str
        Of ``audio.wav``.
    marks : mapping of str to mapping of str to float
        By marker and dimension; of a marker that lacks something there is none.
    cues : mapping of str to float
        By name.
    gates : mapping of str to Gate
        By name.
    transforms : mapping of str to mapping
        Marks by transform, marker and dimension, of those pieces that were transformed.
    failures : mapping of str to str
        Why a marker could not mark it, though it had what it needs.
    """

    number: int
    cell: int
    seed: int
    requests: Marks
    targets: Marks
    folder: str
    sha256: str
    marks: Mapping[str, Marks]
    cues: Marks = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    transforms: Mapping[str, Mapping[str, Marks]] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Examination:
    """What is noted of every piece.

    Parameters
    ----------
    markers : tuple of Marker
        Who marks.
    transforms : tuple of str
        Which of `TRANSFORMS`, for the seeds in `transformed_seeds`.
    transformed_seeds : frozenset of int
        Of which seeds.
    measured : bool
        Whether cues and gates are noted.
    """

    markers: tuple[Marker, ...]
    transforms: tuple[str, ...] = tuple(TRANSFORMS)
    transformed_seeds: Collection[int] = frozenset()
    measured: bool = True

    @property
    def fingerprint(self) -> str:
        """What marks that are there already must agree on."""
        who = [(marker.name, [asdict(dimension) for dimension in marker.dimensions]) for marker in self.markers]
        plain = [VERSION, who, self.transforms, sorted(self.transformed_seeds), self.measured]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def examine_all(
    pieces: Sequence[Piece],
    places: Mapping[int, Path],
    directory: Path,
    cache: Path,
    examination: Examination,
    progress: Callable[[int, int], None],
) -> tuple[Record, ...]:
    """Return what is known of every piece; what was noted before is read.

    Parameters
    ----------
    pieces : sequence of Piece
        The design.
    places : mapping of int to Path
        The run folder of each piece.
    directory : Path
        The evaluation's folder, which records refer to.
    cache : Path
        Where a file for each piece is kept.
    examination : Examination
        What is noted.
    progress : callable
        Called with the number of pieces that are done and that there are.

    Returns
    -------
    tuple of Record
    """
    cache.mkdir(parents=True, exist_ok=True)
    records = []
    for done, piece in enumerate(pieces):
        progress(done, len(pieces))
        records.append(_kept(piece, places[piece.number], directory, cache / f"{piece.number:04d}.json", examination))
    progress(len(pieces), len(pieces))
    return tuple(records)


def examine(piece: Piece, folder: Path, directory: Path, examination: Examination) -> Record:
    """Return what is known of a piece, out of its files."""
    performance = read_performance(folder)
    item = record_of(folder)["item"]
    chosen = piece.seed in examination.transformed_seeds
    failures: dict[str, str] = {}
    return Record(
        number=piece.number,
        cell=piece.cell,
        seed=piece.seed,
        requests=dict(piece.requests),
        targets=dict(item.get("targets", {})),
        folder=folder.relative_to(directory).as_posix(),
        sha256=audio_hash(folder),
        marks=marks_of(performance, examination.markers, failures),
        cues=measure(performance) if examination.measured else {},
        gates=gates_of(performance, item, examination.markers) if examination.measured else {},
        transforms={name: _transformed(performance, name, examination) for name in examination.transforms if chosen},
        failures=failures,
    )


def marks_of(
    performance: Performance, markers: Sequence[Marker], failures: dict[str, str] | None = None
) -> dict[str, dict[str, float]]:
    """Return the marks of those who can mark a performance, in the dimensions that they qualify on.

    Parameters
    ----------
    performance : Performance
        What is marked.
    markers : sequence of Marker
        Who marks.
    failures : dict of str to str, optional
        Gets the reason of those who had what they need and could not mark it all the same, such as notes that are all drums.

    Returns
    -------
    dict of str to dict of str to float
        By marker and dimension.
    """
    found: dict[str, dict[str, float]] = {}
    for marker in markers:
        if not marker.can_mark(performance):
            continue
        try:
            found[marker.name] = {name: float(value) for name, value in marker.mark(performance).items()}
        except ParameterError as error:
            (failures if failures is not None else {})[marker.name] = str(error)
    return found


def gates_of(performance: Performance, item: Mapping[str, Any], markers: Sequence[Marker]) -> dict[str, Gate]:
    """Return what a piece is held to: by its sound and notes, by the record of its run, and by markers that know human music."""
    key = (item.get("setting") or {}).get("key")
    found = gates(performance, key)
    peak = item.get("loudness", {}).get("true_peak")
    if peak is not None:
        found["true_peak"] = Gate(float(peak), HIGHEST_PEAK, peak <= HIGHEST_PEAK + 0.05)
    for marker in markers:
        percentile = _typicality(marker, performance)
        if percentile is not None:
            found[f"typical:{marker.name}"] = Gate(float(percentile), MOST_UNUSUAL, percentile <= MOST_UNUSUAL)
    return found


def _typicality(marker: Marker, performance: Performance) -> float | None:
    if marker.typicality is None or not marker.can_mark(performance):
        return None
    try:
        return marker.typicality(performance)
    except ParameterError:  # what it cannot mark, as its marks tell
        return None


def record_of(folder: Path) -> Mapping[str, Any]:
    """Return what ``run.json`` says of a finished run of one item."""
    record: Mapping[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return record


def audio_hash(folder: Path) -> str:
    """Return the SHA-256 of the audio in a run folder."""
    return hashlib.sha256((folder / "audio.wav").read_bytes()).hexdigest()


def record_from(plain: Mapping[str, Any]) -> Record:
    """Return a record from its plain form."""
    return Record(**{**plain, "gates": {name: Gate(**gate) for name, gate in plain["gates"].items()}})


def _kept(piece: Piece, folder: Path, directory: Path, path: Path, examination: Examination) -> Record:
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        same = stored["fingerprint"] == examination.fingerprint
        if same and stored["record"]["sha256"] == audio_hash(folder):
            return record_from(stored["record"])
    record = examine(piece, folder, directory, examination)
    write_text(path, json.dumps({"fingerprint": examination.fingerprint, "record": asdict(record)}, indent=1) + "\n")
    return record


def _transformed(performance: Performance, name: str, examination: Examination) -> dict[str, dict[str, float]]:
    # Who needs the notes alone hears nothing of it.
    listening = [marker for marker in examination.markers if AUDIO in marker.needs]
    return marks_of(transformed(performance, name), listening)

"""Everything that an evaluation adds up to, and its record as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestra_battery.comparison import Difference, compare
from orchestra_battery.evaluation import Evaluation, settings_as_plain
from orchestra_battery.goals import Outcome, outcomes
from orchestra_battery.markers import Marker
from orchestra_battery.plain import FORMAT, RECORD, plain
from orchestra_battery.summary import (
    CueSummary,
    MarkerSummary,
    moved_by_transforms,
    summarise_cues,
    summarise_gates,
    summarise_marker,
)
from orchestra_core import write_text


@dataclass(frozen=True)
class Findings:
    """What an evaluation adds up to.

    Parameters
    ----------
    marks : mapping of str to MarkerSummary
        By marker.
    cues : mapping of str to mapping of str to CueSummary
        By cue and dimension.
    moved : mapping of str to mapping
        How marks move, by marker, transform and dimension.
    gates : mapping of str to mapping
        By gate: pieces, passed, limit and worst.
    goals : tuple of Outcome
        What was to be reached, and whether it is.
    baseline_marks : mapping of str to MarkerSummary
        Those of the baseline, by marker; empty without one.
    differences : mapping of str to mapping of str to Difference
        What the evaluation has more than its baseline, by marker and dimension.
    """

    marks: Mapping[str, MarkerSummary]
    cues: Mapping[str, Mapping[str, CueSummary]]
    moved: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]
    gates: Mapping[str, Mapping[str, float | int]]
    goals: tuple[Outcome, ...]
    baseline_marks: Mapping[str, MarkerSummary]
    differences: Mapping[str, Mapping[str, Difference]]


def find(evaluation: Evaluation) -> Findings:
    """Return what an evaluation adds up to."""
    records, names, baseline = evaluation.records, evaluation.names, evaluation.baseline
    markers, objective = evaluation.markers, evaluation.dimensions
    marks = {marker.name: summarise_marker(marker, records, names, objective) for marker in markers}
    return Findings(
        marks=marks,
        cues=summarise_cues(records, names, objective),
        moved={marker.name: moved_by_transforms(marker, records) for marker in markers},
        gates=summarise_gates(records),
        goals=outcomes(markers, marks, evaluation.settings.goals),
        baseline_marks={one.name: summarise_marker(one, baseline, names, objective) for one in markers} if baseline else {},
        differences={one.name: compare(one, records, baseline, names, objective) for one in markers} if baseline else {},
    )


def write_record(evaluation: Evaluation, findings: Findings) -> Path:
    """Write ``evaluation.json``; its fields are described in the documentation of the command. Return its path."""
    record = {
        "format": FORMAT,
        "settings": settings_as_plain(evaluation.settings, evaluation.pipeline),
        "made_by_hand": list(evaluation.pipeline.parts.by_hand),
        "versions": _versions(evaluation.directory / evaluation.records[0].folder),
        "duration": evaluation.duration,
        "seconds_per_piece": evaluation.seconds_per_piece,
        "dimensions": [asdict(dimension) for dimension in evaluation.dimensions],
        "markers": [_plain_marker(marker, evaluation.settings.tuned_on) for marker in evaluation.markers],
        "findings": findings,
        "controls": evaluation.controls,
        "pieces": evaluation.records,
        "baseline_pieces": evaluation.baseline,
    }
    return write_text(evaluation.directory / RECORD, json.dumps(plain(record), indent=1, ensure_ascii=False) + "\n")


def untouched(marker: Marker, tuned_on: Sequence[str]) -> bool | None:
    """Return whether no choice was made on a marker's marks, as far as the settings say; None where they say nothing."""
    if marker.role != "judge":
        return False
    return marker.name not in tuned_on if tuned_on else None


def _plain_marker(marker: Marker, tuned_on: Sequence[str]) -> dict[str, Any]:
    return {
        "name": marker.name,
        "role": marker.role,
        "dimensions": [asdict(dimension) for dimension in marker.dimensions],
        "needs": sorted(marker.needs),
        "held_out_slope": dict(marker.held_out_slope),
        "unqualified": list(marker.unqualified),
        "untouched": untouched(marker, tuned_on),
    }


def _versions(folder: Path) -> Mapping[str, str]:
    recipe = json.loads((folder / "run.json").read_text(encoding="utf-8"))["recipe"]
    versions: Mapping[str, str] = recipe.get("versions", {})
    return versions

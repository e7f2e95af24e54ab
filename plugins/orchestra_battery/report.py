"""The report of an evaluation: one page of pictures, tables and players, which needs nothing but the folder it lies in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from orchestra_battery import pictures
from orchestra_battery.cues import BY_NAME
from orchestra_battery.evaluation import Evaluation, settings_as_plain
from orchestra_battery.findings import Findings, untouched
from orchestra_battery.gates import about_bars
from orchestra_battery.marking import Record
from orchestra_battery.statistics import Estimate
from orchestra_battery.tables import DIFFERENCE_OF_ERROR, number
from orchestra_core import render_page, write_text

REPORT = "report.html"
_UNKNOWN = "\N{EN DASH}"
# Columns of words rather than numbers.
_WORDS = (
    "dimension",
    "measure",
    "to reach",
    "better",
    "nearer",
    "above",
    "expected",
    "met",
    "clear",
    "marked by",
    "role",
    "source",
    "failed by",
    "transform",
)


_LEGEND = (
    "In brackets: 95 % bootstrap intervals, whole cells drawn. Slope: SD of the labels per SD asked, the other dimension held. "
    "Ratio: the slope over the same judge's slope on held-out human labels; over 1.5 is caricature. Cross: slope on the other "
    "dimension as a share of the own. Error: mean absolute, in the marker's unit. Sign and quadrant: share of the pieces on the "
    "asked side of the middle.",
)


# Of a judge, by whether it is untouched.
_ROLES = {True: "untouched", False: "tuned on", None: "judge"}
_UNSAID = "Nobody said which judges choices were made on (tuned_on), so none is called untouched."


@dataclass(frozen=True)
class Section:
    """A section of the page: paragraphs, pictures, a table with its head, and notes under it."""

    name: str
    title: str
    text: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    notes: tuple[str, ...] = field(default=())


def write_report(evaluation: Evaluation, findings: Findings) -> Path:
    """Write ``report.html`` into the evaluation's folder and return its path."""
    return write_text(evaluation.directory / REPORT, report_html(evaluation, findings))


def report_html(evaluation: Evaluation, findings: Findings) -> str:
    """Return the report of an evaluation as HTML5."""
    folder = files("orchestra_battery")
    settings = settings_as_plain(evaluation.settings, evaluation.pipeline)
    return render_page(
        (folder / "report.html").read_text("utf-8"),
        (folder / "report.css").read_text("utf-8"),
        title="Evaluation",
        subtitle=_subtitle(evaluation),
        sections=[section for section in _sections(evaluation, findings) if section.rows or section.figures or section.text],
        cells=_cells(evaluation),
        words=_WORDS,
        provenance=json.dumps(settings, indent=1, ensure_ascii=False),
    )


def _subtitle(evaluation: Evaluation) -> str:
    parts = evaluation.pipeline.parts.plain
    named = [part["name"] if isinstance(part, dict) else str(part) for part in parts.values() if part]
    cells = len({record.cell for record in evaluation.records})
    facts = [f"{len(evaluation.records)} pieces of {evaluation.duration:g} s in {cells} cells", *named]
    if evaluation.seconds_per_piece is not None:
        facts.append(f"{evaluation.seconds_per_piece:.1f} s to compose one")
    return " · ".join(facts)


def _sections(evaluation: Evaluation, findings: Findings) -> list[Section]:
    return [
        _marks(evaluation, findings),
        _goals(findings),
        _differences(evaluation, findings),
        _controls(evaluation),
        _cue_section(findings),
        _transforms(findings),
        _gates(evaluation, findings),
    ]


def _marks(evaluation: Evaluation, findings: Findings) -> Section:
    common = (evaluation.records, evaluation.names, evaluation.dimensions)
    figures = (pictures.planes(evaluation.markers, *common), pictures.along(evaluation.markers, *common))
    rows = []
    for marker in evaluation.markers:
        summary = findings.marks[marker.name]
        role = "optimised" if marker.role == "oracle" else _ROLES[untouched(marker, evaluation.settings.tuned_on)]
        for name, mark in summary.marks.items():
            signed, shares = (mark.r, mark.slope, mark.slope_ratio), (mark.cross, mark.error, mark.sign, summary.quadrant)
            rows.append((marker.name, role, name, *map(_shown, signed), *map(_without_sign, shares)))
    left_out = [f"{one.name} does not qualify on {', '.join(one.unqualified)}." for one in evaluation.markers if one.unqualified]
    unsaid = [] if evaluation.settings.tuned_on or all(one.role == "oracle" for one in evaluation.markers) else [_UNSAID]
    notes = (*_LEGEND, *unsaid, *left_out, *unmarked(evaluation.records))
    head = ("marked by", "role", "dimension", "r", "slope", "ratio", "cross", "error", "sign", "quadrant")
    return Section("marks", "Asked and marked", (), tuple(filter(None, figures)), head, tuple(rows), notes)


def unmarked(records: Sequence[Record]) -> list[str]:
    """Return a sentence for every marker that could not mark some pieces, with the first reason."""
    reasons: dict[str, list[str]] = {}
    for record in records:
        for name, reason in record.failures.items():
            reasons.setdefault(name, []).append(f"{record.folder}: {reason}")
    return [f"{name} could not mark {len(each)} of {len(records)} pieces. {each[0]}" for name, each in reasons.items()]


def _goals(findings: Findings) -> Section:
    rows = tuple(
        (one.marker, one.dimension, one.measure, number(one.value), one.limit, "unknown" if one.met is None else one.met)
        for one in findings.goals
    )
    return Section("goals", "Goals", (), (), ("marked by", "dimension", "measure", "found", "to reach", "met"), rows)


def _differences(evaluation: Evaluation, findings: Findings) -> Section:
    rows = []
    for marker, each in findings.differences.items():
        for name, one in each.items():
            ways = [summary[marker].marks.get(name) for summary in (findings.marks, findings.baseline_marks)]
            before = [_shown(way.r) if way else _UNKNOWN for way in ways]
            rows.append((marker, name, *before, *map(_shown, (one.r, one.slope, one.error)), one.better, one.nearer))
    head = ("marked by", "dimension", "r", "r of the baseline", "more r", "more slope", "more error (SD)", "better", "nearer")
    notes = (
        f"Baseline: {evaluation.settings.baseline}. Intervals of a paired bootstrap over cells and seeds; better: that of r lies "
        f"above 0; nearer: that of the error lies below 0. Error: {DIFFERENCE_OF_ERROR}. SD, of slope and error, are those of "
        "the labels where these are known; the errors above are in the marker's unit.",
    )
    return Section("baseline", "Against the baseline", (), (), head, tuple(rows), notes if rows else ())


def _controls(evaluation: Evaluation) -> Section:
    controls = evaluation.controls
    if controls is None:
        return Section("controls", "Controls")
    rows = tuple(
        (judge, name, number(abs(one.real)), number(one.percentile), one.above)
        for judge, each in controls.judges.items()
        for name, one in each.items()
    )
    text = (
        f"The same pipeline under {len(controls.names)} oracles that know nothing. Judges that follow these as well as this "
        "oracle follow the score source and not the oracle.",
    )
    head = ("marked by", "dimension", "|r|", "95th percentile of the controls", "above")
    return Section("controls", "Controls", text, (pictures.control_strips(controls),), head, rows)


def _cue_section(findings: Findings) -> Section:
    rows = []
    for name, each in findings.cues.items():
        for dimension, cue in each.items():
            if cue.expected:
                sign = "rises" if cue.expected > 0 else "falls"
                rows.append((name, dimension, sign, _shown(cue.r), cue.met, cue.clear, BY_NAME[name].source(dimension)))
    head = ("cue", "dimension", "expected", "r", "met", "clear", "source")
    notes = tuple(f"{name}: {BY_NAME[name].description}, {BY_NAME[name].unit}." for name in findings.cues)
    return Section(
        "cues", "Acoustic cues", (), tuple(filter(None, (pictures.cue_levels(findings.cues),))), head, tuple(rows), notes
    )


def _transforms(findings: Findings) -> Section:
    rows = tuple(
        (marker, transform, dimension, number(moved["mean"], 3), number(moved["absolute"], 3))
        for marker, by_transform in findings.moved.items()
        for transform, by_dimension in by_transform.items()
        for dimension, moved in by_dimension.items()
    )
    notes = ("Change of the marks in SD of the labels where these are known. Judges that need the notes alone hear none of it.",)
    head = ("marked by", "transform", "dimension", "mean change", "mean absolute change")
    return Section("transforms", "Irrelevant changes of the sound", (), (), head, rows, notes if rows else ())


def _gates(evaluation: Evaluation, findings: Findings) -> Section:
    rows = []
    for name, gate in findings.gates.items():
        failed = [record for record in evaluation.records if name in record.gates and not record.gates[name].passed]
        listed = ", ".join(record.folder for record in failed[:8]) + (" …" if len(failed) > 8 else "")
        passed = f"{gate['passed']} of {gate['pieces']}"
        rows.append((name, passed, f"{gate['limit']:g}", f"{gate['worst']:.3g}", not failed, listed))
    head = ("gate", "passed", "limit", "worst", "met", "failed by")
    return Section("gates", "Gates", (), (), head, tuple(rows), tuple(about_bars(row[0] for row in rows if not row[4])))


def _cells(evaluation: Evaluation) -> dict[str, Any]:
    """Return the pieces as a table: the first dimension down from its highest level, the second across."""
    down, across = evaluation.names[0], evaluation.names[1] if len(evaluation.names) > 1 else None
    columns = sorted({record.requests[across] for record in evaluation.records}) if across else [0.0]
    rows = []
    for level in sorted({record.requests[down] for record in evaluation.records}, reverse=True):
        own = [record for record in evaluation.records if record.requests[down] == level]
        cells = [[_player(record) for record in own if across is None or record.requests[across] == column] for column in columns]
        rows.append({"name": f"{down} {level:+g}", "cells": cells})
    heads = [f"{across} {column:+g}" for column in columns] if across else ["pieces"]
    return {"corner": "", "columns": heads, "rows": rows}


def _player(record: Record) -> dict[str, str]:
    marks = record.marks.get("oracle") or next(iter(record.marks.values()), {})
    text = " · ".join([f"seed {record.seed}", *(f"{name[:1].upper()} {value:+.2f}" for name, value in marks.items())])
    return {"folder": record.folder, "label": f"Piece {record.number}", "text": text}


def _without_sign(value: Estimate) -> dict[str, str] | str:
    shown = _shown(value)
    return shown if isinstance(shown, str) else {name: text.replace("+", "") for name, text in shown.items()}


def _shown(value: Estimate, digits: int = 2) -> dict[str, str] | str:
    if value.value != value.value:
        return _UNKNOWN
    interval = f"[{number(value.low, digits)}, {number(value.high, digits)}]"
    return {"value": number(value.value, digits), "interval": interval}

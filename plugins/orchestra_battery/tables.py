"""What an evaluation found as plain text tables, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from orchestra_battery.comparison import Difference
from orchestra_battery.control import ControlSummary
from orchestra_battery.findings import Findings
from orchestra_battery.gates import about_bars
from orchestra_battery.goals import Outcome
from orchestra_battery.statistics import Estimate
from orchestra_battery.summary import MarkerSummary

_DASH = "-"
#: The unit of a difference of errors, which is not that of the errors themselves, and which way is good.
DIFFERENCE_OF_ERROR = "in SD; below 0 is nearer"


def number(value: float, digits: int = 2) -> str:
    """Return a number with its sign, or a dash for one that is not known.

    Examples
    --------
    >>> number(0.918), number(float("nan"))
    ('+0.92', '-')
    """
    return f"{value:+.{digits}f}" if math.isfinite(value) else _DASH


def with_interval(value: Estimate, digits: int = 2) -> str:
    """Return an estimate with its interval.

    Examples
    --------
    >>> with_interval(Estimate(0.9, 0.8, 0.95))
    '+0.90 [+0.80, +0.95]'
    """
    return f"{number(value.value, digits)} [{number(value.low, digits)}, {number(value.high, digits)}]"


def marks_table(marks: Mapping[str, MarkerSummary], tuned_on: Sequence[str] = ()) -> str:
    """Return a line for each marker and dimension."""
    columns = " ".join(f"{name:>7}" for name in ("slope", "ratio", "cross", "error"))
    head = f"{'marked by':18} {'dimension':10} {'r':22} {columns} {'sign':>5} {'quadrant':>8}"
    lines = [head]
    for name, summary in marks.items():
        for dimension, mark in summary.marks.items():
            values = (mark.slope, mark.slope_ratio, mark.cross)
            numbers = " ".join(f"{number(value.value):>7}" for value in values)
            error, sign, quadrant = (
                number(value.value, digits).lstrip("+")
                for value, digits in ((mark.error, 3), (mark.sign, 2), (summary.quadrant, 2))
            )
            shown = f"{name} (tuned on)" if name in tuned_on else name
            lines.append(f"{shown:18} {dimension:10} {with_interval(mark.r):22} {numbers} {error:>7} {sign:>5} {quadrant:>8}")
    return "\n".join([*lines, "error: in the unit of whom it is marked by"])


def differences_table(differences: Mapping[str, Mapping[str, Difference]]) -> str:
    """Return a line for each marker and dimension of a comparison."""
    lines = [f"{'marked by':18} {'dimension':10} {'r':24} {'slope':24} {'error':24} better nearer"]
    for name, each in differences.items():
        for dimension, one in each.items():
            values = " ".join(f"{with_interval(value):24}" for value in (one.r, one.slope, one.error))
            lines.append(f"{name:18} {dimension:10} {values} {_yes(one.better):6} {_yes(one.nearer)}")
    return "\n".join([*lines, f"error: {DIFFERENCE_OF_ERROR}"])


def ways_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return ways of composing side by side, as a table in Markdown; see `orchestra_battery.stored.ways`."""
    if not rows:
        return "No marks."
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    for row in rows:
        values = [with_interval(value) if isinstance(value, Estimate) else str(value) for value in row.values()]
        lines.append("| " + " | ".join(_DASH if value.startswith(f"{_DASH} ") else value for value in values) + " |")
    return "\n".join(lines)


def controls_table(controls: ControlSummary) -> str:
    """Return a line for each judge and dimension: its |r| beside the 95th percentile of the controls."""
    lines = [f"{'marked by':18} {'dimension':10} {'|r|':>6} {'controls':>9} above  ({len(controls.names)} controls)"]
    for name, each in controls.judges.items():
        for dimension, one in each.items():
            real, others = number(abs(one.real)).lstrip("+"), number(one.percentile).lstrip("+")
            lines.append(f"{name:18} {dimension:10} {real:>6} {others:>9} {'yes' if one.above else 'no'}")
    return "\n".join(lines)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def goals_table(goals: Sequence[Outcome]) -> str:
    """Return a line for each goal."""
    lines = [f"{'marked by':18} {'dimension':10} {'measure':12} {'found':>7} {'to reach':24} met"]
    for one in goals:
        met = "unknown" if one.met is None else _yes(one.met)
        lines.append(f"{one.marker:18} {one.dimension:10} {one.measure:12} {number(one.value):>7} {one.limit:24} {met}")
    return "\n".join(lines)


def gates_line(findings: Findings) -> str:
    """Return how many pieces passed each gate, in a line; where one of pieces in bars failed, a second says so."""
    failed = [name for name, gate in findings.gates.items() if gate["passed"] < gate["pieces"]]
    line = ", ".join(f"{name} {gate['passed']}/{gate['pieces']}" for name, gate in findings.gates.items())
    return "\n".join([line, *about_bars(failed)])

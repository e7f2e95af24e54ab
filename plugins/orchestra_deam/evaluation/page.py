"""Marks as text: a Markdown page, and the short table of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestra_deam.evaluation.marking import Evaluation
from orchestra_deam.metrics import Metrics

_COLUMNS = ("r2", "r", "ccc", "rmse", "mse")
_HEAD = ("readings", "dimension", "per", "R²", "r", "CCC", "RMSE", "MSE")


def page(title: str, intro: Sequence[str], found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the marks of all corpora as a Markdown page.

    Parameters
    ----------
    title : str
        Of the page.
    intro : sequence of str
        Paragraphs on top.
    found : dict
        By corpus what `orchestra_deam.evaluation.whole.evaluate_corpora` gives.
    """
    lines = [f"# {title}", "", *(line for text in intro for line in (text, ""))]
    for corpus, marks in found.items():
        lines += corpus_lines(corpus, marks)
    return "\n".join(lines).rstrip() + "\n"


def corpus_lines(corpus: str, marks: Mapping[str, Any]) -> list[str]:
    """Return the marks of one corpus as lines of Markdown."""
    whole: Evaluation = marks["all"]
    clusters = f"{whole.cluster_count} {whole.cluster}s" if whole.cluster == "song" else f"{whole.cluster_count} groups"
    lines = [
        f"## {corpus}",
        "",
        f"{whole.piece_count:,} songs, {whole.clip_count:,} clips. Intervals: 95 %, bootstrap over {clusters}.",
        "",
    ]
    lines += table(_HEAD, list(_rows(marks)))
    lines += table(("valence given the rated arousal", "per", "partial r"), list(_partial(whole)))
    lines += table(("dimension", "r per song", "over the square root of the labels' reliability"), _reliable(whole))
    lines += _within(whole)
    lines += table(
        ("rated quadrant (about the mean learned from)", "songs", "hit", "MAE arousal", "MAE valence"), _quadrants(marks)
    )
    lines += table(("dimension", "slope of ratings on readings", "intercept"), _calibrated(marks))
    for name, text in marks.get("figures", {}).items():
        lines += [f"![{text}]({name})", ""]
    return lines


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table as lines, followed by an empty one; nothing without rows."""
    if not rows:
        return []
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)] + [""]


def short_table(evaluations: Mapping[str, Evaluation]) -> str:
    """Return marks as a plain text table: one line per set of readings, dimension and unit."""
    lines = [f"{'readings':28} {'dimension':10} {'per':16} {'R2':>7} {'r':>7} {'CCC':>7} {'RMSE':>7}"]
    for name, mark in evaluations.items():
        rows = {f"{mark.clip_count} clips": mark.clips, f"{mark.piece_count} pieces": mark.pieces, "mean baseline": mark.baseline}
        for unit, by_dimension in rows.items():
            for dimension, m in by_dimension.items():
                values = " ".join(f"{m[key]:7.3f}" for key in ("r2", "r", "ccc", "rmse"))
                lines.append(f"{name:28} {dimension:10} {unit:16} {values}")
    return "\n".join(lines)


def number(value: float) -> str:
    """Return a number with three decimals; a negative zero becomes positive."""
    return f"{round(value, 3) + 0:.3f}"


def _rows(marks: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    whole: Evaluation = marks["all"]
    for unit in ("pieces", "clips"):
        for name, by_dimension in _readings(marks, unit):
            for dimension, values in by_dimension.items():
                spans = whole.intervals.get(unit, {}).get(dimension, {}) if name == "the oracle" else {}
                yield (name, dimension, unit, *(_cell(values, spans, key) for key in _COLUMNS))


def _readings(marks: Mapping[str, Any], unit: str) -> Iterator[tuple[str, dict[str, Metrics]]]:
    yield "the oracle", getattr(marks["all"], unit)
    if "features" in marks:
        yield "plain feature baseline", getattr(marks["features"], unit)
    if unit == "pieces":
        yield "mean baseline", marks["all"].baseline
    for name, evaluation in marks.get("renderings", {}).items():
        yield f"the oracle, {name}", getattr(evaluation, unit)


def _cell(values: Metrics, spans: Mapping[str, tuple[float, float]], key: str) -> str:
    span = f" ({number(spans[key][0])} to {number(spans[key][1])})" if key in spans and key != "mse" else ""
    return number(values[key]) + span


def _partial(whole: Evaluation) -> Iterator[tuple[str, ...]]:
    for unit in ("pieces", "clips"):
        spans = whole.intervals.get(unit, {}).get("valence", {})
        yield "the oracle", unit, _cell(getattr(whole, unit)["valence"], spans, "partial_r")


def _reliable(whole: Evaluation) -> list[tuple[str, ...]]:
    return [(name, number(whole.pieces[name]["r"]), number(value)) for name, value in whole.r_of_reliable.items()]


def _within(whole: Evaluation) -> list[str]:
    rows = [(name, number(values["r"]), number(values["r2"])) for name, values in whole.within.items()]
    return table(("within strata (genres), per song", "r", "R²"), rows)


def _quadrants(marks: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            row["quadrant"],
            str(row["songs"]),
            str(row["hit"]),
            *(number(row[k]) if k in row else "" for k in ("mae_arousal", "mae_valence")),
        )
        for row in marks["quadrants"]
    ]


def _calibrated(marks: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [(name, number(line["slope"]), number(line["intercept"])) for name, line in marks["calibration"].items()]

"""Readings and loss terms over the steps of the optimisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestra_core.report.figures import GRID, INK, MUTED, TARGET, figure_html, new_figure, quiet_axes, series_colour
from orchestra_core.report.stages import StageSpan, stage_spans

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from orchestra_core.pipeline.result import Result

# Of the width of a plot, what a letter of a stage's name takes.
_LETTER = 0.018
_MOST_NAMES = 8  # beyond it, labels at the ends of lines run into each other


def section(result: Result) -> str | None:
    """Return readings with their targets, and loss terms, over steps; None where nothing was optimised."""
    history = result.history.reset_index(drop=True)
    if history.empty:
        return None
    readings, terms = _columns(history, "reading."), _columns(history, "term.")
    with new_figure(9.6, 3.3) as figure:
        left, right = figure.subplots(1, 2)
        spans = stage_spans(history)
        _draw_readings(left, result, history, readings, spans)
        _draw_terms(right, history, terms, spans)
        for axes in (left, right):
            _mark_stages(axes, spans)
            _mark_events(axes, history)
        stages = ", ".join(dict.fromkeys(map(str, history["stage"])))
        alt = f"Readings and loss terms over {len(history)} steps of the stages {stages}."
        return figure_html(figure, alt, _caption(history, spans))


def _columns(history: pd.DataFrame, prefix: str) -> list[str]:
    return [name for name in history.columns if name.startswith(prefix)][:_MOST_NAMES]


def _draw_readings(axes: Axes, result: Result, history: pd.DataFrame, columns: list[str], spans: list[StageSpan]) -> None:
    quiet_axes(axes, "step", "reading")
    axes.set_title("Readings", pad=17)
    for index, column in enumerate(columns):
        name = column.removeprefix("reading.")
        _draw_column(axes, history[column], spans, series_colour(index), name)
        if name in result.targets:
            axes.axhline(result.targets[name], color=series_colour(index), linewidth=1, linestyle=(0, (4, 3)), alpha=0.8)
    _legend(axes)


def _draw_terms(axes: Axes, history: pd.DataFrame, columns: list[str], spans: list[StageSpan]) -> None:
    quiet_axes(axes, "step", "loss term")
    axes.set_title("Loss terms", pad=17)
    for index, column in enumerate(columns):
        _draw_column(axes, history[column], spans, series_colour(index), column.removeprefix("term."))
    values = history[columns].to_numpy(dtype=float) if columns else np.zeros((0, 0))
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size and values[np.isfinite(values)].min() >= 0 and positive.max() > 30 * positive.min():
        axes.set_yscale("log")
        # A term that falls to nothing would otherwise stretch the axis over many empty decades.
        axes.set_ylim(bottom=max(positive.min(), positive.max() * 1e-6) / 1.5)
    _legend(axes)


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=4, frameon=False, fontsize=8.5, handlelength=1.2)


def _draw_column(axes: Axes, column: pd.Series[float], spans: list[StageSpan], colour: str, name: str) -> None:
    axes.plot([], [], color=colour, label=name)
    for index, span in enumerate(spans):
        if span.jumps:
            axes.plot(column.iloc[span.start : span.stop], "o", color=colour, markersize=2.8)
        else:  # joined to the stage before, where that one walked too
            start = span.start - (1 if index and not spans[index - 1].jumps else 0)
            marker = "o" if span.stop - start == 1 else ""  # a line of one point is not seen
            axes.plot(column.iloc[start : span.stop], marker=marker, color=colour, markersize=2.8)


def _mark_stages(axes: Axes, spans: list[StageSpan]) -> None:
    """Draw where stages begin, and the names of those that have room; short ones at the end are named together, at the right."""
    last, short = 0.0, list[str]()
    for span in spans:
        axes.axvline(span.start, color=GRID, linewidth=0.9, zorder=0)
        if span.stop - span.start >= _LETTER * len(span.name) * spans[-1].stop:
            axes.annotate(span.name, (span.start, 1), xycoords=("data", "axes fraction"), xytext=(2, 3),
                          textcoords="offset points", va="bottom", fontsize=8, color=MUTED)  # fmt: skip
            last, short = span.start / spans[-1].stop + _LETTER * len(span.name), list[str]()
        else:
            short = [*short, span.name]
    together = ", ".join(short)
    if last + _LETTER * len(together) < 1:
        axes.annotate(together, (1, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points", va="bottom",
                      ha="right", fontsize=8, color=MUTED)  # fmt: skip
    axes.margins(x=0.01)


def _mark_events(axes: Axes, history: pd.DataFrame) -> None:
    for step in _event_steps(history):
        axes.axvline(float(step), color=TARGET, linewidth=0.9, zorder=1)
        axes.plot([step], [0], marker="^", color=INK, markersize=4, transform=axes.get_xaxis_transform(), clip_on=False)


def _event_steps(history: pd.DataFrame) -> np.ndarray:
    if "event" not in history:
        return np.zeros(0, dtype=int)
    return np.flatnonzero(history["event"].fillna("").astype(str).ne("").to_numpy())


def _caption(history: pd.DataFrame, spans: list[StageSpan]) -> str:
    steps = _event_steps(history)
    events = "; ".join(f"step {step}: {history['event'].iloc[step]}" for step in steps[:5])
    more = f"; and {len(steps) - 5} more" if len(steps) > 5 else ""
    dots = " Dots: candidates that were tried." if any(span.jumps for span in spans) else ""
    return f"Dashed: the targets.{dots}" + (f" Events: {events}{more}." if events else "")

"""Pictures of the report: what was asked and marked in the plane and along each dimension, cues, and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from orchestra_battery.control import ControlSummary
from orchestra_battery.cues import BY_NAME
from orchestra_battery.markers import Marker
from orchestra_battery.marking import Record
from orchestra_battery.summary import Asked, CueSummary, asked_of, marks_in
from orchestra_core import Dimension, figure_html, new_figure, quiet_axes, series_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The colours of the report that are no series; each becomes a variable of the page.
INK, MUTED, TARGET = "#1c2128", "#5b6470", "#c02a4b"
_COLUMNS = 4
# Width on the page of an inch of a figure.
_REM = 6.2


def planes(markers: Sequence[Marker], records: Sequence[Record], names: Sequence[str], objective: Sequence[Dimension]) -> str:
    """Return, for each marker of both asked dimensions, where cells were asked to lie and where they were marked.

    Parameters
    ----------
    markers : sequence of Marker
        Who marked.
    records : sequence of Record
        The pieces.
    names : sequence of str
        The two dimensions; the first goes up.
    objective : sequence of Dimension
        Those of the objective.

    Returns
    -------
    str
        An HTML fragment; empty where no marker marks both.
    """
    shown = [one for one in markers if set(names) <= {dimension.name for dimension in one.dimensions}]
    shown = [one for one in shown if any(one.name in record.marks for record in records)]
    if len(names) != 2 or not shown:
        return ""
    rows = -(-len(shown) // _COLUMNS)
    with new_figure(3.1 * min(len(shown), _COLUMNS), 3.3 * rows) as figure:
        for axes, marker in zip(_grid(figure, len(shown)), shown, strict=True):
            _draw_plane(axes, marker, [one for one in records if marker.name in one.marks], names, objective)
        caption = "Rings: asked. Dots: the mean of a cell's marks. Both in SD from the mean of the labels, where these are known."
        return _html(figure, f"What {len(shown)} markers make of the cells in the plane of {' and '.join(names)}.", caption)


def along(markers: Sequence[Marker], records: Sequence[Record], names: Sequence[str], objective: Sequence[Dimension]) -> str:
    """Return marks by what was asked, a panel for each dimension and a line for each marker."""
    with new_figure(4.6 * len(names), 3.4) as figure:
        for axes, name in zip(_grid(figure, len(names)), names, strict=True):
            for index, marker in enumerate(markers):
                _draw_line(axes, marker, index, records, name, names, objective)
            quiet_axes(axes, f"{name} asked (SD)", "marked (SD)")
        _legend(figure)
        caption = "Means over all pieces of a level, with the standard error; dotted: marked as asked."
        return _html(figure, f"Marks by what was asked, for {' and '.join(names)}.", caption)


def cue_levels(cues: Mapping[str, Mapping[str, CueSummary]]) -> str:
    """Return the mean of every cue by requested level, a line for each dimension; thick where a sign is expected."""
    if not cues:
        return ""
    rows = -(-len(cues) // _COLUMNS)
    with new_figure(2.7 * min(len(cues), _COLUMNS), 2.2 * rows + 0.3) as figure:
        for axes, (name, by_dimension) in zip(_grid(figure, len(cues)), cues.items(), strict=True):
            for index, (dimension, cue) in enumerate(by_dimension.items()):
                width = 2.2 if cue.expected else 0.9
                axes.plot(*zip(*cue.levels.items(), strict=True), color=series_colour(index), linewidth=width, label=dimension)
            axes.set_title(name)
            quiet_axes(axes, "", BY_NAME[name].unit)
        _legend(figure)
        caption = "By requested level. Thick lines: the literature expects a sign; the table says which, and whether it is met."
        return _html(figure, "Acoustic cues by requested level.", caption)


def control_strips(controls: ControlSummary) -> str:
    """Return |r| of every control by judge and dimension, beside that of the evaluated oracle."""
    rows = [(f"{judge}, {name}", one) for judge, each in controls.judges.items() for name, one in each.items()]
    if not rows:
        return ""
    with new_figure(6.4, 0.6 + 0.35 * len(rows)) as figure:
        axes = figure.add_subplot()
        for place, (_, one) in enumerate(rows):
            each = np.abs([r for r in one.r if np.isfinite(r)])
            label = "control" if place == 0 else None
            axes.plot(each, np.full(len(each), place), "o", color=MUTED, markersize=4, alpha=0.6, label=label)
            axes.plot(
                [one.percentile] * 2, [place - 0.3, place + 0.3], color=INK, label="95th percentile" if place == 0 else None
            )
            axes.plot(abs(one.real), place, "D", color=TARGET, markersize=6, label="this oracle" if place == 0 else None)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_xlim(-0.02, 1.02)
        axes.invert_yaxis()
        quiet_axes(axes, "|r| with what was asked")
        _legend(figure)
        return _html(figure, f"How far judges follow {len(controls.names)} oracles that know nothing.")


def in_deviations(marks: np.ndarray, dimension: Dimension) -> np.ndarray:
    """Return marks in SD from the mean of a marker's labels, or as they are where these are not known."""
    return marks if dimension.mean is None or not dimension.sd else (marks - dimension.mean) / dimension.sd


def _draw_plane(
    axes: Axes, marker: Marker, records: Sequence[Record], names: Sequence[str], objective: Sequence[Dimension]
) -> None:
    asked = asked_of(records, names, objective)
    known = {dimension.name: dimension for dimension in marker.dimensions}
    marks = np.stack([in_deviations(marks_in(records, marker.name, name), known[name]) for name in names], axis=1)
    goals, reached = _by_cell(asked, asked.values), _by_cell(asked, marks)
    for goal, point in zip(goals, reached, strict=True):
        axes.plot(*np.stack([goal, point])[:, ::-1].T, color=MUTED, linewidth=0.7)
    axes.plot(*goals[:, ::-1].T, "o", color="none", markeredgecolor=TARGET, markersize=7, markeredgewidth=1.3)
    axes.plot(*reached[:, ::-1].T, "o", color=INK, markersize=4)
    reach = 1.1 * float(np.nanmax(np.abs(np.concatenate([goals, reached]))))
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=marker.name)
    quiet_axes(axes, names[1], names[0])


def _draw_line(
    axes: Axes,
    marker: Marker,
    index: int,
    records: Sequence[Record],
    name: str,
    names: Sequence[str],
    objective: Sequence[Dimension],
) -> None:
    known = {dimension.name: dimension for dimension in marker.dimensions}
    marked = [record for record in records if marker.name in record.marks]
    if name not in known or not marked:
        return
    asked = asked_of(marked, names, objective).column(name)
    marks = in_deviations(marks_in(marked, marker.name, name), known[name])
    levels = np.unique(asked)
    groups = [marks[asked == level] for level in levels]
    spread = [float(group.std(ddof=1) / np.sqrt(len(group))) if len(group) > 1 else 0.0 for group in groups]
    axes.errorbar(levels, [group.mean() for group in groups], spread, color=series_colour(index), label=marker.name, capsize=2)
    if index == 0:
        axes.plot(levels, levels, color=MUTED, linewidth=0.9, linestyle=(0, (2, 3)))


def _by_cell(asked: Asked, values: np.ndarray) -> np.ndarray:
    return np.stack([values[asked.cells == cell].mean(axis=0) for cell in np.unique(asked.cells)])


def _html(figure: Figure, alt: str, caption: str = "") -> str:
    """Return a figure as HTML, no wider than it was drawn for."""
    return f'<div style="max-width: {figure.get_figwidth() * _REM:.0f}rem">{figure_html(figure, alt, caption)}</div>'


def _grid(figure: Figure, count: int) -> list[Axes]:
    columns = min(count, _COLUMNS)
    rows = -(-count // columns)
    return [figure.add_subplot(rows, columns, index + 1) for index in range(count)]


def _legend(figure: Figure) -> None:
    named = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=4, frameon=False, fontsize=8.5)

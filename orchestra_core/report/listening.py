"""A picture of what an oracle read of recordings: readings over time, and the path in the emotion plane."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestra_core.contracts.oracle import Dimension
from orchestra_core.errors import UsageError
from orchestra_core.io.atomic import write_with
from orchestra_core.report.figures import INK, PAPER, new_figure, quiet_axes, series_colour
from orchestra_core.report.sections.plane import Plane, draw_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from orchestra_core.listening import Listening

_ROW, _PLANE, _WIDTH = 1.9, 4.4, 6.4
_MOST_DIMENSIONS = 8


def plot_listenings(listenings: Sequence[Listening], dimensions: Sequence[Dimension], path: Path) -> Path:
    """Draw the readings of recordings over time, one panel per dimension, and beside them the emotion plane, if there is one.

    Parameters
    ----------
    listenings : sequence of Listening
        At least one; each has a colour.
    dimensions : sequence of Dimension
        Those of the oracle; eight at most are drawn.
    path : Path
        Where to: ``.png``, ``.svg`` or ``.pdf``.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    shown = list(dimensions)[:_MOST_DIMENSIONS]
    plane = Plane.of(dimensions)
    height = max(_ROW * len(shown) + 0.5, _PLANE if plane else 0.0)
    with new_figure(_WIDTH + (_PLANE if plane else 0.0), height) as figure:
        curves: Figure | SubFigure = figure
        if plane is not None:
            curves, beside = figure.subfigures(1, 2, width_ratios=(_WIDTH, _PLANE), squeeze=False)[0]
            _draw_paths(beside.subplots(), plane, listenings)
        _draw_curves(list(curves.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]), shown, listenings)
        _legend(figure, listenings)
        return _save(figure, path)


def _draw_curves(panels: Sequence[Axes], dimensions: Sequence[Dimension], listenings: Sequence[Listening]) -> None:
    for axes, dimension in zip(panels, dimensions, strict=True):
        quiet_axes(axes, "", dimension.name if dimension.unit == "1" else f"{dimension.name} ({dimension.unit})")
        for index, listening in enumerate(listenings):
            values, middle = listening.values[dimension.name], (listening.start + listening.end) / 2
            axes.plot(middle, values, color=series_colour(index), marker="o", markersize=2.5 if len(values) < 100 else 0)
            axes.axhline(
                listening.mean[dimension.name], color=series_colour(index), linewidth=0.9, linestyle=(0, (4, 3)), alpha=0.7
            )
        axes.set_xlim(0, max(listening.duration for listening in listenings))
    panels[0].figure.align_ylabels()
    panels[-1].set_xlabel("time (s), at the middle of each window; dashed: mean")


def _draw_paths(axes: Axes, plane: Plane, listenings: Sequence[Listening]) -> None:
    paths = [plane.to_request(np.stack([one.values["valence"], one.values["arousal"]], axis=1)) for one in listenings]
    draw_plane(axes, plane, np.concatenate(paths))
    for index, points in enumerate(paths):
        colour = series_colour(index)
        axes.plot(*points.T, color=colour, linewidth=1.1, alpha=0.8, zorder=4)
        axes.plot(*points[0], "o", color=PAPER, markeredgecolor=colour, markersize=5.5, zorder=5)
        axes.plot(*points[-1], "o", color=colour, markersize=5.5, zorder=5)
        axes.plot(*points.mean(axis=0), "P", color=colour, markeredgecolor=INK, markeredgewidth=0.6, markersize=9, zorder=6)
    axes.set_title("hollow: start, filled: end, cross: mean", fontsize=8.5, fontweight="normal")


def _legend(figure: Figure, listenings: Sequence[Listening]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=series_colour(index), label=one.path.name) for index, one in enumerate(listenings)]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)


def _save(figure: Figure, path: Path) -> Path:
    kind = path.suffix.lower().removeprefix(".")
    try:
        return write_with(path, lambda temporary: figure.savefig(temporary, format=kind, dpi=160, facecolor=PAPER))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror or error}); choose another place for the picture."
        ) from error

"""The page of a batch: every piece with its targets, readings and player."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from orchestra_core.report.figures import INK, MUTED, TARGET, figure_html, new_figure
from orchestra_core.report.page import render_template, title
from orchestra_core.report.sections.plane import Plane, draw_plane
from orchestra_core.report.sections.summary import number

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result


def index_html(results: Mapping[str, Result]) -> str:
    """Return the page of a batch.

    Parameters
    ----------
    results : mapping of str to Result
        The items by the name of their folder.

    Returns
    -------
    str
        HTML5 with links into the folders.
    """
    first = next(iter(results.values()))
    dimensions = [dimension.name for dimension in first.dimensions]
    items = [_item(folder, result, dimensions) for folder, result in results.items()]
    words = list(dict.fromkeys(title(result) for result in results.values()))
    return render_template(
        "index.html",
        title=", ".join(words[:4]) + (" …" if len(words) > 4 else ""),
        subtitle=f"{len(results)} pieces of {first.canvas.duration:g} s",
        dimensions=dimensions,
        items=items,
        plane=_plane(list(results.values())),
    )


def _item(folder: str, result: Result, dimensions: Sequence[str]) -> dict[str, object]:
    numbers = []
    for name in dimensions:
        numbers += [number(values[name]) if name in values else "\N{EN DASH}" for values in (result.targets, result.readings)]
    return {"folder": folder, "title": title(result), "seed": result.seed, "numbers": numbers}


def _plane(results: Sequence[Result]) -> str | None:
    plane = Plane.of(results[0].dimensions)
    if plane is None or not all({"valence", "arousal"} <= set(result.readings) for result in results):
        return None
    asked = _points([result.targets for result in results], plane)
    reached = _points([result.readings for result in results], plane)
    with new_figure(4.9, 5.1) as figure:
        axes = figure.add_subplot()
        draw_plane(axes, plane, np.concatenate([asked, reached]))
        for start, end in zip(asked, reached, strict=True):
            axes.plot(*np.stack([start, end]).T, color=MUTED, linewidth=0.9, zorder=3)
        axes.plot(
            *asked.T, "o", color="none", markeredgecolor=TARGET, markersize=9, markeredgewidth=1.6, label="target", zorder=4
        )
        axes.plot(*reached.T, "o", color=INK, markersize=5, label="reached", zorder=5)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8.5)
        return figure_html(figure, f"Emotion plane with the targets and readings of {len(results)} pieces.")


def _points(named: Sequence[Mapping[str, float]], plane: Plane) -> np.ndarray:
    missing = float("nan")
    pairs = [(values.get("valence", missing), values.get("arousal", missing)) for values in named]
    return plane.to_request(np.array(pairs))

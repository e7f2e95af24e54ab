"""The emotion plane: target, path of the readings, and where the emotion words lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestra_core.contracts.oracle import Dimension
from orchestra_core.emotions.words import WORDS
from orchestra_core.report.figures import GRID, INK, MUTED, PAPER, TARGET, figure_html, new_figure, series_colour
from orchestra_core.report.stages import StageSpan, stage_spans

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from orchestra_core.pipeline.result import Result

_SIZE = 4.9
# Room of a label in units of the plane's radius, and around points that must stay free.
_LETTER, _LINE, _FREE = 0.039, 0.085, 0.07

Point = tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """The plane of an emotion oracle in readings; ``centre`` and ``radius`` hold the request circle."""

    centre: Point
    radius: Point

    @classmethod
    def of(cls, dimensions: Iterable[Dimension]) -> Plane | None:
        """Return the plane of these dimensions, or None where valence and arousal are not both among them."""
        named = {dimension.name: dimension for dimension in dimensions}
        if not {"valence", "arousal"} <= set(named):
            return None
        (valence, across), (arousal, up) = _middle_and_radius(named["valence"]), _middle_and_radius(named["arousal"])
        return cls((valence, arousal), (across, up))

    def to_request(self, reading: np.ndarray) -> np.ndarray:
        """Return readings (valence, arousal), shape (n, 2), on the request scale."""
        return np.asarray((np.asarray(reading) - self.centre) / self.radius)


def section(result: Result) -> str | None:
    """Return the emotion plane, for oracles that have valence and arousal."""
    plane = Plane.of(result.dimensions)
    if plane is None or not {"valence", "arousal"} <= set(result.readings):
        return None
    with new_figure(_SIZE, _SIZE + 0.25) as figure:
        axes = figure.add_subplot()
        stages = _stage_points(result, plane)
        end = plane.to_request(np.array([[result.readings["valence"], result.readings["arousal"]]]))[0]
        target = _target(result, plane)
        path = np.concatenate([points for _, points in stages] + [end[None]])
        points = path if target is None else np.concatenate([path, target[None]])
        draw_plane(axes, plane, points, result.word)
        _draw_path(axes, stages, end, target)
        dots = " Dots: candidates that were tried." if any(span.jumps for span, _ in stages) else ""
        caption = f"Lines: the mean of the oracle's corpus; dotted: as far as requests go. Words lie where they ask for.{dots}"
        return figure_html(figure, _alt(result), caption)


def draw_plane(axes: Axes, plane: Plane, points: np.ndarray, word: str = "") -> None:
    """Draw the plane's frame so that all points, shape (n, 2) on the request scale, are inside, and the words beside them."""
    reach = max(1.12, 1.08 * float(np.nanmax(np.abs(points), initial=0.0)))
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    angle = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(angle), np.sin(angle), color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
    axes.axhline(0, color=GRID, linewidth=0.8, zorder=0)
    axes.axvline(0, color=GRID, linewidth=0.8, zorder=0)
    for label, position, weight in _placed_words(word, points, reach):
        axes.text(*position, label, ha="center", va="center", fontsize=8, color=INK if weight else MUTED, zorder=2,
                  fontweight="bold" if weight else "normal")  # fmt: skip
    _reading_ticks(axes, plane, reach)


def _middle_and_radius(dimension: Dimension) -> Point:
    # The request scale is mean + 2 sd; an oracle without a corpus has its whole scale.
    if dimension.mean is not None and dimension.sd:
        return dimension.mean, 2 * dimension.sd
    return (dimension.lower + dimension.upper) / 2, (dimension.upper - dimension.lower) / 2


def _reading_ticks(axes: Axes, plane: Plane, reach: float) -> None:
    from matplotlib.ticker import MaxNLocator

    for index, (name, axis) in enumerate((("valence", axes.xaxis), ("arousal", axes.yaxis))):
        low, high = plane.centre[index] - reach * plane.radius[index], plane.centre[index] + reach * plane.radius[index]
        ticks = [tick for tick in MaxNLocator(5).tick_values(low, high) if low <= tick <= high]
        axis.set_ticks(
            [(tick - plane.centre[index]) / plane.radius[index] for tick in ticks],
            [f"{tick:.2g}".replace("-", "\N{MINUS SIGN}") for tick in ticks],
        )
        axis.set_label_text(f"{name} (reading)")
    axes.tick_params(length=0)
    axes.spines[:].set_color(GRID)


def _placed_words(word: str, points: np.ndarray, reach: float) -> list[tuple[str, Point, bool]]:
    # Greedy: the asked word first, then the table's; a label that would cover another or a point is left out.
    scale = reach / 1.12
    boxes: list[tuple[float, float, float]] = []
    placed = []
    for entry in sorted(WORDS, key=lambda entry: entry.word != word):
        half, x, y, asked = _LETTER * len(entry.word) / 2 * scale, entry.valence, entry.arousal, entry.word == word
        covers = (np.abs(points[:, 0] - x) < half + _FREE * scale / 2) & (np.abs(points[:, 1] - y) < _FREE * scale)
        if asked:  # beside its target rather than not at all
            y += (1 if y > 0 else -1) * 1.6 * _FREE * scale
        taken = any(abs(x - bx) < half + bh and abs(y - by) < _LINE * scale for bx, by, bh in boxes)
        if asked or not (taken or covers.any() or entry.word == "neutral"):
            boxes.append((x, y, half))
            placed.append((entry.word, (x, y), asked))
    return placed


def _stage_points(result: Result, plane: Plane) -> list[tuple[StageSpan, np.ndarray]]:
    columns = ["reading.valence", "reading.arousal"]
    if not set(columns) <= set(result.history.columns):
        return []
    points = plane.to_request(result.history[columns].to_numpy(dtype=float))
    return [(span, points[span.start : span.stop]) for span in stage_spans(result.history)]


def _target(result: Result, plane: Plane) -> np.ndarray | None:
    if not {"valence", "arousal"} <= set(result.targets):
        return None
    return np.asarray(plane.to_request(np.array([[result.targets["valence"], result.targets["arousal"]]]))[0])


def _draw_path(axes: Axes, stages: list[tuple[StageSpan, np.ndarray]], end: np.ndarray, target: np.ndarray | None) -> None:
    previous = np.zeros((0, 2))
    for index, (span, points) in enumerate(stages):
        style: dict[str, Any]
        if span.jumps:
            style, joined, previous = {"marker": "o", "linestyle": "", "markersize": 3.5, "alpha": 0.8}, points, np.zeros((0, 2))
        else:
            style, joined, previous = (
                {"linewidth": 1.5, "solid_capstyle": "round"},
                np.concatenate([previous, points]),
                points[-1:],
            )
        axes.plot(*joined.T, color=series_colour(index), label=span.name, zorder=4, **style)
    walked = [points for span, points in stages if not span.jumps]
    if walked:
        axes.plot(*walked[0][0], "o", color=PAPER, markeredgecolor=INK, markersize=6.5, label="start", zorder=5)
    if target is not None:
        axes.plot(*target, "o", color="none", markeredgecolor=TARGET, markersize=15, markeredgewidth=2, label="target", zorder=6)
    axes.plot(*end, "o", color=INK, markersize=6.5, label="reached", zorder=7)
    legend = axes.figure.legend(
        loc="outside lower center", ncols=4, frameon=False, fontsize=8.5, handlelength=1.2, columnspacing=1.4
    )
    for handle in legend.legend_handles:
        if getattr(handle, "get_markersize", lambda: 0)() > 10:
            handle.set_markersize(9)  # type: ignore[union-attr]


def _alt(result: Result) -> str:
    reached = f"valence {result.readings['valence']:.2f} and arousal {result.readings['arousal']:.2f}"
    asked = " and ".join(f"{name} {value:.2f}" for name, value in result.targets.items())
    return f"Emotion plane. Asked: {asked or 'nothing'}. Reached: {reached}. The path of the readings is coloured by stage."

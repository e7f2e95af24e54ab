"""Pictures of the report: matplotlib figures drawn in named colours and turned into SVG that follows the page's theme."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Figures are drawn in these colours; in the SVG each becomes var(--name, colour), so that the page decides in light and
# dark. No two may be equal.
INK, MUTED, GRID, PAPER = "#1c2128", "#5b6470", "#d9dde3", "#fdfdfe"
TARGET = "#c02a4b"
#: Colours of stages, and of lines beside each other: told apart with colour-blind eyes, at least 3:1 on either paper.
SERIES = ("#3566c0", "#c2701a", "#1f8a70", "#8c52b5", "#8a6d1b", "#b3436f", "#0e7f9c", "#6d5448")

_NAMES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    PAPER: "paper",
    TARGET: "target",
    **{colour: f"series-{index}" for index, colour in enumerate(SERIES)},
}

# Metadata and a style sheet for the whole page, the fixed size, names that would repeat on the page, and the fonts.
_STRIPPED = (
    (r"<metadata>.*?</metadata>\s*", ""),
    (r"<defs>\s*<style.*?</style>\s*</defs>\s*", ""),
    (r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1"),
    (r'<g id="[^"]*"', "<g"),
    (r"font-family: [^;\"]*", "font-family: inherit"),
)


def series_colour(index: int) -> str:
    """Return the colour of the stage or line of that number; they repeat after eight."""
    return SERIES[index % len(SERIES)]


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """Give a figure of that size in inches to draw on, in the report's style whatever the user's matplotlib settings."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(["default", _style()]):
        yield Figure(figsize=(width, height), layout="constrained")


def figure_html(figure: Figure, alt: str, caption: str = "") -> str:
    """Return a figure as an HTML fragment: inline SVG with a text alternative, and a caption."""
    import matplotlib

    text = io.StringIO()
    # The salt keeps the names inside one picture apart from those of the others on the page, and the same in every run.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": alt}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = themed(text.getvalue())
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(alt, quote=True)}"', 1)
    note = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{svg}{note}</figure>"


def themed(svg: str) -> str:
    """Return an SVG whose named colours, fonts and size are left to the page."""
    svg = svg[svg.index("<svg") :]
    for pattern, replacement in _STRIPPED:
        svg = re.sub(pattern, replacement, svg, flags=re.DOTALL)
    return re.sub("|".join(_NAMES), lambda match: f"var(--{_NAMES[match[0]]}, {match[0]})", svg)


def time_axes(figure: Figure, height: float, above: float = 0.08) -> tuple[Axes, Axes]:
    """Return axes for something over time, and narrow ones at their right.

    In every picture of the page they have the same edges, so that the same moment lies below itself. `height` is the
    figure's and `above` the room over the axes, in inches.
    """
    figure.set_layout_engine("none")
    bottom, top = 0.42 / height, 1 - above / height
    main = figure.add_axes((0.075, bottom, 0.84, top - bottom))
    side = figure.add_axes((0.928, bottom, 0.012, top - bottom))
    return main, side


def quiet_axes(axes: Axes, xlabel: str = "", ylabel: str = "") -> None:
    """Leave of an axes' frame only what is read: labels, ticks and light horizontal lines."""
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", which="both", length=0)


def _style() -> dict[str, object]:
    return {
        "font.size": 9,
        "axes.labelsize": 9,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": GRID,
        "axes.titlesize": 9.5,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "lines.linewidth": 1.4,
        "svg.fonttype": "none",
    }

"""How the cost of a step grows with notes, duration, batch and partials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from harness import Case, compare, local, summary
from tables import Figure, Size, digits, table
from work import Spread, Steps, piano, problem

ROUNDS = {Size.FULL: 5, Size.QUICK: 3, Size.SMOKE: 1}
#: What grows, over which values; everything else stays at 48 notes, 8 partials, 5 s, batch 1.
AXES: dict[str, tuple[float, ...]] = {
    "notes": (12, 24, 48, 96, 192, 384, 768),
    "duration": (2, 5, 10, 20, 40, 60),
    "batch": (1, 2, 4, 8, 16, 32, 64),
    "partials": (1, 2, 4, 8, 16, 24),
}
UNITS = {"notes": "notes", "duration": "canvas (s)", "batch": "items", "partials": "partials per note"}
FEW = {Size.FULL: 0, Size.QUICK: 3, Size.SMOKE: 2}

#: More than linear, beyond what the clock can tell.
LINEAR = 1.05


def measure(size: Size) -> dict[str, Any]:
    torch.set_num_threads(1)
    return {axis: _measure(axis, _some(values, FEW[size]), size) for axis, values in AXES.items()}


def _some(values: tuple[float, ...], few: int) -> tuple[float, ...]:
    """Return all values, or a few from the least on; the fewest leave out what takes long."""
    if not few:
        return values
    return values[:few] if few < 3 else (values[0], values[len(values) // 2], values[-1])


def _measure(axis: str, values: tuple[float, ...], size: Size) -> dict[str, Any]:
    times = compare({f"{value:g}": _case(axis, value, size) for value in values}, ROUNDS[size])
    seconds = {name: summary(timing) for name, timing in times.items()}
    points = [(float(name), found["wall"]["median"]) for name, found in seconds.items()]
    return {"seconds": seconds, "exponent": slope(points), "last": slope(points[-2:])}


def _case(axis: str, value: float, size: Size) -> Case:
    at = {"notes": 48, "duration": 5.0, "batch": 1, "partials": 8} | {axis: value}
    # The notes of a longer canvas are as dense as those of a short one: work in proportion.
    notes = round(at["notes"] * at["duration"] / 5.0)
    asked = problem(piano(int(at["partials"])), int(at["batch"]), Spread(notes), at["duration"])
    most = 8 if size is not Size.SMOKE else 1
    steps = max(1, round(most / max(at["batch"], at["duration"] / 5.0, at["notes"] / 96)))
    return local(Steps(asked, steps), steps)


def slope(points: list[tuple[float, float]]) -> float:
    """Return the exponent of a power law through points, by least squares of the logarithms."""
    x, y = ([math.log(point[k]) for point in points] for k in (0, 1))
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def figures(result: Mapping[str, Any]) -> list[Figure]:
    worst = max(max(found["exponent"], found["last"]) for found in result.values())
    return [Figure("growth with notes, duration, batch, partials: largest exponent", "≤ 1", f"{worst:.2f}", worst <= LINEAR)]


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    rows = []
    for axis, found in result.items():
        sizes = list(found["seconds"])
        ends = [digits(found["seconds"][size]["wall"]["median"] * 1000) for size in (sizes[0], sizes[-1])]
        row = [
            axis,
            f"{sizes[0]} to {sizes[-1]}",
            f"{ends[0]} to {ends[1]} ms",
            f"{found['exponent']:.2f}",
            f"{found['last']:.2f}",
        ]
        rows.append(row)
    head = ["what grows", "from, to", "a step", "exponent, fitted", "exponent of the last doubling"]
    return {"growth": table(head, rows)}


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draw the cost of a step over each axis, both logarithmic, beside straight growth."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(result), figsize=(11, 2.9), sharey=True, layout="constrained")
    for panel, (axis, found) in zip(axes, result.items(), strict=True):
        x = [float(value) for value in found["seconds"]]
        wall = [seconds["wall"] for seconds in found["seconds"].values()]
        y = [1000 * spread["median"] for spread in wall]
        panel.fill_between(x, [1000 * s["least"] for s in wall], [1000 * s["most"] for s in wall], alpha=0.25, linewidth=0)
        panel.plot(x, y, "o-", markersize=3.5, label=f"exponent {found['exponent']:.2f}")
        panel.plot(x, [y[-1] * value / x[-1] for value in x], ":", color="grey", label="linear")
        panel.set(xscale="log", yscale="log", xlabel=UNITS[axis])
        panel.set_xticks(x, [f"{value:g}" for value in x], fontsize=7)
        panel.set_xticks([], minor=True)
        panel.legend(fontsize=7, frameon=False)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("a step (ms)")
    figure.savefig(path, dpi=110, metadata={"Software": ""})
    plt.close(figure)

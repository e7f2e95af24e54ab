"""Pictures of marks and of a training, as PNG files."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestra_core import new_figure, quiet_axes, series_colour, write_bytes
from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.evaluation.marking import READ

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def scatter(songs: pd.DataFrame, path: Path) -> None:
    """Draw the reading of each song over its rating, a panel per dimension, in a colour per stratum."""
    with new_figure(7.0, 3.4) as figure:
        for axes, name, column in zip(figure.subplots(1, 2), DIMENSIONS, READ, strict=True):
            for index, (stratum, own) in enumerate(songs.groupby("stratum")):
                axes.scatter(own[name], own[column], s=14, alpha=0.7, color=series_colour(index), label=str(stratum) or None)
            _identity(axes, [*songs[name], *songs[column]])
            quiet_axes(axes, f"rated {name}", f"read {name}")
            r = float(np.corrcoef(songs[name], songs[column])[0, 1]) if songs[column].std() > 0 else 0.0
            axes.set_title(f"{name}: r = {r:.2f}, {len(songs)} songs")
        if songs["stratum"].nunique() > 1:
            figure.axes[0].legend(frameon=False, fontsize=8)
        _save(figure, path)


def calibration_lines(found: Mapping[str, Any], path: Path) -> None:
    """Draw mean ratings over mean readings in bins of equally many songs."""
    with new_figure(7.0, 3.2) as figure:
        for axes, name in zip(figure.subplots(1, 2), DIMENSIONS, strict=True):
            read, rated = (np.array([bin_[i] for bin_ in found[name]["bins"]]) for i in (0, 1))
            axes.plot(read, rated, marker="o", color=series_colour(0))
            _identity(axes, [*read, *rated])
            quiet_axes(axes, f"read {name}, mean of a bin", "rated")
            axes.set_title(f"{name}: slope {found[name]['slope']:.2f}")
        _save(figure, path)


def learning_curves(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw the loss of a training, the error on what is watched and the correlations there, over epochs."""
    epochs = [row["epoch"] for row in rows]
    with new_figure(7.0, 3.2) as figure:
        left, right = figure.subplots(1, 2)
        for index, (key, label) in enumerate((("loss", "training loss"), ("validation", "error per song, watched"))):
            left.plot(epochs, [row[key] for row in rows], color=series_colour(index), label=label)
        for index, name in enumerate(DIMENSIONS):
            right.plot(epochs, [row[f"r_{name}"] for row in rows], color=series_colour(index), label=name)
        quiet_axes(left, "epoch", "squared label SD")
        quiet_axes(right, "epoch", "r per song, watched")
        for axes in (left, right):
            axes.legend(frameon=False, fontsize=8)
        _save(figure, path)


def _identity(axes: Axes, values: Sequence[float]) -> None:
    ends = [min(values), max(values)]
    axes.plot(ends, ends, color="#5b6470", linewidth=0.8, linestyle=":")


def _save(figure: Figure, path: Path) -> None:
    buffer = io.BytesIO()
    # Without its version, matplotlib writes the same bytes for the same picture.
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, buffer.getvalue())

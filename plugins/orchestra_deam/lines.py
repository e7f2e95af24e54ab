"""Lines of ratings on readings: what takes the mean reading of a song to the rating to be expected of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: Slope and intercept of a line, by these names.
Line = Mapping[str, float]
#: Lines by dimension.
SongLines = Mapping[str, Line]
#: A reading as it is.
NO_LINE: Line = {"slope": 1.0, "intercept": 0.0}


def on_line(reading: np.ndarray, line: Line) -> np.ndarray:
    """Return readings taken onto a line: slope times the reading, plus the intercept."""
    return np.asarray(line["slope"] * reading + line["intercept"])


def on_lines(readings: np.ndarray, lines: SongLines, dimensions: tuple[str, ...]) -> np.ndarray:
    """Return readings, shape (n, dimensions), taken onto the line of each dimension; those without a line stay as they are."""
    return np.stack([on_line(readings[:, i], lines.get(name, NO_LINE)) for i, name in enumerate(dimensions)], axis=1)

"""What an evaluation is to reach, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestra_battery.markers import AUDIO, Marker
from orchestra_battery.settings import Goals
from orchestra_battery.summary import Mark, MarkerSummary

#: A slope ratio above this is caricature.
CARICATURE = 1.5


@dataclass(frozen=True)
class Outcome:
    """One goal for one marker and dimension.

    Parameters
    ----------
    marker, dimension : str
        Whose marks, of what.
    measure : str
        ``error``, ``r``, ``slope_ratio`` or ``cross``.
    limit : str
        What was to be reached, in words.
    value : float
        What was found; NaN where it is not known.
    met : bool or None
        Whether that is enough; None where the value is not known.
    """

    marker: str
    dimension: str
    measure: str
    limit: str
    value: float
    met: bool | None


def outcomes(markers: Sequence[Marker], marks: Mapping[str, MarkerSummary], goals: Mapping[str, Goals]) -> tuple[Outcome, ...]:
    """Return every goal that was set, for every marker that it is meant for.

    Parameters
    ----------
    markers : sequence of Marker
        Who marked.
    marks : mapping of str to MarkerSummary
        What they found, by marker.
    goals : mapping of str to Goals
        By dimension.

    Returns
    -------
    tuple of Outcome
    """
    return tuple(
        outcome
        for dimension, own in goals.items()
        for marker in markers
        if dimension in marks[marker.name].marks
        for outcome in _of(marker, dimension, marks[marker.name].marks[dimension], own)
    )


def _of(marker: Marker, dimension: str, mark: Mark, goals: Goals) -> Iterator[Outcome]:
    if marker.role == "oracle":
        if goals.oracle_error is not None:
            yield _outcome(marker, dimension, "error", mark.error.value, highest=goals.oracle_error)
        return
    listens = AUDIO in marker.needs
    least = goals.audio_r if listens else goals.notes_r
    if least is not None:
        yield _outcome(marker, dimension, "r", mark.r.value, lowest=least)
    if goals.slope_ratio is not None and listens:
        yield _outcome(marker, dimension, "slope_ratio", mark.slope_ratio.value, lowest=goals.slope_ratio, highest=CARICATURE)
    if goals.cross is not None:
        yield _outcome(marker, dimension, "cross", mark.cross.value, highest=goals.cross)


def _outcome(
    marker: Marker, dimension: str, measure: str, value: float, *, lowest: float = -math.inf, highest: float = math.inf
) -> Outcome:
    words = [f"at least {lowest:g}" if math.isfinite(lowest) else "", f"at most {highest:.3g}" if math.isfinite(highest) else ""]
    met = None if math.isnan(value) else lowest <= value <= highest
    return Outcome(marker.name, dimension, measure, ", ".join(filter(None, words)), value, met)

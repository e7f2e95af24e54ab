"""Marks of readings per clip and per song, beside the mean baseline, with intervals over clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestra_core.errors import UsageError
from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.metrics import Intervals, Metrics, agreement, intervals

if TYPE_CHECKING:
    import pandas as pd

#: Columns of readings in a table of clips, in the order of the labels.
READ = tuple(f"read_{name}" for name in DIMENSIONS)
#: Columns of the same readings on the lines of songs, where they are calibrated: songs are marked by their means.
CALIBRATED = tuple(f"calibrated_{name}" for name in DIMENSIONS)
_UNITS = ("clips", "pieces")


@dataclass(frozen=True)
class Evaluation:
    """Marks of readings of one corpus.

    Parameters
    ----------
    clips, pieces : dict
        `orchestra_deam.metrics.agreement` by dimension: of windows, and of songs (mean over their windows). Valence has
        its partial correlation given the rated arousal.
    baseline : dict
        The same per song for a constant: the mean label of the songs learned from.
    clip_count, piece_count : int
        How many there were.
    cluster, cluster_count : str, int
        What the bootstrap draws whole, and how many of it there are.
    intervals : dict
        95 % bootstrap intervals by unit (``clips``, ``pieces``), dimension and metric.
    r_of_reliable : dict
        r per song over the square root of the reliability of its label, by dimension: what it would be against ratings
        without noise. Empty where the reliability is unknown.
    within : dict
        `agreement` per song after the mean of its stratum, such as its genre, is taken from readings and ratings; empty
        where there are no strata.
    """

    clips: dict[str, Metrics]
    pieces: dict[str, Metrics]
    baseline: dict[str, Metrics]
    clip_count: int
    piece_count: int
    cluster: str = "group"
    cluster_count: int = 0
    intervals: dict[str, dict[str, Intervals]] = field(default_factory=dict)
    r_of_reliable: dict[str, float] = field(default_factory=dict)
    within: dict[str, Metrics] = field(default_factory=dict)


def evaluate(clips: pd.DataFrame, learned_mean: np.ndarray, reliability: Mapping[str, float], draws: int = 2000) -> Evaluation:
    """Return the marks of the readings of one corpus.

    Parameters
    ----------
    clips : pd.DataFrame
        A row per clip: the common table with `READ`, and with `CALIBRATED` where the readings of songs are.
    learned_mean : np.ndarray [shape=(2,)]
        Mean label of the songs learned from: what the mean baseline reads everywhere.
    reliability : dict
        Of the labels by dimension, or nothing.
    draws : int
        Of the bootstrap; 0 leaves intervals out.

    Returns
    -------
    Evaluation

    Raises
    ------
    UsageError
        There are no clips.
    """
    if clips.empty:
        raise UsageError("There are no prepared clips to evaluate on; expected songs of that part in the prepared folders.")
    songs = per_song(clips)
    tables = dict(zip(_UNITS, (clips, songs), strict=True))
    marks = {unit: _agreements(table) for unit, table in tables.items()}
    constant = songs.assign(**dict(zip(READ, learned_mean, strict=True)))
    return Evaluation(
        **marks,
        baseline=_agreements(constant),
        clip_count=len(clips),
        piece_count=len(songs),
        cluster="song" if (songs["group"] == songs["song"]).all() else "group",
        cluster_count=songs["group"].nunique(),
        intervals={unit: _intervals(table, draws) for unit, table in tables.items()} if draws else {},
        r_of_reliable={
            name: marks["pieces"][name]["r"] / reliability[name] ** 0.5 for name in DIMENSIONS if reliability.get(name)
        },
        within=_agreements(_within(songs)) if songs["stratum"].nunique() > 1 else {},
    )


def per_song(clips: pd.DataFrame) -> pd.DataFrame:
    """Return a row per song: its label and reading, means over its clips, with ``song``, ``group`` and ``stratum``.

    The reading of a song is the mean of the calibrated readings of its clips, where there are any.
    """
    by = clips.groupby(["corpus", "song"], sort=False)
    read = CALIBRATED if set(CALIBRATED) <= set(clips.columns) else READ
    means = by[[*DIMENSIONS, *read]].mean().rename(columns=dict(zip(read, READ, strict=True)))
    return by[["group", "stratum"]].first().join(means).reset_index()


def by_rendering(clips: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the clips of plain renderings by what played them, such as ``piano, plain``; nothing for recordings."""
    plain = sorted(variant for variant in set(clips["variant"]) if variant.endswith("-0"))
    return {f"{variant.removesuffix('-0')}, plain": clips[clips["variant"] == variant] for variant in plain}


def calibration(songs: pd.DataFrame, bins: int = 5) -> dict[str, Any]:
    """Return how ratings follow readings: the line of ratings on readings, and means in bins of equally many songs.

    A reading is calibrated where the line has slope 1 and intercept 0.
    """
    found: dict[str, Any] = {}
    for name, column in zip(DIMENSIONS, READ, strict=True):
        read, rated = songs[column].to_numpy(), songs[name].to_numpy()
        varies = len(read) > 1 and float(np.ptp(read)) > 0
        slope, intercept = np.polyfit(read, rated, 1) if varies else (0.0, float(rated.mean()))
        parts = [part for part in np.array_split(np.argsort(read, kind="stable"), bins) if len(part)]
        means = [(float(read[part].mean()), float(rated[part].mean()), len(part)) for part in parts]
        found[name] = {"slope": float(slope), "intercept": float(intercept), "bins": means}
    return found


def quadrants(songs: pd.DataFrame, centre: Sequence[float]) -> list[dict[str, Any]]:
    """Return errors of songs by the quadrant of their rating about `centre` (arousal, valence), and how many were hit."""
    high = {name: songs[name] >= middle for name, middle in zip(DIMENSIONS, centre, strict=True)}
    hit = np.ones(len(songs), dtype=bool)
    for name, column, middle in zip(DIMENSIONS, READ, centre, strict=True):
        hit &= ((songs[column] >= middle) == high[name]).to_numpy()
    rows = []
    for arousal in (True, False):
        for valence in (True, False):
            chosen = ((high["arousal"] == arousal) & (high["valence"] == valence)).to_numpy()
            own = songs[chosen]
            errors = {
                f"mae_{n}": float((own[c] - own[n]).abs().mean()) for n, c in zip(DIMENSIONS, READ, strict=True) if len(own)
            }
            words = f"arousal {'high' if arousal else 'low'}, valence {'high' if valence else 'low'}"
            rows.append({"quadrant": words, "songs": int(chosen.sum()), "hit": int(hit[chosen].sum()), **errors})
    return rows


def _agreements(table: pd.DataFrame) -> dict[str, Metrics]:
    return {name: agreement(read, rated, given) for name, read, rated, given in _columns(table)}


def _intervals(table: pd.DataFrame, draws: int) -> dict[str, Intervals]:
    cluster = table.groupby("group").ngroup().to_numpy()
    return {name: intervals(read, rated, cluster, given, draws=draws) for name, read, rated, given in _columns(table)}


def _columns(table: pd.DataFrame) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray | None]]:
    arousal, valence = (table[name].to_numpy(dtype=np.float64) for name in DIMENSIONS)
    read = [table[name].to_numpy(dtype=np.float64) for name in READ]
    return [("arousal", read[0], arousal, None), ("valence", read[1], valence, arousal)]


def _within(songs: pd.DataFrame) -> pd.DataFrame:
    columns = [*DIMENSIONS, *READ]
    return songs.assign(**{name: songs[name] - songs.groupby("stratum")[name].transform("mean") for name in columns})

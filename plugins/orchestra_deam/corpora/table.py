"""The common table: clips of rated music with labels, what is known of their raters, and where their sound comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: What is rated, in the order of label arrays.
DIMENSIONS = ("arousal", "valence")

SourceKind = Literal["audio", "midi", "none"]


@dataclass(frozen=True)
class Clip:
    """A stretch of a song with its labels: a row of the table.

    Parameters
    ----------
    corpus : str
        Name of the data set.
    song : str
        Name of the song, unique in its corpus.
    group : str
        What must never lie on both sides of a split, such as the song, its game or its melody.
    stratum : str
        What a split keeps in proportion, such as the genre; empty where there is nothing.
    start, duration : float
        In s. A duration of 0 stands for the whole song.
    arousal, valence : float
        Mean ratings, on the scale of the corpus.
    arousal_variance, valence_variance : float
        Variance between raters, on the same scale squared; NaN where unknown.
    raters : int
        How many ratings the means are made of; 0 where unknown.
    source : str
        The file that sounds, relative to the corpus's folder, with forward slashes; empty where there is none.
    kind : {"audio", "midi", "none"}
        What the source is.
    """

    corpus: str
    song: str
    group: str
    stratum: str
    start: float
    duration: float
    arousal: float
    valence: float
    arousal_variance: float = math.nan
    valence_variance: float = math.nan
    raters: int = 0
    source: str = ""
    kind: SourceKind = "none"


#: Columns of the table, in order.
COLUMNS = tuple(column.name for column in fields(Clip))


@dataclass(frozen=True)
class CorpusCard:
    """What a corpus is.

    Parameters
    ----------
    name : str
        Short name; the table's column ``corpus``.
    title : str
        Full name, with authors and year.
    scale : str
        Name of the scale of its labels. Corpora of one scale may share an output of a network; others need one each.
    emotion : {"perceived", "induced"}
        Whether raters said what the music expresses, or what it made them feel.
    units : str
        What a label of the scale means.
    license, citation, home : str
        Terms of use, what to cite, and where to get it.
    reliability : dict
        Of the mean ratings by dimension, in [0, 1]; empty where unknown.
    """

    name: str
    title: str
    scale: str
    emotion: Literal["perceived", "induced"]
    units: str
    license: str
    citation: str
    home: str
    reliability: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Corpus:
    """The clips of a data set, with its card and its folder."""

    card: CorpusCard
    folder: Path
    clips: tuple[Clip, ...]

    def songs(self) -> dict[str, tuple[Clip, ...]]:
        """Return the clips of each song, in order of their start, by song."""
        found: dict[str, list[Clip]] = {}
        for clip in self.clips:
            found.setdefault(clip.song, []).append(clip)
        return {song: tuple(sorted(clips, key=lambda clip: clip.start)) for song, clips in found.items()}

    def of_parts(self, parts: Iterable[str]) -> Corpus:
        """Return the corpus with the songs of some parts only, see `orchestra_deam.corpora.partition.parts_of`."""
        from orchestra_deam.corpora.partition import parts_of

        wanted, found = set(parts), parts_of(self.card.name, {clip.song: clip.group for clip in self.clips})
        return replace(self, clips=tuple(clip for clip in self.clips if found[clip.song] in wanted))


def label_array(clips: Iterable[Clip]) -> np.ndarray:
    """Return labels, shape (clips, 2), float64: arousal, then valence."""
    return np.array([(clip.arousal, clip.valence) for clip in clips], dtype=np.float64).reshape(-1, len(DIMENSIONS))


def song_statistics(clips: Iterable[Clip]) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation over songs of the mean label of a song, by dimension.

    Songs count alike, however many clips they have.
    """
    songs: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        songs.setdefault((clip.corpus, clip.song), []).append(clip)
    means = np.array([label_array(song).mean(axis=0) for song in songs.values()]).reshape(-1, len(DIMENSIONS))
    return {
        name: {"mean": float(means[:, i].mean()), "sd": float(means[:, i].std())} if len(means) else {}
        for i, name in enumerate(DIMENSIONS)
    }


def table(corpora: Sequence[Corpus]) -> pd.DataFrame:
    """Return the clips of several corpora as one table.

    Parameters
    ----------
    corpora : sequence of Corpus
        In any order; their names differ.

    Returns
    -------
    pd.DataFrame
        A row per clip with `COLUMNS` and ``scale``, sorted by corpus, song and start. Labels of different scales are
        not comparable: see `standardised`.
    """
    import pandas as pd

    rows = [{**asdict(clip), "scale": corpus.card.scale} for corpus in corpora for clip in corpus.clips]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "scale"])
    return frame.sort_values(["corpus", "song", "start"], kind="stable", ignore_index=True)


def standardised(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with labels in standard deviations from the mean of their scale, songs counting alike.

    Variances between raters are scaled along. A table that is standardised has every corpus on a scale of mean 0 and
    standard deviation 1, which is what lets one trainer serve them all.
    """
    result = frame.copy()
    for _, rows in frame.groupby("scale"):
        songs = rows.groupby(["corpus", "song"])[list(DIMENSIONS)].mean()
        for name in DIMENSIONS:
            sd = max(float(songs[name].std(ddof=0)), 1e-9) if len(songs) > 1 else 1.0
            result.loc[rows.index, name] = (rows[name] - songs[name].mean()) / sd
            result.loc[rows.index, f"{name}_variance"] = rows[f"{name}_variance"] / sd**2
    return result

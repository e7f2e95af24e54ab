"""Reads DEAM: 1,802 songs with arousal and valence rated twice a second, and once for the whole song."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from orchestra_core.errors import ParameterError, UsageError
from orchestra_deam.corpora.deam_files import HOME, DeamFiles, Lack, find_deam, lacks_of
from orchestra_deam.corpora.files import read_csv, records, tile
from orchestra_deam.corpora.table import DIMENSIONS, Clip, Corpus, CorpusCard

if TYPE_CHECKING:
    import pandas as pd

CARD = CorpusCard(
    name="deam",
    title="DEAM, the MediaEval database for emotional analysis in music (Aljanaki, Yang and Soleymani 2017)",
    scale="va",
    emotion="perceived",
    units="arousal and valence in [-1, 1]",
    license="music under Creative Commons licences; labels for research use",
    citation="A. Aljanaki, Y.-H. Yang, M. Soleymani (2017): Developing a benchmark for emotional analysis of music. "
    "PLoS ONE 12(3): e0173392.",
    home=HOME,
)
#: Excerpts last 45 s; the songs from this number on are complete.
EXCERPT, FIRST_FULL_SONG = 45.0, 2001

_SAMPLE = re.compile(r"sample_(\d+)ms")
_PERIOD = 0.5


@dataclass(frozen=True)
class DeamLabels:
    """Which labels are read, and how songs are cut.

    Parameters
    ----------
    kind : {"dynamic", "static"}
        The mean of the dynamic samples within a window, or the rating of the whole song for all its windows.
    window : float, >= 0.5
        Length of a window in s: 5, or 10.
    first : float, >= 0
        Where the first window begins, in s. There are no dynamic labels before 15 s.
    lag : float, >= 0
        How long raters take to react, in s: a window's label is the mean of the samples this much later.

    Raises
    ------
    ParameterError
        A value is out of range.
    """

    kind: Literal["dynamic", "static"] = "dynamic"
    window: float = 5.0
    first: float = 15.0
    lag: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ("dynamic", "static"):
            raise ParameterError(f"Labels are {self.kind!r}; expected 'dynamic' or 'static'.")
        for name, least in (("window", _PERIOD), ("first", 0.0), ("lag", 0.0)):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= least):
                raise ParameterError(f"{name} is {value!r} s; expected at least {least}.")


def read_deam(folder: Path, labels: DeamLabels | None = None) -> Corpus:
    """Return the clips of a DEAM folder, also of songs whose audio is missing.

    Parameters
    ----------
    folder : Path
        Any folder above the files; see `orchestra_deam.corpora.deam_files.find_deam`.
    labels : DeamLabels, optional
        Which labels, and how songs are cut; dynamic labels of 5-s windows from 15 s by default.

    Returns
    -------
    Corpus
        Song by song, a clip per window. The variance is that between raters of the whole song: the files of dynamic
        labels hold only means.

    Raises
    ------
    UsageError
        A label file is missing or not what it should be.

    Notes
    -----
    A sample at time t belongs to the window of start s and length w if s + lag <= t < s + lag + w; windows that lack one
    of their samples, in either dimension, are left out.

    References
    ----------
    .. [1] A. Aljanaki, Y.-H. Yang, M. Soleymani (2017): Developing a benchmark for emotional analysis of music.
       PLoS ONE 12(3): e0173392.
    """
    labels = labels or DeamLabels()
    files = find_deam(folder)
    lacks = _vital_labels(files, labels)
    if lacks:
        raise UsageError(f"{folder} lacks {lacks[0].what}: {lacks[0].remedy}.")
    songs = _songs(files)
    clips = _dynamic_clips(files, songs, labels) if labels.kind == "dynamic" else _static_clips(files, songs, labels)
    return Corpus(CARD, folder, tuple(clips))


def check_deam(folder: Path, labels: DeamLabels | None = None) -> tuple[Corpus, tuple[Lack, ...]]:
    """Return what can be read of a DEAM folder, and what it lacks; raises only where a file is broken."""
    labels = labels or DeamLabels()
    files = find_deam(folder)
    corpus = Corpus(CARD, folder, ()) if _vital_labels(files, labels) else read_deam(folder, labels)
    rated = {int(song) for song in corpus.songs()}
    dynamic = labels.kind == "dynamic"
    only_static = set(read_static(files).index) - rated if dynamic and rated else set()
    return corpus, lacks_of(files, rated, dynamic=dynamic, only_static=only_static)


def read_static(files: DeamFiles) -> pd.DataFrame:
    """Return the ratings of whole songs: mean and sd by song number, in [-1, 1].

    Columns are found by name, blanks around names ignored; the two files do not have the same.
    """
    import pandas as pd

    names = [f"{dimension}_{statistic}" for dimension in DIMENSIONS for statistic in ("mean", "std")]
    tables = [_by_song(path, tuple(names))[names] for path in files.static.values()]
    frame = pd.concat(tables).sort_index() if tables else pd.DataFrame(columns=names, dtype=float)
    _refuse_double(frame, ", ".join(files.static))
    # A rating s from 1 to 9 is (s - 5) / 4.
    for dimension in DIMENSIONS:
        frame[f"{dimension}_mean"] = (frame[f"{dimension}_mean"] - 5.0) / 4.0
        frame[f"{dimension}_std"] = frame[f"{dimension}_std"] / 4.0
    return frame


def read_dynamic(files: DeamFiles) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ratings at 2 Hz of the songs that both files have.

    Returns
    -------
    songs : np.ndarray [shape=(songs,), dtype=int64]
        Their numbers.
    times : np.ndarray [shape=(samples,)]
        In s; those that both files have, matched by the names of the columns.
    ratings : np.ndarray [shape=(songs, samples, 2)]
        Arousal and valence in [-1, 1]; NaN where a song has none.
    """
    tables = {name: _by_song(files.dynamic[name], ("song_id",)) for name in DIMENSIONS}
    for name, frame in tables.items():
        _refuse_double(frame, str(files.dynamic[name]))
    arousal, valence = tables.values()
    songs = arousal.index.intersection(valence.index).sort_values()
    columns = [name for name in arousal.columns if name in valence.columns and _SAMPLE.fullmatch(name)]
    if not columns:
        raise UsageError(f"{files.dynamic['arousal']} has no columns such as 'sample_15000ms' in common with valence.csv.")
    columns.sort(key=_time)
    ratings = np.stack([_numbers(frame.loc[songs, columns], files.dynamic[name]) for name, frame in tables.items()], axis=2)
    return songs.to_numpy(np.int64), np.array([_time(name) for name in columns]), ratings


def _vital_labels(files: DeamFiles, labels: DeamLabels) -> list[Lack]:
    lacks = lacks_of(files, (), dynamic=labels.kind == "dynamic")
    return [lack for lack in lacks if lack.kind == "labels" and lack.vital]


@dataclass(frozen=True)
class _Song:
    number: int
    source: str
    variance: tuple[float, float]


def _songs(files: DeamFiles) -> Mapping[int, _Song]:
    static = read_static(files)
    spread = {int(row["song_id"]): row for row in records(static.reset_index())}
    numbers = sorted({*spread, *files.audio})
    return {number: _song(number, files, spread.get(number, {})) for number in numbers}


def _song(number: int, files: DeamFiles, row: Mapping[str, float]) -> _Song:
    path = files.audio.get(number)
    source = path.relative_to(files.folder).as_posix() if path else ""
    arousal, valence = (float(row.get(f"{name}_std", math.nan)) ** 2 for name in DIMENSIONS)
    return _Song(number, source, (arousal, valence))


def _dynamic_clips(files: DeamFiles, known: Mapping[int, _Song], labels: DeamLabels) -> Iterator[Clip]:
    songs, times, ratings = read_dynamic(files)
    count = round(labels.window / _PERIOD)
    starts = np.arange(labels.first, times[-1] + _PERIOD, labels.window)
    # A millisecond of tolerance: times of samples and starts are multiples of the same period, but for rounding.
    within = [np.flatnonzero((times >= s + labels.lag - 1e-3) & (times < s + labels.lag + labels.window - 1e-3)) for s in starts]
    for row, number in enumerate(songs.tolist()):
        song = known.get(number, _Song(number, "", (math.nan, math.nan)))
        for start, samples in zip(starts, within, strict=True):
            label = ratings[row, samples].mean(axis=0) if len(samples) == count else np.array([math.nan])
            if np.isfinite(label).all():
                yield _clip(song, float(start), labels.window, float(label[0]), float(label[1]))


def _static_clips(files: DeamFiles, known: Mapping[int, _Song], labels: DeamLabels) -> Iterator[Clip]:
    for row in records(read_static(files).reset_index()):
        song = known[int(row["song_id"])]
        whole = _clip(song, 0.0, 0.0, float(row["arousal_mean"]), float(row["valence_mean"]))
        yield from tile(whole, labels.first, _length(files, song), labels.window)


def _length(files: DeamFiles, song: _Song) -> float:
    if song.number < FIRST_FULL_SONG or not song.source:
        return EXCERPT
    import soundfile

    try:
        with (files.folder / song.source).open("rb") as file:
            return float(soundfile.info(file).duration)
    except (soundfile.SoundFileError, OSError):  # the preparation reports it
        return EXCERPT


def _clip(song: _Song, start: float, duration: float, arousal: float, valence: float) -> Clip:
    return Clip(
        corpus=CARD.name,
        song=str(song.number),
        group=str(song.number),
        stratum="full song" if song.number >= FIRST_FULL_SONG else "excerpt",
        start=start,
        duration=duration,
        arousal=arousal,
        valence=valence,
        arousal_variance=song.variance[0],
        valence_variance=song.variance[1],
        source=song.source,
        kind="audio" if song.source else "none",
    )


def _by_song(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    frame = read_csv(path, ("song_id", *columns))
    try:
        return frame.set_index(frame["song_id"].astype(int)).drop(columns="song_id")
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} has a song_id that is no number ({error}); expected whole numbers.") from error


def _refuse_double(frame: pd.DataFrame, where: str) -> None:
    if not frame.index.is_unique:
        raise UsageError(f"{where} name song {frame.index[frame.index.duplicated()][0]} twice; expected every song once.")


def _numbers(frame: pd.DataFrame, path: Path) -> np.ndarray:
    try:
        return frame.to_numpy(dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} holds a rating that is no number ({error}); expected numbers in [-1, 1].") from error


def _time(column: str) -> float:
    found = _SAMPLE.fullmatch(column)
    return int(found.group(1)) / 1000 if found else math.nan

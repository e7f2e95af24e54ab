"""Folders of GTZAN and FMA, for those who have them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from orchestra_core.errors import UsageError
from orchestra_style.songs import Part, Song

GTZAN_CITATION = "G. Tzanetakis, P. Cook (2002): Musical genre classification of audio signals. IEEE TSAP 10."
FMA_CITATION = "M. Defferrard, K. Benzi, P. Vandergheynst, X. Bresson (2017): FMA: a dataset for music analysis. ISMIR."

_SUFFIXES = (".wav", ".au", ".flac", ".mp3", ".ogg")
_FMA_PARTS: dict[str, Part] = {"training": "train", "validation": "validation", "test": "test"}
_FMA_COLUMNS = (("set", "subset"), ("set", "split"), ("track", "genre_top"))


def read_gtzan(folder: Path) -> tuple[Song, ...]:
    """Return the songs of ``genres/<genre>/*.wav`` (also ``genres_original/``, or the genre folders themselves).

    Files may be .wav, .au, .flac, .mp3 or .ogg. GTZAN has no official parts and names no artists: the seeded partition
    divides it by song.

    Raises
    ------
    UsageError
        There are no such folders, or no audio in them.

    References
    ----------
    .. [1] B. L. Sturm (2013): The GTZAN dataset: its contents, its faults, their effects on evaluation, and its future
       use. arXiv:1306.1461. (It repeats some recordings, which no partition by file can keep apart.)
    """
    named = [folder / name for name in ("genres", "genres_original") if (folder / name).is_dir()]
    root = named[0] if named else folder
    genres = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    songs = tuple(
        Song(f"{genre.name}/{path.name}", genre.name, path)
        for genre in genres
        for path in sorted(genre.iterdir())
        if path.suffix.lower() in _SUFFIXES
    )
    if not songs:
        raise UsageError(
            f"{folder} holds no songs of GTZAN; expected genres/<genre>/*.wav, such as genres/blues/blues.00000.wav."
        )
    return songs


def read_fma(folder: Path, subset: str = "small") -> tuple[Song, ...]:
    """Return the songs of ``fma_metadata/tracks.csv`` in ``fma_<subset>/<three digits>/<six digits>.mp3``.

    The parts are FMA's own (column ``set``, ``split``), which keep each artist in one part. A track without a top
    genre is left out.

    Parameters
    ----------
    folder : Path
        Holds ``fma_metadata`` and ``fma_<subset>``.
    subset : str
        ``small`` or ``medium``; ``medium`` holds the tracks of ``small`` too.

    Raises
    ------
    UsageError
        The table, a column or the audio folder is missing, or files of tracks are.
    """
    table, audio = folder / "fma_metadata" / "tracks.csv", folder / f"fma_{subset}"
    for path, what in ((table, "FMA's fma_metadata.zip"), (audio, f"FMA's fma_{subset}.zip")):
        if not path.exists():
            raise UsageError(f"{path} does not exist; expected what {what} unpacks to in {folder}.")
    subsets = ("small",) if subset == "small" else ("small", subset)
    songs = tuple(_fma_songs(table, audio, subsets))
    absent = [song.path for song in songs if not song.path.is_file()]
    if not songs or absent:
        missing = f"{len(absent)} of {len(songs)} tracks have no file, such as {absent[0]}" if absent else "it names no tracks"
        raise UsageError(f"{table} and {audio} do not fit: {missing}; expected every track of the subset {subset}.")
    return songs


def _fma_songs(table: Path, audio: Path, subsets: tuple[str, ...]) -> Iterator[Song]:
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        columns = list(zip(next(rows, []), next(rows, []), strict=False))
        absent = [" ".join(name) for name in _FMA_COLUMNS if name not in columns]
        if absent:
            raise UsageError(f"{table} has no column {absent[0]}; expected FMA's tracks.csv with its three header lines.")
        subset, split, genre = (columns.index(name) for name in _FMA_COLUMNS)
        for row in rows:
            if len(row) == len(columns) and row[0].isdigit() and row[subset] in subsets and row[genre]:
                name = f"{int(row[0]):06d}"
                yield Song(name, row[genre], audio / name[:3] / f"{name}.mp3", _FMA_PARTS.get(row[split]))

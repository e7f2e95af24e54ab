"""Emotify: 400 songs of 30 s from four genres."""

from __future__ import annotations

import csv
from pathlib import Path

from orchestra_core.errors import UsageError
from orchestra_style.songs import Song

CITATION = (
    "A. Aljanaki, F. Wiering, R. C. Veltkamp (2016): Studying emotion induced by music through a crowdsourcing game. "
    "Information Processing & Management 52."
)
_COLUMNS = {"file", "genre"}


def read_emotify(folder: Path) -> tuple[Song, ...]:
    """Return the songs of a folder with ``labels.csv`` (columns ``file`` and ``genre``) and the audio files it names.

    Raises
    ------
    UsageError
        The table or a column is missing, it is empty, or an audio file is missing.
    """
    table = folder / "labels.csv"
    if not table.is_file():
        raise UsageError(f"{table} does not exist; expected Emotify's folder with labels.csv and audio/*.ogg.")
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not set(rows[0]) >= _COLUMNS:
        found = ", ".join(rows[0]) if rows else "no rows"
        raise UsageError(f"{table} holds {found}; expected the columns file and genre, and a row for each song.")
    songs = tuple(Song(Path(row["file"]).stem, row["genre"], folder / row["file"]) for row in rows)
    absent = [song.path for song in songs if not song.path.is_file()]
    if absent:
        raise UsageError(f"{len(absent)} of the {len(songs)} songs in {table} have no audio file, such as {absent[0]}.")
    return songs

"""Songs with a genre, and how they are divided: by song, stratified by genre, from a seed and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestra_core.errors import UsageError

Part = Literal["train", "validation", "test"]
#: The parts, in the order in which a genre's songs are dealt out, and their shares.
SHARES: Mapping[Part, float] = {"train": 0.7, "validation": 0.15, "test": 0.15}


@dataclass(frozen=True)
class Song:
    """A recording with its genre.

    Parameters
    ----------
    name : str
        Unique in its data set; the partition depends on it.
    genre : str
        Its class.
    path : Path
        The audio file.
    part : {"train", "validation", "test"}, optional
        Where the data set itself puts it; None where the seeded partition decides.
    """

    name: str
    genre: str
    path: Path
    part: Part | None = None


def partition(songs: Sequence[Song], seed: int = 0) -> dict[Part, tuple[Song, ...]]:
    """Return the songs of each part: 70 % train, 15 % validation, 15 % test of every genre.

    Within its genre a song's place is the SHA-256 of seed and name: no file has to be kept, and the order of
    the list changes nothing. Songs that their data set puts into a part stay there.

    Parameters
    ----------
    songs : sequence of Song
        At least three of each genre that the data set does not divide itself.
    seed : int
        Of the partition.

    Returns
    -------
    dict of str to tuple of Song
        In the order of `songs`.

    Raises
    ------
    UsageError
        A genre has too few songs, or there are fewer than two genres.
    """
    if len({song.genre for song in songs}) < 2:
        raise UsageError(f"{len(songs)} songs of fewer than two genres; expected at least two genres to tell apart.")
    free: dict[str, list[Song]] = {}
    for song in songs:
        if song.part is None:
            free.setdefault(song.genre, []).append(song)
    scarce = [f"{genre} ({len(alike)})" for genre, alike in free.items() if len(alike) < len(SHARES)]
    if scarce:
        raise UsageError(f"Too few songs of {', '.join(scarce)}; expected at least {len(SHARES)} of each genre.")
    dealt = {song: part for alike in free.values() for song, part in _dealt(alike, seed)}
    return {part: tuple(song for song in songs if (song.part or dealt[song]) == part) for part in SHARES}


def _dealt(songs: Sequence[Song], seed: int) -> list[tuple[Song, Part]]:
    ordered = sorted(songs, key=lambda song: hashlib.sha256(f"{seed}:{song.name}".encode()).hexdigest())
    # At least one song for each part, whatever the shares say.
    held_out = {part: max(1, round(SHARES[part] * len(songs))) for part in SHARES if part != "train"}
    parts: list[Part] = [part for part, count in held_out.items() for _ in range(count)]
    return list(zip(ordered, parts + ["train"] * (len(songs) - len(parts)), strict=True))

"""Segments of cached songs: a fixed grid to mark on, jittered places to learn from, and the level of each band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from orchestra_core.errors import UsageError
from orchestra_style.features import CachedSong, power
from orchestra_style.mel import BANDS, HOP, SAMPLE_RATE
from orchestra_style.songs import Part, Song, partition

#: What is dealt out to the parts: whole songs, or (the published fault) segments of them.
SplitUnit = Literal["song", "segment"]


@dataclass(frozen=True)
class Segment:
    """A stretch of a song: the song's place in its corpus, and the first frame."""

    song: int
    first: int


@dataclass(frozen=True)
class Corpus:
    """Cached songs, what genres they are of, and how long a segment is.

    Parameters
    ----------
    songs : tuple of CachedSong
        All of at least one segment.
    classes : tuple of str
        Genres in order.
    frames : int
        Frames in a segment.
    """

    songs: tuple[CachedSong, ...]
    classes: tuple[str, ...]
    frames: int

    @classmethod
    def of(cls, songs: Sequence[CachedSong], frames: int) -> Corpus:
        """Return the corpus of songs; those shorter than a segment are left out.

        Raises
        ------
        UsageError
            No song is long enough.
        """
        long_enough = tuple(song for song in songs if len(song.load()) >= frames)
        if not long_enough:
            raise UsageError(f"None of the {len(songs)} songs is as long as a segment ({seconds_of(frames):.1f} s).")
        return cls(long_enough, tuple(sorted({cached.song.genre for cached in long_enough})), frames)

    def grid(self, song: int) -> tuple[Segment, ...]:
        """Return the segments of a song, end to end from its start; the rest is dropped."""
        length = len(self.songs[song].load())
        return tuple(Segment(song, first) for first in range(0, length - self.frames + 1, self.frames))

    def power(self, segments: Sequence[Segment]) -> Tensor:
        """Return linear power of segments, shape (n, 384, frames), float32; only they are read from disk."""
        return torch.stack([power(self.songs[s.song].load()[s.first : s.first + self.frames]) for s in segments])

    def labels(self, segments: Sequence[Segment]) -> Tensor:
        """Return the class of each segment, shape (n,), int64."""
        return torch.tensor([self.classes.index(self.songs[segment.song].song.genre) for segment in segments])

    def jittered(self, segment: Segment, generator: torch.Generator) -> Segment:
        """Return a segment at a random place of the same song."""
        places = len(self.songs[segment.song].load()) - self.frames + 1
        return Segment(segment.song, int(torch.randint(places, (), generator=generator)))


def divided(corpus: Corpus, unit: SplitUnit, seed: int) -> dict[Part, tuple[Segment, ...]]:
    """Return the grid's segments of each part.

    Parameters
    ----------
    corpus : Corpus
        The songs.
    unit : {"song", "segment"}
        ``song`` puts all segments of a song into one part (`orchestra_style.songs.partition`). ``segment`` deals out
        segments whatever song they are of, as the published study did: a control that shows how much that flatters.
    seed : int
        Of the partition.

    Raises
    ------
    UsageError
        There are too few songs.
    """
    places = {cached.song: place for place, cached in enumerate(corpus.songs)}
    if unit == "song":
        parts = partition(list(places), seed)
        return {part: tuple(s for song in songs for s in corpus.grid(places[song])) for part, songs in parts.items()}
    units = {_unit(corpus, s): s for place in places.values() for s in corpus.grid(place)}
    return {part: tuple(units[unit] for unit in found) for part, found in partition(list(units), seed).items()}


def band_scale(corpus: Corpus, segments: Sequence[Segment]) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each band's power over segments, each segment scaled to a mean power of 1.

    Returns
    -------
    mean, sd : Tensor [shape=(384,), dtype=float64]
    """
    total, squares = torch.zeros(2, BANDS, dtype=torch.float64)
    for segment in segments:
        mel = corpus.power([segment])[0].double()
        mel = mel / mel.mean().clamp_min(1e-12)
        total += mel.mean(dim=1)
        squares += mel.square().mean(dim=1)
    mean = total / max(1, len(segments))
    return mean, (squares / max(1, len(segments)) - mean.square()).clamp_min(0.0).sqrt()


def batches(segments: Sequence[Segment], size: int) -> Iterator[Sequence[Segment]]:
    """Yield segments in their order, `size` at a time."""
    for first in range(0, len(segments), size):
        yield segments[first : first + size]


def songs_of(segments: Sequence[Segment]) -> np.ndarray:
    """Return the song of each segment, shape (n,), int64."""
    return np.array([segment.song for segment in segments], dtype=np.int64)


def frames_in(seconds: float) -> int:
    """Return the frames of a segment of so many seconds: 430 of 5 s, 258 of 3 s."""
    return int(seconds * SAMPLE_RATE / HOP)


def seconds_of(frames: int) -> float:
    """Return how many seconds so many frames are."""
    return frames * HOP / SAMPLE_RATE


def _unit(corpus: Corpus, segment: Segment) -> Song:
    song = corpus.songs[segment.song].song
    return Song(f"{song.name}@{segment.first}", song.genre, song.path)

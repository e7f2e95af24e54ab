"""Spans of human pieces as long as pieces that are judged, and nonsense as long: how judges perceive them, kept in a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from judges_audio import Data, sounds_of
from judges_data import Rated, Sound, cached, play, window_of

from orchestra_core import Performance
from orchestra_judges.audio import SAMPLE_RATE
from orchestra_judges.learned import LearnedJudge
from orchestra_judges.notes import notes_of, onset_groups

#: How long a span is, in s, and how many parts of each length are cut out of it.
SPAN = 30.0
PARTS = {5.0: 2, 10.0: 2, 16.0: 1, 30.0: 1}

#: Onsets per s below which a span tells nothing: a handful of notes has no chords or rhythm, and a piano that decays is silent.
SPARSE = 1.0


@dataclass(frozen=True, eq=False)
class Span:
    """Some seconds of a piece: the number of its piece, its group, what plays it, where it begins and how long it is in s."""

    piece: int
    group: str
    rated: Rated
    sound: Sound
    start: float
    length: float

    @property
    def key(self) -> str:
        """What it is called in the cache."""
        return f"{self.rated.name} {self.sound} {self.start:.2f} {self.length:.2f}"


@dataclass(frozen=True, eq=False)
class Part:
    """Some seconds of a span as a judge perceives them, shape (windows, features)."""

    span: Span
    length: float
    perceived: np.ndarray


def spans(pieces: Sequence[Rated], each: int = 1) -> list[Span]:
    """Return spans spread over pieces, `each` for every sound that a piece is played with."""
    return [span for number, piece in enumerate(pieces) for span in _of_piece(number, piece, each)]


def parts(judge: LearnedJudge, span: Span, data: Data) -> Iterator[Part]:
    """Yield the parts of a span as a judge perceives them, without those of fewer than `SPARSE` onsets per s."""
    for length, count in PARTS.items():
        if length <= span.length:
            for place in np.linspace(0.0, span.length - length, count):
                if not _dense(span, place, length):
                    continue
                key = f"{span.key} {place:.2f} {length}"
                table = _cached(judge, key, data, lambda p=place, n=length: _part(span, p, n, data))
                if len(table):
                    yield Part(span, length, table)


def _cached(judge: LearnedJudge, key: str, data: Data, make: Callable[[], Performance | None]) -> np.ndarray:
    def perceived() -> np.ndarray:
        performance = make()
        return np.zeros((0, 0)) if performance is None else judge.perceive(performance)

    return cached(data.cache / f"typical_{judge.name}", key, perceived)


def _of_piece(number: int, piece: Rated, each: int) -> Iterator[Span]:
    if piece.score is None:
        raise ValueError(f"{piece.name} has no notes.")
    sounds = sounds_of(piece)
    total = max(note.onset for note in piece.score.notes)
    length = min(SPAN, float(total))
    places = np.linspace(0.0, total - length, each * len(sounds))
    for index, start in enumerate(places):
        # The first place is another sound's in each piece.
        yield Span(number, piece.group, piece, sounds[(index + number) % len(sounds)], float(start), length)


def _dense(span: Span, place: float, length: float) -> bool:
    score = window_of(span.rated.score, span.start + place, length) if span.rated.score else None
    return score is not None and int(onset_groups(notes_of(score))[-1]) + 1 >= SPARSE * length


def _part(span: Span, place: float, length: float, data: Data) -> Performance | None:
    score = window_of(span.rated.score, span.start + place, length) if span.rated.score else None
    if score is None:
        return None
    audio = cached(data.cache / "audio", f"typical {span.key}", lambda: _played(span, data))
    first = round(place * SAMPLE_RATE)
    cut = audio[first : first + round(length * SAMPLE_RATE)].astype(np.float32)
    return Performance(torch.from_numpy(cut), SAMPLE_RATE, score) if np.any(cut) else None


def _played(span: Span, data: Data) -> np.ndarray:
    if span.rated.score is None:
        raise ValueError(f"{span.rated.name} has no notes.")
    score = window_of(span.rated.score, span.start, span.length)
    if score is None:
        return np.zeros(round(span.length * SAMPLE_RATE), dtype=np.float16)
    return play([score], span.sound, data.soundfont, span.length)[0].astype(np.float16)

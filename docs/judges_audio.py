"""What the judges of sound learn from: windows of rated pieces, played with several sounds, as each front end hears them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from judges_data import Rated, Sound, cached, emotify_pieces, excerpt, play, recorded, vgmidi_pieces

from orchestra_judges.audio import SAMPLE_RATE, windows_of
from orchestra_judges.audio_judges import AudioJudge

#: Windows of a piece: to learn from, and to be marked on; and of a recording.
LEARNED, HELD_OUT, RECORDED = 12, 5, 2
#: General MIDI programs that a piece is also played with.
PROGRAMS = (4, 6, 11, 16, 24, 26, 40, 46, 48, 52, 56, 68, 73, 80)
_VARIED = 3


@dataclass(frozen=True)
class Data:
    """Where the data sets, the soundfont and the cache are."""

    folder: Path
    soundfont: Path
    cache: Path

    def vgmidi(self, part: str) -> list[Rated]:
        return vgmidi_pieces(self.folder / "vgmidi", part)

    def emotify(self, part: str) -> list[Rated]:
        return emotify_pieces(self.folder / "emotify", part)


@dataclass(frozen=True, eq=False)
class Heard:
    """Windows as a front end hears them, (n, ...), each with the number of its piece; and the pieces' labels and groups."""

    values: np.ndarray
    piece: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    def of(self, pieces: np.ndarray) -> Heard:
        """Return the windows of the pieces that a mask keeps, the pieces numbered anew."""
        inside = pieces[self.piece]
        number = np.cumsum(pieces) - 1
        return Heard(self.values[inside], number[self.piece[inside]], self.labels[pieces], self.groups[pieces])

    def mean(self, windows: np.ndarray) -> np.ndarray:
        """Return the mean over each piece's windows of something of every window."""
        counts = np.bincount(self.piece, minlength=len(self.labels))
        return np.stack([np.bincount(self.piece, column, len(self.labels)) / counts for column in windows.T], axis=1)


def sounds_of(piece: Rated) -> tuple[Sound, ...]:
    """Return what a piece is played with to be learned: a grand piano, this project's piano, and some programs, transposed."""
    generator = np.random.default_rng(list(piece.name.encode()))
    varied = (Sound(int(generator.choice(PROGRAMS)), int(generator.integers(-5, 7))) for _ in range(_VARIED))
    return (Sound(), Sound(-1), *varied)


def windows_played(piece: Rated, sound: Sound, count: int, data: Data) -> np.ndarray:
    """Return windows of a piece, shape (windows, samples), float32."""
    if piece.recording is not None:
        return recorded(piece.recording, RECORDED)
    if piece.score is None:
        raise ValueError(f"{piece.name} has neither notes nor a recording.")
    score, key = piece.score, f"{piece.name} {sound} {count}"
    return cached(
        data.cache / "audio", key, lambda: play(excerpt(score, count), sound, data.soundfont).astype(np.float16)
    ).astype(np.float32)


def audio_of(piece: Rated, sound: Sound, data: Data) -> np.ndarray:
    """Return the windows that a piece is marked on, one after the other, shape (samples,)."""
    return windows_played(piece, sound, HELD_OUT, data).reshape(-1)


def hear(judge: type[AudioJudge], pieces: Sequence[Rated], sounds: Sequence[Sequence[Sound]], count: int, data: Data) -> Heard:
    """Return what a judge's front end hears of pieces, each played with sounds of its own."""
    found = [
        np.concatenate([_heard(judge, piece, sound, count, data) for sound in own])
        for piece, own in zip(pieces, sounds, strict=True)
    ]
    number = np.repeat(np.arange(len(pieces)), [len(one) for one in found])
    return Heard(
        np.concatenate(found), number, np.stack([piece.labels for piece in pieces]), np.array([piece.group for piece in pieces])
    )


def _heard(judge: type[AudioJudge], piece: Rated, sound: Sound, count: int, data: Data) -> np.ndarray:
    def make() -> np.ndarray:
        windows = windows_played(piece, sound, count, data)
        levelled = [windows_of(torch.from_numpy(window), SAMPLE_RATE)[0] for window in windows]
        return np.stack([judge.hear(window) for window in levelled]).astype(np.float32)

    return cached(data.cache / judge.name, f"{piece.corpus} {piece.name} {sound} {count}", make)

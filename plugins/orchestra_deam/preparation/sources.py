"""Where the windows of a song come from: an audio file, or a piece of notes that is played."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from orchestra_deam.preparation.decoding import LeftOut, Short, Window, read_windows

if TYPE_CHECKING:
    from orchestra_deam.midi import NoteTable
    from orchestra_deam.parallel import Key
    from orchestra_deam.rendering import Renderer

#: Versions of notes beside those as written: a semitone higher, and in the parallel mode.
VERSIONS = ("semitone", "parallel")

# The key of a window is that of the music from so much (s) before its start to so much after it.
_BEFORE, _AFTER = 10.0, 15.0
# Peak of what counts as silence: 100 dB below full scale.
_QUIETEST = 1e-5
# Half a window, in s.
_HALF = 2.5


class Source(Protocol):
    """Gives the windows of a song."""

    @property
    def path(self) -> Path:
        """The file they come from."""

    def windows(self, natives: Sequence[int]) -> Iterator[Window | LeftOut]:
        """Yield windows at one of the rates `natives` (Hz), or why they cannot be had."""


@dataclass(frozen=True)
class AudioFile:
    """Windows of an audio file.

    Parameters
    ----------
    path : Path
        The file.
    starts : tuple of float
        In s, ascending.
    duration : float
        Length of a window in s.
    short : {"shift", "pad", "drop"}
        What happens to a window that the audio ends in.
    """

    path: Path
    starts: tuple[float, ...]
    duration: float
    short: Short = "shift"

    def windows(self, natives: Sequence[int]) -> Iterator[Window | LeftOut]:
        """Yield the windows that are not silent."""
        for window in read_windows(self.path, self.starts, self.duration, natives, self.short):
            yield _audible(window) if isinstance(window, Window) else window


@dataclass(frozen=True)
class RenderedPiece:
    """Windows of a piece of notes, drawn at random and played by a renderer.

    Parameters
    ----------
    path : Path
        A MIDI file.
    song : str
        Name of the piece; the draw depends on it, on the renderer, the variant and the seed alone.
    renderer : Renderer
        What plays it.
    variant : int
        0 is as written, in the default sound; others are transposed, faster or slower, and sound different.
    most : int
        Most windows.
    seed : int
        Of the draw.
    version : str
        ``semitone``, ``parallel``, or empty for the notes as written. Versions of a variant have the same windows and
        sound.
    """

    path: Path
    song: str
    renderer: Renderer
    variant: int
    most: int
    seed: int
    version: str = ""

    def windows(self, natives: Sequence[int]) -> Iterator[Window | LeftOut]:
        """Yield the windows that are not silent, each of 5 s; a renderer of another rate is resampled."""
        from orchestra_deam.front_end import CLIP_DURATION
        from orchestra_deam.midi import read_notes
        from orchestra_deam.parallel import estimate_key, mode_contrast
        from orchestra_deam.rendering import vary_notes

        generator = self._generator()
        notes = read_notes(self.path)
        notes = vary_notes(notes, generator) if self.variant else notes
        starts = _with_onsets(notes, _starts(notes, self.most, generator))
        keys = [estimate_key(_around(notes, start)) for start in starts]
        clips = self.renderer.clips(self._changed(notes, starts, keys), starts, generator, self.variant > 0)
        for start, key, clip in zip(starts.tolist(), keys, clips.numpy(), strict=True):
            mode = round(mode_contrast(notes.within(start, start + CLIP_DURATION), key), 4)
            yield _audible(Window(start, start, *_at_native(clip, self.renderer.sample_rate, natives), mode))

    def _changed(self, notes: NoteTable, starts: np.ndarray, keys: Sequence[Key]) -> NoteTable:
        if self.version == "semitone":
            return notes.moved(1, 1.0)
        return _parallel(notes, starts, keys) if self.version == "parallel" else notes

    def _generator(self) -> np.random.Generator:
        text = f"{self.seed}/{self.song}/{self.renderer.name}/{self.variant}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _around(notes: NoteTable, start: float) -> NoteTable:
    return notes.within(max(start - _BEFORE, 0.0), start + _AFTER)


def _parallel(notes: NoteTable, starts: np.ndarray, keys: Sequence[Key]) -> NoteTable:
    """Return the notes in the parallel mode of the key of the window that they are nearest to."""
    from orchestra_deam.parallel import in_parallel_mode

    nearest = np.searchsorted((starts[1:] + starts[:-1]) / 2, notes.onset - _HALF)
    pitch = notes.pitch.copy()
    for index, key in enumerate(keys):
        pitch[nearest == index] = in_parallel_mode(notes, key).pitch[nearest == index]
    return replace(notes, pitch=pitch)


def _audible(window: Window) -> Window | LeftOut:
    peak = max(float(window.audio.max()), -float(window.audio.min()))
    return window if peak > _QUIETEST else LeftOut(window.start, "there is only silence")


def _starts(notes: NoteTable, most: int, generator: np.random.Generator) -> np.ndarray:
    from orchestra_deam.front_end import CLIP_DURATION

    # One window at random in each of equal parts of the piece.
    last = max(notes.end - CLIP_DURATION, 0.0)
    count = int(np.clip(notes.end // CLIP_DURATION, 1, most))
    return (np.arange(count) + generator.random(count)) * (last / count)


def _with_onsets(notes: NoteTable, starts: np.ndarray) -> np.ndarray:
    from orchestra_deam.front_end import CLIP_DURATION

    sounding = [bool(((notes.onset >= start) & (notes.onset < start + CLIP_DURATION)).any()) for start in starts]
    return starts[sounding] if any(sounding) else starts[:0]


def _at_native(clip: np.ndarray, rate: int, natives: Sequence[int]) -> tuple[np.ndarray, int]:
    if rate in natives:
        return clip, rate
    import soxr

    from orchestra_deam.preparation.decoding import native_rate

    target = native_rate(rate, natives)
    return soxr.resample(clip, rate, target, quality="HQ"), target

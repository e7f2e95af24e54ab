"""The feature cache: each song's mel spectrogram, computed once, one song at a time, on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from orchestra_core import read_audio
from orchestra_core.errors import AudioFileError, UsageError
from orchestra_style.mel import BANDS, SAMPLE_RATE, MelPower
from orchestra_style.songs import Song

# Part of each cached file's name: files of another layout are not read.
_LAYOUT = "mel384-1024-256-22050-sqrt16-1"
_QUIETEST = 1e-10


@dataclass(frozen=True)
class CachedSong:
    """A song and where its features lie: the square root of power over the song's mean power, float16, (frames, 384)."""

    song: Song
    path: Path

    def load(self) -> np.ndarray:
        """Return the features, memory-mapped; reading a stretch of frames reads only that stretch.

        Raises
        ------
        UsageError
            The file is damaged.
        """
        try:
            features: np.ndarray = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UsageError(f"Cached features {self.path} are damaged ({error}); delete the file and run again.") from error
        return features


@dataclass(frozen=True)
class Prepared:
    """Songs in the cache, and what was left out: name and reason."""

    songs: tuple[CachedSong, ...]
    failures: tuple[tuple[str, str], ...]


def default_cache() -> Path:
    """Return the folder of the cache in the user's cache directory (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orchestra" / "style"


def prepare(songs: Sequence[Song], folder: Path, *, progress: Callable[[int, int], None] = lambda done, total: None) -> Prepared:
    """Make the features that are missing in the cache, and return all of them.

    One song is in memory at a time. Files are written under another name and moved into place: an interrupted
    preparation goes on where it stopped. A file's name follows from path, size and time of the audio file.

    Parameters
    ----------
    songs : sequence of Song
        What to prepare.
    folder : Path
        The cache; made if needed. About 2 MB for 30 s.
    progress : callable
        Told the number of songs done and their total.

    Returns
    -------
    Prepared
        Songs that cannot be read, or are silent, are among the failures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    front_end = MelPower()
    cached, failures = [], []
    for number, song in enumerate(songs, start=1):
        path = folder / f"{_key(song.path)}.npy"
        try:
            if not path.is_file():
                _write(path, features_of(song.path, front_end))
            cached.append(CachedSong(song, path))
        except AudioFileError as error:
            failures.append((song.name, str(error)))
        progress(number, len(songs))
    return Prepared(tuple(cached), tuple(failures))


@torch.inference_mode()
def features_of(path: Path, front_end: MelPower) -> np.ndarray:
    """Return the features of an audio file: square roots of power over its mean, shape (frames, 384), float16.

    The root halves the range, so that half precision holds it; reading squares them again.

    Raises
    ------
    AudioFileError
        The file cannot be read, or is silent.
    """
    mel = front_end(read_audio(path, SAMPLE_RATE)[0])[0]
    level = mel.mean()
    if not level > _QUIETEST:
        raise AudioFileError(f"{path} is silent; expected a recording of music.")
    features: np.ndarray = (mel / level).sqrt().T.half().numpy()
    return features


def power(features: np.ndarray) -> torch.Tensor:
    """Return linear power, shape (384, frames), float32, of cached features, shape (frames, 384)."""
    if features.shape[1] != BANDS:
        raise UsageError(f"Cached features have {features.shape[1]} bands; expected {BANDS}: delete the cache.")
    return torch.from_numpy(features.astype(np.float32)).square().T


def _key(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError as error:
        raise AudioFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    told = f"{_LAYOUT}|{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _write(path: Path, features: np.ndarray) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, features)
    part.replace(path)

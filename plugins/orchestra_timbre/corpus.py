"""Turns sounds into what a network hears, once, into a file that training reads in batches: memory stays bounded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from orchestra_core import read_audio
from orchestra_core.errors import UsageError
from orchestra_timbre.descriptors import CLIP_SAMPLES, HIGHEST, SAMPLE_RATE
from orchestra_timbre.models import LogMelNetwork, WaveformNetwork
from orchestra_timbre.sounds import Sound, label_table

Progress = Callable[[int, int], None]
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Corpus:
    """Features and labels of sounds.

    Parameters
    ----------
    features : np.ndarray [shape=(sounds, ...)]
        What the front end gives, mapped from a file.
    labels : Tensor [shape=(sounds, 7), dtype=float32]
        The descriptors over 100.
    """

    features: np.ndarray
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield features and labels of the sounds that `order` names, `size` at a time."""
        for chosen in torch.split(order, size):
            rows = np.asarray(self.features[chosen.numpy()], dtype=np.float32)
            yield torch.from_numpy(rows), self.labels[chosen]


def prepare(
    sounds: Sequence[Sound],
    model: WaveformNetwork | LogMelNetwork,
    folder: Path,
    progress: Progress = lambda done, total: None,
) -> Corpus:
    """Return the corpus of sounds for a network; what was computed once lies in the folder.

    Parameters
    ----------
    sounds : sequence of Sound
        At least one.
    model : WaveformNetwork or LogMelNetwork
        Its front end decides what is kept: waveforms in single precision, or features in half.
    folder : Path
        Receives a ``.npy`` file whose name follows from the front end and the files.
    progress : callable
        Told how many sounds are done, and how many there are.

    Returns
    -------
    Corpus

    Raises
    ------
    UsageError
        There are no sounds.
    AudioFileError
        A recording is not readable.
    """
    if not sounds:
        raise UsageError("There are no sounds to prepare; expected at least one in this split and part.")
    path = folder / f"{_fingerprint(sounds, model)}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _compute(sounds, model, path, progress)
    labels = torch.from_numpy(label_table(sounds) / HIGHEST).float()
    return Corpus(np.load(path, mmap_mode="r"), labels)


def read_clip(path: Path) -> Tensor:
    """Return the first second of a recording at 16 kHz, padded with silence; shape (16000,), float32.

    Raises
    ------
    AudioFileError
        It is not readable.
    """
    audio = read_audio(path, SAMPLE_RATE)[0][0, :CLIP_SAMPLES]
    return torch.nn.functional.pad(audio, (0, CLIP_SAMPLES - len(audio)))


def _compute(sounds: Sequence[Sound], model: WaveformNetwork | LogMelNetwork, path: Path, progress: Progress) -> None:
    part = path.with_suffix(".part")
    kept: np.ndarray | None = None
    for first in range(0, len(sounds), _CHUNK):
        clips = torch.stack([read_clip(sound.file) for sound in sounds[first : first + _CHUNK]])
        with torch.no_grad():
            features = model.front_end(clips)
        if kept is None:
            kept = np.lib.format.open_memmap(part, "w+", _precision(model), (len(sounds), *features.shape[1:]))
        kept[first : first + len(clips)] = features.numpy()
        progress(first + len(clips), len(sounds))
    del kept  # closes the file
    part.replace(path)


def _precision(model: WaveformNetwork | LogMelNetwork) -> str:
    return "float32" if isinstance(model, WaveformNetwork) else "float16"


def _fingerprint(sounds: Sequence[Sound], model: WaveformNetwork | LogMelNetwork) -> str:
    stated = [(str(sound.file), sound.file.stat().st_size, sound.file.stat().st_mtime) for sound in sounds]
    buffers = [buffer.numpy().tobytes() for buffer in model.front_end.buffers()]
    text = json.dumps([type(model.front_end).__name__, stated]).encode()
    return hashlib.sha256(b"".join([text, *buffers])).hexdigest()[:16]

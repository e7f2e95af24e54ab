"""Audio files: reading of any format and length as mono, in one piece or in windows, and 24-bit writing."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from orchestra_core.errors import AudioFileError, ParameterError
from orchestra_core.io.atomic import write_with
from orchestra_core.io.resampling import resample_blocks

if TYPE_CHECKING:
    import soundfile

#: What people may hand in.
FORMATS = "WAV, FLAC, OGG (Vorbis or Opus), MP3 or AIFF"

_BLOCK_SECONDS = 20.0
_FULL_SCALE = 2**23  # 24-bit PCM
_ROUNDING = 1e-6  # a float32 scaled to a peak of 1 may land this far above it


@dataclass(frozen=True)
class AudioInfo:
    """What an audio file says of itself.

    Parameters
    ----------
    path : Path
        The file.
    sample_rate : int
        Sampling rate in Hz.
    channels : int
        Number of channels.
    frames : int
        Samples per channel; an estimate in formats that do not store it.
    format : str
        Such as ``"WAV PCM_16"``.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int
    format: str

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


@dataclass(frozen=True, eq=False)
class AudioWindows:
    """Consecutive windows of a recording: ``start`` in samples, shape (n,), and ``audio``, shape (n, samples)."""

    start: tuple[int, ...]
    audio: Tensor
    sample_rate: int


def audio_info(path: str | Path) -> AudioInfo:
    """Return what an audio file says of itself, without reading its samples.

    Raises
    ------
    AudioFileError
        The file is missing, a directory, empty or of no known format.
    """
    with _open(Path(path)) as file:
        return AudioInfo(Path(path), file.samplerate, file.channels, file.frames, f"{file.format} {file.subtype}")


def read_audio(path: str | Path, sample_rate: int | None = None) -> tuple[Tensor, int]:
    """Read an audio file as mono; channels are averaged.

    Parameters
    ----------
    path : str or Path
        A WAV, FLAC, OGG, MP3 or AIFF file.
    sample_rate : int, optional
        Rate in Hz to resample to; the file's own by default.

    Returns
    -------
    audio : Tensor [shape=(1, samples), dtype=float32]
        Nominal full scale 1.
    sample_rate : int
        Its rate in Hz.

    Raises
    ------
    AudioFileError
        The file is missing, a directory, empty, damaged, of no known format, or holds NaN or infinite samples.
    """
    rate, blocks = _mono_blocks(Path(path))
    target = sample_rate or rate
    return torch.cat(list(resample_blocks(blocks, rate, target)))[None], target


def stream_windows(
    path: str | Path, window_s: float, hop_s: float, chunk: int = 8, sample_rate: int | None = None
) -> Iterator[AudioWindows]:
    """Read a file of any length in overlapping windows, `chunk` at a time, with bounded memory.

    The windows are those of `Oracle.read_windows` on the whole recording: one every `hop_s`, and a last one that ends with
    the audio. A recording shorter than a window comes as one shorter window.

    Parameters
    ----------
    path : str or Path
        An audio file.
    window_s, hop_s : float, > 0
        Length of a window and distance between two starts, in seconds.
    chunk : int, >= 1
        Windows per yielded item, at most; the last item may hold one more.
    sample_rate : int, optional
        Rate in Hz to resample to; the file's own by default.

    Yields
    ------
    AudioWindows [shape=(n, samples)]

    Raises
    ------
    AudioFileError
        As `read_audio`; for a file damaged half-way, when the reading gets there.
    ParameterError
        A length is not positive.

    Notes
    -----
    Files are read from start to end without seeking: decoders of MP3 and Vorbis seek only approximately.
    """
    if not (window_s > 0 and hop_s > 0 and chunk >= 1):
        raise ParameterError(f"Windows of {window_s!r} s every {hop_s!r} s, {chunk!r} at a time; expected positive numbers.")
    rate, blocks = _mono_blocks(Path(path))
    target = sample_rate or rate
    length, hop = round(window_s * target), max(round(hop_s * target), 1)
    for starts, clips in _cut(resample_blocks(blocks, rate, target), length, hop, chunk):
        yield AudioWindows(tuple(starts), torch.stack(clips), target)


def write_wav(path: str | Path, audio: Tensor | np.ndarray, sample_rate: int, loop: bool = False) -> Path:
    """Write mono audio as 24-bit PCM, whole or not at all; the same samples give the same bytes.

    Parameters
    ----------
    path : str or Path
        Where to; the folder exists.
    audio : Tensor or np.ndarray [shape=(samples,) or (1, samples)]
        Within [-1, 1].
    sample_rate : int
        Rate in Hz.
    loop : bool
        Whether to mark all of it as a loop, in a chunk ``smpl`` that samplers and game engines read.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ParameterError
        The audio is not mono, empty, not finite, or exceeds full scale: nothing is ever clipped silently.
    """
    samples = _checked_samples(audio)
    # Quantised here rather than by libsndfile, whose factors for writing and reading differ by one part in 2^23.
    integers = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int32) << 8
    import soundfile

    def write(temporary: Path) -> None:
        soundfile.write(temporary, integers, sample_rate, subtype="PCM_24", format="WAV")
        if loop:
            _mark_loop(temporary, len(samples), sample_rate)

    return write_with(Path(path), write)


def _mark_loop(path: Path, samples: int, sample_rate: int) -> None:
    """Append the chunk ``smpl`` of a loop over all samples to a WAV file."""
    # Manufacturer, product, period in ns, note 60, no fine tuning, no SMPTE, one loop, no data; then the loop: identifier,
    # forward, first and last sample, no fraction, without end. (Multimedia Programming Interface and Data Specifications 1.0)
    fields = (0, 0, round(1e9 / sample_rate), 60, 0, 0, 0, 1, 0, 0, 0, 0, samples - 1, 0, 0)
    with path.open("r+b") as file:
        file.seek(0, io.SEEK_END)
        if file.tell() % 2:  # chunks begin at even places
            file.write(bytes(1))
        file.write(struct.pack("<4sI15I", b"smpl", 60, *fields))
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))


def _checked_samples(audio: Tensor | np.ndarray) -> np.ndarray:
    samples = np.asarray(audio.detach().cpu() if isinstance(audio, Tensor) else audio, dtype=np.float64)
    if samples.ndim == 2 and samples.shape[0] == 1:
        samples = samples[0]
    if samples.ndim != 1 or not samples.size:
        raise ParameterError(f"Audio to write has shape {samples.shape}; expected mono samples, shape (samples,).")
    if not np.isfinite(samples).all():
        raise ParameterError("Audio to write has NaN or infinite samples; expected finite ones in [-1, 1].")
    peak = float(np.abs(samples).max())
    if peak > 1 + _ROUNDING:
        raise ParameterError(
            f"Audio to write has a peak of {peak:.3f}, {20 * math.log10(peak):.1f} dB over full scale; expected at most 1. "
            "Scale it first, or use a canvas with level='peak'."
        )
    return samples


def _open(path: Path) -> soundfile.SoundFile:
    import soundfile

    _check_file(path)
    try:
        return soundfile.SoundFile(path)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise AudioFileError(f"{path} could not be read as audio ({_reason(error)}); expected {FORMATS}.") from error


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise AudioFileError(f"{path} is a directory; expected an audio file: {FORMATS}.")
        if not path.exists():
            raise AudioFileError(f"{path} does not exist; expected an audio file: {FORMATS}.")
        if path.stat().st_size == 0:
            raise AudioFileError(f"{path} is an empty file of 0 bytes; expected {FORMATS}.")
    except (OSError, ValueError) as error:
        raise AudioFileError(f"{path} could not be opened ({_reason(error)}); expected an audio file: {FORMATS}.") from error


def _mono_blocks(path: Path) -> tuple[int, Iterator[Tensor]]:
    rate = audio_info(path).sample_rate
    return rate, _checked_blocks(path, rate)


def _checked_blocks(path: Path, rate: int) -> Iterator[Tensor]:
    seen = 0
    for block in _decoded(path, round(_BLOCK_SECONDS * rate)):
        if not np.isfinite(block).all():
            where = (seen + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])) / rate
            raise AudioFileError(f"{path} has NaN or infinite samples, first at {where:.3f} s; expected finite ones.")
        seen += len(block)
        yield torch.from_numpy(block.mean(axis=1, dtype=np.float32))
    if not seen:
        raise AudioFileError(f"{path} holds no samples (0.0 s of audio); expected at least one.")


def _decoded(path: Path, frames: int) -> Iterator[np.ndarray]:
    import soundfile

    with _open(path) as file:
        # soundfile seeks to where it is after every read, which makes the MP3 decoder forget what the next frame builds on.
        file.seekable = lambda: False
        while True:
            try:
                block: np.ndarray = file.read(frames, dtype="float32", always_2d=True)
            except (soundfile.SoundFileError, OSError) as error:
                raise AudioFileError(
                    f"{path} is damaged ({_reason(error)}); expected {FORMATS} that decodes to its end."
                ) from error
            if not len(block):
                return
            yield block


def _cut(blocks: Iterator[Tensor], length: int, hop: int, chunk: int) -> Iterator[tuple[list[int], list[Tensor]]]:
    # `held` begins at sample `first` of the recording; it keeps one window's length for the last one, which ends with the audio.
    held, first, start = torch.zeros(0), 0, 0
    starts: list[int] = []
    clips: list[Tensor] = []
    for block in blocks:
        held = torch.cat([held, block])
        while start + length <= first + len(held):
            if len(starts) == chunk:
                yield starts, clips
                starts, clips = [], []
            starts.append(start)
            clips.append(held[start - first : start - first + length])
            start += hop
        keep = max(min(start, first + len(held) - length), first)
        held, first = held[keep - first :].clone(), keep
    last = max(first + len(held) - length, 0)
    if last != start - hop or not start:
        starts.append(last)
        clips.append(held[last - first :])
    if starts:
        yield starts, clips


def _reason(error: BaseException) -> str:
    text = str(getattr(error, "error_string", None) or error).strip()
    return text.rstrip(".") or type(error).__name__

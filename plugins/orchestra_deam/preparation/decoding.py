"""Cuts windows from audio files of any length and rate, decoding no more than is needed and holding little of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from orchestra_core.errors import AudioFileError

if TYPE_CHECKING:
    import soundfile

#: What happens to a window that the audio ends in: it begins earlier, is filled up with silence, or is left out.
Short = Literal["shift", "pad", "drop"]
#: Windows that lack more than this, in s, are left out in any case.
MOST_MISSING = 1.0

_BLOCK = 40.0
# A frame of MP3 needs the bits of frames before it, 511 bytes back at most: so much (s) is decoded before it is heard, and
# more below this bit rate.
_PREROLL, _LOW_RATE_PREROLL, _LOW_RATE = 0.2, 2.0, 64_000
_STEPS_PER_SECOND = 5


@dataclass(frozen=True, eq=False)
class Window:
    """A window: ``start`` as asked for and ``begin`` as cut, in s, and ``audio``, shape (samples,), float32, mono.

    ``mode`` is that of its notes, where they are known: positive for major, negative for minor, 0 where it is not clear.
    """

    start: float
    begin: float
    audio: np.ndarray
    rate: int
    mode: float = 0.0


@dataclass(frozen=True)
class LeftOut:
    """A window that cannot be had, by its start in s, and why."""

    start: float
    reason: str


def native_rate(rate: int, natives: Iterable[int]) -> int:
    """Return the rate that audio is read at: its own if native, else the next higher native rate, else the highest."""
    higher = [native for native in natives if native >= rate]
    return min(higher) if higher else max(natives)


def read_windows(
    path: Path, starts: Sequence[float], duration: float, natives: Sequence[int], short: Short = "shift"
) -> Iterator[Window | LeftOut]:
    """Yield windows of an audio file, mono, at a native rate.

    Parameters
    ----------
    path : Path
        A WAV, FLAC, OGG or MP3 file.
    starts : sequence of float
        Starts of the windows in s, ascending.
    duration : float
        Their length in s.
    natives : sequence of int
        Rates in Hz that the features are computed at; others are resampled to the next higher one of them.
    short : {"shift", "pad", "drop"}
        What happens to a window that the audio ends in, if it lacks at most `MOST_MISSING`. By default it begins
        earlier, so that it ends with the audio, as the last window of a reading does.

    Yields
    ------
    Window or LeftOut
        One for each start. A file that is damaged half-way gives the windows before the damage.

    Raises
    ------
    AudioFileError
        The file is missing, empty, of no known format, holds no samples, or NaN or infinite ones.

    Notes
    -----
    Files are decoded from shortly before the first window on, MP3 files from so much before it that the samples are those
    of decoding from the beginning.
    """
    with _open(path) as file:
        rate = native_rate(file.samplerate, natives)
        stream = _Stream(path, file, _beginning(file, starts[0]), starts[-1] + duration)
        yield from _cut(stream, _resampled(stream.blocks(), file.samplerate, rate), rate, starts, duration, short)


class _Stream:
    """The mono samples of a file from `begin` to `end` (s), in blocks; knows where damage ended it."""

    def __init__(self, path: Path, file: soundfile.SoundFile, begin: float, end: float) -> None:
        self.path, self.begin, self.damage = path, begin, ""
        self._file, self._last = file, round(end * file.samplerate)
        self._lead = round(_preroll(path, file) * file.samplerate)

    def blocks(self) -> Iterator[np.ndarray]:
        rate = self._file.samplerate
        position = round(self.begin * rate)
        while position < self._last:
            block = self._read(position, min(self._last - position, round(_BLOCK * rate)))
            if not len(block):
                return
            mono = _mixed(block)
            if not np.isfinite(mono.sum()):  # the cheapest look at every sample
                raise AudioFileError(f"{self.path} has NaN or infinite samples; expected finite ones.")
            position += len(block)
            yield mono

    def _read(self, position: int, frames: int) -> np.ndarray:
        import soundfile

        lead = min(self._lead, position)
        try:
            if position:  # soundfile seeks after every reading anyway
                self._file.seek(position - lead)
            block: np.ndarray = self._file.read(lead + frames, dtype="float32", always_2d=True)[lead:]
        except (soundfile.SoundFileError, OSError) as error:
            self.damage = str(getattr(error, "error_string", None) or error)
            return np.zeros((0, 1), dtype=np.float32)
        return block


def _cut(
    stream: _Stream, blocks: Iterator[np.ndarray], rate: int, starts: Sequence[float], duration: float, short: Short
) -> Iterator[Window | LeftOut]:
    # `held` begins at sample `first` of the recording.
    held, first = np.zeros(0, dtype=np.float32), round(stream.begin * rate)
    length, margin = round(duration * rate), round(MOST_MISSING * rate)
    for start in starts:
        begin = round(start * rate)
        while first + len(held) < begin + length and (block := next(blocks, None)) is not None:
            drop = min(max(begin - margin - first, 0), len(held))
            held, first = np.concatenate([held[drop:], block]) if len(held) > drop else block, first + drop
        missing = begin + length - first - len(held)
        if missing <= 0:
            yield Window(start, begin / rate, held[begin - first : begin - first + length], rate)
        elif missing > margin or short == "drop" or (short == "shift" and len(held) < length):
            yield LeftOut(start, _reason(stream, (first + len(held)) / rate))
        elif short == "pad":
            yield Window(start, begin / rate, np.pad(held[begin - first :], (0, missing)), rate)
        else:
            yield Window(start, (begin - missing) / rate, held[len(held) - length :], rate)


def _mixed(block: np.ndarray) -> np.ndarray:
    # Channel by channel: `mean` over the short axis takes thirty times as long, and a product would start threads.
    mono = block[:, 0].copy()
    for channel in range(1, block.shape[1]):
        mono += block[:, channel]
    mono *= np.float32(1.0 / block.shape[1])
    return mono


def _reason(stream: _Stream, end: float) -> str:
    if stream.damage:
        return f"the audio is damaged after {end:.2f} s: {stream.damage}"
    return f"the audio ends at {end:.2f} s" if end > stream.begin else "there is no audio so late"


def _resampled(blocks: Iterator[np.ndarray], source: int, target: int) -> Iterator[np.ndarray]:
    if source == target:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(source, target, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def _beginning(file: soundfile.SoundFile, start: float) -> float:
    # A time at which the file's rate and the native ones have a sample each.
    begin = int(start * _STEPS_PER_SECOND + 1e-6) / _STEPS_PER_SECOND
    return 0.0 if file.samplerate % _STEPS_PER_SECOND or begin * file.samplerate >= file.frames else begin


def _preroll(path: Path, file: soundfile.SoundFile) -> float:
    if file.format != "MP3":
        return 0.0
    bit_rate = 8 * path.stat().st_size * int(file.samplerate) / max(int(file.frames), 1)
    return _PREROLL if bit_rate >= _LOW_RATE else _LOW_RATE_PREROLL


def _open(path: Path) -> soundfile.SoundFile:
    import soundfile

    if not path.is_file():
        raise AudioFileError(f"{path} does not exist; expected an audio file.")
    if not path.stat().st_size:
        raise AudioFileError(f"{path} is an empty file of 0 bytes; expected audio.")
    # By number and not by name: beside a 2.mp3, libsndfile takes macOS's ._2.mp3 for the resources of another format.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        file = soundfile.SoundFile(number, "r", closefd=True)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        reason = str(getattr(error, "error_string", None) or error).rstrip(".")
        raise AudioFileError(f"{path} could not be read as audio ({reason}); expected WAV, FLAC, OGG or MP3.") from error
    if not file.frames:
        file.close()
        raise AudioFileError(f"{path} holds no samples; expected some.")
    return file

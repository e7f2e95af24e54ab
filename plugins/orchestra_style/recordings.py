"""Recordings handed to the transfer: what can be used, and in which words the rest is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from orchestra_core import read_audio, write_bytes
from orchestra_core.errors import AudioFileError
from orchestra_style.mel import SAMPLE_RATE

#: The middle of longer style recordings is heard, in s.
LONGEST_STYLE = 30.0
#: Shorter recordings have no texture, in s.
SHORTEST = 0.5
# Below this root mean square, -80 dB re full scale, there is nothing to hear.
_SILENCE = 1e-4
# Frames of 50 ms so far below the median level are a fade where they lie at an end.
_FRAME, _FADE_DB = 1_102, 10.0
_FULL_SCALE = 2**23  # 24-bit PCM


def style_recording(path: str | Path) -> Tensor:
    """Return the part of a style recording that is heard, mono at 22,050 Hz, shape (1, samples).

    Its fade-in and its fade-out are left out: they are no part of the texture, and would be asked of the result.

    Raises
    ------
    AudioFileError
        It cannot be read, is silent or too short.
    """
    audio = _steady(check_sound(read_audio(path, SAMPLE_RATE)[0], SAMPLE_RATE, f"The style {path}"))
    longest = round(LONGEST_STYLE * SAMPLE_RATE)
    start = max(audio.shape[1] - longest, 0) // 2
    return audio[:, start : start + longest]


def read_channels(path: str | Path) -> tuple[Tensor, int]:
    """Return all channels of a recording, shape (channels, samples), and its rate in Hz.

    Raises
    ------
    AudioFileError
        It cannot be read, or holds NaN or infinite samples.
    """
    import soundfile

    _, rate = read_audio(path)  # the core's words for what is wrong with a file
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(np.ascontiguousarray(samples.T)), rate


def write_channels(path: Path, audio: Tensor, sample_rate: int) -> Path:
    """Write audio (channels, samples) within [-1, 1] as a 24-bit WAV file, whole or not at all."""
    import soundfile

    integers = np.clip(np.rint(audio.T.double().numpy() * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int32) << 8
    buffer = io.BytesIO()
    soundfile.write(buffer, integers, sample_rate, subtype="PCM_24", format="WAV")
    return write_bytes(path, buffer.getvalue())


def check_sound(audio: Tensor, sample_rate: int, what: str) -> Tensor:
    """Return audio (channels, samples) that is long and loud enough.

    Raises
    ------
    AudioFileError
        It is not.
    """
    seconds = audio.shape[1] / sample_rate
    if seconds < SHORTEST:
        raise AudioFileError(f"{what} lasts {seconds:.2f} s; expected at least {SHORTEST:g} s. Give a longer recording.")
    if not is_audible(audio):
        raise AudioFileError(f"{what} is silent (below -80 dB re full scale); expected a sound.")
    return audio


def _steady(audio: Tensor) -> Tensor:
    """Return audio (1, samples) without the soft frames at either end, unless hardly anything would be left."""
    frames = audio[0, : audio.shape[1] // _FRAME * _FRAME].reshape(-1, _FRAME).square().mean(dim=1)
    loud = torch.nonzero(frames >= 10 ** (-_FADE_DB / 10) * frames.median())[:, 0]
    start, stop = int(loud[0]) * _FRAME, (int(loud[-1]) + 1) * _FRAME
    return audio[:, start:stop] if stop - start >= SHORTEST * SAMPLE_RATE else audio


def is_audible(audio: Tensor) -> bool:
    """Return whether audio is louder than -80 dB re full scale on average."""
    return float(audio.square().mean().sqrt()) >= _SILENCE

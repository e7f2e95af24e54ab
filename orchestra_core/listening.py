"""Listening: the readings of a recording of any length, over time and on average."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from orchestra_core.contracts.oracle import Oracle
from orchestra_core.errors import AudioFileError, ParameterError
from orchestra_core.io.audio import audio_info, stream_windows

#: Window in seconds for an oracle that takes clips of any length.
DEFAULT_WINDOW = 5.0
_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class Listening:
    """What an oracle read of a recording.

    Parameters
    ----------
    path : Path
        The recording.
    duration : float
        Its length in seconds.
    start, end : np.ndarray [shape=(windows,), dtype=float64]
        Where each window lies, in seconds.
    values : mapping of str to np.ndarray [shape=(windows,), dtype=float64]
        Readings by dimension.
    mean : mapping of str to float
        Mean over the windows.
    padding : float
        Seconds of zeros that the oracle appended because the recording is shorter than its clip; 0 otherwise.
    peak : float
        Largest sample, re full scale.
    """

    path: Path
    duration: float
    start: np.ndarray
    end: np.ndarray
    values: Mapping[str, np.ndarray]
    mean: Mapping[str, float]
    padding: float = 0.0
    peak: float = 1.0


def listen(
    path: str | Path,
    oracle: Oracle,
    hop: float | None = None,
    *,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> Listening:
    """Read a recording of any length, rate and format with bounded memory.

    Parameters
    ----------
    path : str or Path
        A WAV, FLAC, OGG, MP3 or AIFF file; channels are averaged.
    oracle : Oracle
        What hears.
    hop : float, > 0, optional
        Seconds between the starts of two windows; by default the windows lie side by side and the mean is `Oracle.read` of
        the whole recording. The last window ends with the recording.
    device : torch.device or str
        Where the oracle computes.
    progress : callable, optional
        Called after every few windows with the seconds listened to so far.

    Returns
    -------
    Listening

    Raises
    ------
    AudioFileError
        The file cannot be read, or is too short for an oracle that refuses short audio.
    ParameterError
        The hop is not positive.

    Notes
    -----
    An oracle with no clip length of its own reads windows of 5 s.
    """
    path = Path(path)
    window = oracle.clip_duration or DEFAULT_WINDOW
    rate = oracle.native_rate(audio_info(path).sample_rate)
    starts: list[int] = []
    read: list[Mapping[str, Tensor]] = []
    samples, peak = 0, 0.0
    for windows in stream_windows(path, window, window if hop is None else hop, _AT_ONCE, rate):
        read.append(_read(path, oracle, windows.audio.to(device), rate))
        starts += windows.start
        samples, peak = windows.audio.shape[1], max(peak, float(windows.audio.abs().max()))
        if progress is not None:
            progress((starts[-1] + samples) / rate)
    values = {name: torch.cat([readings[name] for readings in read]) for name in read[0]}
    return replace(_listening(path, starts, samples, rate, values, oracle), peak=peak)


def _read(path: Path, oracle: Oracle, audio: Tensor, rate: int) -> Mapping[str, Tensor]:
    try:
        with torch.no_grad():
            return {name: value.cpu() for name, value in oracle.read(audio, rate).items()}
    except ParameterError as error:
        raise AudioFileError(f"{path}: {error}") from error


def _listening(path: Path, starts: list[int], samples: int, rate: int, values: Mapping[str, Tensor], oracle: Oracle) -> Listening:
    start = np.array(starts, dtype=np.float64) / rate
    clip = round(oracle.clip_duration * rate) if oracle.clip_duration else samples
    return Listening(
        path=path,
        duration=(starts[-1] + samples) / rate,
        start=start,
        end=start + samples / rate,
        values={name: value.numpy().astype(np.float64) for name, value in values.items()},
        # In the oracle's own precision, so that it equals what `Oracle.read` returns.
        mean={name: float(value.mean()) for name, value in values.items()},
        padding=max(clip - samples, 0) / rate,
    )

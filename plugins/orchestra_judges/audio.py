"""Audio as the judges hear it: mono, 22.05 kHz, in windows of 5 s at one level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

SAMPLE_RATE = 22_050
WINDOW = 5.0
#: A window this far below the loudest, in dB, says nothing of the music and is left out.
SILENT = -50.0


def windows_of(audio: Tensor, sample_rate: int) -> np.ndarray:
    """Return audio in windows of `WINDOW` s side by side, each at an RMS of 1.

    The last window ends with the audio; audio shorter than a window is one window, filled up with zeros.

    Parameters
    ----------
    audio : Tensor [shape=(samples,)]
        Mono audio of any length and level.
    sample_rate : int
        In Hz.

    Returns
    -------
    np.ndarray [shape=(windows, samples), dtype=float32]
        At `SAMPLE_RATE`. Silent audio is one window of zeros.
    """
    heard = _resampled(audio.detach().cpu().numpy().astype(np.float32), sample_rate)
    length = round(WINDOW * SAMPLE_RATE)
    heard = np.pad(heard, (0, max(length - len(heard), 0)))
    last = len(heard) - length
    starts = sorted({*range(0, last + 1, length), last})
    windows = np.stack([heard[start : start + length] for start in starts])
    rms = np.sqrt(np.mean(windows.astype(np.float64) ** 2, axis=1))
    if rms.max() == 0.0:
        return windows[:1]
    kept = rms > rms.max() * 10 ** (SILENT / 20)
    return np.asarray(windows[kept] / rms[kept, None], dtype=np.float32)


def magnitudes(window: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Return the magnitude spectra of Hann-windowed frames that lie within a window, shape (frames, size // 2 + 1)."""
    frames = np.lib.stride_tricks.sliding_window_view(window, size)[::hop]
    taper = np.hanning(size + 1)[:-1].astype(np.float32)
    return np.asarray(np.abs(np.fft.rfft(frames * taper, axis=1)), dtype=np.float32)


def frequencies(size: int) -> np.ndarray:
    """Return the frequencies of the bins of a spectrum of `size` samples, in Hz, shape (size // 2 + 1,)."""
    return np.asarray(np.fft.rfftfreq(size, 1 / SAMPLE_RATE))


def _resampled(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    if sample_rate == SAMPLE_RATE:
        return audio
    import soxr

    return np.asarray(soxr.resample(audio, sample_rate, SAMPLE_RATE), dtype=np.float32)

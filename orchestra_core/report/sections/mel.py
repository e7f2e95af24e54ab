"""The mel spectrogram of the exported audio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestra_core.report.figures import MUTED, figure_html, new_figure, time_axes

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result

_WINDOW, _BANDS, _FLOOR = 2048, 128, -80.0
_HEIGHT = 2.9
_HIGHEST = 16_000.0
_COLUMNS = 1_200
_TICKS = (100, 300, 1_000, 3_000, 8_000, 15_000)


def section(result: Result) -> str | None:
    """Return the mel spectrogram of the audio."""
    levels, edges = log_mel(result.audio, result.sample_rate)
    duration = len(result.audio) / result.sample_rate
    with new_figure(9.6, _HEIGHT) as figure:
        axes, side = time_axes(figure, _HEIGHT)
        image = axes.imshow(
            levels, origin="lower", aspect="auto", extent=(0, duration, 0, _BANDS), cmap="magma", vmin=_FLOOR, vmax=0,
            interpolation="none",
        )  # fmt: skip
        ticks = [frequency for frequency in _TICKS if frequency < edges[-1]]
        labels = [f"{frequency / 1000:g} kHz" if frequency >= 1000 else f"{frequency} Hz" for frequency in ticks]
        axes.set_yticks(np.interp(ticks, edges, np.arange(_BANDS)), labels)
        axes.set_xlabel("time (s)")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, cax=side, ticks=(0, -20, -40, -60, -80))
        bar.set_label("dB re loudest", color=MUTED)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0)
        return figure_html(figure, f"Mel spectrogram of {duration:.1f} s of audio, up to {edges[-1] / 1000:.0f} kHz.")


def log_mel(audio: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the log mel spectrogram of a clip for looking at.

    Parameters
    ----------
    audio : np.ndarray [shape=(samples,)]
        Mono audio.
    sample_rate : int
        Rate in Hz.

    Returns
    -------
    levels : np.ndarray [shape=(128, frames)]
        dB re the largest value, from -80 to 0; at most about 1200 frames, which lie apart in long recordings.
    centres : np.ndarray [shape=(128,)]
        Centre frequencies of the bands in Hz.
    """
    import torch
    from torchaudio.transforms import MelSpectrogram

    hop = max(512, len(audio) // _COLUMNS)
    highest = min(_HIGHEST, sample_rate / 2)
    transform = MelSpectrogram(
        sample_rate, _WINDOW, hop_length=hop, f_max=highest, n_mels=_BANDS, norm="slaney", mel_scale="slaney", pad_mode="constant"
    )
    power = transform(torch.from_numpy(np.asarray(audio, dtype=np.float32))).numpy()
    levels = 10 * np.log10(np.maximum(power, 1e-10) / max(float(power.max()), 1e-10))
    return np.maximum(levels, _FLOOR), _centres(highest)


def _centres(highest: float) -> np.ndarray:
    # Slaney's scale: linear up to 1 kHz (15 mel), logarithmic above, 27 mel per factor 6.4.
    mel = 15 + 27 * np.log(highest / 1000) / np.log(6.4) if highest > 1000 else highest * 3 / 200
    points = np.linspace(0, mel, _BANDS + 2)[1:-1]
    return np.where(points < 15, points * 200 / 3, 1000 * 6.4 ** ((points - 15) / 27))

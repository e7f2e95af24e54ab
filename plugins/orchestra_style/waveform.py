"""The instrument `waveform`: a recording that is moved sample by sample, or cell by cell of time and frequency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_core import Brief, Canvas, Instrument, Parameter
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_style.mel import SAMPLE_RATE
from orchestra_style.prolong import prolonged
from orchestra_style.recordings import style_recording
from orchestra_style.subbands import erb_number
from orchestra_style.transfer_config import WaveformForm, transfer_schedule

#: Largest move per step in free coordinates, about 2.5 dB.
LEARNING_RATE = 0.12
#: Window and hop of the cells in samples, and how many cells lie above each other.
SIZE, HOP, CELLS = 1024, 256, 96
# What lies under the source starts inaudibly and may rise over the source's own level, dB.
_UNDER_START, _UNDER_LEAST, _UNDER_MOST = -50.0, -80.0, 60.0
# The noise is shaped like the source's long-term spectrum, smoothed over so many bins, with a floor re its peak in power.
_SMOOTHING, _SHAPE_FLOOR = 9, 1e-4
_FULL_SCALE = 0.999
_DECIBELS = math.log(10) / 20
# Mean square of a Hann window.
_HANN = 0.375


class Waveform(Instrument):
    """The samples of a recording, started from the source.

    With ``form="cells"`` what moves is the level of the source, and the levels of what lies under it, in 96 bands on the
    ERB scale and frames of 12 ms at 22,050 Hz. Gains between cells are interpolated and every frame is windowed, so that
    neither clicks nor isolated tones can appear; the source's phases, and with them its pitches, stay. Under it lie a noise
    and, where one is named, a recording of a texture, repeated for as long as the source lasts. They fill what the source
    leaves empty: what is tonal or steady in a texture is more easily taken from it than made of noise.

    With ``form="samples"`` each sample moves by itself within full scale. Nothing keeps hiss away but the objective.

    Parameters
    ----------
    form : {"cells", "samples"}
        What moves.
    largest_gain : float, in [1, 60]
        The most that a cell of the source is raised, in dB; it can be lowered by twice as much.
    texture : Path, optional
        For ``cells``: a recording that lies under the source, as loud as it at 0 dB. Where it begins follows from the seed.

    Raises
    ------
    ParameterError
        There is no such form, or the gain lies outside its range.
    AudioFileError
        The recording cannot be read, is silent or too short.
    """

    defaults = {"schedule": transfer_schedule(LEARNING_RATE)}
    capabilities = frozenset({"differentiable", "source", "stochastic"})

    def __init__(self, form: WaveformForm = "cells", largest_gain: float = 40.0, texture: Path | None = None) -> None:
        if form not in ("cells", "samples"):
            raise ParameterError(f"form is {form!r}; expected cells or samples.")
        if not 1 <= largest_gain <= 60:
            raise ParameterError(f"largest_gain is {largest_gain!r} dB; expected a value in [1, 60].")
        self.form = form
        self.largest_gain = largest_gain
        self._texture = None if texture is None or form == "samples" else style_recording(texture)[0]

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        source = fitted_source(brief, "waveform")
        if self.form == "samples":
            start = source.clamp(-_FULL_SCALE, _FULL_SCALE)
            return (Parameter("samples", "samples", start, "1", -1.0, 1.0, "The samples themselves"),)
        cells = source.new_zeros(len(brief), CELLS, source.shape[1] // HOP + 1)
        under = torch.full_like(cells, _UNDER_START)
        white = brief.generator("waveform").randn(source.shape[1])
        least = -2 * self.largest_gain
        return (
            Parameter("gain", "samples", cells, "dB", least, self.largest_gain, "Gain of the source by cell"),
            Parameter("noise", "samples", under, "dB", _UNDER_LEAST, _UNDER_MOST, "Level of the noise by cell, re the source"),
            Parameter("source", "source", source, "1", fixed=True),
            Parameter("carrier", "noise", white.to(source), "1", fixed=True),
            *self._lent(brief, source, under),
        )

    def _lent(self, brief: Brief, source: Tensor, level: Tensor) -> tuple[Parameter, ...]:
        """Return the parameters of the texture, if there is one."""
        if self._texture is None:
            return ()
        rate = brief.canvas.sample_rate
        texture = _at_rate(self._texture, rate).to(source)
        places = brief.generator("texture").rand(1)[:, 0].tolist()
        whole = torch.stack([prolonged(texture, source.shape[1], place, rate) for place in places])
        equal = (_power(source) / _power(whole).clamp_min(1e-20)).sqrt()
        return (
            Parameter("texture", "samples", level, "dB", _UNDER_LEAST, _UNDER_MOST, "Level of the texture by cell, likewise"),
            Parameter("recording", "source", equal * whole, "1", fixed=True),
        )

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        if self.form == "samples":
            return values["samples"]
        source = spectrum(values["source"])
        noise = spectrum(values["carrier"]) / (_HANN * SIZE) ** 0.5  # bins of unit power
        between = _interpolation(source.shape[1], values["source"])
        gain = {name: torch.exp(_DECIBELS * (between @ values[name])) for name in ("gain", "noise", "texture") if name in values}
        bins = source * gain["gain"] + noise * _shape(source) * gain["noise"]
        if "texture" in values:
            bins = bins + spectrum(values["recording"]) * gain["texture"]
        return inverse(bins, canvas.samples)


def fitted_source(brief: Brief, who: str) -> Tensor:
    """Return the source of a brief, cut or filled up with zeros to its canvas.

    Raises
    ------
    IncompatibleError
        There is none.
    """
    if brief.source is None:
        raise IncompatibleError(f"The instrument {who} starts from source audio and the brief has none; name a source.")
    missing = brief.canvas.samples - brief.source.shape[1]
    return functional.pad(brief.source[:, : brief.canvas.samples], (0, max(missing, 0)))


def spectrum(audio: Tensor) -> Tensor:
    """Return the complex spectrogram, shape (n, 513, samples // 256 + 1), of audio (n, samples)."""
    return torch.stft(audio, SIZE, HOP, window=_window(audio), return_complex=True, pad_mode="constant")


def inverse(bins: Tensor, samples: int) -> Tensor:
    """Return the audio, shape (n, samples), of a complex spectrogram."""
    return torch.istft(bins, SIZE, HOP, window=_window(bins.real), length=samples)


def _window(like: Tensor) -> Tensor:
    return torch.hann_window(SIZE, dtype=like.dtype, device=like.device)


def _interpolation(bins: int, like: Tensor) -> Tensor:
    """Return the weights that give each bin a gain between its two nearest cells, shape (bins, 96)."""
    place = erb_number(torch.linspace(0, 11_025, bins, dtype=torch.float64, device=like.device))
    place = place / place[-1] * (CELLS - 1)
    return (
        (1 - (place[:, None] - torch.arange(CELLS, dtype=torch.float64, device=like.device)).abs()).clamp_min(0.0).to(like.dtype)
    )


def _shape(source: Tensor) -> Tensor:
    """Return the magnitude that the noise has at 0 dB, shape (n, bins, 1): the source's long-term spectrum, smoothed."""
    power = (source.real.square() + source.imag.square()).mean(dim=2)
    smooth = functional.avg_pool1d(power[:, None], _SMOOTHING, 1, _SMOOTHING // 2, count_include_pad=False)[:, 0]
    magnitude: Tensor = (smooth + _SHAPE_FLOOR * smooth.amax(dim=1, keepdim=True) + 1e-20).sqrt()
    return magnitude[..., None]


def _at_rate(audio: Tensor, sample_rate: int) -> Tensor:
    if sample_rate == SAMPLE_RATE:
        return audio
    from torchaudio.functional import resample

    resampled: Tensor = resample(audio, SAMPLE_RATE, sample_rate)
    return resampled


def _power(audio: Tensor) -> Tensor:
    """Return the mean square of recordings, shape (n, 1)."""
    return audio.square().mean(dim=1, keepdim=True)

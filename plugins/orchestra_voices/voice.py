"""What bass and pad have in common: notes of detuned partials under an envelope."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Instrument, Parameter, Score, zero_where_finite
from orchestra_voices.settings import check_voice
from orchestra_voices.splines import render
from orchestra_voices.start import VoiceConfig, control_parameters, note_parameters, played_scores, with_onsets
from orchestra_voices.tones import gather_tones

_END_RAMP = 0.010


class Voice(Instrument):
    """Notes of fixed pitch out of detuned partials under an envelope; `Bass` and `Pad` are its starting points.

    Its parameters are ``shift`` and ``duration`` (timing) and ``amplitude`` (dynamics), shape (batch, notes), those of
    `controls.CONTROLS`, shape (batch,), and, fixed, ``written``, ``pitch`` and ``mask``.

    Attributes
    ----------
    name : str
        ``bass`` or ``pad``.
    gain : float
        Factor on the sum of all notes: headroom, and the balance beside a piano.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable", "notes", "pitched", "rate_free"})
    name: ClassVar[str]
    gain: ClassVar[float]

    def __init__(self, config: VoiceConfig) -> None:
        check_voice(config, self.name)
        self._config = config

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        return (*note_parameters(self._config, self.name, brief), *control_parameters(self._config, self.name, brief))

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        tones = gather_tones(with_onsets(values), self._config.partials, self._config.hardness)
        audio = self.gain * render(tones, self._config.copies, canvas, len(values["mask"]))
        return audio * _end_ramp(audio, canvas.sample_rate) + zero_where_finite(values)

    def _stems(self, values: Mapping[str, Tensor], brief: Brief) -> Mapping[str, Tensor]:
        masks = {name: values["mask"].bool() & own for name, own in brief.parts().items()}
        return {name: self._finish({**values, "mask": mask}, brief.canvas) for name, mask in masks.items() if bool(mask.any())}

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...]:
        return played_scores(with_onsets(values), canvas)


def _end_ramp(audio: Tensor, sample_rate: int) -> Tensor:
    """Return a gain (samples,) that falls to 0 over the last 10 ms of a canvas."""
    samples = audio.shape[1]
    gain = audio.new_ones(samples)
    last = min(samples, math.ceil(_END_RAMP * sample_rate) + 1)
    left = torch.arange(last - 1, -1, -1, dtype=audio.dtype, device=audio.device) / (last - 1 or 1)
    gain[samples - last :] = torch.sin(0.5 * math.pi * left).square()
    return gain

"""Differentiable resampling, in one place."""

from __future__ import annotations

from torch import Tensor


def resample(audio: Tensor, source: int, target: int) -> Tensor:
    """Return audio (..., samples) at another rate in Hz (windowed sinc, `torchaudio.functional.resample`)."""
    if source == target:
        return audio
    from torchaudio.functional import resample as sinc_resample

    resampled: Tensor = sinc_resample(audio, source, target)
    return resampled

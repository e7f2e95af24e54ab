"""Differentiable resampling, in one place."""

from __future__ import annotations

from fractions import Fraction

from torch import Tensor

# Rates with hardly a common divisor, such as 44 099 and 44 100, would need a kernel of gigabytes; the nearest ratio of
# numbers up to this is off by less than a cent.
_LARGEST = 1_000


def resample(audio: Tensor, source: int, target: int) -> Tensor:
    """Return audio (..., samples) at another rate in Hz (windowed sinc, `torchaudio.functional.resample`)."""
    if source == target:
        return audio
    from torchaudio.functional import resample as sinc_resample

    ratio = Fraction(source, target).limit_denominator(_LARGEST)
    resampled: Tensor = sinc_resample(audio, ratio.numerator, ratio.denominator)
    return resampled

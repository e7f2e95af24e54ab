"""Differentiable resampling, in one place."""

from __future__ import annotations

import math
from fractions import Fraction

from torch import Tensor

# Taps of the windowed sinc on each side at the lower of the two rates, and its roll-off: torchaudio's defaults.
_TAPS, _ROLLOFF = 6, 0.99
# Rates with a small common divisor, such as 44 099 and 44 100 Hz, would need a filter bank of gigabytes.
_LARGEST_BANK = 2**24
# The nearest ratio of numbers up to this is off by less than a cent.
_LARGEST_NUMBER = 1_000


def resample(audio: Tensor, source: int, target: int) -> Tensor:
    """Return audio (..., samples) at another rate in Hz (windowed sinc, `torchaudio.functional.resample`).

    Rates whose filter bank would not fit into memory are taken in the nearest simple ratio.
    """
    if source == target:
        return audio
    from torchaudio.functional import resample as sinc_resample

    ratio = Fraction(source, target)
    if not bank_fits(source, target):
        ratio = ratio.limit_denominator(_LARGEST_NUMBER)
    resampled: Tensor = sinc_resample(audio, ratio.numerator, ratio.denominator)
    return resampled


def filter_width(source: int, target: int) -> int:
    """Return how many samples at the source rate the filter reaches to each side."""
    ratio = Fraction(source, target)
    return math.ceil(_TAPS * ratio.numerator / (min(ratio.numerator, ratio.denominator) * _ROLLOFF))


def bank_fits(source: int, target: int) -> bool:
    """Return whether the filter bank of two rates fits into memory, so that `resample` is exact."""
    ratio = Fraction(source, target)
    return ratio.denominator * (2 * filter_width(source, target) + ratio.numerator) <= _LARGEST_BANK

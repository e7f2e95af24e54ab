"""Statistics of sound textures: level, modulation, variation, peakedness and correlation of envelopes, differentiable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_style.subbands import SubbandBank, erb_centres, erb_number

#: Octaves of modulation: from so many Hz, to twice that, and so on.
MODULATION_OCTAVES = tuple(0.5 * 2**k for k in range(7))
#: What is kept of an envelope's spectrum, in Hz: all octaves.
_HIGHEST_MODULATION = 64.0
_LEVEL_BANDS = 40
# Bands lie twice as densely as their powers need: statistics that are met in 32 bands alone are not met between their centres.
_BANDS, _REACH = 64, 2.0
_RANGE = (50.0, 10_800.0)
# A band so many dB below the loudest is not heard beside it.
_AUDIBLE_DB, _SOFT_DB = 55.0, 3.0
# The ear's compression: amplitude to the power of 0.3.
_COMPRESSION = 0.15
# Modulation of less than 3 % is not heard (-30 dB; A. Kohlrausch, R. Fassel, T. Dau, 2000): (0.3 * 0.03)^2 / 2 here.
_FLOOR = 4.5e-5
# Of a multitaper estimate: one taper alone would be deaf to both ends of a recording.
_TAPERS = 2


@dataclass(frozen=True)
class Texture:
    """Statistics of recordings.

    Parameters
    ----------
    level : Tensor [shape=(n, 40)]
        Long-term level of bands over the whole spectrum, dB, with a soft floor 55 dB below the loudest.
    modulation : Tensor [shape=(n, 64, 2, 7)]
        Power of the envelope relative to its mean by octave of modulation frequency, dB, as each of two tapers hears it.
        Few waves of the slow octaves fit into a recording, and a mean over tapers would leave open which of them has how much.
    variation : Tensor [shape=(n, 64)]
        Variance of the envelope relative to its mean, dB.
    kurtosis : Tensor [shape=(n, 64)]
        Logarithm of the envelope's kurtosis: 0.4 for a sine, 1.1 for a Gaussian, more for rare peaks.
    correlation : Tensor [shape=(n, 64, 64)]
        Correlation of the envelopes of two bands.
    audible : Tensor [shape=(n, 64)]
        1 for bands that are heard, falling to 0 about 55 dB below the loudest.
    octaves : Tensor [shape=(7,), dtype=bool]
        Which octaves of modulation the recording is long enough for.
    """

    level: Tensor
    modulation: Tensor
    variation: Tensor
    kurtosis: Tensor
    correlation: Tensor
    audible: Tensor
    octaves: Tensor


class TextureEar:
    """Hears recordings as McDermott and Simoncelli's model does: 64 bands, their compressed envelopes, modulation.

    Recordings have one length; statistics of different lengths can be compared.

    Parameters
    ----------
    samples : int
        Length of the recordings.
    sample_rate : int
        In Hz.

    References
    ----------
    .. [1] J. McDermott, E. Simoncelli (2011): Sound texture perception via statistics of the auditory periphery. Neuron 71.
    """

    def __init__(self, samples: int, sample_rate: int) -> None:
        seconds = samples / sample_rate
        self._kept = max(int(_HIGHEST_MODULATION * seconds), 2)
        least = 2 ** (2 * self._kept + 4).bit_length()
        self._bank = SubbandBank(samples, sample_rate, erb_centres(_BANDS, *_RANGE), erb_number, least, _REACH)
        frequencies = torch.arange(samples // 2 + 1, dtype=torch.float64) * (sample_rate / samples)
        self._levels = _level_bands(frequencies)
        modulation = torch.arange(1, self._kept + 1, dtype=torch.float64) / seconds
        lower = torch.tensor(MODULATION_OCTAVES, dtype=torch.float64)[:, None]
        self._octaves = ((modulation >= lower) & (modulation < 2 * lower)).to(torch.float64)
        self._measurable = self._octaves.sum(dim=1) >= 2

    def hear(self, spectrum: Tensor) -> Texture:
        """Return the statistics of recordings.

        Parameters
        ----------
        spectrum : Tensor [shape=(n, samples // 2 + 1), complex]
            ``torch.fft.rfft`` of recordings of unit power.

        Returns
        -------
        Texture
        """
        power = spectrum.real.square() + spectrum.imag.square()
        level = _decibels((power / self._bank.samples**2) @ self._levels.to(power).T, 1e-10)
        loud, plain, windowed = self._envelope_spectra(spectrum)
        octaves = 2 * windowed @ self._octaves.to(power).T
        total = 2 * _power(plain).sum(dim=-1)
        unit = plain / (total[..., None] + 1e-8).sqrt()
        wave = torch.fft.irfft(functional.pad(unit, (1, 0))) * (2 * self._kept)
        return Texture(
            level=_soft_floor(level, level.detach().amax(dim=1, keepdim=True) - _AUDIBLE_DB),
            modulation=_decibels(octaves, _FLOOR),
            variation=_decibels(total, _FLOOR),
            kurtosis=torch.log(wave.square().square().mean(dim=-1) + 0.1),
            correlation=2 * (unit.real @ unit.real.mT + unit.imag @ unit.imag.mT),
            audible=torch.sigmoid((loud - loud.amax(dim=1, keepdim=True) + _AUDIBLE_DB) / _SOFT_DB).detach(),
            octaves=self._measurable,
        )

    def _envelope_spectra(self, spectrum: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return levels in dB, the complex spectra of relative envelopes, and their power spectra through each taper."""
        levels, plain, windowed = [], [], []
        for squared in self._bank.envelopes(spectrum):
            size = squared.shape[-1]
            mean = squared.mean(dim=-1, keepdim=True)
            envelope = (squared / mean.clamp_min(1e-12) + 1e-5).pow(_COMPRESSION)
            relative = envelope / envelope.mean(dim=-1, keepdim=True) - 1
            tapers = _sine_tapers(size, squared)
            levels.append(mean[..., 0])
            plain.append(torch.fft.rfft(relative)[..., 1 : self._kept + 1] / size)
            tapered = torch.fft.rfft(relative[..., None, :] * tapers)[..., 1 : self._kept + 1] / size
            windowed.append(_power(tapered))
        ordered = self._bank.in_order
        return _decibels(ordered(levels), 1e-12), ordered(plain), ordered(windowed)


def distances(heard: Texture, asked: Texture) -> Mapping[str, Tensor]:
    """Return how far textures are from those asked for, each about 1 for two quite different sounds.

    Parameters
    ----------
    heard, asked : Texture
        Of the same number of recordings; `asked` says which bands are audible.

    Returns
    -------
    mapping of str to Tensor [shape=(n,)]
        ``spectrum``, ``modulation``, ``variation`` (mean squares in units of 10 dB), ``kurtosis`` (mean square of logarithms)
        and ``correlation`` (mean square).
    """
    audible = asked.audible / asked.audible.sum(dim=1, keepdim=True)
    pairs = audible[:, :, None] * audible[:, None, :]
    octaves = (heard.octaves & asked.octaves).to(audible)
    modulation = ((heard.modulation - asked.modulation) / 10).square().mean(dim=2) @ octaves / octaves.sum().clamp_min(1.0)
    return {
        "spectrum": ((heard.level - asked.level) / 10).square().mean(dim=1),
        "modulation": (modulation * audible).sum(dim=1),
        "variation": (((heard.variation - asked.variation) / 10).square() * audible).sum(dim=1),
        "kurtosis": ((heard.kurtosis - asked.kurtosis).square() * audible).sum(dim=1),
        "correlation": ((heard.correlation - asked.correlation).square() * pairs).sum(dim=(1, 2)),
    }


def between(source: Texture, style: Texture, share: float) -> Texture:
    """Return statistics a share of the way from `source` to `style`."""

    def mixed(name: str) -> Tensor:
        own = getattr(source, name)
        return torch.lerp(own, getattr(style, name).to(own).expand_as(own), share)

    names = ("level", "modulation", "variation", "kurtosis", "correlation", "audible")
    return Texture(**{name: mixed(name) for name in names}, octaves=source.octaves & style.octaves)


def _level_bands(frequencies: Tensor) -> Tensor:
    """Return overlapping bands over the whole spectrum, shape (40, bins); the first begins at 0 Hz."""
    centres = erb_centres(_LEVEL_BANDS, 20.0, float(frequencies[-1]))
    width = centres[1] - centres[0]
    place = erb_number(frequencies).clamp(float(centres[0]), float(centres[-1]))
    return (1 - ((place - centres[:, None]) / width).abs()).clamp_min(0.0)


def _sine_tapers(size: int, like: Tensor) -> Tensor:
    """Return orthogonal tapers of unit mean square, shape (2, size) (K. Riedel, A. Sidorenko, 1995)."""
    place = (torch.arange(size, dtype=like.dtype, device=like.device) + 0.5) / size
    number = torch.arange(1, _TAPERS + 1, dtype=like.dtype, device=like.device)[:, None]
    return 2**0.5 * torch.sin(math.pi * number * place)


def _decibels(power: Tensor, floor: float) -> Tensor:
    return 10 * torch.log10(power + floor)


def _soft_floor(level: Tensor, floor: Tensor) -> Tensor:
    return floor + _SOFT_DB * functional.softplus((level - floor) / _SOFT_DB)


def _power(spectrum: Tensor) -> Tensor:
    return spectrum.real.square() + spectrum.imag.square()

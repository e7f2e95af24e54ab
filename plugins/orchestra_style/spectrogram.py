"""The instrument `spectrogram`: a mel spectrogram that is moved, kept non-negative, and returned to audio."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Instrument, Parameter
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_style.mel import BANDS, HOP, N_FFT, SAMPLE_RATE, MelPower, empty_bands, mel_bank
from orchestra_style.transfer_config import transfer_schedule
from orchestra_style.waveform import fitted_source, inverse, spectrum

#: Largest move per step in free coordinates, about 2 dB.
LEARNING_RATE = 0.06
# Level of a mel band in dB, from silence to far beyond full scale, and how far inside it starts.
_LEAST, _MOST, _MARGIN = -100.0, 40.0, 0.1


class Spectrogram(Instrument):
    """The linear-power mel spectrogram of a recording, started from the source's; it is moved in dB, so it is never negative.

    While it is moved it sounds with the source's phases: bands are spread over the bins of the spectrum by their own
    filters, a fixed linear map. The result is returned to audio by torchaudio's inversion of the mel scale and by Griffin
    and Lim's algorithm [1]_, [2]_, which finds phases of its own.

    Parameters
    ----------
    iterations : int, in [1, 1000]
        Of Griffin and Lim's algorithm.
    momentum : float, in [0, 1)
        Of its fast variant.

    Raises
    ------
    ParameterError
        A number lies outside its range.

    References
    ----------
    .. [1] D. Griffin, J. Lim (1984): Signal estimation from modified short-time Fourier transform. IEEE TASSP 32.
    .. [2] N. Perraudin, P. Balazs, P. Soendergaard (2013): A fast Griffin-Lim algorithm. WASPAA.
    """

    defaults = {"schedule": transfer_schedule(LEARNING_RATE)}
    capabilities = frozenset({"differentiable", "source"})

    def __init__(self, iterations: int = 64, momentum: float = 0.9) -> None:
        if not 1 <= iterations <= 1000:
            raise ParameterError(f"iterations is {iterations!r}; expected 1 to 1000.")
        if not 0 <= momentum < 1:
            raise ParameterError(f"momentum is {momentum!r}; expected a value in [0, 1).")
        self.iterations = iterations
        self.momentum = momentum
        self._sounding = _sounding()
        self._bank = mel_bank()[list(self._sounding)]

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        if brief.canvas.sample_rate != SAMPLE_RATE:
            raise IncompatibleError(
                f"The instrument spectrogram works at {SAMPLE_RATE} Hz, the rate of its mel scale, and the canvas has "
                f"{brief.canvas.sample_rate} Hz; choose a canvas of {SAMPLE_RATE} Hz."
            )
        source = fitted_source(brief, "spectrogram")
        power = MelPower()(source)[:, list(self._sounding)]
        mel = (10 * torch.log10(power + 1e-12)).clamp(_LEAST + _MARGIN, _MOST - _MARGIN)
        return (
            Parameter("mel", "samples", mel, "dB", _LEAST, _MOST, "Level in mel bands, the empty ones left out"),
            Parameter("source", "source", source, "1", fixed=True),
        )

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        source = spectrum(values["source"])
        bank = self._bank.to(values["mel"])
        # Each bin takes the mean of the bands over it, each band's power spread over the area of its triangle.
        area = bank.sum(dim=1, keepdim=True)
        spread = (bank / area).mT
        power = (spread / spread.sum(dim=1, keepdim=True).clamp_min(1e-9)) @ (power_of(values["mel"]) / area)
        phase = source / source.abs().clamp_min(1e-12)
        return inverse((power + 1e-20).sqrt() * phase, canvas.samples)

    def _finish(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        return torch.cat([self._inverted(mel[None], canvas.samples) for mel in power_of(values["mel"])])

    def _inverted(self, mel: Tensor, samples: int) -> Tensor:
        from torchaudio.transforms import GriffinLim, InverseMelScale

        full = mel.new_zeros(1, BANDS, mel.shape[2])
        full[:, list(self._sounding)] = mel
        with warnings.catch_warnings():  # of the empty bands, which are known
            warnings.simplefilter("ignore", UserWarning)
            to_bins = InverseMelScale(N_FFT // 2 + 1, BANDS, SAMPLE_RATE, norm="slaney", mel_scale="slaney", driver="gelsd")
        to_audio = GriffinLim(
            N_FFT, self.iterations, hop_length=HOP, power=2.0, momentum=self.momentum, length=samples, rand_init=False
        )
        audio: Tensor = to_audio(to_bins(full.float()))
        return audio.to(mel.dtype)


def power_of(level: Tensor) -> Tensor:
    """Return the power of levels in dB: never negative."""
    return torch.pow(10.0, level / 10)


def _sounding() -> tuple[int, ...]:
    """Return the indices of the mel bands that hold a bin of the spectrum."""
    empty = empty_bands()
    return tuple(band for band in range(BANDS) if band not in empty)

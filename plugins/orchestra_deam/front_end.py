"""The front end: audio to standardised mel spectrograms, one object shared by training and generation."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from types import ModuleType
from typing import Literal, cast

import torch
from torch import Tensor, nn

from orchestra_core.errors import ParameterError, PluginError
from orchestra_deam.config import BackendName
from orchestra_deam.power_mel import PowerMel, standardised_decibels

#: Clip length in seconds, and the shape of its features.
CLIP_DURATION = 5.0
BANDS, FRAMES = 128, 431
#: Rates in Hz that are read natively, with their window and hop in samples: the same times and frequencies.
SPECTRUM_SIZES = {22_050: (1024, 256), 44_100: (2048, 512)}
#: The backend that ``auto`` means, by device type. Fixed, so that bytes never depend on timing noise. Measured on a CPU,
#: one thread, one clip, forward and backward: docs/performance.md. The choice for GPUs follows nnAudio's authors and was
#: not measured here.
AUTO_BACKENDS: dict[str, Literal["torch", "torchaudio", "nnaudio"]] = {"cpu": "torch", "cuda": "nnaudio", "mps": "torch"}

_HIGHEST = 8000.0
_FLOOR_DB = -80.0
_TINY = 1e-30


class FrontEnd:
    """Power mel spectrogram in dB relative to the clip's maximum, standardised per clip.

    128 Slaney bands with Slaney norm over 0..8000 Hz, from a centred Hann window of 46.4 ms every 11.6 ms: n_fft 2048
    and hop 512 at 44.1 kHz, 1024 and 256 at 22.05 kHz. ``10 log10`` relative to the clip's maximum with a floor of
    -80 dB, then (x - mean) / (sd + 1e-6). Blind to gain by construction. It equals librosa's
    ``power_to_db(melspectrogram(...), ref=np.max)`` within 1e-3 dB. Silence has no maximum: its features are all zero.

    Parameters
    ----------
    backend : {"auto", "torch", "torchaudio", "nnaudio"}
        What computes the spectrum; ``auto`` takes `AUTO_BACKENDS` by device type. ``torch`` is `PowerMel`, the fast one;
        ``torchaudio`` the plain one under autograd, which the fast one is tested against.

    Raises
    ------
    ParameterError
        There is no such backend.

    Notes
    -----
    With ``torch``, clips in single precision that ask for a gradient (an optimisation's) are transformed in single
    precision: decibels then agree within 5e-3 dB, and readings within 1e-4. Readings without a gradient are computed in
    double precision, as with the other backends.

    Examples
    --------
    >>> import torch
    >>> FrontEnd()(torch.zeros(1, 110_250), 22_050).shape
    torch.Size([1, 1, 128, 431])
    """

    name = "mel"
    rates = tuple(sorted(SPECTRUM_SIZES))

    def __init__(self, backend: BackendName = "auto") -> None:
        if backend not in ("auto", "torch", "torchaudio", "nnaudio"):
            raise ParameterError(f"Backend is {backend!r}; expected 'auto', 'torch', 'torchaudio' or 'nnaudio'.")
        self._backend = backend
        self._spectra: dict[tuple[int, torch.device, torch.dtype, torch.dtype], nn.Module] = {}

    def __call__(self, audio: Tensor, sample_rate: int) -> Tensor:
        """Return the standardised features of clips.

        Parameters
        ----------
        audio : Tensor [shape=(n, samples)]
            Clips of 5 s.
        sample_rate : {22050, 44100}
            Their rate in Hz.

        Returns
        -------
        Tensor [shape=(n, 1, 128, 431)]
            Differentiable, with finite gradients for silence too.

        Raises
        ------
        ParameterError
            The rate is not one of the two.
        """
        power = self._power(audio, sample_rate)
        if self.backend(audio.device) == "torch":
            return standardised_decibels(power)[:, None]
        return standardise(relative_decibels(power))[:, None]

    def arrays(self, clips: Tensor, sample_rate: int) -> dict[str, Tensor]:
        """Return what is kept of clips for training: their `decibels`, by the name ``mel``."""
        return {"mel": self.decibels(clips, sample_rate)}

    def decibels(self, audio: Tensor, sample_rate: int) -> Tensor:
        """Return the mel bands in dB relative to the clip's maximum, in [-80, 0], shape (n, 128, frames)."""
        return relative_decibels(self._power(audio, sample_rate))

    def backend(self, device: torch.device) -> str:
        """Return the backend used on that device."""
        return AUTO_BACKENDS.get(device.type, "torchaudio") if self._backend == "auto" else self._backend

    def _power(self, audio: Tensor, sample_rate: int) -> Tensor:
        if sample_rate not in SPECTRUM_SIZES:
            raise ParameterError(f"Sample rate is {sample_rate} Hz; expected one of {sorted(SPECTRUM_SIZES)}: resample first.")
        key = (sample_rate, audio.device, audio.dtype, self._precision(audio))
        if key not in self._spectra:
            # Made for gradients too, even if the first reading is asked for in inference mode.
            with torch.inference_mode(False):
                self._spectra[key] = self._make(*key)
        return cast(Tensor, self._spectra[key](audio))

    def _precision(self, audio: Tensor) -> torch.dtype:
        optimised = self.backend(audio.device) == "torch" and audio.requires_grad and torch.is_grad_enabled()
        return audio.dtype if optimised or audio.device.type == "mps" else torch.float64

    def _make(self, sample_rate: int, device: torch.device, dtype: torch.dtype, precision: torch.dtype) -> nn.Module:
        n_fft, hop = SPECTRUM_SIZES[sample_rate]
        return power_spectrum(self.backend(device), mel_bank(n_fft, sample_rate), hop, dtype, precision).to(device)


def power_spectrum(backend: str, bank: Tensor, hop: int, dtype: torch.dtype, precision: torch.dtype) -> nn.Module:
    """Return a map from audio, shape (n, samples), to the power that each filter hears, shape (n, filters, frames).

    Parameters
    ----------
    backend : {"torch", "torchaudio", "nnaudio"}
        What computes the spectrum.
    bank : Tensor [shape=(filters, n_fft // 2 + 1)]
        Filters on the bins of the spectrum.
    hop : int, a divisor of n_fft
        Samples between two frames.
    dtype, precision : torch.dtype
        Of the powers, and of the spectrum that they are taken from.
    """
    if backend == "torch":
        return PowerMel(bank.to(dtype), hop, precision)
    maker = _NnAudioSpectrum if backend == "nnaudio" else _TorchaudioSpectrum
    spectrum = maker(bank, hop, precision).to(dtype=precision)
    spectrum.bank = spectrum.bank.to(dtype)
    return spectrum


def relative_decibels(power: Tensor) -> Tensor:
    """Return power, shape (n, bands, frames), in dB relative to each clip's maximum, floored at -80 dB."""
    loudest = power.amax(dim=(1, 2), keepdim=True)
    # The floor is taken on the ratio: below it, and in silence, the gradient is zero and never infinite.
    ratio = (power / loudest.clamp_min(_TINY)).clamp_min(10 ** (_FLOOR_DB / 10))
    return 10 * ratio.log10()


def standardise(features: Tensor) -> Tensor:
    """Return (x - mean) / (sd + 1e-6) over the last two axes; constant clips become zero."""
    centred = features - features.mean(dim=(-2, -1), keepdim=True)
    variance = centred.square().mean(dim=(-2, -1), keepdim=True)
    # The square root has no derivative at 0; a clip that flat is silence, and stays 0.
    return centred / (variance.clamp_min(1e-12).sqrt() + 1e-6)


class _MelSpectrum(nn.Module, ABC):
    """Power in mel bands: audio (n, samples) -> (n, bands, frames).

    The spectrum is computed in double precision where the device has it: in single precision the rounding of a strong
    partial lies above 1e-3 dB in bands near the floor. Summing powers into bands loses nothing in single precision.
    """

    bank: Tensor

    def __init__(self, bank: Tensor, hop: int, precision: torch.dtype) -> None:
        super().__init__()
        self.n_fft, self.hop, self.precision = 2 * (bank.shape[1] - 1), hop, precision
        self.register_buffer("bank", bank)

    def forward(self, audio: Tensor) -> Tensor:
        real, imaginary = self.spectrum(audio.to(self.precision))
        # real^2 + imaginary^2 and not |.|^2: the magnitude has no derivative at 0.
        return self.bank @ (real.square() + imaginary.square()).to(self.bank.dtype)

    @abstractmethod
    def spectrum(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Return the real and imaginary part of the spectrum, shape (n, bins, frames) each."""


class _TorchaudioSpectrum(_MelSpectrum):
    window: Tensor

    def __init__(self, bank: Tensor, hop: int, precision: torch.dtype) -> None:
        super().__init__(bank, hop, precision)
        self.register_buffer("window", torch.hann_window(self.n_fft, dtype=torch.float64))

    def spectrum(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        spectrum = _torchaudio_functional().spectrogram(
            audio, 0, self.window, self.n_fft, self.hop, self.n_fft, power=None, normalized=False, pad_mode="constant"
        )
        return spectrum.real, spectrum.imag


class _NnAudioSpectrum(_MelSpectrum):
    def __init__(self, bank: Tensor, hop: int, precision: torch.dtype) -> None:
        super().__init__(bank, hop, precision)
        from nnAudio.features import STFT

        self.stft = STFT(n_fft=self.n_fft, hop_length=self.hop, pad_mode="constant", output_format="Complex", verbose=False)

    def spectrum(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        parts = cast(Tensor, self.stft(audio))
        return parts[..., 0], parts[..., 1]


def mel_bank(n_fft: int, sample_rate: int, bands: int = BANDS) -> Tensor:
    """Return Slaney's mel filters over 0..8000 Hz, each of unit area, shape (bands, n_fft // 2 + 1), float64.

    Written here because torchaudio has them in single precision only, which moves low bands by 2e-3 dB, and because
    importing librosa takes longer than a reading.

    References
    ----------
    .. [1] M. Slaney (1998): Auditory Toolbox, version 2. Technical report 1998-010, Interval Research.
    """
    frequencies = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (sample_rate / n_fft)
    edges = _mel_frequencies(bands + 2)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp_min(0.0) * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def _mel_frequencies(count: int) -> Tensor:
    # Linear below 1 kHz (3 mel per 200 Hz), logarithmic above (27 mel per factor of 6.4).
    break_mel, step = 15.0, math.log(6.4) / 27.0
    mels = torch.linspace(0.0, break_mel + math.log(_HIGHEST / 1000.0) / step, count, dtype=torch.float64)
    return torch.where(mels < break_mel, mels * (200.0 / 3.0), 1000.0 * torch.exp(step * (mels - break_mel)))


def _torchaudio_functional() -> ModuleType:
    try:
        from torchaudio import functional
    except (OSError, RuntimeError, ImportError) as error:
        raise PluginError(
            f"torchaudio could not be imported beside torch {torch.__version__} ({error}); "
            "expected a matching pair: pip install 'torch>=2.11,<2.13' 'torchaudio>=2.11,<2.12'."
        ) from error
    return cast(ModuleType, functional)

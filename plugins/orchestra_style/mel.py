"""The mel spectrogram in linear power: one front end for training and for transfer, differentiable."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from orchestra_core.errors import ParameterError

#: What the published network was fed: rate in Hz, window and hop in samples, and mel bands.
SAMPLE_RATE, N_FFT, HOP, BANDS = 22_050, 1024, 256, 384


class MelPower(nn.Module):
    """Power in 384 mel bands: audio at 22,050 Hz to a linear-power mel spectrogram.

    Windows of 1024 samples (periodic Hann) every 256 samples, centred, with zeros beyond the ends; Slaney's triangles
    of unit area over 0..11,025 Hz. It equals ``librosa.feature.melspectrogram(y=audio, sr=22_050, n_fft=1024,
    hop_length=256, n_mels=384)`` to the precision of the audio's type. Power is not compressed: no decibels, no floor.

    Notes
    -----
    With 384 bands a low triangle (17 Hz wide below 1 kHz) is narrower than the distance of two bins (21.5 Hz): some
    triangles hold no bin and their band is zero for every sound (`empty_bands`). They are kept. The spectrum has
    no more information there, librosa's layout stays, the network learns that those bands are constant, and a
    wider triangle would only repeat its neighbour.

    Examples
    --------
    >>> import torch
    >>> MelPower()(torch.zeros(1, 110_250)).shape
    torch.Size([1, 384, 431])
    """

    window: Tensor
    bank: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(N_FFT, dtype=torch.float64), persistent=False)
        self.register_buffer("bank", mel_bank(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Return the power in mel bands.

        Parameters
        ----------
        audio : Tensor [shape=(n, samples)]
            Samples at 22,050 Hz, float32 or float64, at least one of them.

        Returns
        -------
        Tensor [shape=(n, 384, samples // 256 + 1)]
            Non-negative, of the audio's type; its gradient is finite for silence too.

        Raises
        ------
        ParameterError
            The audio has another shape or type.
        """
        if audio.ndim != 2 or audio.shape[1] == 0 or not audio.is_floating_point():
            found = f"{tuple(audio.shape)} of {audio.dtype}"
            raise ParameterError(f"Audio is {found}; expected floating-point samples of the shape (n, samples).")
        spectrum = torch.stft(
            audio, N_FFT, HOP, window=self.window.to(audio.dtype), center=True, pad_mode="constant", return_complex=True
        )
        # real^2 + imaginary^2 and not |.|^2: the magnitude has no derivative at 0.
        return self.bank.to(audio.dtype) @ (spectrum.real.square() + spectrum.imag.square())


def frames_of(samples: int) -> int:
    """Return how many frames the mel spectrogram of so many samples has."""
    return samples // HOP + 1


def empty_bands() -> tuple[int, ...]:
    """Return the indices of the bands whose triangle holds no bin of the spectrum: zero for every sound."""
    return tuple(torch.nonzero(mel_bank().sum(dim=1) == 0)[:, 0].tolist())


def mel_bank() -> Tensor:
    """Return Slaney's mel filters over 0..11,025 Hz, each of unit area, shape (384, 513), float64.

    Written here because torchaudio has them in single precision only, and because importing librosa takes long.

    References
    ----------
    .. [1] M. Slaney (1998): Auditory Toolbox, version 2. Technical report 1998-010, Interval Research.
    """
    frequencies = torch.arange(N_FFT // 2 + 1, dtype=torch.float64) * (SAMPLE_RATE / N_FFT)
    edges = _mel_frequencies(BANDS + 2)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp_min(0.0) * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def _mel_frequencies(count: int) -> Tensor:
    # Linear below 1 kHz (3 mel per 200 Hz), logarithmic above (27 mel per factor of 6.4).
    break_mel, step = 15.0, math.log(6.4) / 27.0
    highest = break_mel + math.log(SAMPLE_RATE / 2 / 1000.0) / step
    mels = torch.linspace(0.0, highest, count, dtype=torch.float64)
    return torch.where(mels < break_mel, mels * (200.0 / 3.0), 1000.0 * torch.exp(step * (mels - break_mel)))

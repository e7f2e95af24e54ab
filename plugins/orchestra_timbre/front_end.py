"""What the network ``log_mel`` hears: two log-mel spectrograms, in front of which loudness is normalised."""

from __future__ import annotations

import cmath
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from orchestra_timbre.descriptors import CLIP_SAMPLES, SAMPLE_RATE

#: Bands of the fine spectrogram, bands of the quick one, frames of both.
FINE_BANDS, QUICK_BANDS, FRAMES = 96, 24, 63
#: Columns of the features: the quick spectrogram has four frames in each frame of the fine one.
QUICK_ROWS = 4
CHANNELS = FINE_BANDS + QUICK_ROWS * QUICK_BANDS
#: log10 of the power that stands for silence, relative to the clip's loudness.
FLOOR = -7.0

_FINE, _QUICK, _HOP = 1024, 256, 256
_LOWEST, _HIGHEST = 20.0, 7_700.0  # the top 300 Hz are the resampler's
_BLOCK, _STEP, _PADDED = 6_400, 1_600, 20_000  # 400 ms, 100 ms; the clip and the decay of the filter
_GATE, _GATE_WIDTH = -10.0, 0.5  # dB below the mean block; dB in which the gate opens
_SILENCE = 1e-12


class FrontEnd(nn.Module):
    """Loudness normalisation and two log-mel spectrograms, as a function that is smooth in the samples.

    The fine spectrogram (64 ms windows) resolves the lowest modes; the quick one (16 ms windows, 4 ms apart) follows the attack.
    Both are relative to the loudness of the clip, as the descriptors are: gain changes neither.
    """

    fine: Tensor
    quick: Tensor
    fine_window: Tensor
    quick_window: Tensor
    weighting: Tensor

    def __init__(self) -> None:
        super().__init__()
        buffers = {
            "fine": mel_bands(_FINE, FINE_BANDS),
            "quick": mel_bands(_QUICK, QUICK_BANDS),
            "fine_window": torch.hann_window(_FINE),
            "quick_window": torch.hann_window(_QUICK),
            "weighting": k_weighting(_PADDED),
        }
        for name, buffer in buffers.items():  # they follow from this code, so no weights file holds them
            self.register_buffer(name, buffer, persistent=False)

    def forward(self, clips: Tensor) -> Tensor:
        """Return the features of clips.

        Parameters
        ----------
        clips : Tensor [shape=(n, 16000)]
            At 16 kHz.

        Returns
        -------
        Tensor [shape=(n, 192, 63)]
            log10 of power relative to the loudness, at least -7: 96 fine bands, then 4 x 24 quick ones.
        """
        level = self.loudness(clips)[:, None, None] + _SILENCE
        fine = _power(clips, self.fine_window, _HOP, self.fine) / level
        quick = _power(clips, self.quick_window, _HOP // QUICK_ROWS, self.quick) / level
        quick = functional.pad(quick, (0, QUICK_ROWS * FRAMES - quick.shape[2]))
        rows = quick.reshape(*quick.shape[:2], FRAMES, QUICK_ROWS).transpose(2, 3).flatten(1, 2)
        return torch.log10(torch.cat([fine, rows], dim=1) + 10**FLOOR)

    def loudness(self, clips: Tensor) -> Tensor:
        """Return the gated loudness of clips as mean square after K-weighting.

        The gate opens over half a decibel rather than at a point, so that the gradient has no jump.

        Parameters
        ----------
        clips : Tensor [shape=(n, 16000)]
            At 16 kHz.

        Returns
        -------
        Tensor [shape=(n,)]
            ``-0.691 + 10 log10`` of it is the loudness in LUFS.

        References
        ----------
        .. [1] ITU-R BS.1770-4 (2015): Algorithms to measure audio programme loudness and true-peak audio level.
        """
        weighting = torch.view_as_complex(self.weighting)
        weighted = torch.fft.irfft(torch.fft.rfft(clips, n=_PADDED) * weighting, n=_PADDED)[:, :CLIP_SAMPLES]
        blocks = functional.avg_pool1d(weighted.square()[:, None], _BLOCK, _STEP)[:, 0]
        share = blocks / (blocks.mean(dim=1, keepdim=True) + _SILENCE)
        heard = torch.sigmoid((10 * torch.log10(share + 1e-6) - _GATE) / _GATE_WIDTH)
        return (heard * blocks).sum(dim=1) / (heard.sum(dim=1) + 1e-6)


def mel_bands(size: int, count: int) -> Tensor:
    """Return triangular mel filters (HTK's scale, 20 to 7700 Hz), shape (size // 2 + 1, count)."""
    frequency = torch.linspace(0, SAMPLE_RATE / 2, size // 2 + 1, dtype=torch.float64)[:, None]
    mel = torch.linspace(math.log1p(_LOWEST / 700), math.log1p(_HIGHEST / 700), count + 2, dtype=torch.float64)
    edges = 700 * torch.expm1(mel)
    rising = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp_min(0).float()


def k_weighting(size: int) -> Tensor:
    """Return the frequency response of K-weighting, shape (size // 2 + 1, 2): real and imaginary part.

    The coefficients are those that the recommendation gives for 48 kHz, evaluated at the frequencies of the clip.

    References
    ----------
    .. [1] ITU-R BS.1770-4 (2015), Annex 1, tables 1 and 2.
    """
    response = [_k_response(k * SAMPLE_RATE / size) for k in range(size // 2 + 1)]
    return torch.tensor([[value.real, value.imag] for value in response], dtype=torch.float32)


def _k_response(frequency: float) -> complex:
    z = cmath.exp(-2j * math.pi * frequency / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return shelf * high_pass


def _power(clips: Tensor, window: Tensor, hop: int, bands: Tensor) -> Tensor:
    """Return band powers, shape (n, bands, frames); a full-scale sine in the middle of a band reads about 1/4 of its gain."""
    spectrum = torch.stft(clips, len(window), hop, window=window, center=True, pad_mode="constant", return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    scale = float(window.sum()) * float(window.square().sum())
    return torch.matmul(bands.T, power) / scale

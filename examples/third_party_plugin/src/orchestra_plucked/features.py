"""The oracle ``librosa_features``: what librosa measures, as readings with units and ranges."""

from __future__ import annotations

from collections.abc import Mapping

import librosa
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from orchestra_core import Dimension, Oracle

Signal = npt.NDArray[np.float32]

#: Mean square that silence counts as: -90 dB.
_FLOOR = 1e-9
_FRAME, _HOP = 2048, 512  # samples


class LibrosaFeatures(Oracle):
    """Reads spectral centroid, level and flux with librosa: numpy, so there is no gradient.

    A schedule that follows gradients is refused with it; one that tries candidates is not. Nothing here has to know of
    batches, rates or windows but the loop over the clips: audio of other rates is resampled by the base class.

    References
    ----------
    .. [1] B. McFee et al., "librosa: audio and music signal analysis in Python", SciPy 2015.
    .. [2] S. Böck and G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013: the flux.
    """

    sample_rates = (22_050,)
    dimensions = (
        Dimension("centroid", 0.0, 11.1, "kHz"),
        Dimension("level", -90.0, 0.0, "dB"),
        Dimension("flux", 0.0, 5.0, "dB"),
    )

    def _read(self, clips: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        heard = clips.detach().cpu().numpy().astype(np.float32)
        # One by one: an item reads the same alone as in a batch, to the bit.
        read = torch.tensor([measure(clip, sample_rate) for clip in heard], dtype=clips.dtype, device=clips.device)
        return {dimension.name: read[:, i] for i, dimension in enumerate(self.dimensions)}


def measure(clip: Signal, sample_rate: int) -> tuple[float, float, float]:
    """Return three features of one recording.

    Parameters
    ----------
    clip : array [shape=(samples,), dtype=float32]
        Mono audio, nominal full scale 1.
    sample_rate : int
        Its rate in Hz.

    Returns
    -------
    centroid : float
        Mean frequency of the magnitude spectrum in kHz; frames weigh by their level.
    level : float
        Mean square in dB re full scale, at least -90.
    flux : float
        Mean rise of the mel spectrogram from frame to frame in dB: how much begins.
    """
    level = 10 * np.log10(max(float(np.square(clip, dtype=np.float64).mean()), _FLOOR))
    clip = librosa.util.fix_length(clip, size=max(len(clip), _FRAME))
    frames = librosa.feature.rms(y=clip, frame_length=_FRAME, hop_length=_HOP)[0]
    centroids = librosa.feature.spectral_centroid(y=clip, sr=sample_rate, n_fft=_FRAME, hop_length=_HOP)[0]
    centroid = float((frames * centroids).sum() / max(frames.sum(), _FLOOR)) / 1000
    flux = librosa.onset.onset_strength(y=clip, sr=sample_rate, n_fft=_FRAME, hop_length=_HOP).mean()
    return centroid, float(level), float(flux)

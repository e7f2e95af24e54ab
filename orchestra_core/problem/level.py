"""The level at which a rendering is heard while it is optimised."""

from __future__ import annotations

import torch
from torch import Tensor

from orchestra_core.contracts.canvas import Canvas

# Below this peak a rendering counts as silence and is not amplified further.
_SILENCE = 1e-5
# A loudness that would clip is lowered to this peak.
_CEILING = 0.999


def apply_level(audio: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Return audio at the canvas' level, and the gain of each item.

    Parameters
    ----------
    audio : Tensor [shape=(batch, samples)]
        As rendered.
    canvas : Canvas
        Its level; its rate is that of `audio`.

    Returns
    -------
    audio : Tensor [shape=(batch, samples)]
        Differentiable with respect to the rendered audio, through the peak but not through the loudness.
    gain : Tensor [shape=(batch,)]
        The factor that was applied.

    Notes
    -----
    At the levels ``auto`` and ``expressive`` this is the peak's; the export has a gain of its own.
    """
    if canvas.level == "as_is":
        return audio, torch.ones_like(audio[:, 0])
    peak = torch.maximum(audio.amax(dim=1), -audio.amin(dim=1)).clamp_min(_SILENCE)
    gain = canvas.peak / peak
    if canvas.level == "loudness":
        gain = torch.minimum(_loudness_gain(audio, canvas), _CEILING / peak)
    return audio * gain[:, None], gain


@torch.no_grad()
def _loudness_gain(audio: Tensor, canvas: Canvas) -> Tensor:
    from torchaudio.functional import loudness

    measured = torch.stack([loudness(item[None], canvas.sample_rate) for item in audio])
    return 10 ** ((canvas.loudness - measured.nan_to_num(nan=0.0, neginf=canvas.loudness)) / 20)

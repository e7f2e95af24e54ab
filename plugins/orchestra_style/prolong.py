"""Recordings made longer or shorter, so that a texture fills a canvas."""

from __future__ import annotations

import torch
from torch import Tensor

from orchestra_style.windows import cross_fade

# What the end of a recording and its repetition share, in s, and at most of the recording.
_SHARED, _SHARE = 0.5, 0.25


def prolonged(audio: Tensor, samples: int, place: float, sample_rate: int) -> Tensor:
    """Return so many samples of a recording that is repeated for as long as it takes.

    The end of each repetition fades into the next for 0.5 s, or a quarter of a short recording, with the power kept; between
    the fades every sample is the recording's own, and with it all its modulation.

    Parameters
    ----------
    audio : Tensor [shape=(m,)]
        The recording.
    samples : int
        How many are wanted.
    place : float, in [0, 1)
        Where to begin: a share of what there is to choose from, which is the whole of a short recording.
    sample_rate : int
        In Hz.

    Returns
    -------
    Tensor [shape=(samples,)]

    Examples
    --------
    >>> prolonged(torch.arange(6.0), 3, 0.7, 8_000)
    tensor([2., 3., 4.])
    """
    if len(audio) >= samples:
        start = int(place * (len(audio) - samples + 1))
        return audio[start : start + samples]
    shared = min(round(_SHARED * sample_rate), int(_SHARE * len(audio)))
    period = len(audio) - shared
    start = int(place * period)
    joined = audio
    while len(joined) < start + samples:
        joined = torch.cat([joined[:-shared], cross_fade(joined[-shared:], audio[:shared]), audio[shared:]])
    return joined[start : start + samples]

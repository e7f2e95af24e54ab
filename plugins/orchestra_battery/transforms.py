"""Changes of the sound that have no bearing on what a piece expresses, to see how marks move under them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import torch

from orchestra_core import Performance

Samples = np.ndarray
Transform = Callable[[Samples, int], tuple[Samples, int]]

_GAIN_DB, _SHIFT, _RATE = -6.0, 0.037, 32_000
_REVERBERATION, _WET_DB, _SEED = 0.4, -18.0, 20_030


def quieter(samples: Samples, rate: int) -> tuple[Samples, int]:
    """Return audio 6 dB lower."""
    return samples * 10 ** (_GAIN_DB / 20), rate


def later(samples: Samples, rate: int) -> tuple[Samples, int]:
    """Return audio 37 ms later."""
    return np.concatenate([np.zeros(round(_SHIFT * rate)), samples]), rate


def resampled(samples: Samples, rate: int) -> tuple[Samples, int]:
    """Return audio at 32 kHz."""
    from torchaudio import functional

    heard = functional.resample(torch.from_numpy(samples), rate, _RATE)
    return heard.numpy(), _RATE


def compressed(samples: Samples, rate: int) -> tuple[Samples, int]:
    """Return audio after MP3 at the encoder's usual quality."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1, 1), rate, format="MP3")
    file.seek(0)
    heard, rate = soundfile.read(file, dtype="float64")
    return heard, rate


def reverberated(samples: Samples, rate: int) -> tuple[Samples, int]:
    """Return audio in a small room: noise that falls by 60 dB in 0.4 s, 18 dB below the direct sound, always the same."""
    from scipy.signal import fftconvolve

    time = np.arange(round(_REVERBERATION * rate)) / rate
    room = np.random.default_rng(_SEED).standard_normal(len(time)) * 10 ** (-3 * time / _REVERBERATION)
    room *= 10 ** (_WET_DB / 20) / np.sqrt(np.sum(room**2))
    heard = samples + fftconvolve(samples, room)[: len(samples)]
    return heard / max(1.0, float(np.abs(heard).max())), rate


#: The transforms by name.
TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {"gain": quieter, "shift": later, "resampling": resampled, "mp3": compressed, "reverb": reverberated}
)


def transformed(performance: Performance, name: str) -> Performance:
    """Return a performance with its sound changed, and its notes as they are.

    Parameters
    ----------
    performance : Performance
        With audio.
    name : str
        Of `TRANSFORMS`.

    Returns
    -------
    Performance
    """
    if performance.audio is None or performance.sample_rate is None:
        return performance
    samples = performance.audio.detach().cpu().numpy().astype(np.float64)
    heard, rate = TRANSFORMS[name](samples, performance.sample_rate)
    return replace(performance, audio=torch.from_numpy(np.ascontiguousarray(heard)).float(), sample_rate=rate)

"""What is computed of clips: mel features as the front end's, in a fraction of its time, or the audio itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from orchestra_core.errors import ParameterError
from orchestra_deam.front_end import BANDS, SPECTRUM_SIZES, mel_bank, relative_decibels

#: Rate in Hz at which audio is kept.
AUDIO_RATE = 22_050

# Frames at a time and bands at a time: the spectrum of so many frames stays in the cache, and so many neighbouring bands
# share few of its bins.
_FRAMES, _BANDS = 144, 32


class Features(Protocol):
    """Reduces clips to an array."""

    @property
    def rates(self) -> tuple[int, ...]:
        """Rates in Hz of the clips it takes."""

    def compute(self, clips: Sequence[np.ndarray], rate: int) -> dict[str, np.ndarray]:
        """Return arrays by name with a row per clip, of clips of one length, shape (samples,), float32."""


def make_features(name: str) -> Features:
    """Return what computes the features of that name.

    Raises
    ------
    ParameterError
        There is no such name.
    """
    makers: dict[str, Callable[[], Features]] = {"mel": MelFeatures, "audio": AudioFeatures}
    if name in makers:
        return makers[name]()
    from orchestra_deam.front_ends import FRONT_ENDS

    if name not in FRONT_ENDS:
        raise ParameterError(f"Features are {name!r}; expected one of {', '.join([*FRONT_ENDS, 'audio'])}.")
    return FrontEndFeatures(name)


class MelFeatures:
    """Mel bands in dB relative to the clip's maximum, in [-80, 0], shape (clips, 128, frames): those of `FrontEnd`.

    The spectrum is computed in single precision, in stretches that stay in the processor's cache, and only up to 8 kHz;
    neighbouring bands are summed together. Rounding moves bands near the floor by some hundredths of a dB at most, which
    is what float16 resolves there.
    """

    def __init__(self) -> None:
        self._banks: dict[int, _Bank] = {}

    @property
    def rates(self) -> tuple[int, ...]:
        """The front end's native rates."""
        return tuple(sorted(SPECTRUM_SIZES))

    def compute(self, clips: Sequence[np.ndarray], rate: int) -> dict[str, np.ndarray]:
        """Return the array ``mel`` of clips, shape (clips, 128, frames), float16."""
        bank = self._banks.setdefault(rate, _Bank(rate)) if rate not in self._banks else self._banks[rate]
        with torch.inference_mode():
            power = torch.empty(len(clips), bank.frames(len(clips[0])), BANDS)
            for clip, rows in zip(clips, power, strict=True):
                bank.write_power(torch.from_numpy(clip), rows)
            # The maximum of a clip is the same whichever axis comes first; turning half as many bytes is cheaper.
            decibels: np.ndarray = relative_decibels(power).half().transpose(1, 2).contiguous().numpy()
        return {"mel": decibels}


class FrontEndFeatures:
    """The arrays of any front end, as they are: vectors in single precision, larger arrays as float16.

    Parameters
    ----------
    name : str
        Of the front end, in `orchestra_deam.front_ends.FRONT_ENDS`.
    """

    def __init__(self, name: str) -> None:
        from orchestra_deam.front_ends import make_front_end

        self._front_end = make_front_end(name)

    @property
    def rates(self) -> tuple[int, ...]:
        """The front end's native rates."""
        return tuple(self._front_end.rates)

    def compute(self, clips: Sequence[np.ndarray], rate: int) -> dict[str, np.ndarray]:
        """Return the arrays of clips; clip by clip, so that they do not depend on what lies beside them."""
        with torch.inference_mode():
            heard = [self._front_end.arrays(torch.from_numpy(clip.copy())[None], rate) for clip in clips]
        joined = {name: torch.cat([one[name] for one in heard]) for name in heard[0]}
        return {name: (array.float() if array.ndim < 3 else array.half()).numpy() for name, array in joined.items()}


class AudioFeatures:
    """The clips themselves at 22.05 kHz, shape (clips, samples): for front ends that are not made yet."""

    @property
    def rates(self) -> tuple[int, ...]:
        """The rate at which audio is kept."""
        return (AUDIO_RATE,)

    def compute(self, clips: Sequence[np.ndarray], rate: int) -> dict[str, np.ndarray]:
        """Return the array ``audio``, the clips as float16; their rounding lies 72 dB below the samples."""
        return {"audio": np.stack(clips).astype(np.float16)}


def _squared(spectrum: np.ndarray) -> np.ndarray:
    # numpy goes through real and imaginary parts, which lie side by side, in two thirds of torch's time.
    power: np.ndarray = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    return power


class _Bank:
    """Window and mel filters of one rate."""

    def __init__(self, rate: int) -> None:
        self.size, self.hop = SPECTRUM_SIZES[rate]
        self.window = torch.hann_window(self.size)
        bank = mel_bank(self.size, rate).float()
        self.bins = int(bank.any(dim=0).nonzero()[-1]) + 1
        # Neighbouring bands lie in few neighbouring bins: small products instead of one with mostly zeros.
        self.groups = [self._group(bank, band) for band in range(0, BANDS, _BANDS)]

    def _group(self, bank: Tensor, band: int) -> tuple[int, int, int, Tensor]:
        rows = bank[band : band + _BANDS]
        bins = rows.any(dim=0).nonzero()
        first, last = int(bins[0]), int(bins[-1]) + 1
        return band, first, last, rows[:, first:last].T.contiguous()

    def frames(self, samples: int) -> int:
        """Return the number of frames of a clip."""
        return 1 + samples // self.hop

    def write_power(self, clip: Tensor, result: Tensor) -> None:
        """Write the power of a clip, shape (samples,), in mel bands into `result`, shape (frames, bands)."""
        padded = torch.nn.functional.pad(clip, (self.size // 2, self.size // 2))
        frames = padded.unfold(0, self.size, self.hop)
        for start in range(0, len(frames), _FRAMES):
            spectrum = torch.fft.rfft(frames[start : start + _FRAMES] * self.window)[:, : self.bins]
            power = torch.from_numpy(_squared(spectrum.numpy()))
            rows = result[start : start + _FRAMES]
            for band, first, last, weights in self.groups:
                torch.mm(power[:, first:last], weights, out=rows[:, band : band + weights.shape[1]])

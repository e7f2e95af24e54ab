"""The oracle contract: audio in, a reading along named dimensions out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from orchestra_core.contracts.checks import check_audio, check_rows
from orchestra_core.contracts.component import Component, Kind
from orchestra_core.contracts.resample import resample
from orchestra_core.errors import ContractError, ParameterError

Readings = Mapping[str, Tensor]


@dataclass(frozen=True)
class Dimension:
    """One dimension of a reading.

    Parameters
    ----------
    name : str
        Such as ``valence`` or ``brightness``.
    lower, upper : float
        Range of its scale.
    unit : str
        Unit; ``"1"`` for a pure number.
    mean, sd : float, or None
        Mean and standard deviation over the corpus the oracle was trained on. They define the request scale: a request w
        in [-1, 1] means the reading ``mean + 2 sd w``. None where the oracle has no corpus; requests are then readings.
    """

    name: str
    lower: float
    upper: float
    unit: str = "1"
    mean: float | None = None
    sd: float | None = None

    def reading(self, request: float) -> float:
        """Return the reading that a request asks for.

        Parameters
        ----------
        request : float, in [-1, 1]
            On the request scale.

        Returns
        -------
        float
            ``mean + 2 sd request``, within the scale's range; the request itself where there is no corpus.

        Examples
        --------
        >>> Dimension("valence", -1.0, 1.0, mean=0.25, sd=0.25).reading(0.5)
        0.5
        """
        if self.mean is None or self.sd is None:
            return request
        return min(max(self.mean + 2 * self.sd * request, self.lower), self.upper)

    def request(self, reading: float) -> float:
        """Return the request that asks for a reading: the inverse of `reading`, within -1 and 1.

        Parameters
        ----------
        reading : float
            In the dimension's unit.

        Returns
        -------
        float, in [-1, 1]
            ``(reading - mean) / 2 sd``; the reading itself where there is no corpus.

        Examples
        --------
        >>> Dimension("arousal", -1.0, 1.0, mean=-0.1, sd=0.2).request(0.1)
        0.5
        """
        asked = reading if self.mean is None or not self.sd else (reading - self.mean) / (2 * self.sd)
        return min(max(asked, -1.0), 1.0)


@dataclass(frozen=True, eq=False)
class WindowReadings:
    """Readings along a recording.

    Parameters
    ----------
    start, end : Tensor [shape=(windows,)]
        Of each window, in seconds.
    values : mapping of str to Tensor [shape=(batch, windows)]
        Readings by dimension.
    """

    start: Tensor
    end: Tensor
    values: Readings


class Oracle(Component):
    """A frozen map from audio to a reading along named dimensions.

    Authors set `sample_rates`, `clip_duration` and `short`, and implement `dimensions` and `_read`. Audio at another rate
    is resampled (differentiably), longer audio is read in windows and averaged.

    Attributes
    ----------
    sample_rates : tuple of int
        Rates in Hz that `_read` takes natively, with the same reading up to the oracle's stated tolerance.
    clip_duration : float, or None
        Length of the clips that `_read` takes, in seconds; None when it takes any length.
    short : {"pad", "refuse"}
        What happens to audio shorter than a clip: zeros are appended, or an error is raised.
    """

    kind: ClassVar[Kind] = "oracle"
    sample_rates: tuple[int, ...] = (44_100,)
    clip_duration: float | None = None
    short: Literal["pad", "refuse"] = "pad"

    @property
    @abstractmethod
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions of a reading."""

    def read(self, audio: Tensor, sample_rate: int) -> Readings:
        """Return the reading of audio; longer audio is read in windows that lie side by side, and averaged.

        Parameters
        ----------
        audio : Tensor [shape=(batch, samples)]
            Mono audio, nominal full scale 1.
        sample_rate : int
            Its rate in Hz.

        Returns
        -------
        mapping of str to Tensor [shape=(batch,)]
            One number per item and dimension, differentiable with respect to the audio.

        Raises
        ------
        ParameterError
            The audio is not finite, has another rank, or is too short for an oracle that refuses.
        ContractError
            The plugin returned other names or shapes.
        """
        check_audio(audio, sample_rate, type(self).__name__)
        return self.read_unchecked(audio, sample_rate)

    def read_unchecked(self, audio: Tensor, sample_rate: int) -> Readings:
        """Return what `read` returns, without looking at the samples: the path of an optimisation's inner loop.

        Parameters
        ----------
        audio : Tensor [shape=(batch, samples)]
            Mono audio that is known to be finite.
        sample_rate : int
            Its rate in Hz.

        Returns
        -------
        mapping of str to Tensor [shape=(batch,)]
        """
        windows = self._read_all(audio, sample_rate, self.clip_duration).values
        return {name: reading.mean(dim=1) for name, reading in windows.items()}

    def read_windows(self, audio: Tensor, sample_rate: int, hop: float) -> WindowReadings:
        """Return the readings of windows that start every `hop` seconds; the last one ends with the audio.

        Parameters
        ----------
        audio : Tensor [shape=(batch, samples)]
            Mono audio.
        sample_rate : int
            Its rate in Hz.
        hop : float, > 0
            Seconds between the starts of two windows.

        Returns
        -------
        WindowReadings [shape=(batch, windows)]

        Raises
        ------
        ParameterError
            As for `read`, or the hop is not positive.
        """
        check_audio(audio, sample_rate, type(self).__name__)
        if not hop > 0:
            raise ParameterError(f"The hop is {hop!r} s; expected a positive number of seconds.")
        return self._read_all(audio, sample_rate, hop)

    def advise(self, targets: Mapping[str, float]) -> tuple[str, ...]:
        """Return what somebody who asks for these readings should know: such as targets that hardly ever come together.

        Parameters
        ----------
        targets : mapping of str to float
            Asked readings by dimension.

        Returns
        -------
        tuple of str
            Plain sentences; none by default.
        """
        return ()

    def native_rate(self, sample_rate: int) -> int:
        """Return the rate that audio of another rate is read at.

        Parameters
        ----------
        sample_rate : int
            Rate of the audio in Hz.

        Returns
        -------
        int
            The same if it is native, else the next higher native rate, else the highest.
        """
        if sample_rate in self.sample_rates:
            return sample_rate
        higher = [rate for rate in self.sample_rates if rate > sample_rate]
        return min(higher) if higher else max(self.sample_rates)

    @abstractmethod
    def _read(self, clips: Tensor, sample_rate: int) -> Readings:
        """Return the readings, shape (n,), of clips, shape (n, samples), of `clip_duration` at a native rate."""

    def _read_all(self, audio: Tensor, sample_rate: int, hop: float | None) -> WindowReadings:
        rate = self.native_rate(sample_rate)
        clips, starts, length = self._windows(resample(audio, sample_rate, rate), rate, hop)
        batch, windows, samples = clips.shape
        readings = self._read(clips.reshape(batch * windows, samples), rate)
        names = {dimension.name for dimension in self.dimensions}
        if set(readings) != names:
            raise ContractError(f"{type(self).__name__} read {sorted(readings)}; expected its dimensions {sorted(names)}.")
        check_rows(readings, batch * windows, type(self).__name__, "the reading")
        start = torch.tensor(starts, dtype=torch.float64) / rate
        return WindowReadings(start, start + length / rate, {k: v.reshape(batch, windows) for k, v in readings.items()})

    def _windows(self, audio: Tensor, rate: int, hop: float | None) -> tuple[Tensor, list[int], int]:
        total = audio.shape[1]
        if self.clip_duration is None or hop is None:
            return audio[:, None], [0], total
        length = round(self.clip_duration * rate)
        if total < length:
            audio, total = self._lengthen(audio, length, rate), length
        starts = window_starts(total, length, max(round(hop * rate), 1))
        return torch.stack([audio[:, start : start + length] for start in starts], dim=1), starts, length

    def _lengthen(self, audio: Tensor, length: int, rate: int) -> Tensor:
        if self.short == "refuse":
            raise ParameterError(
                f"{type(self).__name__} was given {audio.shape[1] / rate:.2f} s of audio; expected at least "
                f"{self.clip_duration} s."
            )
        return torch.nn.functional.pad(audio, (0, length - audio.shape[1]))


def window_starts(total: int, length: int, hop: int) -> list[int]:
    """Return the first samples of windows of `length` every `hop`; the last ends with the audio.

    Examples
    --------
    >>> window_starts(10, 4, 4)
    [0, 4, 6]
    """
    last = max(total - length, 0)
    starts = list(range(0, last + 1, hop))
    return starts if starts[-1] == last else [*starts, last]

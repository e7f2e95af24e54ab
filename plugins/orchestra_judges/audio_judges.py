"""The judges of sound: each has a front end and a kind of model of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from orchestra_core import Performance
from orchestra_core.errors import ParameterError
from orchestra_judges import kernel, recurrent
from orchestra_judges.audio import windows_of
from orchestra_judges.cochlea import cochlear_features
from orchestra_judges.constant_q import constant_q_frames
from orchestra_judges.harmonic_profile import harmonic_features
from orchestra_judges.learned import LearnedJudge
from orchestra_judges.notes_judge import read_forests
from orchestra_judges.weights import DIMENSIONS, JudgeWeights

if TYPE_CHECKING:
    from torch import Tensor

FrontEnd = Callable[[np.ndarray], np.ndarray]


class AudioJudge(LearnedJudge):
    """What the judges of sound share: windows of 5 s at one level, read one by one and averaged.

    Blind to gain. Shorter audio is filled up with silence; windows 50 dB below the loudest are left out. Silence has
    finite marks, which mean nothing.

    Parameters
    ----------
    weights : str, Path or None
        A ``.safetensors`` file; None for the shipped one.

    Raises
    ------
    WeightsError
        The weights are missing, damaged or another judge's.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"audio"})

    @classmethod
    @abstractmethod
    def hear(cls, window: np.ndarray) -> np.ndarray:
        """Return what the front end makes of a window, shape (samples,), at 22.05 kHz and an RMS of 1."""

    @abstractmethod
    def predict(self, heard: np.ndarray) -> np.ndarray:
        """Return arousal and valence of windows, shape (windows, 2), from what `hear` made of them, stacked."""

    def perceive(self, performance: Performance) -> np.ndarray:
        """Return the features of the windows, shape (windows, features)."""
        return self._heard(performance)

    def _mark(self, performance: Performance) -> dict[str, float]:
        marks = self.predict(self._heard(performance)).mean(axis=0)
        return {name: float(np.clip(mark, -1.0, 1.0)) for name, mark in zip(DIMENSIONS, marks, strict=True)}

    def _heard(self, performance: Performance) -> np.ndarray:
        sound, rate = self._sound(performance)
        return np.stack([self.hear(window) for window in windows_of(sound, rate)])

    def _length(self, performance: Performance) -> float:
        sound, rate = self._sound(performance)
        return len(sound) / rate

    def _sound(self, performance: Performance) -> tuple[Tensor, int]:
        if performance.audio is None or performance.sample_rate is None:
            raise ParameterError(f"{type(self).__name__} was given no audio; expected a performance with sound.")
        return performance.audio, performance.sample_rate


class HarmonyJudge(AudioJudge):
    """Hears spectral peaks: harmonic pitch-class profiles, tonal centroids, roughness and onsets; judges with a forest."""

    name = "harmony_judge"

    @classmethod
    def hear(cls, window: np.ndarray) -> np.ndarray:
        """Return the features of a window, shape (features,)."""
        return np.array(list(harmonic_features(window).values()), dtype=np.float32)

    def predict(self, heard: np.ndarray) -> np.ndarray:
        """Return arousal and valence, shape (windows, 2)."""
        return np.stack([self._forests[name].predict(heard) for name in DIMENSIONS], axis=1)

    def _prepare(self, weights: JudgeWeights) -> None:
        super()._prepare(weights)
        self._forests = read_forests(weights)


class CochlearJudge(AudioJudge):
    """Hears through a gammatone filterbank, its modulations and pitch by autocorrelation; judges by kernel regression."""

    name = "cochlear_judge"

    @classmethod
    def hear(cls, window: np.ndarray) -> np.ndarray:
        """Return the features of a window, shape (features,)."""
        return np.array(list(cochlear_features(window).values()), dtype=np.float32)

    def predict(self, heard: np.ndarray) -> np.ndarray:
        """Return arousal and valence, shape (windows, 2)."""
        return self._model.predict(heard)

    def _prepare(self, weights: JudgeWeights) -> None:
        super()._prepare(weights)
        self._model = kernel.KernelRegression(**{name: weights.array(name) for name in kernel.ARRAYS})


class RecurrentJudge(AudioJudge):
    """Hears constant-Q frames, folded to pitch classes above the tonic, and follows them with recurrent networks."""

    name = "recurrent_judge"

    @classmethod
    def hear(cls, window: np.ndarray) -> np.ndarray:
        """Return the frames of a window, shape (frames, inputs)."""
        return constant_q_frames(window)

    def perceive(self, performance: Performance) -> np.ndarray:
        """Return the mean states of the networks over each window, which its marks are read from, shape (windows, states)."""
        return self._model.states(self._heard(performance))

    def predict(self, heard: np.ndarray) -> np.ndarray:
        """Return arousal and valence, shape (windows, 2)."""
        return self._model.predict(heard)

    def _prepare(self, weights: JudgeWeights) -> None:
        super()._prepare(weights)
        self._model = recurrent.RecurrentEnsemble(**{name: weights.array(name) for name in recurrent.ARRAYS})

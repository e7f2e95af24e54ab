"""What the judges share that learned from pieces: they know how far a performance lies from people's music."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from orchestra_core import Performance
from orchestra_judges.rated import RatedJudge
from orchestra_judges.typicality import read_human_music
from orchestra_judges.weights import JudgeWeights


class LearnedJudge(RatedJudge):
    """A judge that learned from human pieces, and compares the distance of a performance with theirs.

    Parameters
    ----------
    weights : str, Path or None
        A ``.safetensors`` file; None for the shipped one. One that holds no distances of human pieces tells no typicality.

    Raises
    ------
    WeightsError
        The weights are missing, damaged or another judge's.
    """

    @abstractmethod
    def perceive(self, performance: Performance) -> np.ndarray:
        """Return the features by which it compares a performance with people's music, shape (windows, features)."""

    @abstractmethod
    def _length(self, performance: Performance) -> float:
        """Return how long it perceives a performance, in s."""

    def _prepare(self, weights: JudgeWeights) -> None:
        self._human = read_human_music(weights)

    def _typicality(self, performance: Performance) -> float | None:
        if self._human is None:
            return None
        return self._human.percentile(self.perceive(performance), self._length(performance))

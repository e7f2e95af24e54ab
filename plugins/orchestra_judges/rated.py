"""What all judges of this plugin share: a card that says what they learned from, and how good they are on what they did not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from orchestra_core import Dimension, Judge
from orchestra_judges.weights import JudgeWeights, load_judge


class RatedJudge(Judge):
    """A judge of arousal and valence that was fitted to ratings.

    Parameters
    ----------
    weights : str, Path or None
        A ``.safetensors`` file; None for the shipped one.

    Attributes
    ----------
    name : str
        What its card calls it.
    card : Card
        Its data, licence and held-out marks.

    Raises
    ------
    WeightsError
        The weights are missing, damaged or another judge's.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset()
    name: ClassVar[str]

    def __init__(self, weights: str | Path | None = None) -> None:
        loaded = load_judge(self.name, weights)
        self.card = loaded.card
        self._prepare(loaded)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Arousal and valence, with mean and standard deviation of what it learned from."""
        return self.card.dimensions

    @property
    def qualified(self) -> frozenset[str]:
        """The dimensions on which its card says that it qualifies."""
        return frozenset(self.card.qualified)

    @property
    def held_out(self) -> Mapping[str, Mapping[str, float]]:
        """How its card says that it agrees with ratings of pieces it did not learn from."""
        return self.card.held_out

    @abstractmethod
    def _prepare(self, weights: JudgeWeights) -> None:
        """Make the model from its arrays."""

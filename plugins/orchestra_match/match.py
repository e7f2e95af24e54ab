"""The objective `match`: one squared error per dimension that has a target."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from orchestra_core import Dimension, Evaluation, Objective, Oracle, Take
from orchestra_core.errors import ParameterError


class Match(Objective):
    """Squared distance between an oracle's reading and the target.

    The term of a dimension is ``(scale * (reading - target) / half)**2``, with ``half`` half the range of its scale (1 for
    valence and arousal in [-1, 1]), so that dimensions of different units weigh alike. Dimensions without a target give the
    term 0.

    Parameters
    ----------
    oracle : Oracle
        What hears.
    scale : float, > 0
        Errors are multiplied by it before they are squared; 10 turns an error of 0.1 into a loss of 1.

    Raises
    ------
    ParameterError
        The scale is not positive.
    """

    capabilities = frozenset({"differentiable"})

    def __init__(self, oracle: Oracle, scale: float = 10.0) -> None:
        if not scale > 0:
            raise ParameterError(f"scale is {scale!r}; expected a positive number.")
        self.oracle = oracle
        self.scale = scale

    @property
    def terms(self) -> tuple[str, ...]:
        """One term per dimension of the oracle, of the same name."""
        return tuple(dimension.name for dimension in self.oracle.dimensions)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The oracle's."""
        return self.oracle.dimensions

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """The oracle's native rates in Hz."""
        return self.oracle.sample_rates

    @property
    def clip_duration(self) -> float | None:
        """Length in seconds of the clips that the oracle reads."""
        return self.oracle.clip_duration

    def read(self, audio: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        """Return the oracle's reading; see `Oracle.read`."""
        return self.oracle.read(audio, sample_rate)

    def advise(self, targets: Mapping[str, float]) -> tuple[str, ...]:
        """Return the oracle's advice."""
        return self.oracle.advise(targets)

    def _evaluate(self, take: Take) -> Evaluation:
        readings = self.oracle.read_unchecked(take.audio, take.sample_rate)
        terms = {}
        for dimension in self.oracle.dimensions:
            reading = readings[dimension.name]
            target = take.targets.get(dimension.name, reading.detach())
            half = (dimension.upper - dimension.lower) / 2
            terms[dimension.name] = (self.scale / half * (reading - target)) ** 2
        return Evaluation(terms, readings)

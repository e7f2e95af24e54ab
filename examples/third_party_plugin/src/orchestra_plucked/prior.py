"""The objective ``match_with_prior``: an oracle's readings near their targets, and values near what a player would do."""

from __future__ import annotations

import torch
from torch import Tensor

from orchestra_core import Dimension, Evaluation, Objective, Oracle, Take
from orchestra_core.errors import ParameterError

_PRIOR = ("prior_timing", "prior_evenness")


class MatchWithPrior(Objective):
    r"""Squared errors of an oracle's readings, and a prior on the notes that are played.

    A reading r with the target g on a scale of half range h has the term (s (r - g) / h)^2. The prior has two more:

    .. math::
        T = \frac{w}{N} \sum_i \left(\frac{o_i - \hat{o}_i}{\tau}\right)^2, \qquad
        V = \frac{w}{N} \sum_i \left(\frac{a_i - \bar{a}}{\sigma}\right)^2

    ``prior_timing`` holds the onsets o near those of the score, ``prior_evenness`` the amplitudes a together. A term is 0
    where the instrument has no such values, where there is no score, and where a dimension has no target.

    Parameters
    ----------
    oracle : Oracle
        What hears.
    scale : float, > 0
        s.
    weight : float, >= 0
        w.
    tolerance : float, > 0
        The seconds tau that an onset may lie off the score for a loss of 1.
    spread : float, > 0
        The standard deviation sigma of amplitudes for a loss of 1.

    Raises
    ------
    ParameterError
        A value lies outside its range, or a dimension of the oracle is called as a term of the prior.
    """

    capabilities = frozenset({"differentiable"})

    def __init__(
        self, oracle: Oracle, scale: float = 10.0, weight: float = 1.0, tolerance: float = 0.05, spread: float = 0.2
    ) -> None:
        for name, value in {"scale": scale, "tolerance": tolerance, "spread": spread}.items():
            if not value > 0:
                raise ParameterError(f"{name} is {value!r}; expected a positive number.")
        if not weight >= 0:
            raise ParameterError(f"weight is {weight!r}; expected 0 or more.")
        if taken := {dimension.name for dimension in oracle.dimensions} & set(_PRIOR):
            raise ParameterError(
                f"{type(oracle).__name__} has dimensions {sorted(taken)}; expected names the prior does not use."
            )
        self.oracle, self.weight = oracle, weight
        self.scale, self.tolerance, self.spread = scale, tolerance, spread

    @property
    def terms(self) -> tuple[str, ...]:
        """One term per dimension of the oracle, of the same name, and those of the prior."""
        return (*(dimension.name for dimension in self.oracle.dimensions), *_PRIOR)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The oracle's."""
        return self.oracle.dimensions

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """The oracle's native rates in Hz."""
        return self.oracle.sample_rates

    def _evaluate(self, take: Take) -> Evaluation:
        readings = self.oracle.read_unchecked(take.audio, take.sample_rate)
        terms = {d.name: self._error(d, readings[d.name], take) for d in self.dimensions}
        prior = {"prior_timing": self._timing(take), "prior_evenness": self._evenness(take)}
        return Evaluation({**terms, **{name: self.weight * term for name, term in prior.items()}}, readings)

    def _error(self, dimension: Dimension, reading: Tensor, take: Take) -> Tensor:
        target = take.targets.get(dimension.name, reading.detach())
        half = (dimension.upper - dimension.lower) / 2
        return (self.scale / half * (reading - target)).square()

    def _timing(self, take: Take) -> Tensor:
        onset = take.values.get("onset")
        written = None if take.brief.scores is None else take.brief.notes(take.audio.dtype).onset
        if onset is None or written is None or onset.shape != written.shape:
            return torch.zeros_like(take.audio[:, 0])
        return _mean((onset - written).square(), _played(take, onset)) / self.tolerance**2

    def _evenness(self, take: Take) -> Tensor:
        amplitude = take.values.get("amplitude")
        if amplitude is None or amplitude.ndim != 2:
            return torch.zeros_like(take.audio[:, 0])
        played = _played(take, amplitude)
        off = amplitude - _mean(amplitude, played)[:, None]
        return _mean(off.square(), played) / self.spread**2


def _played(take: Take, like: Tensor) -> Tensor:
    """Return which notes there are, rather than the padding of a batch, shape (batch, notes)."""
    mask = take.values.get("mask")
    return torch.ones_like(like, dtype=torch.bool) if mask is None else mask.bool()


def _mean(notes: Tensor, played: Tensor) -> Tensor:
    """Return the mean over the notes that are played, shape (batch,); 0 where there is none."""
    return torch.where(played, notes, 0.0).sum(dim=1) / played.sum(dim=1).clamp_min(1)

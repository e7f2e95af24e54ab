"""The objective `consensus`: several oracles at once, and what they agree on counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core import Dimension, Evaluation, Objective, Oracle, Take
from orchestra_core.errors import ParameterError
from orchestra_match.config import Units

#: Inside the root of a variance, so that its gradient is finite where all agree.
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Member:
    """How one oracle reads a dimension: which oracle, and what stands for 0 and for 1 on its scale.

    Parameters
    ----------
    oracle : int
        Place in the list of oracles.
    centre, unit : float
        In the oracle's own units.
    """

    oracle: int
    centre: float
    unit: float


class Consensus(Objective):
    """Squared distance from the target, as several oracles hear it: the mean over them plus `caution` standard deviations.

    An optimisation finds what moves the oracle it follows, and much of that moves no other. Of several oracles that were made
    apart, the pessimistic consensus takes the mean score minus k standard deviations [1]_: with ``L_i`` the loss that `match`
    would give oracle i, a term is ``mean(L_i) + caution * sd(L_i)``, with the standard deviation of the population. With two
    oracles and a caution of 1 that is the loss of the worse one. Above ``1 / sqrt(n - 1)`` for n oracles, a term can fall by
    letting the best oracle get worse; the default of 0.5 is below that for up to five.

    Oracles learnt from ratings of different people and music, so that the same number need not mean the same. Readings are
    therefore compared in standard deviations from the mean of each oracle's own corpus, which is what requests mean
    (``units="corpus"``): the target ``mean_1 + z sd_1`` of the first oracle is the target ``mean_i + z sd_i`` of oracle i.
    Oracles of one corpus have one mean and SD, so that equal readings stay equal. With ``units="range"``, and in dimensions for
    which an oracle states no corpus, the same place in the range of the scales is the same reading. Targets, readings and
    losses are on the scale of the first oracle that has the dimension; an oracle that lacks a dimension has no voice in it.

    Readings are the means over the oracles. Beside them stands what each oracle reads by itself, in its own units, with
    its number in the list: ``arousal_1``, ``arousal_2``.

    Parameters
    ----------
    oracles : sequence of Oracle
        What hears, at least one.
    caution : float, >= 0
        Weight k of the disagreement.
    units : {"corpus", "range"}
        What makes readings of two oracles equal.
    scale : float, > 0
        Errors are multiplied by it before they are squared, as in `match`.

    Raises
    ------
    ParameterError
        There is no oracle, or a number lies outside its range.

    References
    ----------
    .. [1] T. Coste, U. Anwar, R. Kirk, D. Krueger (2024): Reward Model Ensembles Help Mitigate Overoptimization. ICLR.

    Examples
    --------
    >>> from orchestra_core import Pipeline
    >>> oracles = ["deam_cnn", {"name": "deam_cnn", "config": {"model": "three_conv"}}]
    >>> pipeline = Pipeline(objective={"name": "consensus", "config": {"oracles": oracles}})  # doctest: +SKIP
    """

    capabilities = frozenset({"differentiable"})

    def __init__(self, oracles: Sequence[Oracle], caution: float = 0.5, units: Units = "corpus", scale: float = 10.0) -> None:
        if not oracles:
            raise ParameterError("A consensus of no oracles was asked for; expected at least one in `oracles`.")
        if not caution >= 0:
            raise ParameterError(f"caution is {caution!r}; expected 0 or more.")
        if not scale > 0:
            raise ParameterError(f"scale is {scale!r}; expected a positive number.")
        if units not in ("corpus", "range"):
            raise ParameterError(f"units is {units!r}; expected 'corpus' or 'range'.")
        self.oracles = tuple(oracles)
        self.caution = caution
        self.scale = scale
        self._dimensions, self._members = _agreed(self.oracles, units)
        if not all("differentiable" in oracle.capabilities for oracle in oracles):
            self.capabilities = self.capabilities - {"differentiable"}  # type: ignore[misc]

    @property
    def terms(self) -> tuple[str, ...]:
        """One term per dimension of any oracle, of the same name."""
        return tuple(self._dimensions)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Those of all oracles, each as the first that has it states it."""
        return tuple(self._dimensions.values())

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """The rates in Hz that all hear natively; where there are none, the lowest that withholds nothing from any."""
        common = set.intersection(*(set(oracle.sample_rates) for oracle in self.oracles))
        return tuple(sorted(common)) or (max(min(oracle.sample_rates) for oracle in self.oracles),)

    @property
    def clip_duration(self) -> float | None:
        """Length in seconds of the longest clip that any oracle reads; the others read it in windows."""
        return max((oracle.clip_duration for oracle in self.oracles if oracle.clip_duration), default=None)

    def read(self, audio: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        """Return the mean reading over the oracles, on the scale of the first; see `Oracle.read`."""
        common = self._common(self.read_each(audio, sample_rate))
        return {name: readings.mean(dim=0) for name, readings in common.items()}

    def read_each(self, audio: Tensor, sample_rate: int) -> tuple[Mapping[str, Tensor], ...]:
        """Return what each oracle reads, in its own units.

        Parameters
        ----------
        audio : Tensor [shape=(batch, samples)]
            Mono audio, nominal full scale 1.
        sample_rate : int
            Its rate in Hz.

        Returns
        -------
        tuple of mapping of str to Tensor [shape=(batch,)]
            One for each oracle, by dimension.
        """
        return tuple(oracle.read(audio, sample_rate) for oracle in self.oracles)

    def advise(self, targets: Mapping[str, float]) -> tuple[str, ...]:
        """Return what any oracle advises on the targets in its own units, each sentence once."""
        sentences: dict[str, None] = {}
        for number, oracle in enumerate(self.oracles):
            own = {name: self._own(name, number, target) for name, target in targets.items() if self._hears(name, number)}
            sentences.update(dict.fromkeys(oracle.advise(own)))
        return tuple(sentences)

    def _evaluate(self, take: Take) -> Evaluation:
        each = tuple(oracle.read_unchecked(take.audio, take.sample_rate) for oracle in self.oracles)
        common = self._common(each)
        means = {name: readings.mean(dim=0) for name, readings in common.items()}
        terms = {name: self._term(name, readings, take.targets.get(name)) for name, readings in common.items()}
        single = {f"{name}_{number}": value for number, own in enumerate(each, 1) for name, value in own.items()}
        return Evaluation(terms, {**means, **single} if len(each) > 1 else means)

    def _term(self, name: str, readings: Tensor, target: Tensor | None) -> Tensor:
        """Return the pessimistic loss, shape (batch,), of readings, shape (oracles, batch)."""
        if target is None:
            mean = readings.mean(dim=0)
            return mean - mean.detach()
        dimension = self._dimensions[name]
        losses = (self.scale / ((dimension.upper - dimension.lower) / 2) * (readings - target)) ** 2
        mean = losses.mean(dim=0)
        if len(losses) == 1 or not self.caution:
            return mean
        return mean + self.caution * torch.sqrt((losses - mean).square().mean(dim=0) + _LEAST_VARIANCE)

    def _common(self, each: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return readings on the scale of the first oracle of each dimension, shape (oracles, batch)."""
        common = {}
        for name, members in self._members.items():
            first = members[0]
            places = [(each[member.oracle][name] - member.centre) / member.unit for member in members]
            # The first oracle's own readings keep their bits.
            others = [first.centre + first.unit * place for place in places[1:]]
            common[name] = torch.stack([each[first.oracle][name], *others])
        return common

    def _hears(self, name: str, number: int) -> bool:
        return any(member.oracle == number for member in self._members.get(name, ()))

    def _own(self, name: str, number: int, target: float) -> float:
        first, own = self._members[name][0], next(m for m in self._members[name] if m.oracle == number)
        return own.centre + own.unit * (target - first.centre) / first.unit


def _agreed(oracles: Sequence[Oracle], units: Units) -> tuple[dict[str, Dimension], dict[str, tuple[Member, ...]]]:
    """Return the dimensions of all oracles, and who reads each how."""
    found: dict[str, list[tuple[int, Dimension]]] = {}
    for number, oracle in enumerate(oracles):
        for dimension in oracle.dimensions:
            found.setdefault(dimension.name, []).append((number, dimension))
    members = {}
    for name, readers in found.items():
        by_corpus = units == "corpus" and all(d.mean is not None and d.sd for _, d in readers)
        members[name] = tuple(_member(number, dimension, by_corpus) for number, dimension in readers)
    return {name: readers[0][1] for name, readers in found.items()}, members


def _member(number: int, dimension: Dimension, by_corpus: bool) -> Member:
    if by_corpus and dimension.mean is not None and dimension.sd:
        return Member(number, dimension.mean, dimension.sd)
    return Member(number, (dimension.lower + dimension.upper) / 2, (dimension.upper - dimension.lower) / 2)

"""The objective `robust`: the expectation of another objective over small random transforms of the sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from orchestra_core import Dimension, Evaluation, Objective, Oracle, Take
from orchestra_core.errors import ParameterError
from orchestra_match.transforms import COUNT, Draw, Ranges, tail_length, transform


class Robust(Objective):
    """What another objective makes of a take on average, when the sound is shifted, tilted, band-limited, reverberated and noisy.

    What an oracle hears in such changes is no music, and an optimisation finds it. So the gradient is that of the expectation
    over transforms [1]_, estimated by `draws` transforms per step from the take's generator: each item has numbers of its own.
    The values of the terms are measured on a fixed set instead, the take as it is and `validation` transforms that are the same
    in every step, item and run. Schedules therefore keep, stop at and compare values that no lucky draw has made, and where no
    gradient is asked for (search, evolution strategies) nothing is drawn.

    Gain is no transform: the level stays what it was. Readings are those of the take as it is.

    Parameters
    ----------
    objective : Objective
        What judges each transformed take.
    draws : int, >= 1
        Transforms per step that the gradient follows.
    validation : int, >= 0
        Transforms of the fixed set.
    seed : int
        Of the fixed set.
    shift, tilt, noise, reverb, bandwidth : float
        How far transforms go; see `Ranges`.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    References
    ----------
    .. [1] A. Athalye, L. Engstrom, A. Ilyas, K. Kwok (2018): Synthesizing Robust Adversarial Examples. ICML.

    Examples
    --------
    >>> from orchestra_core import Pipeline
    >>> pipeline = Pipeline(objective={"name": "robust", "config": {"draws": 2}})  # doctest: +SKIP
    """

    capabilities = frozenset({"differentiable", "stochastic"})

    def __init__(
        self,
        objective: Objective,
        draws: int = 1,
        validation: int = 3,
        seed: int = 0,
        shift: float = 0.05,
        tilt: float = 1.0,
        noise: float = -30.0,
        reverb: float = -12.0,
        bandwidth: float = 0.5,
    ) -> None:
        if not draws >= 1:
            raise ParameterError(f"draws is {draws!r}; expected 1 or more.")
        if not validation >= 0:
            raise ParameterError(f"validation is {validation!r}; expected 0 or more.")
        self.objective = objective
        self.draws = draws
        self.validation = validation
        self.seed = seed
        self.ranges = Ranges(shift, tilt, noise, reverb, bandwidth)
        self.capabilities = _capabilities(objective)  # type: ignore[misc]

    @property
    def terms(self) -> tuple[str, ...]:
        """Those of the objective."""
        return self.objective.terms

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Those of the objective."""
        return self.objective.dimensions

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """The objective's rates in Hz."""
        return self.objective.sample_rates

    @property
    def clip_duration(self) -> float | None:
        """Length in seconds of what the objective hears at once."""
        return self.objective.clip_duration

    def read(self, audio: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        """Return the objective's reading of a recording."""
        return self.objective.read(audio, sample_rate)

    def advise(self, targets: Mapping[str, float]) -> tuple[str, ...]:
        """Return the objective's advice."""
        return self.objective.advise(targets)

    def _evaluate(self, take: Take) -> Evaluation:
        with torch.no_grad():
            plain = self.objective._evaluate(take)
            fixed = [self._terms(take, draw) for draw in self._fixed(take)]
        held = _mean([plain.terms, *fixed])
        if not _wants_gradient(take):
            return Evaluation(held, plain.readings)
        drawn = _mean([self._terms(take, _draw(take)) for _ in range(self.draws)])
        # The value of the one with the gradient of the other.
        return Evaluation({name: held[name] + (term - term.detach()) for name, term in drawn.items()}, plain.readings)

    def _terms(self, take: Take, draw: Draw) -> Mapping[str, Tensor]:
        audio = transform(take.audio, take.sample_rate, self.ranges, draw)
        return self.objective._evaluate(replace(take, audio=audio)).terms

    def _fixed(self, take: Take) -> Iterator[Draw]:
        for number in range(self.validation):
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
            # The parameters come first, so that they are the same at every rate and length.
            uniform = torch.rand(1, COUNT, generator=generator)
            tail = torch.randn(1, tail_length(take.sample_rate), generator=generator)
            yield Draw(uniform, tail, torch.randn(1, take.audio.shape[1], generator=generator))


def _draw(take: Take) -> Draw:
    uniform = take.generator.rand(COUNT)
    tail = take.generator.randn(tail_length(take.sample_rate))
    return Draw(uniform, tail, take.generator.randn(take.audio.shape[1]))


def _mean(each: list[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([terms[name] for terms in each]).mean(dim=0) for name in each[0]}


def _wants_gradient(take: Take) -> bool:
    return torch.is_grad_enabled() and any(value.requires_grad for value in (take.audio, *take.values.values()))


def _capabilities(objective: Objective) -> frozenset[str]:
    """Return those of the objective, and that it draws; an objective is as differentiable as what it hears with."""
    oracles = [part for part in vars(objective).values() if isinstance(part, Oracle)]
    own = objective.capabilities | {"stochastic"}
    return own if all("differentiable" in oracle.capabilities for oracle in oracles) else own - {"differentiable"}

"""Renders values and lets the objective hear them: the inner loop of every schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.instrument import Instrument
from orchestra_core.contracts.objective import Evaluation, Objective, Take
from orchestra_core.contracts.randomness import ItemGenerator
from orchestra_core.problem.level import apply_level
from orchestra_core.problem.loop import on_canvas


@dataclass(frozen=True, eq=False)
class Heard:
    """A take, the gain (batch,) between rendered and heard audio, and what the objective made of it."""

    take: Take
    gain: Tensor
    evaluation: Evaluation


class Evaluator:
    """An instrument under an objective.

    Parameters
    ----------
    instrument : Instrument
        What plays.
    objective : Objective
        What hears.
    """

    def __init__(self, instrument: Instrument, objective: Objective) -> None:
        self.instrument = instrument
        self.objective = objective

    def working_rate(self, sample_rate: int) -> int:
        """Return the rate in Hz to optimise at, given the canvas' rate.

        The lowest rate that the objective hears natively, if the instrument renders the same sound at any rate.
        """
        lower = [rate for rate in self.objective.sample_rates if rate <= sample_rate]
        free = "rate_free" in self.instrument.capabilities
        return min(lower) if free and lower else sample_rate

    def hear(self, values: Mapping[str, Tensor], brief: Brief, generator: ItemGenerator) -> Heard:
        """Render and evaluate, with every value checked against the contracts."""
        audio, gain = apply_level(on_canvas(self.instrument.render, values, brief.canvas), brief.canvas)
        take = Take(audio, brief.canvas.sample_rate, values, brief, generator)
        return Heard(take, gain, self.objective.evaluate(take))

    def hear_unchecked(self, values: Mapping[str, Tensor], brief: Brief, generator: ItemGenerator) -> Heard:
        """Render and evaluate without looking at samples: for inner loops, after `hear` has passed once."""
        audio, gain = apply_level(on_canvas(self.instrument._render, values, brief.canvas), brief.canvas)
        take = Take(audio, brief.canvas.sample_rate, values, brief, generator)
        return Heard(take, gain, self.objective._evaluate(take))

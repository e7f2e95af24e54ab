"""An evolution strategy over a chip tune: nothing here has a gradient, neither the instrument nor the oracle.

Reference: H.-G. Beyer, H.-P. Schwefel, Evolution strategies: A comprehensive introduction, 2002.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from proofs import System
from torch import Tensor

from orchestra_core import Brief, Canvas, Dimension, Instrument, Oracle, Parameter, Problem, Schedule
from orchestra_match.match import Match

CANVAS = Canvas(duration=0.5, sample_rate=8_000, level="as_is")
TONES = 8


class ChipTune(Instrument):
    """Square waves of whole periods at sixteen volumes: every value is rounded before it sounds."""

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        period = torch.full((len(brief), TONES), 40.0)
        volume = torch.full((len(brief), TONES), 0.5)
        return (
            Parameter("period", "pitch", period, "samples", 8.0, 128.0),
            Parameter("volume", "dynamics", volume, "1", 0.0, 1.0),
        )

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        period, volume = values["period"].round(), (values["volume"] * 15).round() / 15
        tone = torch.arange(canvas.samples) * TONES // canvas.samples
        position = torch.arange(canvas.samples) % period[:, tone]
        return torch.where(position < period[:, tone] / 2, volume[:, tone], -volume[:, tone])


class Counting(Oracle):
    """Counts: zero crossings per second, and the share of samples louder than a quarter of full scale, in per cent."""

    sample_rates = (8_000,)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return (Dimension("crossings", 0.0, 1000.0, "1/s"), Dimension("loud", 0.0, 100.0, "%"))

    def _read(self, clips: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        crossings = ((clips[:, 1:] >= 0) != (clips[:, :-1] >= 0)).sum(dim=1)
        loud = (clips.abs() > 0.25).sum(dim=1)
        return {"crossings": crossings * sample_rate / clips.shape[1], "loud": 100.0 * loud / clips.shape[1]}


class Evolution(Schedule):
    """Draws candidates around where each item stands, moves to the weighted mean of the best quarter, narrows."""

    def __init__(self, generations: int = 40, candidates: int = 16, spread: float = 0.6, narrowing: float = 0.95) -> None:
        self.generations, self.candidates = generations, candidates
        self.spread, self.narrowing = spread, narrowing

    def _optimize(self, problem: Problem) -> None:
        batch, count = len(problem.brief), self.candidates
        rows = torch.arange(batch).repeat_interleave(count)
        weights = dict.fromkeys(problem.terms, 1.0)
        stage = problem.stage("evolve", groups=("all",), weights=weights, steps=self.generations)
        for step in stage:
            spread = self.spread * self.narrowing**step.index
            drawn = {
                name: leaf[:, None] + spread * problem.generator.randn(count, *leaf.shape[1:])
                for name, leaf in stage.coordinates.items()
            }
            flat = {name: candidates.detach().flatten(0, 1) for name, candidates in drawn.items()}
            best = stage.losses(flat, rows).reshape(batch, count).argsort(dim=1, stable=True)[:, : count // 4]
            with torch.no_grad():
                for name, leaf in stage.coordinates.items():
                    leaf.copy_(torch.stack([drawn[name][i, best[i]].mean(dim=0) for i in range(batch)]))
                step.loss()


def brief(seeds: Sequence[int]) -> Brief:
    """Ask for other counts with each seed."""
    crossings = torch.tensor([250.0 + 60 * (seed % 5) for seed in seeds])
    loud = torch.tensor([30.0 + 15 * (seed % 4) for seed in seeds])
    return Brief(CANVAS, {"crossings": crossings, "loud": loud}, torch.tensor(seeds))


def system() -> System:
    """Return the whole system."""
    return System(ChipTune(), Match(Counting()), Evolution(), brief)

"""The work that is measured, through the project's public names.

A worker imports this from a checkout of another commit too: it uses only what has been there from the first benchmark on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Instrument, Note, Objective, Ref, Score, ScoreSource, build
from orchestra_core.problem import Evaluator, Problem
from orchestra_piano import PianoAdsr, ReferenceScore, published_piano
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

#: Asked of every piece; no optimisation reaches it, so that no item stops early.
TARGETS = {"arousal": 0.9, "valence": -0.9}


def piano(partials: int = 8) -> Instrument:
    """Return the default piano with so many partials."""
    return PianoAdsr(partials=partials)


def literal_piano() -> Instrument:
    """Return the published piano: one partial, its envelope, edges and start."""
    instrument = build("instrument", {"name": "piano_adsr", "config": vars(published_piano())}).component
    assert isinstance(instrument, PianoAdsr)
    return instrument


@cache
def objective() -> Objective:
    """Return match with the network on mel bands, which the straightforward way has too."""
    oracle = Ref("oracle", "deam_cnn", {"model": "three_conv"})
    made = build("objective", {"name": "match", "config": {"oracle": oracle}}).component
    assert isinstance(made, Objective)
    return made


class Spread(ScoreSource):
    """So many notes of a scale, evenly over 0.7 of the canvas, each as long as in the reference score unless said."""

    def __init__(self, notes: int, duration: float = 0.3) -> None:
        self._notes, self._duration = notes, duration

    def _write(self, brief: Brief, choice: Mapping[str, object], generator: object) -> Score:
        onsets = torch.linspace(0.0, 0.7 * brief.canvas.duration, self._notes, dtype=torch.float64).tolist()
        pitches = (40 + 7 * number % 29 for number in range(self._notes))
        return Score(tuple(Note(pitch, onset, self._duration, 0.8) for pitch, onset in zip(pitches, onsets, strict=True)))


def problem(
    instrument: Instrument,
    batch: int = 1,
    score: ScoreSource | None = None,
    duration: float = 5.0,
    device: str | torch.device = "cpu",
    sample_rate: int | None = None,
) -> Problem:
    """Return an optimisation problem as a pipeline makes it, by default at the rate that it would choose."""
    evaluator = Evaluator(instrument, objective())
    canvas = Canvas(duration=duration)
    brief = Brief(
        canvas=canvas.at(sample_rate or evaluator.working_rate(canvas.sample_rate)),
        targets={name: torch.full((batch,), target, device=device) for name, target in TARGETS.items()},
        seeds=torch.arange(batch, device=device),
    )
    return Problem(evaluator, brief, source=score or ReferenceScore())


class Steps:
    """So many steps of the default schedule's loop, always from the same start."""

    def __init__(self, problem: Problem, steps: int) -> None:
        self.problem = problem
        self._schedule = Staged(stages=(StageConfig("measured", ("all",), steps=steps),), search=0)
        self._start = dict(problem.values)

    def __call__(self) -> None:
        self.problem.values = dict(self._start)
        self.problem.state.rows.clear()
        self._schedule.optimize(self.problem)


def evaluation(problem: Problem) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Return the values that move, as leaves with gradients of the summed loss, the readings, and the audio."""
    moved = {p.name for p in problem.parameters if not p.fixed}
    values = {name: v.detach().clone().requires_grad_(name in moved) for name, v in problem.values.items()}
    heard = problem.evaluator.hear_unchecked(values, problem.brief, problem.brief.generator("measured"))
    torch.stack(list(heard.evaluation.terms.values())).sum().backward()
    return values, dict(heard.evaluation.readings), heard.take.audio.detach()


def weights() -> Path:
    """Return the file of that network's weights."""
    from orchestra_deam.oracle import weights_path

    return weights_path("three_conv")

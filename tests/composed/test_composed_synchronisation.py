"""The inner loop never asks what a tensor holds: on an accelerator the host would have to wait for it.

There need be no accelerator here: every way of asking is an operation of torch, and those are watched on the CPU.
"""

from __future__ import annotations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from orchestra_core import Brief, Canvas, Problem
from orchestra_core.problem import Evaluator
from orchestra_core.problem.step import Step
from orchestra_deam.oracle import DeamCNN
from orchestra_match.match import Match
from orchestra_piano import PianoAdsr, ReferenceScore
from orchestra_staged.config import StageConfig
from orchestra_staged.per_item import Patience, clip_gradients

#: The operations whose result, or the shape of it, the host waits for.
ASKING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "is_nonzero", "equal", "repeat_interleave.Tensor")


class Watch(TorchDispatchMode):
    """Notes the operations that ask what a tensor holds."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = str(function).removeprefix("aten.")
        by_mask = name.startswith("index.") and any(index is not None and index.dtype == torch.bool for index in args[1])
        if by_mask or any(name.split(".")[0] == asking or name == asking for asking in ASKING):
            self.asked.append(name)
        return function(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def problem():
    targets = {"arousal": torch.tensor([0.2, -0.1]), "valence": torch.tensor([0.3, 0.0])}
    brief = Brief(Canvas(duration=1.0, sample_rate=22_050), targets, torch.tensor([1, 2]))
    return Problem(Evaluator(PianoAdsr(partials=2), Match(DeamCNN())), brief, source=ReferenceScore())


@pytest.mark.parametrize("question", [lambda x: x.item(), lambda x: bool(x > 0), lambda x: x[x > 0], lambda x: (x > 0).nonzero()])
def test_the_watch_sees_every_kind_of_question(question):
    with Watch() as watch:
        question(torch.ones(()))
    assert watch.asked


def test_reading_and_its_gradient_ask_nothing(problem):
    objective = problem.evaluator.objective
    audio = torch.randn(2, 22_050 * 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    objective.oracle.read_unchecked(audio, 22_050)  # filters are made once
    with Watch() as watch:
        readings = objective.oracle.read_unchecked(audio, 22_050)
        sum(reading.sum() for reading in readings.values()).backward()
    assert watch.asked == []
    assert audio.grad.abs().max() > 0


def test_what_happens_between_two_steps_asks_nothing(problem):
    stage = problem.stage("joint", groups=("all",), weights=dict.fromkeys(problem.terms, 1.0), steps=3)
    patience = Patience(StageConfig("joint", stop_patience=3), 2, torch.device("cpu"))
    step = Step(stage, 1)
    step.loss()
    with Watch() as watch:
        stage.stop(patience.step(step._loss.detach(), stage.rate))
        step.backward()
        clip_gradients(stage.coordinates.values(), 1.0)
        stage._move(stage.best)
        stage._recover(step)
    assert watch.asked == []

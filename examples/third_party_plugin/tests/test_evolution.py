"""The schedule: it descends without a gradient, item by item, and goes on where it was interrupted."""

from collections.abc import Mapping, Sequence

import pytest
import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Evaluation, Instrument, Objective, Parameter, Problem, Take
from orchestra_core.errors import ParameterError
from orchestra_core.problem import Evaluator
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_core.problem.history import Row
from orchestra_core.problem.listener import Listener
from orchestra_plucked.evolution import Evolution, rank_weights

CANVAS = Canvas(duration=0.01, sample_rate=4_000, level="as_is")


class Levels(Instrument):
    """Four steady levels, one for each quarter of the canvas."""

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        return (Parameter("level", "dynamics", torch.zeros(len(brief), 4)),)

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        return values["level"].repeat_interleave(canvas.samples // 4, dim=1)


class Hidden(Objective):
    """How far the audio is from levels that no gradient leads to: the samples are detached."""

    terms = ("distance",)
    wanted = torch.tensor([0.5, -1.0, 1.5, 0.0])

    def _evaluate(self, take: Take) -> Evaluation:
        levels = take.audio.detach().unflatten(1, (4, -1)).mean(dim=2)
        return Evaluation({"distance": (levels - self.wanted).square().sum(dim=1)}, {})


def problem_of(*seeds: int, listener: Listener | None = None, checkpoint: CheckpointFile | None = None) -> Problem:
    brief = Brief(CANVAS, {}, torch.tensor(seeds))
    return Problem(Evaluator(Levels(), Hidden()), brief, listener=listener, checkpoint=checkpoint)


def test_it_finds_the_minimum_without_a_gradient():
    problem = problem_of(1, 2)
    Evolution(generations=80, enough=0.0).optimize(problem)
    torch.testing.assert_close(problem.values["level"], Hidden.wanted.expand(2, 4), atol=0.02, rtol=0)


def test_an_item_takes_the_same_path_alone_as_in_a_batch():
    together, alone = problem_of(1, 2, 3), problem_of(2)
    for problem in (together, alone):
        Evolution(generations=10).optimize(problem)
    torch.testing.assert_close(together.values["level"][1:2], alone.values["level"], atol=1e-6, rtol=0)


def test_an_item_that_is_good_enough_stops():
    problem = problem_of(1)
    Evolution(generations=200, enough=0.5).optimize(problem)
    losses = [row.loss for row in problem.state.rows]
    assert len(losses) < 200
    assert losses[-1] < 0.5 <= min(losses[:-1])


def test_an_interrupted_run_ends_with_the_same_bits(tmp_path):
    whole = problem_of(1, 2)
    Evolution(generations=20).optimize(whole)

    class KilledError(Exception):
        pass

    class Killer(Listener):
        deliveries = 0

        def steps_finished(self, rows: Sequence[Row]) -> None:
            self.deliveries += 1
            if self.deliveries == 3:
                raise KilledError

    def file() -> CheckpointFile:
        return CheckpointFile(tmp_path / "checkpoint.pt", "one run", interval=0.0)

    with pytest.raises(KilledError):
        Evolution(generations=20).optimize(problem_of(1, 2, listener=Killer(), checkpoint=file()))
    resumed = problem_of(1, 2, checkpoint=file())
    assert resumed.state.resumed
    Evolution(generations=20).optimize(resumed)
    assert torch.equal(resumed.values["level"], whole.values["level"])
    assert [row.loss for row in resumed.state.rows] == [row.loss for row in whole.state.rows]


def test_weights_go_to_the_better_half_and_sum_to_one():
    weights = rank_weights(torch.tensor([[5.0, 1.0, 4.0, 2.0, 3.0, float("inf")]]))
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0].argsort(descending=True)[:3].tolist() == [1, 3, 4]
    assert (weights[0, [0, 2, 5]] == 0).all()


def test_a_population_that_is_too_small_is_refused():
    with pytest.raises(ParameterError, match="population is 2"):
        Evolution(population=2)

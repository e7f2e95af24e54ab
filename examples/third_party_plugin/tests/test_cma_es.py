"""The schedule: it descends without a gradient, every item by itself; what the conformance kit cannot know of it."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Evaluation, Instrument, Note, Objective, Parameter, Problem, Score, Take
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_core.problem import Evaluator
from orchestra_plucked.cma_es import CmaEs
from orchestra_plucked.instrument import Plucked

CANVAS = Canvas(duration=0.01, sample_rate=4_000, level="as_is")
WANTED = torch.tensor([0.5, -1.0, 1.5, 0.0])


class Levels(Instrument):
    """Four steady levels, one for each quarter of the canvas, in two groups."""

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        return tuple(Parameter(name, name, torch.zeros(len(brief), 2)) for name in ("early", "late"))

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        return torch.cat([values["early"], values["late"]], dim=1).repeat_interleave(canvas.samples // 4, dim=1)


class Hidden(Objective):
    """How far the audio is from levels that no gradient leads to: the samples are detached."""

    terms = ("distance",)

    def _evaluate(self, take: Take) -> Evaluation:
        off = take.audio.detach().unflatten(1, (4, -1)).mean(dim=2) - WANTED
        return Evaluation({"distance": self.height(off)}, {})

    def height(self, off: Tensor) -> Tensor:
        return off.square().sum(dim=1)


class Valley(Hidden):
    """A narrow valley across all axes: no coordinate by itself leads down."""

    def height(self, off: Tensor) -> Tensor:
        return off.mean(dim=1).square() + 100 * (off - off.mean(dim=1, keepdim=True)).square().sum(dim=1)


def problem_of(*seeds: int, objective: Objective | None = None, budget: int | None = None) -> Problem:
    return Problem(Evaluator(Levels(), objective or Hidden()), Brief(CANVAS, {}, torch.tensor(seeds)), budget=budget)


def solved(schedule: CmaEs, problem: Problem) -> Tensor:
    """Return the levels (batch, 4) that a schedule finds."""
    schedule.optimize(problem)
    return torch.cat([problem.values["early"], problem.values["late"]], dim=1)


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_it_finds_the_minimum_without_a_gradient(covariance):
    found = solved(CmaEs(steps=120, enough=1e-6, covariance=covariance), problem_of(1, 2))
    torch.testing.assert_close(found, WANTED.expand(2, 4), atol=0.01, rtol=0)


def test_a_full_covariance_learns_that_coordinates_move_together():
    lost = {}
    for covariance in ("full", "diagonal"):
        found = solved(CmaEs(steps=60, enough=0.0, covariance=covariance), problem_of(1, 2, 3, objective=Valley()))
        lost[covariance] = Valley().height(found - WANTED).max()
    assert lost["full"] < 0.1 * lost["diagonal"]


class Onsets(Objective):
    """How far all onsets are from 0.1 s."""

    terms = ("late",)

    def _evaluate(self, take: Take) -> Evaluation:
        off = torch.where(take.values["mask"], take.values["onset"] - 0.1, 0.0)
        return Evaluation({"late": off.square().sum(dim=1)}, {})


def test_an_item_takes_the_same_path_alone_as_beside_one_of_more_notes():
    short, long = (Score(tuple(Note(60, 0.05 * i, 0.1) for i in range(1, count + 1))) for count in (2, 5))

    def onsets(scores: tuple[Score, ...], seeds: list[int]) -> Tensor:
        brief = Brief(Canvas(duration=0.4, sample_rate=4_000, level="as_is"), {}, torch.tensor(seeds), scores=scores)
        problem = Problem(Evaluator(Plucked(modes=1), Onsets()), brief)
        CmaEs(steps=8, enough=0.0).optimize(problem)
        return problem.values["onset"]

    together, alone = onsets((long, short), [1, 2]), onsets((short,), [2])
    assert torch.equal(together[1, :2], alone[0])


class Loudness(Objective):
    """How far the one amplitude is from 0.3."""

    terms = ("off",)

    def _evaluate(self, take: Take) -> Evaluation:
        return Evaluation({"off": (take.values["amplitude"][:, 0] - 0.3).square()}, {})


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_a_single_coordinate_is_enough(covariance):
    canvas = Canvas(duration=0.2, sample_rate=4_000, level="as_is")
    brief = Brief(canvas, {}, torch.tensor([1]), scores=(Score((Note(60, 0.05, 0.1),)),))
    problem = Problem(Evaluator(Plucked(modes=1), Loudness()), brief)
    CmaEs(groups=("dynamics",), enough=1e-5, covariance=covariance).optimize(problem)
    assert problem.values["amplitude"].item() == pytest.approx(0.3, abs=0.01)


def test_only_the_groups_it_is_told_of_move():
    found = solved(CmaEs(groups=("late",), steps=60, enough=1.25 + 1e-3), problem_of(1))
    assert (found[0, :2] == 0).all()
    torch.testing.assert_close(found[0, 2:], WANTED[2:], atol=0.05, rtol=0)


def test_an_item_that_is_good_enough_stops_and_is_evaluated_no_more():
    class FarForTwo(Hidden):
        def _evaluate(self, take: Take) -> Evaluation:
            found = super()._evaluate(take).terms["distance"]
            return Evaluation({"distance": found + 10.0 * (take.brief.seeds == 2)}, {})

    problem = problem_of(1, 2, objective=FarForTwo())
    CmaEs(steps=40, population=6, enough=0.5).optimize(problem)
    first, second = problem.meter.counts.tolist()
    assert first < second == 40 * 7  # a generation, and its mean
    losses = [row.loss for row in problem.state.rows if row.item == 0]
    assert losses[-1] < 0.5 <= min(losses[:-1])


def test_the_budget_ends_it_within_a_generation():
    problem = problem_of(1, 2, budget=20)
    CmaEs(population=6).optimize(problem)
    assert 20 <= problem.meter.counts.max() < 20 + 7


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"population": 2}, "population is 2"),
        ({"sigma": 0.0}, "sigma is 0.0"),
        ({"groups": ()}, "groups is empty"),
        ({"covariance": "block"}, "covariance is 'block'"),
    ],
)
def test_what_it_cannot_use_is_refused(wrong, said):
    with pytest.raises(ParameterError, match=said):
        CmaEs(**wrong)


def test_groups_the_instrument_has_not_are_refused_before_any_work():
    problem = problem_of(1)
    with pytest.raises(IncompatibleError, match=r"moves the groups timbre; the instrument has only early, late"):
        CmaEs(groups=("timbre", "late")).optimize(problem)
    assert problem.meter.counts.sum() == 0

"""Rows by themselves: their gradients, how many at a time, and that nothing of it changes a bit."""

from __future__ import annotations

import threading
import weakref

import pytest
import torch
from workshop import CANVAS, Constant, Squared

from orchestra_core import Brief, Evaluation, Problem
from orchestra_core.problem import Evaluator


class Waves(Squared):
    """`Squared` with work enough to be cut into threads, and a record of who did it."""

    def __init__(self):
        self.seen = []

    def _evaluate(self, take):
        self.seen.append((threading.get_ident(), torch.get_num_threads(), torch.is_grad_enabled()))
        mixed = torch.sin(take.audio.repeat(1, 600) @ torch.linspace(0, 1, 600 * take.audio.shape[1], dtype=torch.float64))
        plain = super()._evaluate(take)
        return Evaluation({**plain.terms, "distance": plain.terms["distance"] + mixed**2}, plain.readings)


class Failing(Squared):
    def _evaluate(self, take):
        raise ArithmeticError(f"item {int(take.values['which'])} cannot be heard")


class Graph:
    """Lives as long as the graph that it is part of."""


class Kept(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, graph):
        ctx.graph = graph
        return value.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class Counting(Squared):
    """Notes how many graphs there are at each evaluation."""

    def __init__(self):
        self.alive = weakref.WeakSet()
        self.counts = []

    def _evaluate(self, take):
        graph = Graph()
        self.alive.add(graph)
        self.counts.append(len(self.alive))
        plain = super()._evaluate(take)
        return Evaluation({name: Kept.apply(term, graph) for name, term in plain.terms.items()}, plain.readings)


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def workshop(objective, batch=5):
    brief = Brief(CANVAS, {"level": torch.linspace(-1, 1, batch, dtype=torch.float64)}, torch.arange(batch))
    return Problem(Evaluator(Constant(), objective), brief)


def moved(problem):
    return {
        name: value.clone().add(0.1 * torch.arange(len(value))).requires_grad_()
        for name, value in problem.values.items()
        if name != "which"
    }


def weighed(evaluation):
    return 2 * evaluation.terms["distance"] + evaluation.terms["prior"]


def test_losses_and_gradients_are_those_of_a_differentiable_evaluation():
    problem = workshop(Squared())
    values, same = moved(problem), moved(problem)
    evaluation, losses = problem.descend(weighed, values)
    expected = weighed(problem.evaluate(same))
    weights = torch.linspace(1, 2, 5)
    (losses * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(losses, expected)
    assert not any(term.requires_grad for term in evaluation.terms.values())
    for name in values:
        torch.testing.assert_close(values[name].grad, same[name].grad, rtol=1e-12, atol=0)


def test_several_candidates_of_an_item_each_have_their_gradient():
    problem, rows = workshop(Squared()), torch.tensor([3, 3, 0])
    values = {name: torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64, requires_grad=True) for name in ("coarse", "fine")}
    _, losses = problem.descend(weighed, values, rows)
    losses.sum().backward()
    level = torch.tensor([0.2, 0.4, 0.6], dtype=torch.float64)
    expected = 4 * (level - problem.brief.targets["level"][rows])
    torch.testing.assert_close(values["fine"].grad, expected)
    assert problem.meter.counts.tolist() == [1, 0, 0, 2, 0]


def test_losses_that_depend_on_no_value_need_no_gradient():
    problem = workshop(Squared())
    _, losses = problem.descend(lambda evaluation: evaluation.terms["prior"].detach(), moved(problem))
    assert not losses.requires_grad


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_number_of_threads_changes_no_bit(threads, count):
    def run(number):
        threads(number)
        problem = workshop(Waves())
        values = moved(problem)
        _, losses = problem.descend(weighed, values)
        losses.sum().backward()
        return [losses.detach(), *(value.grad for value in values.values())]

    assert all(torch.equal(a, b) for a, b in zip(run(1), run(count), strict=True))


def test_rows_run_side_by_side_with_one_thread_each(threads):
    threads(2)
    objective = Waves()
    problem = workshop(objective, batch=12)
    problem.descend(weighed, moved(problem))
    assert {number for _, number, _ in objective.seen} == {1}
    assert threading.get_ident() not in {thread for thread, _, _ in objective.seen}
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("count", [1, 2])
def test_threads_keep_to_the_gradient_mode_of_the_caller(threads, count):
    threads(count)
    objective = Waves()
    problem = workshop(objective)
    with torch.no_grad():
        evaluation = problem.evaluate()
    assert not any(graph for _, _, graph in objective.seen)
    assert not evaluation.terms["distance"].requires_grad


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_in_a_row_reaches_the_caller_and_leaves_the_threads_as_they_were(threads, count):
    threads(count)
    with pytest.raises(ArithmeticError, match="item 0 cannot be heard"):
        workshop(Failing()).evaluate()
    assert torch.get_num_threads() == count


def test_one_row_is_held_in_memory_at_a_time(threads):
    threads(1)
    objective = Counting()
    problem = workshop(objective, batch=12)
    _, losses = problem.descend(weighed, moved(problem))
    losses.sum().backward()
    assert objective.counts == [1] * 12
    kept = problem.evaluate(moved(problem))
    assert kept.terms["distance"].requires_grad
    assert objective.counts[12:] == list(range(1, 13))

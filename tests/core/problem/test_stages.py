"""What a stage does between two steps: what moves, what is kept, who stops, and what happens when a number is lost."""

import math

import pytest
import torch
from workshop import Constant, Counts, Diary, Melody, Squared, TotalOnly, descend, make

from orchestra_core.errors import NonFiniteError, ParameterError, UnknownNameError

WEIGHTS = {"distance": 1.0}


def level(problem):
    return problem.values["coarse"] + problem.values["fine"]


def test_plain_descent_follows_the_closed_form():
    problem = make((1.0, -2.0))
    descend(problem.stage("s", groups=("big",), weights=WEIGHTS, steps=10), rate=0.1)
    # x <- x - 0.1 * 2 (x - t) from 0: the best of ten evaluations is the tenth, after nine moves.
    expected = torch.tensor([1.0, -2.0], dtype=torch.float64) * (1 - 0.8**9)
    torch.testing.assert_close(level(problem), expected)
    assert [row.loss for row in problem.state.rows if row.item == 1] == pytest.approx([4 * 0.64**k for k in range(10)])


@pytest.mark.parametrize(("groups", "moved"), [(("big",), {"coarse"}), (("small",), {"fine"}), (("all",), {"coarse", "fine"})])
def test_only_the_declared_groups_move_and_fixed_values_never(groups, moved):
    problem = make()
    before = dict(problem.values)
    descend(problem.stage("s", groups=groups, weights=WEIGHTS, steps=3))
    assert {name for name, value in problem.values.items() if not torch.equal(value, before[name])} == moved


def test_terms_weigh_what_the_stage_says_and_unnamed_ones_nothing():
    problem = make((1.0,))
    descend(problem.stage("s", groups=("big",), weights={"distance": 1.0, "prior": 3.0}, steps=200), rate=0.05)
    assert float(level(problem)) == pytest.approx(0.25, abs=1e-6)  # minimum of (x - 1)^2 + 3 x^2


@pytest.mark.parametrize(
    ("groups", "weights", "message"),
    [
        (("bigg",), WEIGHTS, "Unknown group in stage 's' 'bigg'. Did you mean 'big'. Known: all, big, small"),
        (("which",), WEIGHTS, "Unknown group in stage 's' 'which'"),
        (("big",), {"distanc": 1.0}, "Unknown loss term in stage 's' 'distanc'. Did you mean 'distance'"),
    ],
)
def test_an_unknown_group_or_term_is_named_with_close_matches(groups, weights, message):
    with pytest.raises(UnknownNameError, match=message.replace("?", ".")):
        make().stage("s", groups=groups, weights=weights, steps=1)


def test_each_item_ends_at_its_best_values_not_its_last():
    problem = make((1.0, -2.0))
    descend(problem.stage("s", groups=("big",), weights=WEIGHTS, steps=8), rate=1.05)  # diverges: factor -1.1 per step
    torch.testing.assert_close(level(problem), torch.zeros(2, dtype=torch.float64))
    assert problem.state.rows[-1].loss > problem.state.rows[0].loss


def test_a_stopped_item_stands_still_while_the_others_go_on():
    problem = make((1.0, -2.0))
    stage = problem.stage("s", groups=("big",), weights=WEIGHTS, steps=9)
    seen = []

    def stop_first(step):
        seen.append(float(stage.coordinates["coarse"].detach()[0]))
        if step.index == 3:
            stage.stop(torch.tensor([True, False]))

    descend(stage, after=stop_first)
    assert seen[3:] == [seen[3]] * 6
    assert [sum(row.item == i for row in problem.state.rows) for i in (0, 1)] == [4, 9]
    torch.testing.assert_close(level(problem), torch.tensor([1 - 0.8**3, -2 * (1 - 0.8**8)], dtype=torch.float64))


def test_a_stage_ends_when_every_item_has_stopped():
    problem = make()
    stage = problem.stage("s", groups=("big",), weights=WEIGHTS, steps=100)
    descend(stage, after=lambda step: stage.stop(torch.tensor([step.index >= 2, step.index >= 4])))
    assert stage.step == 5


def test_a_rate_scales_the_move_of_its_item_under_any_optimiser():
    problem = make((1.0, 1.0))
    stage = problem.stage("s", groups=("big",), weights=WEIGHTS, steps=2)
    stage.rate[1] = 0.5
    descend(stage, rate=0.1)
    assert level(problem).tolist() == pytest.approx([0.2, 0.1])


def test_a_neighbour_that_is_not_finite_changes_nothing_for_the_others():
    def spoil(level, values):  # item 1 is NaN wherever its coarse part has moved below -0.5
        return torch.where((values["which"] == 1) & (values["coarse"] < -0.5), math.nan, level)

    alone = make((1.0,))
    descend(alone.stage("s", groups=("big",), weights=WEIGHTS, steps=20))
    beside = make((1.0, -2.0), Constant(spoil))
    descend(beside.stage("s", groups=("big",), weights=WEIGHTS, steps=20))
    assert torch.equal(level(beside)[0], level(alone)[0])
    assert torch.isfinite(level(beside)).all()
    assert level(beside)[1] < -0.3


def test_a_loss_that_is_not_finite_is_named_and_the_item_goes_back_to_its_best():
    calls = []

    def spoil(level, values):
        calls.append(len(calls))
        return level * math.nan if len(calls) == 4 else level

    problem = make((1.0,), Constant(spoil))
    descend(problem.stage("warm up", groups=("big",), weights=WEIGHTS, steps=8))
    events = [row.event for row in problem.state.rows if row.event]
    assert len(events) == 1
    assert events[0].startswith("Stage 'warm up', step 3, item 0: the loss is not finite (terms: distance")
    assert "Went back to the best values" in events[0]
    after = [row.loss for row in problem.state.rows if row.step in (2, 4)]
    assert after[0] == after[1]  # it begins again from the best of the steps before


def test_a_gradient_that_is_not_finite_is_named_by_parameter():
    def spoil(level, values):  # sqrt has an infinite slope at 0, and 0 * inf is NaN in the gradient only
        edge = (values["coarse"] - values["coarse"].detach()).abs()
        return level + torch.where(values["coarse"] > 0.3, edge.sqrt() * 0.0, 0.0)

    problem = make((1.0,), Constant(spoil))
    descend(problem.stage("s", groups=("all",), weights=WEIGHTS, steps=8))
    events = [row.event for row in problem.state.rows if row.event]
    assert events
    assert "the gradient is not finite (terms: all finite; parameters: coarse)" in events[0]
    assert torch.isfinite(level(problem)).all()


def test_an_item_that_keeps_failing_stops_with_its_best_values():
    def spoil(level, values):
        return torch.where(values["coarse"] != 0, math.nan, level)

    problem = make((1.0,), Constant(spoil))
    stage = problem.stage("s", groups=("big",), weights=WEIGHTS, steps=100)
    descend(stage)
    assert stage.step < 40
    assert float(level(problem)) == 0.0


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_an_item_without_a_finite_start_raises_with_its_name_unless_only_the_gradient_is_lost(what):
    if what == "loss":
        problem = make((1.0, 2.0), Constant(lambda level, values: torch.where(values["which"] == 1, math.nan, level)))
        with pytest.raises(NonFiniteError, match=r"'first', step 0, item 1: the loss is not finite.*no earlier finite state"):
            descend(problem.stage("first", groups=("big",), weights=WEIGHTS, steps=5))
    else:
        problem = make((1.0,), Constant(lambda level, values: level + (values["coarse"] * 0).abs().sqrt() * 0))
        descend(problem.stage("first", groups=("big",), weights=WEIGHTS, steps=5))
        assert float(level(problem)) == 0.0


def test_a_loop_that_is_left_early_still_keeps_the_best_values():
    problem = make((1.0,))
    stage = problem.stage("s", groups=("big",), weights=WEIGHTS, steps=50)
    optimizer = torch.optim.SGD(list(stage.coordinates.values()), lr=0.1)
    for step in stage:
        step.loss()
        step.backward()
        optimizer.step()
        if step.index == 3:
            break
    assert float(level(problem)) == pytest.approx(1 - 0.8**3)


def test_a_budget_ends_stages_and_skips_the_rest():
    problem = make((1.0,), budget=7)
    for name in ("first", "second", "third"):
        descend(problem.stage(name, groups=("big",), weights=WEIGHTS, steps=5))
    assert [row.stage for row in problem.state.rows] == ["first"] * 5 + ["second"] * 2
    assert problem.exhausted


def test_rows_come_in_order_every_few_steps_and_all_by_the_end_of_a_stage():
    diary = Diary()
    problem = make((1.0, -2.0), listener=diary)
    descend(problem.stage("a", groups=("big",), weights=WEIGHTS, steps=7))
    descend(problem.stage("b", groups=("all",), weights=WEIGHTS, steps=2))
    assert diary.stages == [("a", 7), ("b", 2)]
    assert [len(rows) for rows in diary.deliveries] == [10, 4, 4]
    told = [(row.stage, row.step, row.item) for rows in diary.deliveries for row in rows]
    assert told == [(s, k, i) for s, n in (("a", 7), ("b", 2)) for k in range(n) for i in (0, 1)]
    assert [row for rows in diary.deliveries for row in rows] == problem.state.rows
    first = problem.state.rows[1]
    assert (first.terms, first.readings) == ({"distance": 4.0, "prior": 0.0}, {"level": 0.0})


def test_candidates_are_weighed_row_by_row_without_a_gradient():
    problem = make((1.0, -2.0))
    stage = problem.stage("s", groups=("big",), weights=WEIGHTS, steps=1)
    losses = stage.losses({"coarse": torch.tensor([0.0, 1.0, 2.0, -2.0], dtype=torch.float64)}, torch.tensor([0, 0, 1, 1]))
    assert losses.tolist() == [1.0, 0.0, 16.0, 0.0]
    assert not losses.requires_grad


def notes(targets, **options):
    return make(targets, Melody(), TotalOnly(), source=Counts(), **options)


def test_a_branch_leaves_the_problem_as_it_was():
    problem = notes((0.5, 2.5))
    before, scores = dict(problem.values), problem.brief.scores
    branch = problem.branch({"notes": 5})
    branch.values["level"].fill_(9.0)
    branch.evaluate()
    assert problem.brief.scores == scores
    assert all(torch.equal(problem.values[name], before[name]) for name in before)
    assert branch.values["level"].shape == (2, 5)
    assert problem.meter.counts.tolist() == [1] * len(problem.brief)


def test_each_item_adopts_its_own_best_choice_whatever_the_number_of_notes():
    from orchestra_staged.search import search

    problem = notes((0.5, 2.5, 1.4))
    search(problem, 4)
    assert [choice["notes"] for choice in problem.choices] == [1, 5, 3]
    assert problem.values["mask"].sum(dim=1).tolist() == [1, 5, 3]
    assert problem.evaluate().readings["level"].tolist() == pytest.approx([0.5, 2.5, 1.5])
    assert [problem.item(i)[2]["level"].shape for i in range(3)] == [(1, 1), (1, 5), (1, 3)]


def test_adopting_nothing_changes_nothing_and_choices_may_differ_by_item():
    problem = notes((0.5, 2.5))
    problem.adopt(problem.branch({"notes": 5}), torch.tensor([False, False]))
    assert [choice["notes"] for choice in problem.choices] == [2, 2]
    branch = problem.branch([{"notes": 1}, {"notes": 3}])
    assert [len(score.notes) for score in branch.brief.scores] == [1, 3]


def test_candidates_of_the_same_items_are_evaluated_together_and_the_best_is_adopted():
    problem = notes((0.5, 2.5))
    items = torch.tensor([0, 1, 1, 0, 1])
    branch = problem.branch([{"notes": n} for n in (5, 1, 2, 1, 3)], items)
    levels = branch.evaluate().readings["level"]
    assert levels.tolist() == pytest.approx([2.5, 0.5, 1.0, 0.5, 1.5])
    assert problem.meter.counts.tolist() == [2, 3]
    problem.adopt(branch, torch.tensor([True, True]), torch.tensor([3, 4]))
    assert [choice["notes"] for choice in problem.choices] == [1, 3]
    assert problem.evaluate().readings["level"].tolist() == pytest.approx([0.5, 1.5])


def test_a_candidate_is_what_its_item_would_be_alone():
    problem, choices = notes((0.5, 2.5)), [{"notes": 3}, {"notes": 5}]
    together = problem.branch(choices, torch.tensor([1, 1]))
    alone = [problem.branch(choice, torch.tensor([1])) for choice in choices]
    assert together.brief.scores == tuple(branch.brief.scores[0] for branch in alone)
    assert torch.equal(together.generator.rand(3), torch.cat([branch.generator.rand(3) for branch in alone]))
    assert together.evaluate().terms["distance"].tolist() == [float(branch.evaluate().terms["distance"]) for branch in alone]


def test_candidates_descend_and_stop_where_the_budget_of_their_item_is_spent():
    problem = notes((0.5, 2.5), budget=6)
    branch = problem.branch([{"notes": 1}, {"notes": 2}, {"notes": 1}], torch.tensor([0, 0, 1]))
    stage = branch.stage("s", groups=("all",), weights=dict.fromkeys(branch.terms, 1.0), steps=100)
    descend(stage)
    assert problem.meter.counts.tolist() == [6, 6]  # three steps of two candidates, six of one
    assert branch.exhausted
    assert problem.meter.spent.tolist() == [True, True]


def test_what_cannot_be_branched_is_refused():
    with pytest.raises(ParameterError, match="no score source"):
        make().branch({"notes": 1})
    with pytest.raises(ParameterError, match="3 choices were given for 2 items"):
        notes((0.5, 2.5)).branch([{}, {}, {}])
    with pytest.raises(ParameterError, match=r"Choice 'notes' is 7; expected one of \[2, 1, 5, 3\]"):
        notes((0.5, 2.5)).branch({"notes": 7})


def test_what_is_declared_is_what_can_be_moved_and_weighed():
    problem = make()
    assert problem.groups == {"big", "small"}
    assert problem.terms == set(Squared().terms)
    assert problem.choice_values == {}

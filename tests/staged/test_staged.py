"""The schedule `staged`: its presets, what it refuses up front, and what it does for each item by itself."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from orchestra_core import Brief, Canvas, Evaluation, Instrument, Objective, Parameter, Problem
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_core.problem import Evaluator
from orchestra_staged.config import DEFAULT, REFERENCE, StageConfig, StagedConfig
from orchestra_staged.per_item import Patience, clip_gradients
from orchestra_staged.search import combinations
from orchestra_staged.staged import Staged

CANVAS = Canvas(duration=0.01, sample_rate=8_000, level="as_is")


class Two(Instrument):
    """Two numbers as a constant signal: their sum."""

    def _parameters(self, brief):
        start = torch.zeros(len(brief), dtype=torch.float64)
        return (Parameter("a", "timing", start), Parameter("b", "timbre", start.clone()))

    def _render(self, values, canvas):
        return (values["a"] + values["b"])[:, None] * torch.ones(canvas.samples, dtype=torch.float64)


class Bowl(Objective):
    """A steep bowl over the sum."""

    @property
    def terms(self):
        return ("distance",)

    def _evaluate(self, take):
        level = take.audio.mean(dim=1)
        return Evaluation({"distance": 3 * (level - take.targets["level"]) ** 2}, {"level": level})


def solve(stages, targets=(1.0, -2.0)):
    brief = Brief(CANVAS, {"level": torch.tensor(targets, dtype=torch.float64)}, torch.arange(len(targets)))
    problem = Problem(Evaluator(Two(), Bowl()), brief)
    Staged(stages=stages).optimize(problem)
    return problem


# Presets


def test_the_reference_preset_is_the_published_one():
    one, two, three = REFERENCE.stages
    assert (set(one.groups), dict(one.weights)) == ({"timing", "dynamics"}, {"arousal": 1.0})
    assert (one.learning_rate, one.steps) == (0.05, 120)
    assert (set(two.groups), dict(two.weights)) == ({"timing", "envelope"}, {"arousal": 1.0, "valence": 2.5})
    assert (two.learning_rate, two.steps) == (0.03, 250)
    assert (three.groups, dict(three.weights)) == (("all",), {"arousal": 1.0, "valence": 1.0})
    assert (three.learning_rate, three.steps, three.plateau_factor, three.plateau_patience) == (0.1, 320, 0.5, 30)
    assert all((stage.optimizer, stage.clip) == ("adam", 1.0) and stage.stop_patience > 0 for stage in REFERENCE.stages)
    assert [stage.plateau_factor for stage in (one, two)] == [1.0, 1.0]
    assert REFERENCE.search == 0


def test_the_configuration_makes_the_schedule():
    config = StagedConfig()
    default = Staged(config.preset, config.stages, config.search)
    assert (default.stages, default.search) == (DEFAULT.stages, DEFAULT.search)
    assert Staged("reference").stages == REFERENCE.stages
    assert Staged(search=5).search == 5


def test_own_stages_replace_the_preset_and_search_nothing_unless_asked():
    own = (StageConfig("own"),)
    assert (Staged(stages=own).stages, Staged(stages=own).search) == (own, 0)
    assert Staged(stages=own, search=3).search == 3


# Refusals


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "lbfgs"}, "Stage 's': optimizer is 'lbfgs'; expected one of adam, adamw, rmsprop, sgd"),
        ({"steps": -1}, "Stage 's': steps is -1; expected 0 or more"),
        ({"clip": -0.5}, "clip is -0.5"),
        ({"clip": float("nan")}, "clip is nan"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; expected a positive number"),
        ({"plateau_factor": 0.0}, r"plateau_factor is 0.0; expected a value in \(0, 1\]"),
        ({"plateau_factor": 1.5}, "plateau_factor is 1.5"),
        ({"stop_patience": -1}, "stop_patience is -1"),
    ],
)
def test_a_stage_that_makes_no_sense_is_refused_when_it_is_made(changes, message):
    with pytest.raises(ParameterError, match=message):
        Staged(stages=(StageConfig("s", **changes),))


def test_an_unknown_preset_names_those_there_are():
    with pytest.raises(ParameterError, match="preset is 'fast'; expected one of default, design, reference"):
        Staged("fast")


@pytest.mark.parametrize(
    ("stage", "groups", "terms", "message"),
    [
        (
            StageConfig("s", ("timing", "mix")),
            {"samples"},
            {"x"},
            "groups timing, mix; the instrument has only samples",
        ),
        (StageConfig("s", ("timing",)), set(), {"x"}, "the instrument has only none"),
        (
            StageConfig("s", weights={"valence": 1.0}),
            {"a"},
            {"style"},
            "loss term 'valence'; the objective has only style",
        ),
        (StageConfig("s"), set(), {"x"}, "no parameter that can be moved"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(stage, groups, terms, message):
    with pytest.raises(IncompatibleError, match=message):
        Staged(stages=(stage,)).check(frozenset(groups), frozenset(terms))


def test_a_stage_moves_those_of_its_groups_that_are_there():
    problem = solve((StageConfig("s", ("timing", "envelope"), steps=5),))
    assert problem.values["a"].abs().min() > 0
    assert problem.values["b"].tolist() == [0, 0]


# Descent


def test_adam_with_a_plateau_equals_torch_with_its_own_scheduler():
    config = StageConfig("s", ("timing",), learning_rate=0.3, steps=60, clip=1.0, plateau_factor=0.5, plateau_patience=3)
    ours = [row.loss for row in solve((config,), targets=(1.0,)).state.rows]
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.3)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=3, threshold=1e-3, eps=0)
    theirs = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = 3 * (x - 1.0).square().sum()
        theirs.append(float(loss.detach()))
        loss.backward()
        torch.nn.utils.clip_grad_norm_([x], 1.0)
        plateau.step(float(loss.detach()))
        optimizer.step()
    assert ours == pytest.approx(theirs, rel=1e-5, abs=2e-6)
    assert optimizer.param_groups[0]["lr"] < 0.3


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_optimiser_meets_the_targets(optimizer):
    problem = solve((StageConfig("s", optimizer=optimizer, learning_rate=0.02, steps=300, stop_loss=1e-6),))
    assert problem.evaluate().readings["level"].tolist() == pytest.approx([1.0, -2.0], abs=0.01)


def test_an_item_stops_once_its_loss_is_low_enough_whatever_the_others_do():
    problem = solve((StageConfig("s", learning_rate=0.05, steps=200, stop_loss=1e-2),), targets=(0.1, -2.0))
    last = [[row.loss for row in problem.state.rows if row.item == i] for i in (0, 1)]
    assert all(losses[-1] < 1e-2 <= min(losses[:-1]) for losses in last)
    assert len(last[0]) < len(last[1]) < 200


def test_an_item_stops_after_its_patience():
    # The bowl cannot be improved on: item 0 starts at its minimum.
    problem = solve((StageConfig("s", steps=50, stop_patience=7),), targets=(0.0, -2.0))
    assert sum(row.item == 0 for row in problem.state.rows) == 8


def test_clipping_is_by_item_over_all_its_coordinates():
    leaves = [torch.zeros(2, 2, requires_grad=True), torch.zeros(2, requires_grad=True)]
    leaves[0].grad = torch.tensor([[3.0, 0.0], [0.03, 0.0]])
    leaves[1].grad = torch.tensor([4.0, 0.04])
    clip_gradients(leaves, 1.0)
    assert leaves[0].grad[:, 0].tolist() == pytest.approx([0.6, 0.03])
    assert leaves[1].grad.tolist() == pytest.approx([0.8, 0.04])
    clip_gradients([torch.zeros(2, requires_grad=True)], 1.0)


def test_patience_takes_its_counters_up_again():
    losses = [torch.tensor([1.0, 1.0]), torch.tensor([0.5, 1.0]), torch.tensor([0.5, 1.0]), torch.tensor([0.5, 0.9])]
    config = StageConfig("s", plateau_factor=0.5, plateau_patience=1, stop_patience=2)
    whole, half, device = Patience(config, 2, torch.device("cpu")), Patience(config, 2, torch.device("cpu")), torch.device("cpu")
    rate = torch.ones(2)
    stopped = [whole.step(loss, rate).tolist() for loss in losses]
    assert stopped == [[False, False], [False, False], [False, True], [True, False]]
    assert rate.tolist() == [0.5, 0.5]
    other_rate = torch.ones(2)
    for loss in losses[:2]:
        half.step(loss, other_rate)
    resumed = Patience(config, 2, device)
    resumed.load_state_dict(half.state_dict())
    assert [resumed.step(loss, other_rate).tolist() for loss in losses[2:]] == stopped[2:]
    assert torch.equal(rate, other_rate)


# Search


VALUES = st.lists(st.integers(), min_size=1, max_size=4, unique=True)


@given(
    st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4),
    st.integers(1, 60),
)
def test_combinations_are_distinct_at_most_the_limit_and_begin_with_the_default(choices, limit):
    every = [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]
    some = combinations(choices, limit)
    assert len(some) == min(limit, len(every))
    assert some == every or (some == [c for c in every if c in some] and some[0] == every[0])


def test_a_product_too_large_to_list_is_still_sampled_evenly():
    choices = {f"choice {i}": tuple(range(10)) for i in range(30)}
    some = combinations(choices, 10)
    assert [combination["choice 0"] for combination in some] == list(range(10))


def test_the_preset_for_a_single_sound_moves_everything_in_one_stage_after_a_search():
    design = Staged("design")
    assert [stage.groups for stage in design.stages] == [("all",)] and design.search == 64
    design.check(frozenset({"pitch", "mix"}), frozenset({"brightness"}))

"""The schedule `search`: what it draws, how it halves, and where each item ends."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from orchestra_core import Brief, Canvas, Evaluation, Instrument, Note, Objective, Parameter, Problem, Score, ScoreSource
from orchestra_core.errors import ContractError, IncompatibleError, ParameterError
from orchestra_core.problem import Evaluator
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_staged.candidates import Space, key
from orchestra_staged.config import StageConfig
from orchestra_staged.population import Plan
from orchestra_staged.searching import Search

CANVAS = Canvas(duration=0.01, sample_rate=8_000, level="as_is")
PITCHES = tuple(range(60, 80))


class Grid(ScoreSource):
    """Twenty pitches, twenty places and five colours; a prior around the pitch that is asked."""

    @property
    def choices(self):
        return {"pitch": PITCHES, "place": tuple(range(20)), "colour": ("a", "b", "c", "d", "e")}

    def prior(self, brief):
        asked = 60 + 19 * float(brief.targets["pitch"][0])
        return {"pitch": [np.exp(-0.5 * ((pitch - asked) / 2) ** 2) for pitch in PITCHES]}

    def _write(self, brief, choice, generator):
        velocity = 0.5 + 0.02 * choice["place"] + (0.05 if choice["colour"] == "c" else 0.0)
        return Score((Note(choice["pitch"], 0.0, 0.01, velocity),))


class Told(Instrument):
    """Says its note's pitch and velocity in two samples, and adds a correction that can be moved."""

    capabilities = frozenset({"differentiable"})

    def _parameters(self, brief):
        notes = brief.notes(torch.float64)
        zero = torch.zeros(len(brief), dtype=torch.float64)
        return (
            Parameter("pitch", "fixed", notes.pitch[:, 0].double(), fixed=True),
            Parameter("velocity", "fixed", notes.velocity[:, 0].double(), fixed=True),
            Parameter("correction", "dynamics", zero, lower=-0.02, upper=0.02),
        )

    def _render(self, values, canvas):
        audio = torch.zeros(len(values["pitch"]), canvas.samples, dtype=torch.float64)
        audio[:, 0] = (values["pitch"] - 60) / 19
        return audio + torch.nn.functional.pad((values["velocity"] + values["correction"])[:, None], (1, canvas.samples - 2))


class Both(Objective):
    """Squared distances of pitch and velocity."""

    @property
    def terms(self):
        return ("pitch", "velocity")

    def _evaluate(self, take):
        read = {"pitch": take.audio[:, 0], "velocity": take.audio[:, 1]}
        return Evaluation({name: 100 * (read[name] - take.targets[name]) ** 2 for name in read}, read)


#: Pitches 70 and 79, and velocities that two places and a colour come to.
TARGETS = ((10 / 19, 0.7), (1.0, 0.93))


def problem(targets=TARGETS, seeds=None, source=None, **options):
    asked = torch.tensor(targets, dtype=torch.float64)
    brief = Brief(CANVAS, {"pitch": asked[:, 0], "velocity": asked[:, 1]}, torch.tensor(seeds or range(len(asked))))
    return Problem(Evaluator(Told(), Both()), brief, source=source or Grid(), **options)


def searched(asked=None, **config):
    asked = asked or problem()
    Search(**config).optimize(asked)
    return asked


def loss(asked):
    return sum(asked.evaluate().terms.values()).detach()


# What is drawn


def test_the_likeliest_comes_first_and_ties_go_to_the_default():
    space = Space({"mode": ("major", "minor"), "density": (2, 1, 4)}, {"density": (0.1, 0.5, 0.4)})
    assert space.likeliest == {"mode": "major", "density": 1}
    assert space.size == 6


def test_surprise_is_the_log_odds_against_the_likeliest():
    space = Space({"mode": ("major", "minor"), "density": (2, 1, 4)}, {"density": (0.1, 0.5, 0.0)})
    assert space.surprise({"mode": "minor", "density": 1}) == 0
    assert space.surprise({"mode": "minor", "density": 2}) == pytest.approx(np.log(5))
    assert 20 < space.surprise({"mode": "major", "density": 4}) < np.inf


def test_draws_follow_the_prior():
    space = Space({"density": (2, 1, 4)}, {"density": (1.0, 3.0, 0.0)})
    generator = np.random.default_rng(1)
    drawn = [space.drawn(generator, ())["density"] for _ in range(2000)]
    assert drawn.count(1) / 2000 == pytest.approx(0.75, abs=0.03)
    assert 4 not in drawn


@given(st.integers(0, 2**31), st.sampled_from(PITCHES))
def test_neighbours_differ_in_one_choice_or_two_and_numbers_go_one_step(seed, pitch):
    space = Space(Grid().choices, {})
    start = {"pitch": pitch, "place": 7, "colour": "c"}
    near = space.near(start, np.random.default_rng(seed), ())
    changed = [name for name in start if near[name] != start[name]]
    assert 1 <= len(changed) <= 2
    assert abs(near["pitch"] - pitch) <= 1
    assert abs(near["place"] - 7) <= 1
    assert near["pitch"] in PITCHES


def test_what_was_tried_comes_again_only_if_there_is_nothing_else():
    space = Space({"mode": ("major", "minor")}, {})
    generator = np.random.default_rng(1)
    assert {space.drawn(generator, {key({"mode": "major"})})["mode"] for _ in range(20)} == {"minor"}


@pytest.mark.parametrize("weights", [(1.0,), (1.0, -1.0), (0.0, 0.0), (1.0, float("nan"))])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(ContractError, match="The prior of the choice 'mode' is"):
        Space({"mode": ("major", "minor")}, {"mode": weights})


def test_a_prior_of_an_unknown_choice_is_refused_with_the_choices():
    with pytest.raises(ContractError, match=r"names the choice 'mod'; expected choices of \['mode', 'density'\]"):
        Space({"mode": ("major", "minor"), "density": (1, 2)}, {"mod": (1.0, 2.0)})


@pytest.mark.parametrize("prior", [None, 3.0, ["pitch"], {"pitch": 1.0}, {"pitch": None}, {"pitch": ("likely",)}])
def test_a_prior_that_is_no_mapping_to_weights_is_refused_with_who_returned_it(prior):
    class Careless(Grid):
        def prior(self, brief):
            return prior

    with pytest.raises(ContractError, match=r"Careless\.prior returned .*; expected a mapping of choices to a weight"):
        searched(problem(source=Careless()))


# How many


def test_the_history_tells_candidates_from_steps():
    asked = problem()
    stages = (StageConfig("correct", ("dynamics",), steps=2),)
    Search(candidates=8, survivors=2, wave=4, stop_loss=0.0, stages=stages).optimize(asked)
    moves = {row.stage: row.moves for row in asked.state.rows}
    assert moves == {"search": False, "correct": True}


def test_survivors_halve_and_every_round_tries_as_many_neighbours():
    plan = Plan(candidates=20, survivors=8, wave=8, prior=0.0, blind=False)
    assert [plan.survivors_at(step) for step in range(plan.steps)] == [0, 0, 0, 8, 4, 2]
    plan = Plan(candidates=8, survivors=8, wave=4, prior=0.0, blind=False)
    assert [plan.survivors_at(step) for step in range(plan.steps)] == [0, 0, 8, 8, 4, 4, 2, 2]


def test_every_evaluation_is_counted_and_none_is_made_twice():
    asked = problem()
    Search(candidates=16, survivors=4, wave=4, finalists=2, finalist_steps=3, stop_loss=0.0, stages=()).optimize(asked)
    # 16 from the prior, two rounds of 4 neighbours, and no gradient without stages: only the finalists once more.
    assert asked.meter.counts.tolist() == [16 + 2 * 4 + 2] * 2
    assert [row.stage for row in asked.state.rows if row.item == 0] == ["search"] * (4 + 2 + 1)


def test_a_small_space_is_tried_once_and_no_more():
    class Three(Grid):
        @property
        def choices(self):
            return {"pitch": (60, 70, 79), "place": (0,), "colour": ("a",)}

        def prior(self, brief):
            return {}

    asked = searched(problem(source=Three()), finalist_steps=0, finalists=1, stop_loss=0.0, stages=())
    assert asked.meter.counts.tolist() == [4, 4]  # three candidates and a finalist
    assert [choice["pitch"] for choice in asked.choices] == [70, 79]


# Where it ends


def test_it_finds_what_is_asked_in_a_space_of_two_thousand():
    asked = searched(candidates=48, survivors=8, finalist_steps=10)
    assert loss(asked).max() < 0.02
    assert [choice["pitch"] for choice in asked.choices] == [70, 79]


def test_halving_comes_nearer_than_as_many_draws():
    """The mean over seeds of the best loss, of the same number of evaluations without gradient."""
    many = [(0.3, 0.62), (0.8, 0.91)] * 6
    plain = {"stages": (), "finalists": 1, "stop_loss": 0.0, "prior": 0.0}
    halved = searched(problem(many), candidates=32, survivors=16, **plain)
    drawn = searched(problem(many), candidates=32 + 4 * 16, survivors=1, **plain)
    assert halved.meter.counts.sum() <= drawn.meter.counts.sum()
    assert loss(halved).mean() < loss(drawn).mean()


def test_a_blind_search_does_not_look_at_the_prior():
    class Misled(Grid):
        def prior(self, brief):
            raise AssertionError("looked")

    seen, blind = problem(source=Grid()), problem(source=Misled())
    with pytest.raises(AssertionError, match="looked"):
        Search(candidates=4).optimize(problem(source=Misled()))
    searched(blind, candidates=8, blind=True)
    searched(seen, candidates=8, blind=True)
    assert blind.choices == seen.choices


def test_a_strong_prior_outweighs_the_loss():
    class Elsewhere(Grid):
        def prior(self, brief):
            return {"pitch": [1.0 if pitch > 75 else 1e-6 for pitch in PITCHES]}

    strong = searched(problem(((0.2, 0.7),), source=Elsewhere()), prior=100.0, stages=())
    weak = searched(problem(((0.2, 0.7),), source=Elsewhere()), prior=0.0, candidates=64, survivors=16, stages=())
    assert strong.choices[0]["pitch"] > 75
    assert loss(weak) < loss(strong)


def test_an_item_that_has_enough_stops_and_the_others_go_on():
    within_reach, out_of_reach = (0.0, 0.5), (3.0, 0.93)
    asked = searched(
        problem((within_reach, out_of_reach)), stop_loss=5.0, candidates=16, survivors=2, wave=4, finalists=1, stages=()
    )
    assert asked.meter.counts.tolist() == [4, 16 + 4 + 1]  # the likeliest of the first wave will do for the first
    assert loss(asked)[0] < 5.0 < loss(asked)[1]


def test_an_item_ends_alike_alone_and_beside_others():
    together = searched(problem(seeds=(3, 4)))
    alone = [searched(problem((target,), seeds=(seed,))) for target, seed in zip(TARGETS, (3, 4), strict=True)]
    assert together.choices == tuple(one.choices[0] for one in alone)
    assert torch.equal(together.values["correction"], torch.cat([one.values["correction"] for one in alone]))


@pytest.mark.parametrize("evaluations", [1, 3, 6])
def test_no_more_candidates_are_heard_than_the_budget_has(evaluations):
    asked = searched(problem(budget=evaluations), wave=4, stop_loss=0.0)
    assert asked.meter.counts.tolist() == [evaluations] * 2
    assert len({row.step for row in asked.state.rows}) == -(-evaluations // 4)


def test_of_a_single_evaluation_the_likeliest_choice_is_left():
    asked = searched(problem(budget=1), stop_loss=0.0)
    assert list(asked.choices) == [{"pitch": pitch, "place": 0, "colour": "a"} for pitch in (70, 79)]


def test_fewer_candidates_than_a_wave_are_as_many_as_were_asked():
    asked = searched(problem(), candidates=10, wave=8, survivors=1, finalists=1, finalist_steps=0, stop_loss=0.0, stages=())
    assert asked.meter.counts.tolist() == [10 + 1] * 2  # and the finalist
    one = searched(problem(), candidates=1, wave=8, survivors=1, finalists=1, finalist_steps=0, stop_loss=0.0, stages=())
    assert one.meter.counts.tolist() == [1 + 1] * 2


@pytest.mark.parametrize("evaluations", [5, 40])
def test_a_spent_budget_ends_the_search(evaluations):
    asked = searched(problem(budget=evaluations), wave=4, stop_loss=0.0)
    assert all(evaluations <= count < evaluations + 30 for count in asked.meter.counts.tolist())


def test_a_search_that_was_killed_goes_on_and_ends_with_the_same_bits(tmp_path):
    config = {"candidates": 24, "wave": 4, "stop_loss": 0.0}
    whole = searched(**config)

    class Killed(Exception):
        pass

    class Deadly(Both):
        left = 60

        def _evaluate(self, take):
            type(self).left -= 1
            if not type(self).left:
                raise Killed
            return super()._evaluate(take)

    file = CheckpointFile(tmp_path / "checkpoint.pt", "same", interval=0.0)
    first = problem()
    with pytest.raises(Killed):
        Search(**config).optimize(Problem(Evaluator(Told(), Deadly()), first.brief, source=Grid(), checkpoint=file))
    second = problem(checkpoint=CheckpointFile(tmp_path / "checkpoint.pt", "same", interval=0.0))
    assert second.state.resumed
    Search(**config).optimize(second)
    assert second.choices == whole.choices
    assert torch.equal(second.values["correction"], whole.values["correction"])
    assert [row.loss for row in second.state.rows] == [row.loss for row in whole.state.rows]


def test_candidates_whose_loss_is_lost_are_passed_over():
    class Broken(Both):
        def _evaluate(self, take):
            found = super()._evaluate(take)
            lost = found.readings["pitch"] > 0.5  # every pitch above 69
            return Evaluation({name: term.masked_fill(lost, torch.nan) for name, term in found.terms.items()}, found.readings)

    asked = Problem(Evaluator(Told(), Broken()), problem(((0.4, 0.7),)).brief, source=Grid())
    Search(candidates=24, prior=0.0, blind=True, survivors=4).optimize(asked)
    assert asked.choices[0]["pitch"] <= 69
    assert float(loss(asked)) < 1.0


def test_without_choices_only_the_stages_are_left():
    class Fixed(Grid):
        @property
        def choices(self):
            return {}

        def _write(self, brief, choice, generator):
            return Score((Note(60, 0.0, 0.01, 0.5),))

    asked = searched(problem(((0.0, 0.52),), source=Fixed()))
    assert {row.stage for row in asked.state.rows} == {"expression", "timing"}
    assert float(asked.values["correction"]) > 0.005  # from where the loss is below 0.02


@pytest.mark.parametrize(
    ("name", "value"), [("candidates", -1), ("survivors", 0), ("wave", 0), ("finalists", 0), ("prior", -0.1), ("prior", np.inf)]
)
def test_numbers_out_of_range_are_refused(name, value):
    with pytest.raises(ParameterError, match=f"{name} of search is"):
        Search(**{name: value})


def test_what_its_stages_cannot_move_is_refused():
    with pytest.raises(IncompatibleError, match="no parameter that can be moved"):
        Search().check(frozenset(), frozenset({"pitch"}))

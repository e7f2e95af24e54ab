"""The objective `match` is the squared error of each dimension in units of half its range."""

import pytest
import torch

from orchestra_core import Brief, Canvas, Dimension, Oracle, Take
from orchestra_core.errors import ParameterError
from orchestra_match.match import Match

CANVAS = Canvas(duration=0.01, sample_rate=8_000)


class FirstTwo(Oracle):
    """Reads the first two samples, one along each of two scales."""

    sample_rates = (8_000, 16_000)

    @property
    def dimensions(self):
        return (Dimension("valence", -1.0, 1.0), Dimension("depth", 0.0, 100.0, "points"))

    def _read(self, clips, sample_rate):
        return {"valence": clips[:, 0], "depth": 100 * clips[:, 1]}


def evaluate(targets, scale=10.0):
    audio = torch.tensor([[0.3, 0.5], [-0.2, 0.25]], requires_grad=True)
    brief = Brief(CANVAS, {name: torch.tensor(target) for name, target in targets.items()}, torch.tensor([1, 2]))
    return audio, Match(FirstTwo(), scale).evaluate(Take(audio, 8_000, {}, brief, brief.generator("x")))


def test_terms_are_ten_times_the_error_squared_over_half_the_range():
    _, evaluation = evaluate({"valence": [0.1, -0.7], "depth": [40.0, 25.0]})
    assert evaluation.terms["valence"].tolist() == pytest.approx([(10 * 0.2) ** 2, (10 * 0.5) ** 2], rel=1e-5)
    assert evaluation.terms["depth"].tolist() == pytest.approx([(10 * 10 / 50) ** 2, 0.0], rel=1e-5)
    assert evaluation.readings["depth"].tolist() == [50.0, 25.0]


def test_the_scale_multiplies_the_error():
    _, evaluation = evaluate({"valence": [0.1, -0.7]}, scale=3.0)
    assert evaluation.terms["valence"].tolist() == pytest.approx([(3 * 0.2) ** 2, (3 * 0.5) ** 2], rel=1e-5)


def test_the_gradient_is_that_of_the_squared_error():
    audio, evaluation = evaluate({"valence": [0.1, -0.7]})
    evaluation.terms["valence"].sum().backward()
    assert audio.grad[:, 0].tolist() == pytest.approx([2 * 100 * 0.2, 2 * 100 * 0.5], rel=1e-5)
    assert audio.grad[:, 1].tolist() == [0, 0]


def test_a_dimension_without_a_target_is_read_and_weighs_nothing():
    _, evaluation = evaluate({"valence": [0.1, -0.7]})
    assert evaluation.terms["depth"].tolist() == [0, 0]
    assert evaluation.readings["depth"].tolist() == [50.0, 25.0]


def test_it_has_the_terms_dimensions_and_rates_of_its_oracle():
    match = Match(FirstTwo())
    assert match.terms == ("valence", "depth")
    assert match.dimensions == FirstTwo().dimensions
    assert match.sample_rates == (8_000, 16_000)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ParameterError, match=f"scale is {scale!r}; expected a positive number"):
        Match(FirstTwo(), scale)


class Advising(FirstTwo):
    """Says something of every target."""

    def advise(self, targets):
        return tuple(f"{name} {value:g} is rare." for name, value in targets.items())


def test_a_clip_is_as_long_as_the_oracles():
    class Short(FirstTwo):
        clip_duration = 1.5

    assert Match(Short()).clip_duration == 1.5
    assert Match(FirstTwo()).clip_duration is None


def test_recordings_and_advice_are_the_oracles():
    audio = torch.tensor([[0.3, 0.5, 0.0]])
    readings = Match(FirstTwo()).read(audio, 8_000)
    assert {name: reading.tolist() for name, reading in readings.items()} == {"valence": [pytest.approx(0.3)], "depth": [50.0]}
    assert Match(Advising()).advise({"depth": 70.0}) == ("depth 70 is rare.",)
    assert Match(FirstTwo()).advise({"depth": 70.0}) == ()

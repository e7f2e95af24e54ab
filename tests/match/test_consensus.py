"""The objective `consensus` is the mean over oracles plus k standard deviations, on the scale of the first."""

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Dimension, Oracle, Pipeline, Take, build
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_match.consensus import Consensus
from orchestra_match.match import Match

CANVAS = Canvas(duration=0.01, sample_rate=8_000)


class Sample(Oracle):
    """Reads one sample of each clip along one dimension."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (8_000,)

    def __init__(self, place, dimension=None, rates=(8_000,), clip=None):
        self.place, self.sample_rates, self.clip_duration = place, rates, clip
        self.dimension = dimension or Dimension("valence", -1.0, 1.0)

    @property
    def dimensions(self):
        return (self.dimension,)

    def advise(self, targets):
        return tuple(f"{name} {value:g} is rare." for name, value in targets.items())

    def _read(self, clips, sample_rate):
        return {self.dimension.name: clips[:, self.place]}


def take(audio, targets):
    rows = len(audio)
    brief = Brief(CANVAS, {name: torch.full((rows,), value) for name, value in targets.items()}, torch.arange(rows))
    return Take(audio, 8_000, {}, brief, brief.generator("x"))


AUDIO = torch.tensor([[0.3, 0.5, -0.1], [-0.2, 0.25, 0.7]])


def test_one_oracle_gives_what_match_gives():
    ours = Consensus([Sample(0)]).evaluate(take(AUDIO, {"valence": 0.1}))
    theirs = Match(Sample(0)).evaluate(take(AUDIO, {"valence": 0.1}))
    assert torch.equal(ours.terms["valence"], theirs.terms["valence"])
    assert torch.equal(ours.readings["valence"], theirs.readings["valence"])
    assert set(ours.readings) == {"valence"}


@pytest.mark.parametrize("caution", [0.0, 0.5, 2.0])
def test_a_term_is_the_mean_loss_plus_k_standard_deviations(caution):
    found = Consensus([Sample(i) for i in range(3)], caution).evaluate(take(AUDIO, {"valence": 0.1})).terms["valence"]
    losses = (10 * (AUDIO.double().numpy() - 0.1)) ** 2
    assert found.numpy() == pytest.approx(losses.mean(axis=1) + caution * np.std(losses, axis=1), rel=1e-5)


def test_of_two_oracles_and_a_caution_of_one_the_worse_one_counts():
    found = Consensus([Sample(0), Sample(1)], 1.0).evaluate(take(AUDIO, {"valence": 0.1})).terms["valence"]
    assert found.tolist() == pytest.approx([(10 * 0.4) ** 2, (10 * 0.3) ** 2], rel=1e-5)


def test_readings_are_the_mean_beside_each_oracles_own():
    readings = Consensus([Sample(0), Sample(2)]).evaluate(take(AUDIO, {"valence": 0.1})).readings
    assert readings["valence"].tolist() == pytest.approx([0.1, 0.25])
    assert readings["valence_1"].tolist() == pytest.approx([0.3, -0.2])
    assert readings["valence_2"].tolist() == pytest.approx([-0.1, 0.7])


def scaled(place, mean, sd, lower=-1.0, upper=1.0):
    return Sample(place, Dimension("valence", lower, upper, mean=mean, sd=sd))


def test_readings_of_other_corpora_are_compared_in_their_deviations():
    oracles = [scaled(0, 0.1, 0.2), scaled(1, 5.0, 2.0, 1.0, 9.0)]
    # One deviation above the mean: 0.3 for the first, 7 for the second.
    agreeing = Consensus(oracles).evaluate(take(torch.tensor([[0.3, 7.0]]), {"valence": 0.3}))
    assert agreeing.terms["valence"].tolist() == pytest.approx([0.0], abs=1e-4)
    assert agreeing.readings["valence"].tolist() == pytest.approx([0.3])
    # The second is one deviation too high, which is 0.2 on the scale of the first.
    apart = Consensus(oracles, 0.0).evaluate(take(torch.tensor([[0.3, 9.0]]), {"valence": 0.3}))
    assert apart.terms["valence"].tolist() == pytest.approx([(10 * 0.2) ** 2 / 2], rel=1e-5)
    assert apart.readings["valence"].tolist() == pytest.approx([0.4])
    assert apart.readings["valence_2"].tolist() == [9.0]


@pytest.mark.parametrize("mean", [None, 5.0])
def test_readings_are_compared_by_range_where_asked_or_where_there_is_no_corpus(mean):
    oracles = [scaled(0, 0.1, 0.2), scaled(1, mean, mean and 2.0, 1.0, 9.0)]
    found = Consensus(oracles, units="range").evaluate(take(torch.tensor([[0.5, 7.0]]), {"valence": 0.5}))
    assert found.terms["valence"].tolist() == pytest.approx([0.0], abs=1e-4)
    if mean is None:
        found = Consensus(oracles).evaluate(take(torch.tensor([[0.5, 7.0]]), {"valence": 0.5}))
        assert found.readings["valence"].tolist() == pytest.approx([0.5])


def test_the_order_of_oracles_only_chooses_the_scale():
    first, second = scaled(0, 0.1, 0.2), scaled(1, -0.2, 0.4)
    audio = torch.tensor([[0.4, -0.3]])
    one = Consensus([first, second]).evaluate(take(audio, {"valence": 0.2})).terms["valence"]
    # The same request, half a deviation above the mean, on the scale of the second.
    other = Consensus([second, first]).evaluate(take(audio, {"valence": 0.0})).terms["valence"]
    assert float(other / one) == pytest.approx((0.4 / 0.2) ** 2, rel=1e-4)


def test_oracles_of_different_dimensions_each_have_their_voice():
    depth = Sample(1, Dimension("depth", 0.0, 100.0, "points"))
    consensus = Consensus([Sample(0), depth, Sample(2)], 0.0)
    assert consensus.terms == ("valence", "depth")
    assert consensus.dimensions == (Sample(0).dimension, depth.dimension)
    found = consensus.evaluate(take(torch.tensor([[0.1, 60.0, 0.3]]), {"valence": 0.2, "depth": 50.0}))
    assert found.terms["valence"].tolist() == pytest.approx([1.0], rel=1e-5)
    assert found.terms["depth"].tolist() == pytest.approx([(10 * 10 / 50) ** 2], rel=1e-5)


def test_a_dimension_without_a_target_weighs_nothing_however_much_oracles_differ():
    found = Consensus([Sample(0), Sample(1)]).evaluate(take(AUDIO, {}))
    assert found.terms["valence"].tolist() == [0, 0]


def test_the_gradient_is_that_of_finite_differences():
    consensus = Consensus([Sample(i) for i in range(3)], 0.5)

    def loss(audio):
        return consensus._evaluate(take(audio, {"valence": torch.tensor(0.1, dtype=torch.float64)})).terms["valence"]

    assert torch.autograd.gradcheck(loss, AUDIO.double().requires_grad_())


def test_the_gradient_is_finite_where_all_agree():
    audio = torch.full((1, 3), 0.4, requires_grad=True)
    Consensus([Sample(i) for i in range(3)]).evaluate(take(audio, {"valence": 0.1})).terms["valence"].sum().backward()
    assert audio.grad.tolist() == [pytest.approx([20.0] * 3, rel=1e-4)]


def test_the_rate_is_one_that_all_hear_natively():
    assert Consensus([Sample(0, rates=(16_000, 22_050, 44_100)), Sample(0, rates=(22_050, 44_100))]).sample_rates == (
        22_050,
        44_100,
    )


def test_without_a_common_rate_it_is_the_lowest_that_withholds_nothing():
    assert Consensus([Sample(0, rates=(16_000,)), Sample(0, rates=(22_050, 44_100))]).sample_rates == (22_050,)


def test_a_clip_is_as_long_as_the_longest():
    assert Consensus([Sample(0, clip=5.0), Sample(0, clip=10.0), Sample(0)]).clip_duration == 10.0
    assert Consensus([Sample(0)]).clip_duration is None


def test_recordings_are_read_by_all():
    consensus = Consensus([scaled(0, 0.0, 0.2), scaled(1, 0.0, 0.4)])
    audio = torch.tensor([[0.2, 0.8]])
    assert {name: reading.tolist() for name, reading in consensus.read(audio, 8_000).items()} == {"valence": [pytest.approx(0.3)]}
    each = consensus.read_each(audio, 8_000)
    assert [reading["valence"].tolist() for reading in each] == [[pytest.approx(0.2)], [pytest.approx(0.8)]]


def test_advice_is_asked_of_all_on_their_own_scales():
    assert Consensus([scaled(0, 0.0, 0.25), scaled(1, 0.5, 0.5)]).advise({"valence": 0.25}) == (
        "valence 0.25 is rare.",
        "valence 1 is rare.",
    )
    assert Consensus([Sample(0), Sample(1)]).advise({"valence": 0.25, "other": 1.0}) == ("valence 0.25 is rare.",)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"oracles": []}, "consensus of no oracles"),
        ({"caution": -0.1}, "caution is -0.1; expected 0 or more"),
        ({"caution": float("nan")}, "caution is nan"),
        ({"scale": 0.0}, "scale is 0.0; expected a positive number"),
        ({"units": "sd"}, "units is 'sd'; expected 'corpus' or 'range'"),
    ],
)
def test_wrong_values_are_refused(config, message):
    with pytest.raises(ParameterError, match=message):
        Consensus(**{"oracles": [Sample(0)], **config})


def test_a_schedule_that_follows_gradients_is_refused_an_oracle_without():
    class Deaf(Sample):
        capabilities = frozenset()

    with pytest.raises(IncompatibleError, match="objective Consensus has none"):
        _ = Pipeline(objective=Consensus([Sample(0), Deaf(1)])).parts


def test_a_configuration_names_several_oracles():
    network = {"name": "deam_cnn", "config": {"model": "three_conv"}}
    built = build("objective", {"name": "consensus", "config": {"oracles": [network, network], "caution": 1.0}})
    assert isinstance(built.component, Consensus)
    assert len(built.component.oracles) == 2
    assert [oracle.card.architecture for oracle in built.component.oracles] == ["three_conv"] * 2
    assert built.component.clip_duration == 5.0

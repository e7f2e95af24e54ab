"""The objective `robust` descends over random transforms and holds values on fixed ones; its transforms do what they say."""

import math

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Dimension, Objective, Oracle, Take, build
from orchestra_core.errors import ParameterError
from orchestra_match.consensus import Consensus
from orchestra_match.match import Match
from orchestra_match.robust import Robust
from orchestra_match.transforms import COUNT, Draw, Ranges, tail_length, transform

RATE = 8_000
NOTHING = {"shift": 0.0, "tilt": 0.0, "noise": -200.0, "reverb": -200.0, "bandwidth": 1.0}
MIDDLE = 0.5


class Flatness(Oracle):
    """Reads the mean of the upper half of the spectrum over that of the whole."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (RATE,)

    @property
    def dimensions(self):
        return (Dimension("valence", -1.0, 1.0, mean=0.0, sd=0.25),)

    def advise(self, targets):
        return ("Be bold.",)

    def _read(self, clips, sample_rate):
        power = torch.fft.rfft(clips).abs().square()
        half = power.shape[1] // 2
        return {"valence": power[:, half:].sum(dim=1) / (power.sum(dim=1) + 1e-9)}


def noise(rows=2, samples=4_000, seed=0):
    return 0.1 * torch.randn(rows, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def take(audio, seeds=(1, 2), values=None):
    canvas = Canvas(duration=audio.shape[1] / RATE, sample_rate=RATE)
    brief = Brief(canvas, {"valence": torch.full((len(audio),), 0.2)}, torch.tensor(seeds[: len(audio)]))
    return Take(audio, RATE, values or {}, brief, brief.generator("objective"))


def changed(audio, uniform=(MIDDLE,) * COUNT, **ranges):
    generator = torch.Generator().manual_seed(3)
    tail = torch.randn(1, tail_length(RATE), generator=generator)
    hiss = torch.randn(1, audio.shape[1], generator=generator)
    return transform(audio, RATE, Ranges(**{**NOTHING, **ranges}), Draw(torch.tensor([uniform]), tail, hiss))


def tone(frequency, samples=8_000):
    return torch.sin(2 * math.pi * frequency * torch.arange(samples, dtype=torch.float64) / RATE)[None]


def level(audio):
    return 20 * math.log10(float(audio.square().mean().sqrt()))


def test_nothing_changes_where_every_range_is_closed():
    audio = noise()
    assert torch.allclose(changed(audio), audio, atol=1e-9)


@pytest.mark.parametrize(("place", "samples"), [(1.0, 80), (0.0, -80)])
def test_a_shift_moves_the_sound_and_nothing_wraps_around(place, samples):
    audio = torch.zeros(1, 1_000, dtype=torch.float64)
    audio[0, 500], audio[0, 20 if samples < 0 else 980] = 1.0, 0.5
    moved = changed(audio, (place, *[MIDDLE] * 5), shift=0.01)
    expected = torch.zeros_like(audio)
    expected[0, 500 + samples] = 1.0
    # What is moved off the edge is gone; the rest is brought to the level that the whole had.
    assert torch.allclose(moved, expected * math.sqrt(1.25), atol=1e-6)


def test_a_tilt_is_so_many_decibels_per_octave():
    pair = tone(500) + tone(2_000)
    tilted = changed(pair, (MIDDLE, 1.0, *[MIDDLE] * 4), tilt=3.0)
    spectrum = np.abs(np.fft.rfft(tilted[0].numpy()))
    assert 20 * math.log10(spectrum[2_000] / spectrum[500]) == pytest.approx(2 * 3.0, abs=0.05)
    assert level(tilted) == pytest.approx(level(pair), abs=1e-6)


def test_a_band_limit_keeps_what_lies_below_and_takes_what_lies_above():
    uniform = (*[MIDDLE] * 5, 0.0)
    kept = changed(tone(1_500), uniform, bandwidth=0.5)
    assert torch.allclose(kept[:, 500:-500], tone(1_500)[:, 500:-500], atol=0.01)
    spectrum = np.abs(np.fft.rfft(changed(tone(1_000) + tone(2_500), uniform, bandwidth=0.5)[0].numpy()))
    assert spectrum[2_500] < 1e-3 * spectrum[1_000]


def test_noise_is_so_many_decibels_below_the_sound():
    audio = noise(1)
    hiss = changed(audio, (MIDDLE, MIDDLE, 0.0, *[MIDDLE] * 3), noise=-30.0) - audio
    assert level(hiss) - level(audio) == pytest.approx(-30.0, abs=0.2)


def test_reverberation_has_the_energy_and_the_decay_that_were_drawn():
    impulse = torch.zeros(1, 8_000, dtype=torch.float64)
    impulse[0, 0] = 1.0
    wet = changed(impulse, (MIDDLE, MIDDLE, MIDDLE, 0.0, 1.0, MIDDLE), reverb=-12.0)[0]
    echo = (wet / wet[0])[1:]
    assert 10 * math.log10(float(echo.square().sum())) == pytest.approx(-12.0, abs=0.1)
    early, late = echo[800:1_600].square().mean(), echo[2_400:3_200].square().mean()
    # 60 dB in 0.6 s: 20 dB in the 0.2 s between the two.
    assert 10 * math.log10(float(early / late)) == pytest.approx(20.0, abs=1.0)


def test_silence_stays_silent_with_a_finite_gradient():
    silence = torch.zeros(1, 2_000, dtype=torch.float64, requires_grad=True)
    heard = changed(silence, shift=0.05, tilt=1.0, noise=-30.0, reverb=-12.0, bandwidth=0.5)
    assert not heard.any()
    heard.sum().backward()
    assert torch.isfinite(silence.grad).all()


def test_values_are_the_mean_over_the_take_and_the_fixed_transforms():
    audio, seen = noise(), []

    class Spy(Match):
        def _evaluate(self, take):
            evaluation = super()._evaluate(take)
            seen.append((take.audio, evaluation.terms["valence"]))
            return evaluation

    found = Robust(Spy(Flatness()), validation=3).evaluate(take(audio))
    assert torch.equal(seen[0][0], audio)
    assert len(seen) == 4
    assert torch.allclose(found.terms["valence"], torch.stack([term for _, term in seen]).mean(dim=0))
    assert torch.equal(found.readings["valence"], Match(Flatness()).evaluate(take(audio)).readings["valence"])


def evaluated(audio, seeds, **config):
    leaf = audio.clone().requires_grad_()
    terms = Robust(Match(Flatness()), **config).evaluate(take(leaf, seeds)).terms["valence"]
    (gradient,) = torch.autograd.grad(terms.sum(), leaf)
    return terms.detach(), gradient


def test_the_draw_changes_the_gradient_and_never_the_value():
    audio = noise()
    first, again, other = (evaluated(audio, seeds) for seeds in ((1, 2), (1, 2), (1, 3)))
    assert torch.equal(first[0], other[0])
    assert torch.equal(first[1], again[1])
    assert torch.equal(first[1][0], other[1][0])
    assert not torch.equal(first[1][1], other[1][1])


def test_the_value_is_the_same_with_and_without_a_gradient():
    audio = noise()
    assert torch.equal(evaluated(audio, (1, 2))[0], Robust(Match(Flatness())).evaluate(take(audio)).terms["valence"])


def test_the_gradient_is_that_of_the_drawn_transforms():
    audio = noise(1)
    _, found = evaluated(audio, (1,), draws=2)
    generator, leaf = take(audio, (1,)).generator, audio.clone().requires_grad_()
    losses = []
    for _ in range(2):
        draw = Draw(generator.rand(COUNT), generator.randn(tail_length(RATE)), generator.randn(audio.shape[1]))
        heard = transform(leaf, RATE, Ranges(), draw)
        losses.append(Match(Flatness()).evaluate(take(heard, (1,))).terms["valence"])
    (expected,) = torch.autograd.grad(torch.stack(losses).mean(), leaf)
    assert torch.allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_nothing_is_drawn_where_no_gradient_is_asked_for():
    for audio, enabled in ((noise(), True), (noise().requires_grad_(), False)):
        asked = take(audio)
        before = asked.generator.state()
        with torch.set_grad_enabled(enabled):
            Robust(Match(Flatness())).evaluate(asked)
        assert all(torch.equal(one, other) for one, other in zip(before, asked.generator.state(), strict=True))


def test_an_objective_of_values_alone_keeps_its_gradient():
    class Prior(Objective):
        capabilities = frozenset({"differentiable"})
        terms = ("size",)

        def _evaluate(self, take):
            from orchestra_core import Evaluation

            return Evaluation({"size": take.values["x"].square()}, {})

    value = torch.tensor([0.5, -2.0], requires_grad=True)
    Robust(Prior()).evaluate(take(noise(), values={"x": value})).terms["size"].sum().backward()
    assert value.grad.tolist() == [1.0, -4.0]


def test_a_consensus_can_be_made_robust():
    robust = Robust(Consensus([Flatness(), Flatness()]))
    assert robust.terms == ("valence",)
    assert robust.sample_rates == (RATE,)
    assert set(robust.evaluate(take(noise())).readings) == {"valence", "valence_1", "valence_2"}


def test_it_reads_and_advises_as_its_objective():
    robust, audio = Robust(Match(Flatness())), noise(1)
    assert torch.equal(robust.read(audio, RATE)["valence"], Flatness().read(audio, RATE)["valence"])
    assert robust.advise({"valence": 0.9}) == ("Be bold.",)
    assert robust.dimensions == Flatness().dimensions
    assert robust.clip_duration is None


def test_it_is_as_differentiable_as_what_it_hears_with():
    class Deaf(Flatness):
        capabilities = frozenset()

    assert Robust(Match(Flatness())).capabilities == {"differentiable", "stochastic"}
    assert Robust(Match(Deaf())).capabilities == {"stochastic"}
    assert Robust(Consensus([Flatness(), Deaf()])).capabilities == {"stochastic"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"draws": 0}, "draws is 0; expected 1 or more"),
        ({"validation": -1}, "validation is -1; expected 0 or more"),
        ({"shift": 2.0}, r"shift is 2.0; expected a value in \[0, 1\]"),
        ({"tilt": -1.0}, r"tilt is -1.0; expected a value in \[0, 12\]"),
        ({"noise": 3.0}, r"noise is 3.0; expected a value in \[-200, 0\]"),
        ({"bandwidth": 0.0}, r"bandwidth is 0.0; expected a value in \(0, 1\]"),
    ],
)
def test_wrong_values_are_refused(config, message):
    with pytest.raises(ParameterError, match=message):
        Robust(Match(Flatness()), **config)


def test_a_configuration_puts_any_objective_in_it():
    inner = {"name": "consensus", "config": {"caution": 1.0}}
    built = build("objective", {"name": "robust", "config": {"objective": inner, "shift": 0.02}}).component
    assert isinstance(built.objective, Consensus)
    assert built.ranges.shift == 0.02

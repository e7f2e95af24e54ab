"""The straightforward implementation, which stays as the reference, and every fast path compute the same thing."""

import math

import pytest
import torch
from bench_step import agreement, plain_optimisation
from straightforward import Ear, Piano
from work import Spread, Steps, evaluation, literal_piano, objective, piano, problem, weights

from orchestra_core import Canvas
from orchestra_deam.weights import load_weights
from orchestra_piano import PianoAdsr

#: Seconds; every sample of it is computed for every note.
SHORT = 0.6
#: White noise weighs every sample of a corner that lasts for a few of them: attacks of 1 ms, decays of 10 ms.
GRADIENT_DB = {"anywhere": -60, "high": -60, "low": -45}
SHARED = ("attack", "decay", "sustain", "release", "brightness", "partial_decay")


def decibels(difference, whole):
    """Return the size of a difference re the whole; of nothing from nothing it is very small."""
    return 20 * math.log10(max(float(difference.norm()), 1e-30) / max(float(whole.norm()), 1e-15))


def values_of(asked, dtype, where, seed=0):
    """Return values between the bounds of a problem's parameters, or near one end of them all."""
    generator = torch.Generator().manual_seed(seed)
    values = {}
    for p in asked.parameters:
        u = torch.rand(p.initial.shape, generator=generator, dtype=torch.float64)
        upper = p.upper if math.isfinite(p.upper) else p.lower + 0.5
        share = {"low": 0.001 + 0.01 * u, "high": 0.999 - 0.01 * u, "anywhere": 0.02 + 0.96 * u}[where]
        values[p.name] = p.initial if p.fixed else (p.lower + (upper - p.lower) * share)
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in values.items()}


def audio_and_gradients(render, values):
    """Return audio and the gradients of a fixed mix of its samples."""
    free = {name: v.clone().requires_grad_() for name, v in values.items() if v.is_floating_point() and name != "pitch"}
    audio = render(values | free)
    generator = torch.Generator().manual_seed(5)
    mix = torch.randn(audio.shape, generator=generator, dtype=torch.float64).to(audio.dtype)
    return audio.detach(), dict(zip(free, torch.autograd.grad((audio * mix).sum(), list(free.values())), strict=True))


@pytest.mark.parametrize("where", ["anywhere", "low", "high"])
@pytest.mark.parametrize("partials", [1, 8])
def test_the_exact_renderer_is_the_straightforward_one(partials, where):
    asked = problem(piano(partials), 2, Spread(6, 0.2), SHORT)
    values = values_of(asked, torch.float64, where)
    exact = PianoAdsr(partials=partials, renderer="exact")
    ours = audio_and_gradients(lambda v: exact.render(v, Canvas(SHORT)), values)
    plain = audio_and_gradients(Piano(partials, duration=SHORT, dtype=torch.float64), values)
    assert decibels(ours[0] - plain[0], plain[0]) < -200
    for name, gradient in plain[1].items():
        torch.testing.assert_close(ours[1][name], gradient, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("where", ["anywhere", "low", "high"])
@pytest.mark.parametrize("partials", [1, 8])
def test_the_fast_renderer_agrees_with_the_straightforward_one_within_60_db(partials, where, dtype):
    asked = problem(piano(partials), 2, Spread(6, 0.2), SHORT)
    values = values_of(asked, dtype, where)
    ours = audio_and_gradients(lambda v: piano(partials).render(v, Canvas(SHORT)), values)
    plain = audio_and_gradients(Piano(partials, duration=SHORT, dtype=torch.float64), values_of(asked, torch.float64, where))
    assert decibels(ours[0] - plain[0], plain[0]) < -60
    for name in plain[1]:
        assert decibels(ours[1][name] - plain[1][name], plain[1][name]) < GRADIENT_DB[where], name


def test_the_published_equations_are_those_of_the_literal_piano():
    asked = problem(literal_piano(), duration=1.5, score=Spread(4, 0.3))
    values = {name: v.double() if v.is_floating_point() else v for name, v in asked.values.items()}
    ours = asked.evaluator.instrument.render(values, Canvas(1.5))
    plain = Piano(1, literal=True, duration=1.5, dtype=torch.float64)(values)
    assert decibels(ours - plain, plain) < -60


def test_the_straightforward_ear_reads_as_the_oracle_does():
    generator = torch.Generator().manual_seed(3)
    time = torch.arange(5 * 44_100) / 44_100
    audio = torch.stack([torch.sin(2 * math.pi * f * time) * torch.exp(-time) for f in (110.0, 523.0)])
    audio = audio + 0.01 * torch.randn(audio.shape, generator=generator)
    oracle = objective().oracle.read(audio, 44_100)
    network, _ = load_weights(weights(), "three_conv")
    read = Ear(network)(audio)
    for column, name in enumerate(("arousal", "valence")):
        torch.testing.assert_close(read[:, column], oracle[name], rtol=0, atol=2e-4)


def test_nnaudio_reads_the_same():
    audio = torch.sin(torch.arange(5 * 44_100) * 0.05)[None] * torch.linspace(1, 0, 5 * 44_100)
    network, _ = load_weights(weights(), "three_conv")
    assert (Ear(network)(audio) - Ear(network, front_end="nnaudio")(audio)).abs().max() < 2e-3


def test_loss_readings_and_gradients_of_a_whole_step_agree():
    found = agreement(SHORT, partials=2)
    exact = found["exact renderer, double precision"]
    assert exact["audio_db"] < -200 and exact["reading"] < 1e-5 and exact["gradient"] < 1e-2
    for name, form in found.items():
        assert form["reading"] < 5e-3, name
        assert form["cosine"] > 0.97, name
    for name in ("fast renderer, double precision", "as the final result is read: fast, 44.1 kHz"):
        assert found[name]["audio_db"] < -60


def test_both_optimisations_begin_with_the_same_loss_and_lower_it():
    asked = problem(piano(1), duration=SHORT)
    plain = plain_optimisation(asked, 1, literal=False)
    steps = Steps(asked, 3)
    steps()
    ours = [row.loss for row in asked.state.rows]
    theirs = [plain.step() for _ in range(3)]
    assert len(ours) == 3 and ours[0] == pytest.approx(theirs[0], rel=1e-2)
    assert ours[2] < ours[0] and theirs[2] < theirs[0]


def test_steps_always_begin_at_the_same_place():
    asked = problem(piano(1), 2, Spread(3), SHORT)
    steps = Steps(asked, 2)
    losses = []
    for _ in range(2):
        steps()
        losses.append([row.loss for row in asked.state.rows])
    assert losses[0] == losses[1] and len(losses[0]) == 4


def test_an_evaluation_has_a_gradient_for_every_parameter_that_moves():
    asked = problem(piano(2), duration=SHORT, score=Spread(3))
    values, readings, audio = evaluation(asked)
    assert {name for name, v in values.items() if v.grad is not None} == {"onset", "duration", "amplitude", *SHARED}
    assert set(readings) == {"arousal", "valence"} and audio.shape == (1, asked.brief.canvas.samples)

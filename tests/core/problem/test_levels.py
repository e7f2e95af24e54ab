"""What an objective hears is scaled as the canvas says, at the rate the parts agree on."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from workshop import CANVAS, Constant, Squared

from orchestra_core import Canvas
from orchestra_core.problem import Evaluator
from orchestra_core.problem.level import apply_level


def sine(frequency, amplitude, rate=48_000, seconds=2.0):
    time = torch.arange(round(rate * seconds), dtype=torch.float64) / rate
    return amplitude * torch.sin(2 * math.pi * frequency * time)


def integrated_loudness(audio):
    """Return the loudness of mono audio at 48 kHz in LUFS with the filters and gates printed in ITU-R BS.1770-4."""
    shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
    high_pass = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
    weighted = lfilter(*high_pass, lfilter(*shelf, audio))
    blocks = [weighted[s : s + 19_200] for s in range(0, len(weighted) - 19_200 + 1, 4_800)]
    power = np.array([np.mean(block**2) for block in blocks])
    power = power[-0.691 + 10 * np.log10(power + 1e-20) > -70]
    gate = -0.691 + 10 * np.log10(power.mean()) - 10
    return -0.691 + 10 * np.log10(power[-0.691 + 10 * np.log10(power) > gate].mean())


def test_the_independent_meter_reads_the_full_scale_tone_of_the_standard():
    assert integrated_loudness(sine(997, 1.0).numpy()) == pytest.approx(-3.01, abs=0.02)


def test_the_peak_of_every_item_is_the_one_asked_and_the_gain_says_how():
    audio = torch.stack([sine(440, 0.01), -sine(440, 3.0)])
    heard, gain = apply_level(audio, Canvas(duration=2.0, sample_rate=48_000, peak=0.7))
    assert heard.abs().amax(dim=1).tolist() == pytest.approx([0.7, 0.7])
    torch.testing.assert_close(heard, audio * gain[:, None])


@pytest.mark.parametrize("asked", [-30.0, -20.0, -14.0])
def test_the_loudness_of_every_item_is_the_one_asked_by_an_independent_meter(asked):
    bursts = sine(3000, 0.3) * (torch.arange(96_000) % 48_000 < 24_000)
    audio = torch.stack([sine(997, 0.5), sine(60, 0.02), bursts])
    heard, gain = apply_level(audio, Canvas(duration=2.0, sample_rate=48_000, level="loudness", loudness=asked))
    free = heard.abs().amax(dim=1) < 0.99  # what would clip is held at full scale instead
    assert free[0]
    for item in heard[free]:
        assert integrated_loudness(item.numpy()) == pytest.approx(asked, abs=0.1)
    torch.testing.assert_close(heard, audio * gain[:, None])


def test_a_loudness_that_would_clip_is_held_below_full_scale():
    click = torch.zeros(1, 96_000, dtype=torch.float64)
    click[0, ::20_000] = 0.5
    heard, _ = apply_level(click, Canvas(duration=2.0, sample_rate=48_000, level="loudness", loudness=-10.0))
    assert 0.99 < float(heard.abs().max()) <= 1.0


def test_as_is_changes_nothing():
    audio = sine(440, 3.0)[None]
    heard, gain = apply_level(audio, Canvas(level="as_is"))
    assert heard is audio
    assert gain.tolist() == [1.0]


@pytest.mark.parametrize("level", ["peak", "loudness"])
def test_silence_stays_silence_and_finite(level):
    audio = torch.zeros(1, 96_000, requires_grad=True)
    heard, gain = apply_level(audio, Canvas(duration=2.0, sample_rate=48_000, level=level))
    heard.square().sum().backward()
    assert torch.isfinite(gain).all() and torch.isfinite(audio.grad).all()
    assert not heard.any()


def test_the_gradient_goes_through_the_peak():
    audio = (0.3 * torch.rand(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: apply_level(x, Canvas(level="peak"))[0], (audio,))


@pytest.mark.parametrize(
    ("free", "hears", "canvas", "works"),
    [
        (True, (22_050, 44_100), 44_100, 22_050),
        (False, (22_050, 44_100), 44_100, 44_100),
        (True, (48_000,), 44_100, 44_100),
        (True, (), 44_100, 44_100),
        (True, (16_000, 22_050, 48_000), 22_050, 16_000),
    ],
)
def test_the_working_rate_is_the_lowest_native_one_of_a_rate_free_instrument(free, hears, canvas, works):
    class Instrument(Constant):
        capabilities = frozenset({"rate_free"} if free else set())

    class Hearing(Squared):
        sample_rates = hears

    assert Evaluator(Instrument(), Hearing()).working_rate(canvas) == works


def test_what_is_heard_is_the_rendering_times_the_gain():
    from orchestra_core import Brief

    canvas = CANVAS.__class__(duration=0.01, sample_rate=8_000, level="peak", peak=0.5)
    brief = Brief(canvas, {"level": torch.zeros(2)}, torch.tensor([1, 2]))
    values = {"coarse": torch.tensor([0.2, -4.0]), "fine": torch.zeros(2), "which": torch.zeros(2)}
    heard = Evaluator(Constant(), Squared()).hear(values, brief, brief.generator("x"))
    assert heard.evaluation.readings["level"].tolist() == pytest.approx([0.5, -0.5])
    assert heard.gain.tolist() == pytest.approx([2.5, 0.125])

"""The two renderers of the piano: against the equations, against each other, gradients, and independence of items."""

import math

import numpy as np
import pytest
import torch
from piano_values import FREE, SHARED, batch_of, random_notes, values_of

from orchestra_core import Canvas
from orchestra_core.errors import ParameterError
from orchestra_piano import Adsr, PianoAdsr

SMALL = Canvas(duration=0.4, sample_rate=8000)


def decibels(difference, whole):
    return 20 * math.log10(float(difference.norm() / whole.norm()) + 1e-30)


#: No onset, corner or end of these notes falls on a sample, where a finite difference would mean nothing.
OFF_GRID = [(60, 0.03113, 0.12342, 0.8), (71, 0.10219, 0.11371, 0.4)]


def assert_gradients(piano, values, name):
    canvas = Canvas(duration=0.25, sample_rate=4000)
    mixes = torch.randn(canvas.samples, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    free = values[name].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda value: piano.render(values | {name: value}, canvas) @ mixes, (free,), atol=1e-6)


def published_by_hand(notes, shape, samples, rate):
    """The equations of the published generator sample by sample, in plain Python."""
    a, decay, s, r = shape
    audio = np.zeros(samples)
    for n in range(samples):
        t = n / rate
        for pitch, onset, d, amplitude in notes:
            x = t - onset
            if not 0 <= x < d:
                continue
            if x < a:
                level = x / a
            elif x < a + decay:
                level = 1 - (1 - s) * (x - a) / decay
            elif x < d - r:
                level = s * math.exp(-1.5 * (x - (a + decay)) / (d - a - decay - r))
            else:
                level = s * math.exp(-1.5 * (x - (d - r)) / r)
            mask = 1 / (1 + math.exp(-100 * x)) / (1 + math.exp(-100 * (d - x)))
            frequency = 440 * 2 ** ((pitch - 69) / 12)
            audio[n] += mask * amplitude * level * math.sin(2 * math.pi * frequency * t)
    return audio


@pytest.mark.parametrize(("renderer", "tolerance"), (("exact", 1e-9), ("fast", 1e-3)))
def test_one_partial_with_literal_forms_is_the_published_equation(renderer, tolerance):
    shape = (0.03, 0.12, 0.6, 0.1)
    notes = [(60, 0.05011, 0.35017, 0.9), (67, 0.20013, 0.50019, 0.5), (45, 0.31007, 0.30023, 0.7)]
    values = values_of(notes, torch.float64, **dict(zip(SHARED, shape, strict=False)))
    piano = PianoAdsr(partials=1, envelope=Adsr(form="literal"), edges="literal", renderer=renderer)
    audio = piano.render(values, Canvas(duration=0.8, sample_rate=8000))[0].numpy()
    np.testing.assert_allclose(audio, published_by_hand(notes, shape, 6400, 8000), atol=tolerance)


@pytest.mark.parametrize("rate", (8000, 22_050, 44_100))
@pytest.mark.parametrize(
    "shared",
    (
        {},
        {"attack": 0.001, "decay": 0.01, "sustain": 0.3, "release": 0.05, "brightness": -2.0, "partial_decay": 6.0},
        {"attack": 0.1, "decay": 0.5, "sustain": 0.9, "release": 1.0, "brightness": -24.0, "partial_decay": 0.05},
    ),
)
def test_fast_renderer_agrees_with_the_exact_one(rate, shared):
    values, canvas = values_of(random_notes(6, 0.6), **shared), Canvas(duration=0.8, sample_rate=rate)
    fast, exact = (PianoAdsr(renderer=renderer).render(values, canvas) for renderer in ("fast", "exact"))
    assert decibels(fast - exact, exact) < -70
    assert (fast - exact).abs().max() < 1e-3 * exact.abs().max()


def test_fast_renderer_agrees_with_the_exact_one_in_the_literal_forms():
    values, canvas = values_of(random_notes(6, 0.6)), Canvas(duration=1.0)
    values["duration"] = values["duration"] + 0.5
    config = {"partials": 1, "envelope": Adsr(form="literal"), "edges": "literal"}
    fast, exact = (PianoAdsr(renderer=renderer, **config).render(values, canvas) for renderer in ("fast", "exact"))
    assert decibels(fast - exact, exact) < -70


@pytest.mark.parametrize("name", FREE)
@pytest.mark.parametrize("renderer", ("fast", "exact"))
def test_gradients_are_those_of_finite_differences(renderer, name):
    values = values_of(OFF_GRID, torch.float64, attack=0.01711, decay=0.07123, release=0.30017)
    assert_gradients(PianoAdsr(partials=3, renderer=renderer), values, name)


@pytest.mark.parametrize("name", ("onset", "duration", "amplitude", "attack", "decay", "sustain", "release"))
def test_gradients_of_the_literal_forms_are_those_of_finite_differences(name):
    values = values_of(OFF_GRID, torch.float64, attack=0.01711, decay=0.04123, release=0.05017)
    assert_gradients(PianoAdsr(partials=1, envelope=Adsr(form="literal"), edges="literal"), values, name)


def test_fast_gradients_of_a_spectral_loss_are_those_of_the_exact_renderer():
    canvas = Canvas(duration=1.0)

    def gradients(renderer):
        values = values_of(random_notes(5, 0.7), torch.float64)
        free = [values[name].requires_grad_() for name in FREE]
        audio = PianoAdsr(renderer=renderer).render(values, canvas)
        window = torch.hann_window(2048, dtype=torch.float64)
        power = torch.stft(audio, 2048, 512, window=window, return_complex=True).abs().square()
        level = torch.log10(power[:, :300] + 1e-4 * power.max().detach())
        weight = torch.linspace(-1, 1, 300, dtype=torch.float64)[:, None]
        return torch.autograd.grad((weight * level).sum(), free)

    for name, fast, exact in zip(FREE, gradients("fast"), gradients("exact"), strict=True):
        assert float((fast - exact).norm() / exact.norm()) < 0.01, name


@pytest.mark.parametrize("gradients", (False, True))
def test_an_item_sounds_the_same_alone_as_among_others(gradients):
    items = [values_of(random_notes(count, 2.0, seed=count), release=0.1 * count) for count in (3, 9, 1, 6, 5)]
    canvas = Canvas(duration=2.5)
    with torch.set_grad_enabled(gradients):
        together = PianoAdsr().render(batch_of(items), canvas)
        for item, values in enumerate(items):
            assert (together[item] - PianoAdsr().render(values, canvas)[0]).abs().max() <= 1e-6


def test_padding_changes_no_bit():
    values = values_of(random_notes(4, 0.3))
    padded = {name: value[:1] for name, value in batch_of([values, values_of(random_notes(20, 0.3))]).items()}
    assert torch.equal(PianoAdsr().render(values, SMALL), PianoAdsr().render(padded, SMALL))


def test_a_masked_note_gets_no_gradient():
    values = values_of(random_notes(4, 0.3))
    values["mask"][0, 2] = False
    onset = values["onset"].clone().requires_grad_()
    PianoAdsr().render(values | {"onset": onset}, SMALL).square().sum().backward()
    assert (onset.grad[0] != 0).tolist() == [True, True, False, True]


def test_a_long_piece_is_the_same_with_and_without_gradients():
    # Without gradients it is rendered in chunks, which must not show.
    values, canvas = values_of(random_notes(150, 9.0)), Canvas(duration=10.0, sample_rate=22_050)
    onset = values["onset"].clone().requires_grad_()
    with_gradients = PianoAdsr().render(values | {"onset": onset}, canvas).detach()
    with torch.no_grad():
        without = PianoAdsr().render(values, canvas)
    assert torch.equal(with_gradients, without)


def test_rendering_twice_gives_the_same_bits():
    values = values_of(random_notes(10, 0.3))
    assert torch.equal(PianoAdsr().render(values, SMALL), PianoAdsr().render(values, SMALL))


@pytest.mark.parametrize("samples", (45, 100, 4095, 4096, 4097, 10_000))
def test_canvas_of_any_length_is_filled(samples):
    values = values_of([(60, 0.01, 0.3, 0.8)])
    canvas = Canvas(duration=samples / 44_100)
    fast, exact = (PianoAdsr(renderer=renderer).render(values, canvas) for renderer in ("fast", "exact"))
    assert fast.shape == (1, samples)
    assert (fast - exact).abs().max() < 1e-3


@pytest.mark.parametrize("bad", (math.nan, math.inf))
@pytest.mark.parametrize("name", FREE)
def test_a_value_that_is_not_finite_is_refused_and_not_silent(name, bad):
    values = values_of([(60, 0.1, 0.2, 0.8)])
    values[name] = torch.full_like(values[name], bad)
    with pytest.raises(ParameterError, match="NaN"):
        PianoAdsr().render(values, SMALL)


def test_a_value_that_is_not_finite_spoils_its_own_item_only():
    values = batch_of([values_of([(60, 0.1, 0.2, 0.8)])] * 2)
    values["onset"] = torch.tensor([[0.1], [math.inf]])
    first, second = PianoAdsr()._render(values, SMALL)
    assert torch.isfinite(first).all()
    assert torch.isnan(second).all()


def test_notes_outside_the_canvas_are_silent():
    values = values_of([(60, 0.9, 0.2, 0.8), (62, -2.0, 0.3, 0.8)])
    assert not PianoAdsr().render(values, SMALL).any()

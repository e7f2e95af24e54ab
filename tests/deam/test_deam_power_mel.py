"""What the front end and the network compute by hand equals what autograd makes of the plain equations."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from orchestra_deam.front_end import SPECTRUM_SIZES, FrontEnd, mel_bank, relative_decibels, standardise
from orchestra_deam.models import MODELS, frozen, make_model
from orchestra_deam.oracle import DeamCNN
from orchestra_deam.power_mel import PowerMel, standardised_decibels

RATES = (22_050, 44_100)


def tone(kind, rate, dtype=torch.float32):
    t = torch.arange(5 * rate, dtype=torch.float64) / rate
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(len(t), generator=generator, dtype=torch.float64)
    clip = {
        "noise": 0.1 * noise,
        "chord that decays": sum(torch.sin(2 * math.pi * f * t) for f in (220.0, 277.2, 329.6)) * torch.exp(-4 * (t % 1.0)) * 0.2,
        "sine in faint noise": torch.sin(2 * math.pi * 440 * t) + 1e-3 * noise,
        "half silent": torch.sin(2 * math.pi * 1000 * t) * (t < 2.5),
    }[kind]
    return clip[None].to(dtype)


KINDS = ("noise", "chord that decays", "sine in faint noise", "half silent")


def plain_power(bank, hop, audio):
    n_fft = 2 * (bank.shape[1] - 1)
    window = torch.hann_window(n_fft, dtype=audio.dtype)
    spectrum = torch.stft(audio, n_fft, hop, window=window, center=True, pad_mode="constant", return_complex=True)
    return bank @ (spectrum.real.square() + spectrum.imag.square())


def gradient(function, value, weights):
    leaf = value.clone().requires_grad_()
    (function(leaf) * weights).sum().backward()
    return leaf.grad


def test_gradient_of_the_power_equals_finite_differences():
    torch.manual_seed(0)
    bank = torch.rand(3, 9, dtype=torch.float64)
    bank[:, 6:] = 0  # bins that no filter hears
    spectrum = PowerMel(bank, 4, torch.float64)
    assert torch.autograd.gradcheck(spectrum, (torch.randn(2, 41, dtype=torch.float64, requires_grad=True),))


@pytest.mark.parametrize("kind", ["spread", "below the floor", "two loudest"])
def test_gradient_of_the_decibels_equals_finite_differences(kind):
    torch.manual_seed(1)
    power = torch.rand(2, 5, 4, dtype=torch.float64) + 0.5
    if kind == "below the floor":
        power[:, :2] *= 1e-10
    if kind == "two loudest":  # the slope at a tie is anyone's share: compare with autograd's instead
        power[0, 0, 0] = power[0, 1, 1] = 3.0
        weights = torch.randn_like(power)
        ours, theirs = (gradient(f, power, weights) for f in (standardised_decibels, lambda p: standardise(relative_decibels(p))))
        torch.testing.assert_close(ours, theirs)
    else:
        assert torch.autograd.gradcheck(standardised_decibels, (power.requires_grad_(),), eps=1e-9, atol=1e-4)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", KINDS)
def test_power_and_gradient_equal_the_plain_ones_in_double_precision(kind, rate):
    n_fft, hop = SPECTRUM_SIZES[rate]
    bank, audio = mel_bank(n_fft, rate), tone(kind, rate, torch.float64)
    fast = PowerMel(bank, hop, torch.float64)
    expected = plain_power(bank, hop, audio)
    torch.testing.assert_close(fast(audio), expected, rtol=1e-9, atol=1e-12 * float(expected.max()))
    weights = torch.randn_like(expected)
    ours, theirs = gradient(fast, audio, weights), gradient(lambda a: plain_power(bank, hop, a), audio, weights)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10 * float(theirs.abs().max()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("power", ["random", "silent", "faint", "one band"])
def test_standardised_decibels_equal_the_plain_ones_in_value_and_gradient(power, dtype):
    torch.manual_seed(2)
    values = {
        "random": torch.rand(3, 128, 20).exp() * torch.logspace(-12, 2, 20),
        "silent": torch.zeros(2, 128, 20),
        "faint": torch.rand(2, 128, 20) * 1e-32,
        "one band": torch.zeros(2, 128, 20).index_fill(1, torch.tensor([5]), 2.0),
    }[power].to(dtype)
    tolerance = {"rtol": 1e-9, "atol": 1e-11} if dtype == torch.float64 else {"rtol": 1e-4, "atol": 2e-5}
    plain = standardise(relative_decibels(values))
    torch.testing.assert_close(standardised_decibels(values), plain, **tolerance)
    weights = torch.randn_like(values)
    ours, theirs = (gradient(f, values, weights) for f in (standardised_decibels, lambda p: standardise(relative_decibels(p))))
    torch.testing.assert_close(ours, theirs, rtol=tolerance["rtol"] * 10, atol=float(theirs.abs().max()) * 1e-4 + 1e-30)


@pytest.mark.parametrize("kind", KINDS)
def test_decibels_of_an_optimisation_agree_within_the_stated_tolerance(kind):
    front_end, audio = FrontEnd("torch"), tone(kind, 22_050)
    optimised = front_end.decibels(audio.clone().requires_grad_(), 22_050)
    torch.testing.assert_close(optimised.detach(), front_end.decibels(audio, 22_050), atol=5e-3, rtol=0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", KINDS)
def test_readings_of_an_optimisation_agree_with_those_of_record(kind, rate):
    oracle, audio = DeamCNN(), tone(kind, rate)
    record, optimised = oracle.read(audio, rate), oracle.read(audio.clone().requires_grad_(), rate)
    plain = DeamCNN(backend="torchaudio").read(audio, rate)
    for name in record:
        torch.testing.assert_close(optimised[name].detach(), record[name], atol=1e-4, rtol=0)
        torch.testing.assert_close(record[name], plain[name], atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_readings_agree_with_the_plain_ones(kind):
    audio = tone(kind, 22_050)
    gradients = []
    for backend in ("torch", "torchaudio"):
        oracle, leaf = DeamCNN(backend=backend), audio.clone().requires_grad_()
        oracle.read(leaf, 22_050)["valence"].sum().backward()
        gradients.append(leaf.grad)
    cosine = functional.cosine_similarity(gradients[0], gradients[1])
    assert float(cosine) > 0.995
    assert float(gradients[0].norm() / gradients[1].norm()) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"cues"}))
def test_a_frozen_network_equals_its_layers_in_value_and_gradient(name, batch):
    torch.manual_seed(4)
    model = make_model(name).double().eval()
    features = torch.randn(batch, 1, 128, 60, dtype=torch.float64)
    plain, plain_gradient = _both(model, features)
    fast, fast_gradient = _both(frozen(model).to(memory_format=torch.channels_last), features)
    torch.testing.assert_close(fast, plain, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(fast_gradient, plain_gradient, rtol=1e-9, atol=1e-12)


def _both(model, features):
    leaf = features.clone().requires_grad_()
    read = model(leaf)
    (read * torch.tensor([1.0, -0.5], dtype=read.dtype)).sum().backward()
    return read.detach(), leaf.grad

"""Resampling: the tone stays where it was, whatever the rates."""

from __future__ import annotations

import math

import pytest
import torch

from orchestra_core.contracts.resample import resample


def peak_frequency(audio, rate):
    """Return the frequency of the strongest partial in Hz, by parabolic interpolation of the log spectrum."""
    power = torch.fft.rfft(audio * torch.hann_window(len(audio))).abs().log()
    top = int(power.argmax())
    a, b, c = power[top - 1 : top + 2].tolist()
    return (top + 0.5 * (a - c) / (a - 2 * b + c)) * rate / len(audio)


@pytest.mark.parametrize(
    ("source", "target"),
    [(48_000, 44_100), (12_345, 22_050), (22_050, 44_100), (192_000, 22_050), (44_099, 44_100), (44_090, 44_100)],
)
def test_a_tone_keeps_its_pitch_within_a_cent(source, target):
    tone = torch.sin(2 * math.pi * 440 * torch.arange(source) / source)
    heard = peak_frequency(resample(tone, source, target), target)
    assert abs(1200 * math.log2(heard / 440)) < 1


def test_equal_rates_return_the_same_audio():
    audio = torch.rand(2, 100)
    assert resample(audio, 8_000, 8_000) is audio


def test_gradients_flow_through():
    audio = torch.rand(1, 800, requires_grad=True)
    resample(audio, 8_000, 16_000).square().sum().backward()
    assert torch.isfinite(audio.grad).all()
    assert audio.grad.abs().sum() > 0

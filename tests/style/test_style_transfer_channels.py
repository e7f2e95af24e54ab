"""Every channel follows the change of the whole; where nothing changes, every sample stays."""

import numpy as np
import pytest
import torch
from style_sounds import tune

from orchestra_style.channels import reference, resampled, spread
from orchestra_style.mel import SAMPLE_RATE


def stereo(rate, seconds=1.0):
    """Return a tune in the middle, noise on the left, and a high tone that the network does not hear."""
    time = np.arange(round(rate * seconds)) / rate
    left = 0.05 * np.random.default_rng(0).standard_normal(len(time))
    high = 0.05 * np.sin(2 * np.pi * 15_000 * time) if rate > 30_000 else 0.0
    middle = tune(seconds, rate)
    return torch.as_tensor(np.stack([middle + left + high, middle + high])).float()


def low(channels, rate):
    return resampled(reference(channels), rate, SAMPLE_RATE)


@pytest.mark.parametrize("rate", [44_100, 48_000, 22_050, 16_000])
def test_where_nothing_changed_every_channel_is_what_it_was(rate):
    channels = stereo(rate)
    before = low(channels, rate)
    torch.testing.assert_close(spread(channels, rate, before, before), channels, rtol=0, atol=2e-6)


def test_mono_becomes_the_changed_recording():
    channels = torch.as_tensor(tune(1.0, SAMPLE_RATE)).float()[None]
    after = channels[0].roll(100)
    torch.testing.assert_close(spread(channels, SAMPLE_RATE, channels[0], after)[0], after, rtol=0, atol=1e-6)


def test_the_mean_of_the_channels_is_the_changed_recording_and_sides_stay_in_place():
    channels = stereo(SAMPLE_RATE)
    before = low(channels, SAMPLE_RATE)
    found = spread(channels, SAMPLE_RATE, before, 0.5 * before)
    torch.testing.assert_close(found.mean(dim=0), 0.5 * before, rtol=0, atol=1e-5)
    torch.testing.assert_close(found, 0.5 * channels, rtol=0, atol=1e-4)


def test_what_lies_above_the_network_follows_the_highest_octave():
    channels = stereo(44_100)
    before = low(channels, 44_100)
    found = spread(channels, 44_100, before, 0.25 * before)
    at = 15_000
    lines = [float(torch.fft.rfft(x[1, :44_100]).abs()[at]) for x in (channels, found)]
    assert lines[1] / lines[0] == pytest.approx(0.25, rel=0.02)


def test_channels_that_cancel_are_followed_by_the_loudest():
    side = torch.as_tensor(tune(0.5)).float()
    channels = torch.stack([0.9 * side, -side])
    torch.testing.assert_close(reference(channels), -side)
    torch.testing.assert_close(reference(torch.stack([side, side])), side)


def test_resampling_keeps_a_tone_and_the_length_asked_for():
    time = np.arange(44_100) / 44_100
    tone = torch.as_tensor(np.sin(2 * np.pi * 1_000 * time)).float()
    found = resampled(tone, 44_100, 22_050, 22_000)
    expected = np.sin(2 * np.pi * 1_000 * np.arange(22_000) / 22_050)
    assert found.shape == (22_000,)
    np.testing.assert_allclose(found.numpy()[500:-500], expected[500:-500], atol=1e-3)

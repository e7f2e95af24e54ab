"""A recording that is made longer keeps its samples between the fades and its level within them."""

import numpy as np
import pytest
import torch
from style_sounds import RATE

from orchestra_style.prolong import prolonged


def noise(seconds):
    return torch.as_tensor(np.random.default_rng(3).standard_normal(round(seconds * RATE)))


@pytest.mark.parametrize(("place", "start"), [(0.0, 0), (0.5, RATE // 2), (0.9999999, RATE)])
def test_a_part_of_a_longer_recording_is_its_own_samples(place, start):
    audio = noise(3.0)
    found = prolonged(audio, 2 * RATE, place, RATE)
    assert torch.equal(found, audio[start : start + 2 * RATE])


def test_a_shorter_recording_is_repeated_with_its_own_samples_between_the_fades():
    audio, shared = noise(2.0), RATE // 2
    found = prolonged(audio, 5 * RATE, 0.0, RATE)
    assert found.shape == (5 * RATE,)
    period = 2 * RATE - shared
    assert torch.equal(found[:period], audio[:period])
    assert torch.equal(found[period + shared : 2 * period], audio[shared:period])


@pytest.mark.parametrize("place", [0.0, 0.4, 0.99])
def test_noise_is_as_loud_within_the_fades(place):
    found = prolonged(noise(1.0), 6 * RATE, place, RATE)
    blocks = found[: len(found) // 4_000 * 4_000].reshape(-1, 4_000).square().mean(dim=1)
    assert float(10 * torch.log10(blocks.max() / blocks.min())) < 1.0


def test_a_steady_tone_goes_on_where_the_fade_joins_equal_phases():
    period = RATE - int(0.25 * RATE)
    whole = torch.sin(2 * torch.pi * 300 / period * torch.arange(3 * RATE, dtype=torch.float64))
    torch.testing.assert_close(prolonged(whole[:RATE], 3 * RATE, 0.0, RATE), whole, atol=1e-6, rtol=0.0)

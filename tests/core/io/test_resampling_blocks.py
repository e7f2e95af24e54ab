"""Resampling block by block."""

import math

import numpy as np
import pytest
import torch
from torchaudio.functional import resample

from orchestra_core.io.resampling import resample_blocks


def cut(signal, generator, longest):
    start = 0
    while start < len(signal):
        size = int(generator.integers(1, longest))
        yield signal[start : start + size]
        start += size


@pytest.mark.parametrize(
    ("source", "target"),
    [(44_100, 22_050), (22_050, 44_100), (48_000, 44_100), (8_000, 11_025), (12_345, 22_050), (44_100, 44_100)],
)
@pytest.mark.parametrize("longest", [50, 3_000, 30_000])
def test_blocks_of_any_length_give_what_the_whole_gives(source, target, longest):
    signal = torch.randn(12_345, generator=torch.Generator().manual_seed(0))
    blocks = torch.cat(list(resample_blocks(cut(signal, np.random.default_rng(1), longest), source, target)))
    expected = resample(signal[None], source, target)[0]
    assert blocks.shape == expected.shape
    torch.testing.assert_close(blocks, expected, atol=5e-6, rtol=0)


def test_rates_without_a_common_divisor_are_resampled_without_a_huge_filter_bank():
    source, target = 44_099, 22_050
    time = torch.arange(2 * source, dtype=torch.float64) / source
    signal = torch.sin(2 * math.pi * 440 * time).float()
    blocks = torch.cat(list(resample_blocks(signal.split(10_000), source, target)))
    expected = torch.sin(2 * math.pi * 440 * torch.arange(len(blocks), dtype=torch.float64) / target).float()
    assert abs(len(blocks) - 2 * target) <= 2
    torch.testing.assert_close(blocks[500:-500], expected[500:-500], atol=1e-3, rtol=0)

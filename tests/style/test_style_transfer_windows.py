"""Windows cover a recording, and joined again they have no seam."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from orchestra_core.errors import ParameterError
from orchestra_style.windows import cross_fade, join_windows, plan_windows


@given(samples=st.integers(1, 5_000), longest=st.integers(10, 400), overlap=st.integers(0, 4))
def test_windows_cover_everything_in_order_and_overlap(samples, longest, overlap):
    windows = plan_windows(samples, longest, overlap)
    assert windows[0].start == 0
    assert windows[-1].stop == samples
    assert all(window.stop - window.start <= longest for window in windows)
    assert all(after.start <= before.stop - overlap for before, after in pairwise(windows))
    assert len({window.stop - window.start for window in windows}) == 1


def test_a_recording_of_one_window_is_one_window():
    assert len(plan_windows(100, 100, 10)) == 1
    assert len(plan_windows(101, 100, 10)) == 2


def test_an_overlap_of_half_a_window_is_refused():
    with pytest.raises(ParameterError, match="less than half"):
        plan_windows(100, 10, 5)


@given(samples=st.integers(50, 2_000), seed=st.integers(0, 9))
def test_windows_of_one_recording_join_to_that_recording(samples, seed):
    audio = torch.as_tensor(np.random.default_rng(seed).standard_normal(samples))
    windows = plan_windows(samples, 60, 8)
    joined = join_windows([audio[w.start : w.stop] for w in windows], windows)
    torch.testing.assert_close(joined, audio, rtol=0, atol=1e-12)


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_the_power_stays_whatever_the_correlation(alike):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 200_000))
    before, after = torch.as_tensor(a), torch.as_tensor(alike * a + np.sqrt(1 - alike**2) * b)
    faded = cross_fade(before, after)
    middle = faded[80_000:120_000]
    assert float(middle.square().mean()) == pytest.approx(1.0, abs=0.03)


def test_a_fade_begins_with_the_one_and_ends_with_the_other():
    faded = cross_fade(torch.full((1_000,), 1.0), torch.full((1_000,), 3.0))
    assert float(faded[0]) == pytest.approx(1.0, abs=1e-4)
    assert float(faded[-1]) == pytest.approx(3.0, abs=1e-4)
    assert float(faded.diff().abs().max()) < 0.01


def test_silence_fades_without_nan():
    assert torch.isfinite(cross_fade(torch.zeros(10), torch.zeros(10))).all()

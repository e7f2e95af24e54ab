"""Measurements of a clip."""

import numpy as np
import pytest

from orchestra_core.report.measurements import decibels, frame_levels, measure

RATE = 8_000


def sine(amplitude=0.5, seconds=1.0):
    return amplitude * np.sin(2 * np.pi * 100 * np.arange(round(seconds * RATE)) / RATE)


def test_a_sine_has_its_peak_and_a_level_3_db_below():
    measured = measure(sine(), RATE)
    assert measured.peak == pytest.approx(-6.02, abs=0.01)
    assert measured.rms == pytest.approx(-6.02 - 3.01, abs=0.01)
    assert (measured.clipped, measured.leading_silence) == (0, 0.0)


def test_an_offset_is_the_mean():
    assert measure(sine() + 0.1, RATE).offset == pytest.approx(0.1, abs=1e-9)


def test_samples_at_full_scale_are_counted():
    assert measure(np.array([1.0, -1.0, 0.99, 0.0, 1.0]), RATE).clipped == 3


@pytest.mark.parametrize("silence", [0.0, 0.25, 0.6])
def test_leading_silence_is_measured_to_a_hundredth(silence):
    clip = np.concatenate([np.zeros(round(silence * RATE)), sine()])
    assert measure(clip, RATE).leading_silence == pytest.approx(silence, abs=0.011)


def test_noise_60_db_below_counts_as_silence():
    clip = np.concatenate([sine(0.0003, 0.5), sine()])
    assert measure(clip, RATE).leading_silence == pytest.approx(0.5, abs=0.011)


def test_a_silent_clip_is_silent_throughout():
    measured = measure(np.zeros(RATE), RATE)
    assert (measured.peak, measured.leading_silence, measured.offset) == (float("-inf"), 1.0, 0.0)


def test_frame_levels_are_the_rms_of_each_frame():
    clip = np.concatenate([np.full(80, 0.5), np.full(80, -0.25), np.full(40, 1.0)])
    np.testing.assert_allclose(frame_levels(clip, RATE, 0.01), [0.5, 0.25, 1.0])


def test_decibels_are_20_log10():
    assert [decibels(value) for value in (1.0, 0.1, 0.0)] == [0.0, pytest.approx(-20.0), float("-inf")]

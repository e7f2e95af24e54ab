"""The measures are what closed forms say."""

import numpy as np
import pytest
from style_sounds import RATE, pulses, tune

from orchestra_style.measures import (
    OCTAVES,
    chroma_correlation,
    distances,
    level_range,
    moved,
    onset_correlation,
    profile,
    third_octaves,
)


def test_white_noise_rises_by_a_decibel_per_third_of_an_octave():
    levels = third_octaves(np.random.default_rng(0).standard_normal(20 * RATE), RATE)
    assert np.polyfit(np.arange(len(levels)), levels, 1)[0] == pytest.approx(10 * np.log10(2) / 3, abs=0.1)
    assert 10 * np.log10(np.sum(10 ** (levels / 10))) == pytest.approx(0.0, abs=0.01)


def test_a_tone_lies_in_its_band_and_the_rest_at_the_floor():
    levels = third_octaves(np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE), RATE)
    assert levels.argmax() == 12
    assert levels[12] == pytest.approx(0.0, abs=0.1)
    assert levels[0] == -50.0


def test_modulation_of_a_known_depth_is_measured():
    time = np.arange(10 * RATE) / RATE
    depth = 0.2
    sound = (1 + depth * np.sin(2 * np.pi * 6.0 * time)) * np.sin(2 * np.pi * 1_000 * time)
    found = profile(sound, RATE)
    band = int(found.level.argmax())
    octave = next(k for k, (lower, upper) in enumerate(OCTAVES) if lower <= 6.0 < upper)
    # To first order (1 + d sin)^0.3 is 1 + 0.3 d sin, of power (0.3 d)^2 / 2.
    assert found.modulation[band, octave] == pytest.approx(10 * np.log10((0.3 * depth) ** 2 / 2), abs=0.3)
    assert found.variation[band] == pytest.approx(20 * np.log10(0.3 * depth / np.sqrt(2) + 1e-3), abs=0.3)
    assert np.exp(found.kurtosis[band]) == pytest.approx(1.5, abs=0.1)  # of a sine


def test_octaves_longer_than_the_recording_are_not_measured():
    found = profile(pulses(0.8), RATE).modulation  # 4 periods of 5 Hz
    assert np.isnan(found[:, :4]).all()
    assert np.isfinite(found[:, 4:]).all()


def test_two_stretches_of_one_noise_measure_alike_and_a_pulsed_one_does_not():
    whole, pulsed = pulses(20.0, frequency=0.0), pulses(10.0, frequency=3.0)
    first, second, other = (profile(sound, RATE) for sound in (whole[: 10 * RATE], whole[10 * RATE :], pulsed))
    assert distances(first, second)["modulation"] < 2.0  # dB: what five tapers leave to chance
    assert moved(other, first, second)["modulation"] > 0.6


def test_modulation_below_the_threshold_of_hearing_is_not_measured():
    time = np.arange(10 * RATE) / RATE
    steady, barely = (
        profile((1 + depth * np.sin(2 * np.pi * 6 * time)) * np.sin(2 * np.pi * 1_000 * time), RATE) for depth in (0.0, 0.003)
    )
    band = int(steady.level.argmax())
    np.testing.assert_allclose(barely.modulation[band], steady.modulation[band], atol=0.2)


def test_all_the_way_is_1_and_not_moving_0():
    content, style = profile(tune(3.0), RATE), profile(pulses(3.0), RATE)
    assert all(share == pytest.approx(1.0) for share in moved(content, style, style).values())
    assert all(share == 0.0 for share in moved(content, content, style).values())
    assert distances(style, style) == dict.fromkeys(distances(style, style), 0.0)


def test_the_same_music_is_kept_at_any_gain_and_other_music_is_not():
    content, other = tune(3.0), pulses(3.0)
    assert chroma_correlation(content, 0.3 * content, RATE) == pytest.approx(1.0, abs=1e-3)
    assert onset_correlation(content, 0.3 * content, RATE) == pytest.approx(1.0, abs=1e-2)
    assert chroma_correlation(content, other, RATE) < 0.5
    assert onset_correlation(content, other, RATE) < 0.5


def test_the_level_range_of_a_step_is_the_step_and_gain_does_not_matter():
    noise = np.random.default_rng(0).standard_normal(6 * RATE)
    step = np.where(np.arange(len(noise)) < 3 * RATE, 1.0, 0.1) * noise
    assert level_range(step, RATE) == pytest.approx(20.0, abs=0.5)
    assert level_range(7 * step, RATE) == pytest.approx(level_range(step, RATE))
    assert level_range(noise, RATE) < 0.5

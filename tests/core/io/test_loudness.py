"""Loudness and true peak against the signals and figures of EBU Tech 3341 and ITU-R BS.1770."""

import math

import numpy as np
import pytest

from orchestra_core.io.loudness import integrated_loudness, measure_loudness, true_peak

#: A signal on both channels of a stereo file has this much more loudness than on one.
STEREO = 10 * math.log10(2)


def tone(level, seconds, frequency=1_000.0, rate=48_000, phase=0.0):
    """Return a sine whose peak has a level in dBFS."""
    time = np.arange(round(seconds * rate)) / rate
    return 10 ** (level / 20) * np.sin(2 * np.pi * frequency * time + phase)


@pytest.mark.parametrize(
    ("levels", "seconds", "expected"),
    [
        ((-23.0,), (20.0,), -23.0),  # case 1 of table 1
        ((-33.0,), (20.0,), -33.0),  # case 2
        ((-36.0, -23.0, -36.0), (10.0, 60.0, 10.0), -23.0),  # case 3: the relative gate
        ((-72.0, -36.0, -23.0, -36.0, -72.0), (10.0, 10.0, 60.0, 10.0, 10.0), -23.0),  # case 4: the absolute gate too
        ((-26.0, -20.0, -26.0), (20.0, 20.1, 20.0), -23.0),  # case 5
    ],
)
@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_the_tones_of_ebu_tech_3341_have_their_loudness(levels, seconds, expected, rate):
    signal = np.concatenate([tone(*pair, rate=rate) for pair in zip(levels, seconds, strict=True)])
    assert integrated_loudness(signal, rate) + STEREO == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "phase", "amplitude", "expected"),
    [
        (4, 0.0, 0.5, -6.0),  # case 15 of table 1
        (4, 45.0, 0.5, -6.0),  # case 16: no sample lies on the peak
        (6, 60.0, 0.5, -6.0),  # case 17
        (8, 67.5, 0.5, -6.0),  # case 18
        (4, 45.0, 1.41, 3.0),  # case 19: no sample exceeds full scale
    ],
)
def test_the_peaks_between_samples_of_ebu_tech_3341_are_found(divisor, phase, amplitude, expected):
    signal = amplitude * np.sin(2 * np.pi * np.arange(48_000) / divisor + np.radians(phase))
    signal *= np.clip(np.minimum(np.arange(48_000), np.arange(48_000)[::-1]) / 480, 0, 1)  # a step would overshoot by itself
    assert expected - 0.4 <= true_peak(signal, 48_000) <= expected + 0.2


@pytest.mark.parametrize(("frequency", "gain"), [(100.0, -1.1), (997.0, 0.691), (10_000.0, 4.0)])
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_the_weighting_is_that_of_the_standard_at_any_rate(frequency, gain, rate):
    """The K curve: -1.1 dB at 100 Hz, 0.691 dB at 997 Hz (so that its tone reads -3.01), 4 dB for treble."""
    measured = integrated_loudness(tone(0.0, 3.0, frequency, rate), rate)
    assert measured == pytest.approx(-0.691 - STEREO + gain, abs=0.12)


@pytest.mark.parametrize("seconds", [0.01, 0.2, 0.399])
def test_a_clip_shorter_than_a_block_is_measured_as_one_block(seconds):
    clip = np.random.default_rng(0).normal(0, 0.1, round(seconds * 44_100))
    longer = np.random.default_rng(1).normal(0, 0.1, 44_100)
    assert integrated_loudness(clip, 44_100) == pytest.approx(integrated_loudness(longer, 44_100), abs=1.5)


def test_a_last_block_that_is_not_full_does_not_count():
    signal = tone(-20.0, 1.0)
    loud = np.concatenate([signal, np.ones(round(0.09 * 48_000))])
    assert integrated_loudness(loud, 48_000) == pytest.approx(integrated_loudness(signal, 48_000), abs=1e-9)


@pytest.mark.parametrize("samples", [1, 7, 8_000])
def test_silence_has_no_loudness_and_no_peak(samples):
    measured = measure_loudness(np.zeros(samples), 8_000)
    assert (measured.integrated, measured.true_peak) == (-math.inf, -math.inf)


def test_a_peak_is_found_wherever_a_long_clip_is_cut(monkeypatch):
    signal = np.zeros(4_000)
    signal[999:1_001] = 0.5  # the peak lies between two samples, and between two pieces
    whole = true_peak(signal, 48_000)
    monkeypatch.setattr("orchestra_core.io.loudness._PIECE", 1_000)
    assert true_peak(signal, 48_000) == pytest.approx(whole, abs=1e-9)
    assert whole > 20 * math.log10(0.6)


def test_gain_moves_both_by_as_many_decibels():
    clip = np.random.default_rng(0).normal(0, 0.01, 44_100)
    soft, loud = measure_loudness(clip, 44_100), measure_loudness(10 * clip, 44_100)
    assert loud.integrated - soft.integrated == pytest.approx(20.0, abs=0.01)
    assert loud.true_peak - soft.true_peak == pytest.approx(20.0, abs=1e-6)

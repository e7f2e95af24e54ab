"""Irrelevant changes do what they say."""

import numpy as np
import pytest
import torch

from orchestra_battery.transforms import TRANSFORMS, transformed
from orchestra_core import Note, Performance, Score

RATE = 44_100
TIME = np.arange(RATE) / RATE
TONE = 0.5 * np.sin(2 * np.pi * 1000 * TIME) * np.clip(np.minimum(TIME, 1 - TIME) / 0.01, 0, 1)
SCORE = Score((Note(83, 0.0, 1.0),))


def changed(name):
    found = transformed(Performance(torch.from_numpy(TONE).float(), RATE, SCORE), name)
    return found.audio.double().numpy(), found.sample_rate, found


def test_gain_takes_six_decibels():
    assert 20 * np.log10(changed("gain")[0].std() / TONE.std()) == pytest.approx(-6.0, abs=1e-3)


def test_shift_delays_by_37_ms():
    heard, _, _ = changed("shift")
    late = round(0.037 * RATE)
    assert not heard[:late].any()
    assert heard[late:] == pytest.approx(TONE, abs=1e-7)


def test_resampling_keeps_the_frequency():
    heard, rate, _ = changed("resampling")
    assert (rate, len(heard)) == (32_000, 32_000)
    assert np.argmax(np.abs(np.fft.rfft(heard))) == 1000


def test_mp3_keeps_the_sound_up_to_its_coding():
    heard, rate, _ = changed("mp3")
    assert rate == RATE
    assert heard.std() == pytest.approx(TONE.std(), rel=0.05)
    assert abs(np.fft.rfft(heard[:RATE])[1000]) > 0.95 * abs(np.fft.rfft(TONE)[1000])
    assert not np.allclose(heard[: len(TONE)], TONE, atol=1e-6)


def test_reverb_rings_on_after_the_sound_18_db_below_it():
    burst = np.where(TIME < 0.1, np.random.default_rng(0).standard_normal(RATE) * 0.1, 0.0)
    heard = TRANSFORMS["reverb"](burst, RATE)[0]
    added = heard - burst
    assert 10 * np.log10(np.sum(added**2) / np.sum(burst**2)) == pytest.approx(-18.0, abs=1.0)
    early, late = (np.sqrt(np.mean(added[slice(*map(int, (a * RATE, b * RATE)))] ** 2)) for a, b in ((0.1, 0.15), (0.3, 0.35)))
    assert 20 * np.log10(early / late) == pytest.approx(60 * 0.2 / 0.4, abs=3.0)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_notes_stay_and_the_same_goes_in_the_same_comes_out(name):
    first, second = changed(name), changed(name)
    assert first[2].score == SCORE
    assert np.array_equal(first[0], second[0])


def test_a_performance_without_sound_stays_as_it_is():
    performance = Performance(score=SCORE)
    assert transformed(performance, "reverb") is performance

"""Envelopes, modulation, chroma and onsets are what scipy, librosa and closed forms say."""

import librosa
import numpy as np
import pytest
import torch
from style_sounds import RATE, pulses, tune

from orchestra_style.notes import MusicEar, loudness, loudness_distance, one_minus_correlation
from orchestra_style.subbands import SubbandBank, erb_centres, erb_number
from orchestra_style.texture import MODULATION_OCTAVES, TextureEar, between, distances


def spectrum(audio):
    audio = torch.as_tensor(audio)[None]
    return torch.fft.rfft(audio / audio.square().mean().sqrt())


def hear(audio):
    return TextureEar(len(audio), RATE).hear(spectrum(audio))


@pytest.mark.parametrize("reach", [1.0, 2.0])
def test_a_sub_band_is_the_envelope_of_the_filtered_signal(reach):
    audio = tune(0.5)
    centres = erb_centres(8, 100.0, 5_000.0)
    bank = SubbandBank(len(audio), RATE, centres, erb_number, 64, reach)
    found = bank.envelopes(torch.fft.rfft(torch.as_tensor(audio)[None]))
    place = erb_number(torch.fft.rfftfreq(len(audio), 1 / RATE, dtype=torch.float64)).numpy()
    means = bank.in_order([squared.mean(dim=-1) for squared in found])[0].numpy()
    width = reach * float(centres[1] - centres[0])
    for band, centre in enumerate(centres.tolist()):
        distance = np.abs(place - centre) / width
        response = np.where(distance < 1, np.cos(np.pi / 2 * distance), 0.0)
        analytic = np.zeros(len(audio), dtype=complex)
        analytic[: len(place)] = 2 * np.fft.rfft(audio) * response
        assert means[band] == pytest.approx(np.mean(np.abs(np.fft.ifft(analytic)) ** 2), rel=1e-9)


def test_the_powers_of_all_bands_sum_to_that_of_the_signal():
    audio = np.random.default_rng(0).standard_normal(11_025)
    centres = torch.linspace(0.0, float(erb_number(torch.tensor(11_025.0))), 12, dtype=torch.float64)
    bank = SubbandBank(len(audio), RATE, centres, erb_number, 64)
    power = sum(float(s.mean(dim=-1).sum()) for s in bank.envelopes(torch.fft.rfft(torch.as_tensor(audio)[None])))
    assert power / 2 == pytest.approx(np.mean(audio**2), rel=0.01)


@pytest.mark.parametrize(("frequency", "octave"), [(3.0, 2), (12.0, 4), (24.0, 5)])
def test_modulation_is_found_in_its_octave(frequency, octave):
    still, moving = hear(pulses(3.0, frequency=0.0)), hear(pulses(3.0, frequency=frequency))
    rise = (moving.modulation - still.modulation)[0].mean(dim=(0, 1))
    assert int(rise.argmax()) == octave
    assert MODULATION_OCTAVES[octave] <= frequency < 2 * MODULATION_OCTAVES[octave]


def test_envelopes_that_pulse_together_are_correlated_and_noise_is_not():
    assert float(hear(pulses(3.0)).correlation[0, 5, 20]) > 0.5
    assert abs(float(hear(pulses(3.0, frequency=0.0)).correlation[0, 5, 20])) < 0.2


def test_a_rare_click_has_a_higher_kurtosis_than_noise():
    audio = 0.01 * pulses(2.0, frequency=0.0)
    audio[20_000:20_200] *= 100
    assert float(hear(audio).kurtosis.mean()) > float(hear(pulses(2.0, frequency=0.0)).kurtosis.mean()) + 0.5


def test_a_level_twice_as_high_in_one_band_is_six_decibels():
    time = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 4_000 * time)
    before, after = hear(low + high), hear(low + 2 * high)
    band = int(before.level[0, 20:].argmax()) + 20
    low_band = int(before.level[0, :20].argmax())
    change = (after.level - before.level)[0]
    assert float(change[band] - change[low_band]) == pytest.approx(6.02, abs=0.1)


def test_modulation_that_is_not_heard_costs_nothing():
    time = np.arange(3 * RATE) / RATE
    steady, barely, clearly = (
        hear((1 + depth * np.sin(2 * np.pi * 6 * time)) * np.sin(2 * np.pi * 440 * time)) for depth in (0.0, 0.003, 0.3)
    )
    assert float(distances(barely, steady)["modulation"]) < 0.001 * float(distances(clearly, steady)["modulation"])


def test_octaves_that_a_short_recording_cannot_hold_are_left_out():
    ear = TextureEar(round(0.6 * RATE), RATE)
    octaves = ear.hear(spectrum(pulses(0.6))).octaves
    assert not octaves[0]
    assert octaves[-1]


def test_half_way_between_two_textures_lies_between():
    a, b = hear(tune(2.0)), hear(pulses(2.0))
    half = between(a, b, 0.5)
    torch.testing.assert_close(half.modulation, (a.modulation + b.modulation) / 2)
    assert {name: float(value) for name, value in distances(a, between(a, b, 0.0)).items()} == dict.fromkeys(distances(a, a), 0.0)


def test_chroma_follows_librosa():
    audio = tune(3.0)
    found = MusicEar(len(audio), RATE).chroma(spectrum(audio))[0].numpy()
    expected = librosa.feature.chroma_cqt(y=audio, sr=RATE, tuning=0.0)
    place = np.linspace(0, expected.shape[1] - 1, found.shape[1]).round().astype(int)
    assert np.corrcoef(found.ravel(), expected[:, place].ravel())[0, 1] > 0.85
    assert found[:, -10].argmax() == 9  # the last note is an A


def test_onsets_follow_librosa():
    audio = tune(3.0)
    found = MusicEar(len(audio), RATE).onsets(torch.as_tensor(audio / audio.std())[None])[0].numpy()
    # librosa's frames are centred, its differences written later, and shifted once more by half a window.
    expected = librosa.onset.onset_strength(y=audio, sr=RATE)[5 : 5 + len(found)]
    assert np.corrcoef(found[: len(expected)], expected)[0, 1] > 0.98


def test_correlation_is_that_of_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 7)), rng.standard_normal((2, 3, 7))
    found = one_minus_correlation(torch.as_tensor(a), torch.as_tensor(b))
    expected = [1 - np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


def test_a_burst_at_an_end_is_heard():
    audio = pulses(3.0, frequency=0.0)
    burst = audio.copy()
    burst[: RATE // 5] *= 8
    middle = audio.copy()
    middle[RATE : RATE + RATE // 5] *= 8
    still = hear(audio).modulation.mean()
    assert float(hear(burst).modulation.mean() - still) > 0.2 * float(hear(middle).modulation.mean() - still) > 0


def test_loudness_is_the_level_of_long_frames():
    audio = np.random.default_rng(0).standard_normal(4 * 4096)
    found = loudness(torch.as_tensor(audio)[None])[0, ::4].numpy()
    expected = 10 * np.log10(np.square(audio.reshape(4, 4096)).mean(axis=1))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_music_may_keep_its_dynamics_or_become_steady_but_not_be_lost_in_between():
    source = torch.tensor([[0.0, -12.0, 4.0, -3.0]])
    for kept in (source, 0.0 * source, 0.5 * source, source - 4.9):
        assert float(loudness_distance(kept, source, 5.0)) == 0.0
    swollen = torch.tensor([[10.0, -30.0, 4.0, -3.0]])  # 5 dB above what is free, and 13 below
    assert float(loudness_distance(swollen, source, 5.0)) == pytest.approx((0.5**2 + 1.3**2) / 4)

"""The front end agrees with librosa and BS.1770, and neither gain nor silence upsets it."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from timbre_data import TIME, noise, tone

from orchestra_timbre.front_end import FINE_BANDS, FLOOR, QUICK_BANDS, FrontEnd, k_weighting, mel_bands


@pytest.fixture(scope="module")
def front_end():
    return FrontEnd()


@pytest.mark.parametrize(("size", "count"), [(1024, FINE_BANDS), (256, QUICK_BANDS)])
def test_the_bands_are_librosas_triangles_of_htk(size, count):
    expected = librosa.filters.mel(sr=16_000, n_fft=size, n_mels=count, fmin=20, fmax=7_700, htk=True, norm=None)
    np.testing.assert_allclose(mel_bands(size, count).T, expected, atol=1e-5)


def test_a_full_scale_sine_of_997_hz_has_the_loudness_of_the_recommendation(front_end):
    # BS.1770: a 0 dB FS, 997 Hz sine in one channel reads -3.01 LKFS.
    clip = torch.from_numpy(np.sin(2 * np.pi * 997 * TIME)).float()[None]
    lufs = -0.691 + 10 * torch.log10(front_end.loudness(clip))
    assert lufs.item() == pytest.approx(-3.01, abs=0.03)


def test_silence_after_a_sound_is_gated_away(front_end):
    # The block of 400 ms that the tone fills is heard, those far below it are not: half a second of tone in a second reads
    # within 1.5 dB of a whole second, rather than 3 dB less.
    whole = torch.from_numpy(np.sin(2 * np.pi * 997 * TIME)).float()[None]
    half = whole * (torch.arange(16_000) < 8_000)
    difference = 10 * torch.log10(front_end.loudness(half) / front_end.loudness(whole))
    assert -2.0 < difference.item() < -0.5


def test_k_weighting_is_the_filter_of_the_recommendation():
    # Run as difference equations at 48 kHz on an impulse, which the transfer function must give too.
    impulse = np.zeros(48_000)
    impulse[0] = 1.0
    shelf = lfilter([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585], impulse)
    both = lfilter([1, -2, 1], [1, -1.99004745483398, 0.99007225036621], shelf)
    expected = np.fft.rfft(both)[:8_001:100]  # bins of 1 Hz, every 100 Hz up to 8 kHz
    found = torch.view_as_complex(k_weighting(160)).numpy()
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_fine_bands_are_librosas_mel_powers_over_the_loudness(front_end):
    clip = torch.from_numpy(noise(seed=3))
    stft = librosa.stft(clip.numpy(), n_fft=1024, hop_length=256, window="hann", pad_mode="constant")
    window = np.hanning(1025)[:-1]
    power = mel_bands(1024, FINE_BANDS).T.numpy() @ np.abs(stft) ** 2 / (window.sum() * (window**2).sum())
    expected = np.log10(power / front_end.loudness(clip[None]).item() + 10**FLOOR)
    np.testing.assert_allclose(front_end(clip[None])[0, :FINE_BANDS], expected, atol=1e-3)


def test_quick_frames_follow_an_attack_within_4_ms(front_end):
    clip = torch.zeros(1, 16_000)
    clip[0, 8_000:] = torch.from_numpy(noise(seed=1))[:8_000]
    quick = front_end(clip)[0, FINE_BANDS:].reshape(4, QUICK_BANDS, 63).permute(2, 0, 1).reshape(252, QUICK_BANDS)
    heard = (quick.amax(dim=1) > -1).nonzero()[0].item()
    assert abs(heard * 64 - 8_000) <= 128 + 64  # half a window before the onset, and one hop


@pytest.mark.parametrize("gain", [1e-3, 0.1, 2.0])
def test_gain_changes_no_feature(front_end, gain):
    clip = torch.from_numpy(tone(300) + noise())[None]
    torch.testing.assert_close(front_end(gain * clip), front_end(clip), atol=2e-3, rtol=0)


@pytest.mark.parametrize("clip", [torch.zeros(1, 16_000), torch.ones(1, 16_000), torch.eye(1, 16_000)])
def test_silence_a_constant_and_an_impulse_have_finite_features_and_gradients(front_end, clip):
    clip = clip.clone().requires_grad_()
    features = front_end(clip)
    features.sum().backward()
    assert torch.isfinite(features).all()
    assert torch.isfinite(clip.grad).all()
    assert features.min() >= FLOOR - 1e-4

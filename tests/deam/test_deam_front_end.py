"""The front end equals librosa's, at both rates and with both backends, and has finite gradients."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from orchestra_core.errors import ParameterError
from orchestra_deam.front_end import AUTO_BACKENDS, FRAMES, SPECTRUM_SIZES, FrontEnd, mel_bank, relative_decibels, standardise

BACKENDS = ("torch", "torchaudio", "nnaudio")
RATES = (22_050, 44_100)


def librosa_decibels(clip, rate):
    n_fft, hop = SPECTRUM_SIZES[rate]
    power = librosa.feature.melspectrogram(y=clip.astype(np.float64), sr=rate, n_fft=n_fft, hop_length=hop, n_mels=128, fmax=8000)
    return librosa.power_to_db(power, ref=np.max, top_db=80.0)


def synthetic(kind, rate):
    rng = np.random.default_rng(5)
    t = np.arange(5 * rate) / rate
    return {
        "noise": 0.1 * rng.standard_normal(5 * rate),
        "decaying sine": np.sin(2 * np.pi * 440 * t) * np.exp(-t),
        "low sine in faint noise, then silence": (np.sin(2 * np.pi * 110 * t) + 1e-3 * rng.standard_normal(5 * rate)) * (t < 2.5),
        "sweep": librosa.chirp(fmin=50, fmax=7000, sr=rate, duration=5.0),
        "clicks": (np.arange(5 * rate) % (rate // 4) == 0).astype(float),
    }[kind].astype(np.float32)


@pytest.fixture(scope="module")
def front_ends():
    return {backend: FrontEnd(backend) for backend in BACKENDS}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["noise", "decaying sine", "low sine in faint noise, then silence", "sweep", "clicks"])
def test_decibels_of_synthetic_clips_equal_librosa(front_ends, backend, rate, kind):
    clip = synthetic(kind, rate)
    ours = front_ends[backend].decibels(torch.from_numpy(clip)[None], rate)[0].numpy()
    assert ours.shape == (128, FRAMES)
    np.testing.assert_allclose(ours, librosa_decibels(clip, rate), atol=1e-3)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["brahms_hungarian_dance_5.ogg", "vibe_ace.ogg"])
def test_decibels_of_real_music_equal_librosa(front_ends, shared_data, backend, name):
    for rate in RATES:
        clip, _ = librosa.load(shared_data / "music" / name, sr=rate, offset=10.0, duration=5.0)
        ours = front_ends[backend].decibels(torch.from_numpy(clip)[None], rate)[0].numpy()
        np.testing.assert_allclose(ours, librosa_decibels(clip, rate), atol=1e-3)


@pytest.mark.parametrize("rate", RATES)
def test_mel_bank_equals_librosa_filters(rate):
    n_fft, _ = SPECTRUM_SIZES[rate]
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=128, fmax=8000.0, dtype=np.float64)
    np.testing.assert_allclose(mel_bank(n_fft, rate).numpy(), theirs, atol=1e-14)


def test_features_are_standardised_decibels(front_ends):
    clip = torch.from_numpy(synthetic("noise", 22_050))[None]
    features = front_ends["torchaudio"](clip, 22_050)
    x = librosa_decibels(clip[0].numpy(), 22_050)
    assert features.shape == (1, 1, 128, FRAMES)
    np.testing.assert_allclose(features[0, 0].numpy(), (x - x.mean()) / (x.std() + 1e-6), atol=1e-3)


@pytest.mark.parametrize("gain", [1e-4, 0.1, 20.0])
def test_features_are_blind_to_gain(front_ends, gain):
    clip = torch.from_numpy(synthetic("decaying sine", 22_050))[None].double()
    plain, scaled = (front_ends["torchaudio"](audio, 22_050) for audio in (clip, gain * clip))
    torch.testing.assert_close(plain, scaled, atol=1e-6, rtol=0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("audio", ["silence", "one sample", "half silent"])
def test_gradient_is_finite_where_there_is_silence(front_ends, backend, audio):
    clip = torch.zeros(1, 110_250)
    if audio == "one sample":
        clip[0, 500] = 1e-12
    if audio == "half silent":
        clip[0, :50_000] = torch.sin(torch.arange(50_000) * 0.1)
    clip.requires_grad_()
    features = front_ends[backend](clip, 22_050)
    features.square().sum().backward()
    assert torch.isfinite(features).all()
    assert torch.isfinite(clip.grad).all()


def test_features_of_silence_are_zero(front_ends):
    assert not front_ends["torchaudio"](torch.zeros(2, 110_250), 22_050).any()


def test_gradient_of_the_features_equals_finite_differences():
    torch.manual_seed(0)
    power = torch.rand(1, 6, 5, dtype=torch.float64) + 1e-3
    power.requires_grad_()
    assert torch.autograd.gradcheck(lambda p: standardise(relative_decibels(p)), (power,))


def test_gradient_to_audio_equals_a_finite_difference(front_ends):
    torch.manual_seed(1)
    clip = 0.1 * torch.randn(1, 110_250, dtype=torch.float64)
    direction, weights = torch.randn_like(clip), torch.randn(1, 1, 128, FRAMES, dtype=torch.float64)
    clip.requires_grad_()
    (front_ends["torchaudio"](clip, 22_050) * weights).sum().backward()
    with torch.no_grad():
        ahead, behind = ((front_ends["torchaudio"](clip + s * direction, 22_050) * weights).sum() for s in (1e-6, -1e-6))
    assert float((ahead - behind) / 2e-6) == pytest.approx(float((clip.grad * direction).sum()), rel=1e-4)


def test_backends_agree_in_value_and_gradient(front_ends):
    clip = torch.from_numpy(synthetic("sweep", 22_050))[None]
    gradients = []
    for backend in BACKENDS:
        audio = clip.clone().requires_grad_()
        front_ends[backend](audio, 22_050)[:, :, 20:60, 100:200].square().sum().backward()
        gradients.append(audio.grad)
    for other in gradients[1:]:
        torch.testing.assert_close(gradients[0], other, atol=1e-3 * float(gradients[0].abs().max()), rtol=0)


def test_auto_is_a_fixed_choice_by_device_type():
    assert FrontEnd("auto").backend(torch.device("cpu")) == AUTO_BACKENDS["cpu"] == "torch"
    assert FrontEnd("nnaudio").backend(torch.device("cpu")) == "nnaudio"


def test_other_rates_and_backends_are_refused():
    with pytest.raises(ParameterError, match=r"48000 Hz.*22050, 44100"):
        FrontEnd().decibels(torch.zeros(1, 48_000), 48_000)
    with pytest.raises(ParameterError, match="'fft'"):
        FrontEnd("fft")

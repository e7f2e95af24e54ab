"""The spectrogram starts as librosa's mel spectrogram, and returns to audio that has it."""

import librosa
import numpy as np
import pytest
import torch
from style_sounds import RATE, tune

from orchestra_core import Brief, Canvas
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_style.spectrogram import Spectrogram, power_of


@pytest.fixture(scope="module")
def started():
    audio = tune(1.0)
    brief = Brief(Canvas(1.0, RATE, "as_is"), {}, torch.tensor([1]), source=torch.as_tensor(audio).float()[None])
    return audio, brief, {p.name: p.initial for p in Spectrogram().parameters(brief)}


def mel(audio):
    return librosa.feature.melspectrogram(
        y=np.asarray(audio, np.float32), sr=RATE, n_fft=1024, hop_length=256, n_mels=384, pad_mode="constant"
    )


def test_it_starts_as_the_mel_spectrogram_of_the_source(started):
    audio, _, values = started
    expected = mel(audio)
    expected = expected[expected.max(axis=1) > 0]
    assert values["mel"].shape[1:] == expected.shape
    loud = expected > 1e-6
    np.testing.assert_allclose(10 ** (values["mel"][0].numpy()[loud] / 10), expected[loud], rtol=1e-2)


def test_it_is_never_negative(started):
    _, brief, _ = started
    parameter = Spectrogram().parameters(brief)[0]
    far = parameter.to_value(torch.full(parameter.initial.shape, -1e3, dtype=torch.float64))
    assert float(power_of(far).min()) >= 0


def test_while_it_is_moved_it_sounds_like_the_source(started):
    audio, brief, values = started
    heard = Spectrogram().render(values, brief.canvas)[0].numpy()
    assert np.corrcoef(heard, audio)[0, 1] > 0.97


def test_griffin_and_lim_return_audio_with_the_same_spectrogram(started):
    audio, brief, values = started
    found = Spectrogram().finish(values, brief.canvas)[0].numpy()
    a, b = (10 * np.log10(mel(sound) + 1e-6) for sound in (audio, found))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9
    assert np.mean(found**2) == pytest.approx(np.mean(audio**2), rel=0.25)


def test_twice_the_power_in_every_band_is_twice_the_power(started):
    _, brief, values = started
    once, twice = (
        Spectrogram().render({**values, "mel": values["mel"] + gain}, brief.canvas) for gain in (0.0, 10 * np.log10(2))
    )
    assert float(twice.square().mean() / once.square().mean()) == pytest.approx(2.0, rel=1e-3)


def test_what_it_cannot_use_is_refused():
    with pytest.raises(IncompatibleError, match="22050 Hz"):
        Spectrogram().parameters(Brief(Canvas(0.5, 44_100), {}, torch.tensor([1]), source=torch.zeros(1, 22_050)))
    with pytest.raises(ParameterError, match="iterations is 0"):
        Spectrogram(iterations=0)
    with pytest.raises(ParameterError, match="momentum is 1"):
        Spectrogram(momentum=1.0)

"""The mel front end of orchestra_style against librosa, and its gradients."""

import warnings

import librosa
import numpy as np
import pytest
import torch

from orchestra_core.errors import ParameterError
from orchestra_style.mel import MelPower, empty_bands, frames_of, mel_bank


def of_librosa(audio):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa says that some bands are empty
        return librosa.feature.melspectrogram(y=audio, sr=22_050, n_fft=1024, hop_length=256, n_mels=384)


@pytest.mark.parametrize("samples", [1, 300, 22_050, 66_151])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-7)])
def test_it_equals_librosas_spectrogram_at_any_length(samples, dtype, tolerance):
    audio = torch.randn(1, samples, generator=torch.Generator().manual_seed(samples), dtype=dtype)
    expected = of_librosa(audio[0].numpy())
    mel = MelPower()(audio)
    assert mel.dtype == dtype
    assert mel.shape == (1, 384, frames_of(samples)) == (1, *expected.shape)
    # librosa keeps its filters in single precision, which bounds what double precision can agree to.
    assert np.abs(mel[0].numpy() - expected).max() <= tolerance * expected.max()


def test_the_bands_that_are_empty_are_the_ones_that_librosa_warns_of():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bank = librosa.filters.mel(sr=22_050, n_fft=1024, n_mels=384)
    assert any("Empty filters" in str(warning.message) for warning in caught)
    assert empty_bands() == tuple(np.flatnonzero(bank.max(axis=1) == 0))
    assert 0 < len(empty_bands()) < 30


def test_every_bin_of_the_spectrum_but_the_ends_is_in_some_band():
    heard = mel_bank().sum(dim=0) > 0
    assert heard[1:-1].all()
    assert not heard[[0, -1]].any()


def test_it_is_linear_in_power():
    audio = torch.randn(1, 5_000, dtype=torch.float64)
    torch.testing.assert_close(MelPower()(3 * audio), 9 * MelPower()(audio))


def test_gradients_equal_finite_differences_and_are_finite_for_silence():
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(1, 700, generator=generator, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: MelPower()(x)[:, ::60].sum(dim=2), audio)
    silence = torch.zeros(1, 700, requires_grad=True)
    MelPower()(silence).sum().backward()
    assert silence.grad.isfinite().all()


def test_clips_do_not_hear_each_other():
    audio = torch.randn(3, 4_000)
    torch.testing.assert_close(MelPower()(audio)[1:2], MelPower()(audio[1:2]))


@pytest.mark.parametrize("audio", [torch.zeros(100), torch.zeros(2, 0), torch.zeros(1, 100, dtype=torch.int16)])
def test_what_is_no_audio_is_refused(audio):
    with pytest.raises(ParameterError, match="expected floating-point samples"):
        MelPower()(audio)

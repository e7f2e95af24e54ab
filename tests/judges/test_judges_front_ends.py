"""The front ends of the judges of sound, against scipy, librosa and sounds whose pitch and mode are known."""

import librosa
import numpy as np
import pytest
import torch
from scipy.signal import freqz, gammatone

from orchestra_judges.audio import SAMPLE_RATE, WINDOW, frequencies, magnitudes, windows_of
from orchestra_judges.cochlea import cochlear_features, gammatone_weights
from orchestra_judges.constant_q import WIDTH, constant_q, constant_q_frames, tonic_of, without_harmonics
from orchestra_judges.harmonic_profile import estimate_tuning, harmonic_features, pitch_class_profiles, spectral_peaks
from orchestra_judges.multipitch import PITCHES, pitch_salience

SAMPLES = round(WINDOW * SAMPLE_RATE)
TIME = np.arange(SAMPLES) / SAMPLE_RATE
FEATURES = [cochlear_features, harmonic_features]


def tones(pitches, partials=6, cents=0.0):
    """Return steady tones with partials that fall by their number, at an RMS of 1."""
    hertz = [440 * 2 ** ((pitch + cents / 100 - 69) / 12) for pitch in pitches]
    sound = sum(np.sin(2 * np.pi * f * k * TIME + k) / k for f in hertz for k in range(1, partials + 1))
    return (sound / sound.std()).astype(np.float32)


def progression(minor=False, tonic=60, rate=2.0):
    """Return tonic, fourth, fifth and tonic as chords struck `rate` times per second, at an RMS of 1."""
    third, sixth = (3, 8) if minor else (4, 9)
    chords = [(0, third, 7), (5, sixth, 12), (7, 11, 14), (0, third, 7)]
    length = SAMPLES // len(chords)
    parts = [tones([tonic + step for step in chord])[:length] for chord in chords]
    decay = np.exp(-3.0 * (TIME[: length * 4] * rate % 1.0) / rate)
    sound = np.pad(np.concatenate(parts) * decay, (0, SAMPLES - 4 * length))
    return (sound / sound.std()).astype(np.float32)


# --- windows


@pytest.mark.parametrize(("seconds", "windows"), [(1.0, 1), (5.0, 1), (5.5, 2), (12.0, 3)])
def test_audio_of_any_length_is_cut_into_windows(seconds, windows):
    audio = torch.randn(round(seconds * SAMPLE_RATE), generator=torch.Generator().manual_seed(0))
    assert windows_of(audio, SAMPLE_RATE).shape == (windows, SAMPLES)


def test_the_last_window_ends_with_the_audio():
    audio = torch.linspace(0.5, 1.0, SAMPLES + 1000)
    first, last = windows_of(audio, SAMPLE_RATE)
    assert first[0] / first[-1] == pytest.approx(0.5 / float(audio[SAMPLES - 1]), rel=1e-4)
    assert last[-1] / last[0] == pytest.approx(1.0 / float(audio[1000]), rel=1e-4)


def test_windows_have_one_level_whatever_the_gain():
    audio = torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0))
    windows = windows_of(audio, SAMPLE_RATE)
    assert np.sqrt((windows**2).mean()) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(windows_of(0.01 * audio, SAMPLE_RATE), windows, atol=1e-5)


def test_silent_windows_are_left_out_and_silence_is_one_window():
    audio = torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0))
    assert len(windows_of(torch.cat([audio, torch.zeros(SAMPLES)]), SAMPLE_RATE)) == 1
    assert windows_of(torch.zeros(3 * SAMPLES), SAMPLE_RATE).shape == (1, SAMPLES)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_other_rates_are_resampled(rate):
    time = torch.arange(round(WINDOW * rate)) / rate
    heard = windows_of(torch.sin(2 * torch.pi * 440 * time), rate)[0]
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) / WINDOW == pytest.approx(440.0)


def test_magnitudes_are_librosas():
    window = np.random.default_rng(0).standard_normal(SAMPLES).astype(np.float32)
    expected = np.abs(librosa.stft(window, n_fft=1024, hop_length=256, center=False)).T
    np.testing.assert_allclose(magnitudes(window, 1024, 256), expected, rtol=1e-3, atol=1e-3)


# --- the ear


def test_gammatone_responses_are_those_of_scipys_filters():
    weights, hertz = gammatone_weights(), frequencies(1024)
    for channel in (8, 16, 24):
        centre = hertz[np.argmax(weights[:, channel])]
        _, response = freqz(*gammatone(centre, "iir", fs=SAMPLE_RATE), worN=hertz, fs=SAMPLE_RATE)
        power = np.abs(response) ** 2
        ours = weights[:, channel] / weights[:, channel].max()
        near = np.abs(hertz - centre) < 0.15 * centre
        # The centre lies between two bins, which moves the flanks by half a bin.
        np.testing.assert_allclose(ours[near], power[near] / power.max(), atol=0.25)
        assert np.corrcoef(ours, power)[0, 1] > 0.98


@pytest.mark.parametrize("pitches", [(45,), (76,), (60, 64, 67), (48, 55, 63), (40, 59, 62, 65)])
def test_the_pitches_of_a_chord_are_found_with_their_octaves(pitches):
    salience = pitch_salience(tones(pitches)).mean(axis=0)
    strongest = np.argsort(-salience)[: len(pitches)]
    assert set(PITCHES[strongest].tolist()) == set(pitches)


def test_modulation_peaks_at_the_rate_of_the_beat():
    beaten = tones([60]) * (1 + np.sin(2 * np.pi * 6.0 * TIME))
    found = cochlear_features((beaten / beaten.std()).astype(np.float32))
    bands = {edge: found[f"modulation_{edge}_low"] for edge in ("1", "2", "4", "8", "16")}
    assert max(bands, key=bands.get) == "4"  # from 4 to 8 Hz


# --- spectral peaks


def test_peaks_of_a_sine_are_at_its_frequency():
    frequency, strength = spectral_peaks(magnitudes(tones([69.3], partials=1), 8192, 2048))
    strongest = np.take_along_axis(frequency, strength.argmax(axis=1)[:, None], axis=1)
    np.testing.assert_allclose(strongest, 440 * 2 ** (0.3 / 12), rtol=5e-4)


@pytest.mark.parametrize("cents", [-30.0, 0.0, 20.0])
def test_tuning_is_estimated_like_librosas(cents):
    window = tones([60, 64, 67], partials=3, cents=cents)
    ours = estimate_tuning(*spectral_peaks(magnitudes(window, 8192, 2048)))
    assert ours == pytest.approx(cents / 100, abs=0.05)
    assert ours == pytest.approx(float(librosa.estimate_tuning(y=window, sr=SAMPLE_RATE, n_fft=8192)), abs=0.06)


@pytest.mark.parametrize("pitches", [(60, 64, 67), (57, 60, 64), (62, 65, 69, 72)])
def test_the_strongest_pitch_classes_are_those_that_sound(pitches):
    profile = pitch_class_profiles(*spectral_peaks(magnitudes(tones(pitches), 8192, 2048))).mean(axis=0)
    classes = {pitch % 12 for pitch in pitches}
    assert set(np.argsort(-profile)[: len(classes)].tolist()) == classes


def test_a_semitone_apart_is_rougher_than_a_fifth():
    near, far = (harmonic_features(tones(pair))["roughness"] for pair in ((60, 61), (60, 67)))
    assert near > 2 * far


# --- constant Q


@pytest.mark.parametrize("pitch", [40, 52, 61, 70, 83, 95])
def test_a_sine_is_highest_in_its_semitone(pitch):
    bins = constant_q(tones([pitch], partials=1)).mean(axis=0)
    assert int(np.argmax(bins)) + 36 == pitch


def test_harmonics_are_subtracted():
    bins = np.log1p(constant_q(tones([48]))).mean(axis=0, keepdims=True)
    clean = without_harmonics(bins)[0]
    assert int(np.argmax(clean)) == 12
    for above in (12, 19, 24):
        assert clean[12 + above] < 0.6 * bins[0, 12 + above]


def test_chromas_begin_with_the_tonic():
    frames = constant_q_frames(progression(tonic=58))
    assert frames.shape[1] == WIDTH
    plain = constant_q_frames(progression(tonic=60))
    # Two semitones lower, some notes are folded into the bass instead; the degrees are the same.
    degrees, others = (one[:, :24].reshape(-1, 2, 12).sum(axis=1).mean(axis=0) for one in (frames, plain))
    np.testing.assert_allclose(degrees, others, atol=0.35)
    assert np.corrcoef(degrees, others)[0, 1] > 0.95
    assert tonic_of(np.roll(np.array([5.0, 0, 2, 0, 4, 3, 0, 4, 0, 2, 0, 2]), 7)) == 7


# --- all


@pytest.mark.parametrize("features", FEATURES)
def test_major_is_heard_above_minor_on_average_over_keys(features):
    heard = [[features(progression(minor, tonic)) for minor in (False, True)] for tonic in range(56, 68, 2)]
    for name in ("mode", "parallel_mode", "third"):
        assert np.mean([major[name] - minor[name] for major, minor in heard]) > 0.02, name


@pytest.mark.parametrize("features", FEATURES)
def test_silence_has_finite_features(features):
    assert np.isfinite(list(features(np.zeros(SAMPLES, dtype=np.float32)).values())).all()


def test_frames_of_silence_are_finite():
    assert np.isfinite(constant_q_frames(np.zeros(SAMPLES, dtype=np.float32))).all()

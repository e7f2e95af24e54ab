"""What the piano sounds like, measured with an independent FFT: pitch, spectrum, level, edges, aliasing."""

import math

import numpy as np
import pytest
import torch
from piano_values import random_notes, values_of
from scipy import signal

from orchestra_core import Canvas
from orchestra_piano import Adsr, PianoAdsr

STEADY = {"attack": 0.02, "sustain": 0.89, "release": 0.05, "partial_decay": 0.06}


def spectrum(audio, rate, padding=8):
    """Frequencies in Hz and amplitudes of a windowed, zero-padded clip."""
    size = padding * len(audio)
    window = np.blackman(len(audio))
    return np.fft.rfftfreq(size, 1 / rate), np.abs(np.fft.rfft(audio * window, size)) * 2 / window.sum()


def peak_near(audio, rate, frequency):
    """Frequency and amplitude of the highest peak within 3 % of a frequency, by parabolic interpolation of decibels."""
    frequencies, amplitude = spectrum(audio, rate)
    near = np.flatnonzero(np.abs(frequencies / frequency - 1) < 0.03)
    top = near[np.argmax(amplitude[near])]
    left, middle, right = 20 * np.log10(amplitude[top - 1 : top + 2])
    shift = (left - right) / (2 * (left - 2 * middle + right))
    return frequencies[top] + shift * frequencies[1], amplitude[top]


def one_note(pitch, canvas, duration=1.0, amplitude=0.8, config=None, **shared):
    values = values_of([(pitch, 0.1, duration, amplitude)], **(STEADY | shared))
    return PianoAdsr(**(config or {})).render(values, canvas)[0].numpy().astype(float)


@pytest.mark.parametrize("pitch", (28, 45.5, 60, 69, 84, 100))
def test_pitch_is_within_five_cents(pitch):
    canvas = Canvas(duration=1.3)
    expected = 440 * 2 ** ((pitch - 69) / 12)
    heard, _ = peak_near(one_note(pitch, canvas)[8820:44_100], canvas.sample_rate, expected)
    assert abs(1200 * math.log2(heard / expected)) < 5


def test_partials_lie_where_a_stiff_string_has_them():
    canvas, b = Canvas(duration=1.3), 3e-4
    audio = one_note(60, canvas, brightness=-6.0)[8820:44_100]
    first = 440 * 2 ** (-9 / 12)
    for k in range(2, 9):
        expected = first * k * math.sqrt((1 + b * k * k) / (1 + b))
        assert peak_near(audio, canvas.sample_rate, expected)[0] == pytest.approx(expected, rel=3e-4)


def test_brightness_is_the_tilt_in_decibels_per_octave():
    canvas = Canvas(duration=0.6)
    audio = one_note(48, canvas, brightness=-9.0)[6000:20_000]
    first, second, fourth = (peak_near(audio, canvas.sample_rate, k * 440 * 2 ** (-21 / 12))[1] for k in (1, 2, 4))
    assert 20 * math.log10(second / first) == pytest.approx(-9.0, abs=0.5)
    assert 20 * math.log10(fourth / first) == pytest.approx(-18.0, abs=1.0)


def test_brightness_moves_the_spectrum_and_not_the_level():
    canvas = Canvas(duration=0.6)
    dull, bright = (one_note(60, canvas, brightness=tilt)[6000:20_000] for tilt in (-20.0, -4.0))
    assert np.std(bright) == pytest.approx(np.std(dull), rel=0.05)
    centroids = [np.average(f, weights=a) for f, a in (spectrum(x, canvas.sample_rate) for x in (dull, bright))]
    assert centroids[1] > 1.5 * centroids[0]


def test_high_partials_fade_faster_by_the_partial_decay():
    canvas, decay = Canvas(duration=1.3), 2.0
    audio = one_note(60, canvas, brightness=-4.0, partial_decay=decay)
    early, late = audio[11_025:22_050], audio[33_075:44_100]
    first = 440 * 2 ** (-9 / 12)
    fall = [math.log(peak_near(early, 44_100, k * first)[1] / peak_near(late, 44_100, k * first)[1]) for k in (1, 3)]
    assert fall[1] - fall[0] == pytest.approx(2 * decay * 0.5, rel=0.03)


def test_a_note_played_harder_is_brighter():
    canvas = Canvas(duration=0.6)
    ratios = []
    for amplitude in (0.2, 0.9):
        audio = one_note(60, canvas, amplitude=amplitude)[6000:20_000]
        ratios.append(peak_near(audio, 44_100, 1046.5)[1] / peak_near(audio, 44_100, 261.63)[1])
    assert ratios[1] > 1.2 * ratios[0]


def test_a_sine_of_amplitude_one_has_full_scale_without_headroom():
    audio = one_note(57, Canvas(duration=1.0), amplitude=1.0, config={"partials": 1, "gain": 1.0})
    assert np.abs(audio).max() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("pitch", (60, 96, 108))
def test_both_rates_agree_below_eight_kilohertz(pitch):
    values = values_of([(pitch, 0.05, 0.4, 0.8)], brightness=-3.0)
    high, low = (PianoAdsr().render(values, Canvas(duration=0.8, sample_rate=rate))[0].double() for rate in (44_100, 22_050))
    # Every second sample of what the high rate has below 8 kHz is what the low rate has there.
    lowpass = {rate: signal.firwin(1023 * rate // 22_050 | 1, 7500, fs=rate) for rate in (44_100, 22_050)}
    from_high = signal.fftconvolve(high.numpy(), lowpass[44_100], "same")[::2]
    from_low = signal.fftconvolve(low.numpy(), lowpass[22_050], "same")
    assert np.std(from_high - from_low) < 1e-3 * np.std(from_low)


@pytest.mark.parametrize("rate", (8000, 22_050))
def test_nothing_folds_back_from_above_nyquist(rate):
    pitch = 96
    first = 440 * 2 ** ((pitch - 69) / 12)
    audio = one_note(pitch, Canvas(duration=1.3, sample_rate=rate), config={"partials": 16}, brightness=-2.0)
    frequencies, amplitude = spectrum(audio[int(0.3 * rate) : int(1.0 * rate)], rate)
    order = np.arange(1, 17)
    stiffness = 3e-4 * 2**3
    partials = order * first * np.sqrt((1 + stiffness * order**2) / (1 + stiffness))
    elsewhere = np.all(np.abs(frequencies[:, None] - partials) > 60, axis=1)
    assert amplitude[elsewhere].max() < 1e-3 * amplitude.max()


def test_there_is_no_constant_offset():
    audio = PianoAdsr().render(values_of(random_notes(20, 1.5)), Canvas(duration=2.0))[0].double()
    assert abs(float(audio.mean())) < 1e-3 * float(audio.std())


def click(piano, values, canvas):
    """The loudest thing above 12 kHz, where these notes have no partials, re the peak, in decibels."""
    audio = piano.render(values, canvas)[0].double().numpy()
    highpass = signal.butter(8, 12_000, "highpass", fs=canvas.sample_rate, output="sos")
    return 20 * math.log10(np.abs(signal.sosfiltfilt(highpass, audio)).max() / np.abs(audio).max())


@pytest.mark.parametrize("attack", (0.001, 0.012, 0.1))
@pytest.mark.parametrize("release", (0.05, 1.0))
@pytest.mark.parametrize("duration", (0.1, 0.3))
def test_notes_start_and_end_without_a_click(attack, release, duration):
    notes = [(pitch, 0.05 + 0.1237 * index, duration, 0.9) for index, pitch in enumerate((36, 43, 55, 60, 67))]
    # Some notes are still sounding at the end of the canvas.
    assert click(PianoAdsr(), values_of(notes, attack=attack, release=release), Canvas(duration=0.7)) < -70


def test_the_literal_forms_do_click():
    notes = [(pitch, 0.05 + 0.1237 * index, 0.6, 0.9) for index, pitch in enumerate((36, 43, 55, 60, 67))]
    literal = PianoAdsr(partials=1, envelope=Adsr(form="literal"), edges="literal")
    assert click(literal, values_of(notes), Canvas(duration=0.7)) > -50


def test_canvas_ends_in_silence():
    audio = PianoAdsr().render(values_of([(60, 0.1, 3.0, 0.8)]), Canvas(duration=0.5))[0]
    assert audio[-1] == 0
    assert audio[-600:-500].abs().max() > 0.01


def test_sound_is_finite_at_both_ends_of_every_range():
    ends = {
        "onset": (0.0, 0.4),
        "duration": (0.1, 50.0),
        "amplitude": (0.0, 1.0),
        "attack": (0.001, 0.1),
        "decay": (0.01, 0.5),
        "sustain": (0.3, 0.9),
        "release": (0.05, 1.0),
        "brightness": (-24.0, -2.0),
        "partial_decay": (0.05, 6.0),
    }
    canvas = Canvas(duration=0.5, sample_rate=16_000)
    for name, values_at_ends in ends.items():
        for end in values_at_ends:
            values = values_of([(60, 0.1, 0.2, 0.8), (90, 0.2, 0.2, 0.8)])
            values[name] = torch.full_like(values[name], end).requires_grad_()
            audio = PianoAdsr().render(values, canvas)
            (gradient,) = torch.autograd.grad(audio.square().sum() + audio.sum(), values[name])
            assert torch.isfinite(audio).all() and torch.isfinite(gradient).all(), (name, end)

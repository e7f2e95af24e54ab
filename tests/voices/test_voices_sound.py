"""What bass and pad sound like: held against sines added one by one, and measured with an independent FFT."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import signal
from voice_values import PLAIN, amplitude_at, sound, spectrum, straightforward, values_of

from orchestra_core import Canvas
from orchestra_voices import Bass, Pad
from orchestra_voices.controls import CONTROLS
from orchestra_voices.tones import partial_weights

VOICES = {"bass": Bass, "pad": Pad}
PITCH = {"bass": 38, "pad": 57}


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize("rate", [22_050, 44_100, 16_000])
@pytest.mark.parametrize("shared", [{}, {"detune": 18.0, "roughness": 0.6, "attack": 0.05}])
def test_the_renderer_agrees_with_sines_added_one_by_one(name, rate, shared):
    voice, canvas, note = VOICES[name](), Canvas(duration=1.2, sample_rate=rate), (PITCH[name], 0.1, 0.6, 0.7)
    values = values_of(voice, [note], canvas, **shared)
    config = voice._config
    expected = straightforward(
        note,
        {control.name: float(values[control.name]) for control in CONTROLS},
        partials=config.partials,
        copies=config.copies,
        hardness=config.hardness,
        gain=voice.gain,
        rate=rate,
        seconds=1.2,
    )
    rendered = voice.render(values, canvas)[0].double().numpy()
    off = 20 * math.log10(np.std(rendered - expected) / np.std(expected))
    assert off < (-43.0 if shared or name == "pad" else -35.0)  # knots of 3 ms round off the corners of an attack of 8 ms


@pytest.mark.parametrize(("name", "pitch"), [("bass", 28), ("bass", 40.5), ("bass", 55), ("pad", 48), ("pad", 60), ("pad", 76)])
def test_pitch_is_within_five_cents(name, pitch):
    expected = 440 * 2 ** ((pitch - 69) / 12)
    frequency, amplitude = spectrum(sound(VOICES[name](), [(pitch, 0.05, 2.8, 0.8)], Canvas(duration=3.0))[8820:], 44_100)
    near = np.flatnonzero(np.abs(frequency / expected - 1) < 0.03)
    assert abs(1200 * math.log2(frequency[near[np.argmax(amplitude[near])]] / expected)) < 5


@pytest.mark.parametrize("name", VOICES)
def test_brightness_is_the_tilt_and_the_fundamental_lies_above_it(name):
    canvas, first = Canvas(duration=1.2), 440 * 2 ** ((PITCH[name] - 69) / 12)
    audio = sound(VOICES[name](), [(PITCH[name], 0.0, 1.2, 0.8)], canvas, **PLAIN, brightness=-6.0, fundamental=4.0, attack=0.05)
    level = [20 * math.log10(amplitude_at(audio[2_646:9_702], 44_100, k * first)) for k in (1, 2, 4)]
    assert level[2] - level[1] == pytest.approx(-6.0, abs=1.0)
    assert level[1] - level[0] == pytest.approx(-10.0, abs=1.0)


def test_brightness_and_fundamental_move_the_spectrum_and_not_its_power():
    tilt, boost = torch.meshgrid(torch.linspace(-24, -2, 7), torch.linspace(-12, 12, 7), indexing="ij")
    weight = partial_weights(tilt.flatten(), boost.flatten(), 10)
    torch.testing.assert_close((2 * weight).exp().sum(1), torch.ones(49))


@pytest.mark.parametrize("copies", [3, 5])
def test_copies_lie_as_many_cents_away_as_the_detuning_says_and_keep_the_power(copies):
    canvas, cents = Canvas(duration=8.0, sample_rate=22_050), 20.0
    shared = {"detune": cents, "roughness": 0.001, "partial_decay": 0.011, "sustain": 0.97, "attack": 0.05}
    plain, detuned = (
        sound(Pad(copies=copies), [(69, 0.0, 8.0, 0.8)], canvas, **(shared | {"detune": size}))[22_050:160_000]
        for size in (0.51, cents)
    )
    heard = [amplitude_at(detuned, 22_050, 440 * f) for f in (1.0, 2 ** (cents / 1200), 2 - 2 ** (cents / 1200))]
    assert [heard[1] / heard[0], heard[2] / heard[0]] == pytest.approx([0.5, 0.5], rel=0.06)
    if copies == 5:
        assert amplitude_at(detuned, 22_050, 440 * (1 + 0.57 * (2 ** (cents / 1200) - 1))) / heard[0] == pytest.approx(
            0.5, rel=0.06
        )
    assert np.std(detuned) == pytest.approx(np.std(plain), rel=0.3)


def test_roughness_is_beats_at_70_hertz_of_partials_that_are_high_enough():
    canvas, depth = Canvas(duration=2.0), 0.8
    shared = {**PLAIN, "roughness": depth, "brightness": -3.0, "fundamental": 0.0, "sustain": 0.94}
    audio = sound(Bass(), [(33, 0.0, 2.0, 0.8)], canvas, **shared)[8820:80_000]  # partials at 55, 110, ... 330 Hz
    carrier, upper, lower = (amplitude_at(audio, 44_100, 330 + off) for off in (0, 70, -70))
    assert [upper / carrier, lower / carrier] == pytest.approx([depth / 2, depth / 2], rel=0.02)
    first, below = (amplitude_at(audio, 44_100, f) for f in (55, 15))
    assert below < 0.02 * first


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_there_are_no_clicks_and_no_offset_at_any_corner_of_the_envelope(name, rate):
    voice, canvas = VOICES[name](), Canvas(duration=1.5, sample_rate=rate)
    lengths = (0.06, 0.1, 0.2, 0.3, 0.5, 1.4)  # some still sound at the end of the canvas
    notes = [
        (pitch, 0.1237 * i, length, 0.9) for i, (pitch, length) in enumerate(zip((33, 36, 43, 48, 36, 40), lengths, strict=True))
    ]
    highpass = signal.butter(8, 5_000, "highpass", fs=rate, output="sos")
    bounds = {control.name: getattr(control, name) for control in CONTROLS}
    for ends in itertools.product((0, 1), repeat=3):
        shared = {key: bounds[key][end] for key, end in zip(("attack", "release", "sustain"), ends, strict=True)}
        audio = sound(voice, notes, canvas, **shared)
        peak = np.abs(audio).max()
        # Notes as low as these have no partials there.
        assert np.abs(signal.sosfiltfilt(highpass, audio)).max() < 1e-4 * peak
        assert abs(audio.mean()) < 0.01 * audio.std()
        assert audio[0] == 0 and audio[-1] == 0


@pytest.mark.parametrize("name", VOICES)
def test_nothing_sounds_before_the_onset_nor_after_the_release(name):
    audio = sound(VOICES[name](), [(57, 0.4, 0.2, 0.9)], Canvas(duration=1.6), attack=0.05, release=0.15)
    assert not audio[: round(0.4 * 44_100)].any()
    assert np.abs(audio[round(0.405 * 44_100) : round(0.43 * 44_100)]).max() > 1e-3
    assert not audio[round(0.78 * 44_100) :].any()


def test_a_chord_goes_over_into_the_next_one():
    chords = [(57, start, 1.0, 0.8) for start in (0.0, 1.0)]
    shared = {**PLAIN, "attack": 0.4, "release": 0.4, "sustain": 0.97}
    audio = sound(Pad(), chords, Canvas(duration=2.0, sample_rate=22_050), **shared)
    level = [np.std(audio[round(at * 22_050) :][:2_205]) for at in (0.8, 1.0, 1.1, 1.2, 1.3)]
    assert max(level) < 1.15 * min(level)


@pytest.mark.parametrize(("name", "pitch"), [("bass", 43), ("pad", 72)])
def test_two_rates_agree(name, pitch):
    note = [(pitch, 0.05, 0.5, 0.8)]
    high, low = (sound(VOICES[name](), note, Canvas(duration=1.0, sample_rate=rate)) for rate in (44_100, 22_050))
    assert np.std(high[::2] - low) < 2e-3 * np.std(low)


def test_nothing_folds_back_from_above_nyquist():
    rate, pitch = 8_000, 93
    audio = sound(Pad(partials=32), [(pitch, 0.0, 1.2, 0.8)], Canvas(duration=1.3, sample_rate=rate), **PLAIN, brightness=-3.0)
    frequency, amplitude = spectrum(audio[rate // 3 : rate], rate)
    partials = np.arange(1, 33) * 440 * 2 ** ((pitch - 69) / 12)
    elsewhere = np.all(np.abs(frequency[:, None] - partials) > 60, axis=1)
    assert amplitude[elsewhere].max() < 1e-3 * amplitude.max()

"""The waveform starts as its source, and a cell moves what lies in it."""

import numpy as np
import pytest
import torch
from style_sounds import RATE, pulses, tune, written

from orchestra_core import Brief, Canvas
from orchestra_core.errors import AudioFileError, IncompatibleError, ParameterError
from orchestra_style.waveform import CELLS, Waveform


def asked(audio=None, seconds=1.0, seed=1):
    audio = tune(seconds) if audio is None else audio
    canvas = Canvas(seconds, RATE, "as_is")
    return Brief(canvas, {}, torch.tensor([seed]), source=torch.as_tensor(audio).float()[None])


def played(instrument, brief, **changes):
    values = {p.name: p.initial for p in instrument.parameters(brief)}
    for name, change in changes.items():
        values[name] = change(values[name])
    return instrument.render(values, brief.canvas)[0].numpy()


def level(audio):
    return 10 * np.log10(np.mean(np.square(audio)) + 1e-20)


def test_it_starts_as_the_source_but_for_noise_50_decibels_below():
    brief = asked()
    rest = played(Waveform(), brief) - brief.source[0].numpy()
    assert level(rest) - level(brief.source[0].numpy()) == pytest.approx(-50.0, abs=2.0)


def test_without_noise_every_sample_of_the_source_comes_back():
    brief = asked()
    found = played(Waveform(), brief, noise=lambda noise: torch.full_like(noise, -400.0))
    np.testing.assert_allclose(found, brief.source[0].numpy(), atol=2e-6)


def test_a_gain_of_6_decibels_in_all_cells_doubles_it():
    brief = asked()
    found = played(Waveform(), brief, gain=lambda g: g + 20 * np.log10(2), noise=lambda n: n - 400)
    np.testing.assert_allclose(found, 2 * brief.source[0].numpy(), atol=5e-6)


def test_a_cell_moves_its_own_place_in_time_and_frequency():
    time = np.arange(RATE) / RATE
    brief = asked(0.2 * np.sin(2 * np.pi * 200 * time) + 0.2 * np.sin(2 * np.pi * 5_000 * time))

    def lower(gain):
        gain = gain.clone()
        gain[:, CELLS // 2 :, gain.shape[2] // 2 :] = -60.0  # above 1.7 kHz, the second half
        return gain

    found = played(Waveform(), brief, gain=lower)
    spectra = [np.abs(np.fft.rfft(part * np.hanning(8_000))) for part in (found[1_000:9_000], found[13_000:21_000])]
    at = [round(frequency * 8_000 / RATE) for frequency in (200, 5_000)]
    assert spectra[1][at[0]] == pytest.approx(spectra[0][at[0]], rel=0.01)
    assert spectra[1][at[1]] < 0.01 * spectra[0][at[1]]


def test_the_noise_fills_what_the_source_leaves_empty():
    time = np.arange(RATE) / RATE
    brief = asked(0.5 * np.sin(2 * np.pi * 300 * time))
    quiet, loud = played(Waveform(), brief), played(Waveform(), brief, noise=lambda n: torch.full_like(n, 20.0))
    above = slice(4_000, 8_000)
    assert level(np.abs(np.fft.rfft(loud))[above]) > level(np.abs(np.fft.rfft(quiet))[above]) + 50


def test_another_seed_has_another_noise():
    noise = [played(Waveform(), asked(seed=seed)) for seed in (1, 1, 2)]
    assert np.array_equal(noise[0], noise[1])
    assert not np.array_equal(noise[0], noise[2])


def hum(seconds=1.0, rate=RATE):
    return 0.1 * np.sin(2 * np.pi * 1_000 * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_a_texture_lies_under_the_source_as_loud_as_it_at_0_decibels(tmp_path, rate):
    instrument = Waveform(texture=written(tmp_path / "hum.wav", hum(2.0)))
    canvas = Canvas(1.0, rate, "as_is")
    brief = Brief(canvas, {}, torch.tensor([1]), source=torch.as_tensor(tune(1.0, rate)).float()[None])
    silent = {"gain": lambda g: g - 400, "noise": lambda n: n - 400}
    loud = played(instrument, brief, **silent, texture=torch.zeros_like)
    assert level(loud) == pytest.approx(level(brief.source[0].numpy()), abs=0.2)
    power = np.abs(np.fft.rfft(loud * np.hanning(len(loud)))) ** 2
    assert power[990:1011].sum() > 0.99 * power.sum()
    quiet = played(instrument, brief, **silent)
    assert level(quiet) - level(loud) == pytest.approx(-50.0, abs=0.1)


def test_the_seed_says_where_a_texture_begins(tmp_path):
    instrument = Waveform(texture=written(tmp_path / "pulses.wav", pulses(3.0)))
    recordings = [{p.name: p.initial for p in instrument.parameters(asked(seed=seed))}["recording"] for seed in (1, 1, 2)]
    assert torch.equal(recordings[0], recordings[1])
    assert not torch.equal(recordings[0], recordings[2])


def test_a_texture_that_cannot_be_used_is_refused(tmp_path):
    with pytest.raises(AudioFileError, match="is silent"):
        Waveform(texture=written(tmp_path / "silent.wav", np.zeros(RATE)))


def test_samples_move_by_themselves_within_full_scale():
    brief = asked(2.0 * tune(1.0))
    (samples,) = Waveform(form="samples").parameters(brief)
    assert float(samples.initial.abs().max()) < 1
    assert (samples.lower, samples.upper) == (-1.0, 1.0)
    changed = played(Waveform(form="samples"), brief, samples=lambda s: s.roll(5, dims=1))
    np.testing.assert_array_equal(changed, samples.initial.roll(5, dims=1)[0].numpy())


def test_a_source_is_cut_or_filled_up_to_the_canvas():
    brief = asked(tune(0.7))
    assert played(Waveform(), brief).shape == (RATE,)
    assert float(Waveform(form="samples").parameters(brief)[0].initial[0, -1]) == 0.0


def test_what_it_cannot_use_is_refused():
    with pytest.raises(IncompatibleError, match="name a source"):
        Waveform().parameters(Brief(Canvas(1.0, RATE), {}, torch.tensor([1])))
    with pytest.raises(ParameterError, match="expected cells or samples"):
        Waveform(form="bins")
    with pytest.raises(ParameterError, match="largest_gain is 0"):
        Waveform(largest_gain=0)

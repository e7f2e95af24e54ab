"""The parts of the voice agree with closed forms and with independent computations."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.signal import find_peaks, hilbert
from scipy.special import jn_zeros

from orchestra_percussion.controls import CONTROLS
from orchestra_percussion.hits import Hits, fast_size, place
from orchestra_percussion.kits import KINDS
from orchestra_percussion.noise import HIGHEST, band_noise, random_phases
from orchestra_percussion.voice import LONGEST, Shots, mode_ratios, strike, swept_cycles

RATE = 16_000


def controls(kind="tom", **changes):
    """The controls of a plain kind, in double precision, some changed."""
    values = {**KINDS[kind], **changes}
    return {control.name: torch.tensor([values[control.name]], dtype=torch.float64) for control in CONTROLS}


def struck(kind="tom", modes=6, seconds=1.0, rate=RATE, **changes):
    return strike(controls(kind, **changes), torch.tensor([5]), modes, round(seconds * rate), rate)


def test_modes_are_those_of_a_circular_membrane():
    zeros = sorted(zero for order in range(12) for zero in jn_zeros(order, 5))
    expected = torch.tensor([zero / zeros[0] for zero in zeros[:16]])
    torch.testing.assert_close(mode_ratios(torch.ones(1), 16)[0], expected.float(), atol=1e-3, rtol=0)


def test_stretch_scales_the_distance_of_the_modes_from_the_lowest():
    once, thrice = mode_ratios(torch.tensor([1.0, 3.0], dtype=torch.float64), 6)
    torch.testing.assert_close(thrice - 1, 3 * (once - 1))


@pytest.mark.parametrize("time", [0.0, 0.01, 0.3])
def test_cycles_are_the_integral_of_the_frequency(time):
    pitch, sweep, sweep_time = 50.0, 2.5, 0.03
    tensors = [torch.tensor([value], dtype=torch.float64) for value in (pitch, sweep, sweep_time)]
    cycles, frequency = swept_cycles(*tensors, torch.tensor([time], dtype=torch.float64))
    curve = lambda t: pitch * (1 + (2**sweep - 1) * math.exp(-t / sweep_time))  # noqa: E731
    assert float(frequency) == pytest.approx(curve(time))
    assert float(cycles) == pytest.approx(quad(curve, 0.0, time)[0], abs=1e-9)


def test_the_sweep_starts_so_many_octaves_above_the_pitch():
    tensors = [torch.tensor([value], dtype=torch.float64) for value in (100.0, 2.0, 0.02)]
    frequency = swept_cycles(*tensors, torch.tensor([0.0, 1.0], dtype=torch.float64))[1]
    torch.testing.assert_close(frequency[0], torch.tensor([400.0, 100.0], dtype=torch.float64))


def test_the_lowest_mode_sounds_at_the_pitch():
    body = struck(modes=1, pitch=220.0, sweep=0.0, drive=-20.0, body_decay=3.0).body[0]
    spectrum = torch.fft.rfft(body * torch.hann_window(len(body), dtype=body.dtype)).abs()
    assert int(spectrum.argmax()) == 220  # bins of 1 Hz


@pytest.mark.parametrize("decay", [0.2, 0.8])
def test_the_body_falls_by_60_db_in_its_decay(decay):
    body = struck(modes=1, pitch=400.0, sweep=0.0, drive=-20.0, body_decay=decay).body[0].numpy()
    level = 20 * np.log10(np.abs(hilbert(body)))
    early, late = round(0.1 * decay * RATE), round(0.6 * decay * RATE)
    assert level[early] - level[late] == pytest.approx(30.0, abs=0.4)


def test_damping_makes_higher_modes_fade_faster_by_their_ratio():
    steady = {"pitch": 300.0, "sweep": 0.0, "overtones": 0.0, "drive": -20.0, "body_decay": 1.5}
    plain, damped = (struck(**steady, mode_damping=power).body[0] for power in (0.0, 1.0))
    window = torch.hann_window(RATE // 2, dtype=torch.float64)
    spectra = [torch.fft.rfft(body[RATE // 4 : 3 * RATE // 4] * window).abs() for body in (plain, damped)]
    third = round(300 * 2.136 / 2)  # bins of 2 Hz
    lowest = round(300 / 2)
    loss = [20 * math.log10(float(s[third - 2 : third + 3].max() / s[lowest - 2 : lowest + 3].max())) for s in spectra]
    assert loss[0] - loss[1] == pytest.approx(60 / 1.5 * (2.136 - 1) * 0.5, abs=3.5)  # 0.5 s in the middle of the window


def test_drive_adds_odd_harmonics_and_hardly_any_alias():
    pitch = 1_300.0
    body = struck(modes=1, pitch=pitch, sweep=0.0, drive=24.0, body_decay=3.0, attack=0.0003).body[0]
    spectrum = torch.fft.rfft(body[1_000:13_500] * torch.hann_window(12_500, periodic=False, dtype=body.dtype)).abs()
    frequency = torch.fft.rfftfreq(12_500, 1 / RATE, dtype=torch.float64)
    harmonic = ((frequency / pitch - (frequency / pitch).round()).abs() * pitch < 20) & ((frequency / pitch).round() % 2 == 1)
    third = spectrum[(frequency - 3 * pitch).abs() < 20].max() / spectrum.max()
    assert 20 * math.log10(float(third)) > -20
    alias = spectrum[~harmonic & (frequency > 100)].square().sum() / spectrum.square().sum()
    assert 10 * math.log10(float(alias)) < -40


def test_random_phases_are_splitmix64():
    def reference(seed, number):
        mask = 2**64 - 1
        state = (seed + number * 0x9E3779B97F4A7C15) & mask
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
        return ((state ^ (state >> 31)) >> 11) * 2.0**-53 * 2 * math.pi

    phases = random_phases(torch.tensor([1, 123_456_789]), 5)
    expected = [[reference(seed, number) for number in range(1, 6)] for seed in (1, 123_456_789)]
    np.testing.assert_allclose(phases.numpy(), expected, rtol=1e-14)


def test_noises_of_two_seeds_have_nothing_in_common():
    band = torch.tensor([2000.0, 2000.0]), torch.tensor([2.0, 2.0])
    one, other = band_noise(torch.tensor([1, 2]), *band, 44_100)
    assert abs(np.corrcoef(one.numpy(), other.numpy())[0, 1]) < 0.05


@pytest.mark.parametrize(("centre", "width"), [(300.0, 1.0), (2_000.0, 0.3), (5_000.0, 0.6)])
def test_noise_lies_in_its_band_at_a_level_that_does_not_depend_on_it(centre, width):
    noise = band_noise(torch.tensor([9]), torch.tensor([centre]).double(), torch.tensor([width]).double(), 44_100)[0]
    assert float(noise.square().mean().sqrt()) == pytest.approx(1.0, abs=0.02)
    power = torch.fft.rfft(noise).abs().square()[1:]
    octave = torch.log2(torch.arange(1, len(power) + 1, dtype=torch.float64) / centre)
    mean = (power * octave).sum() / power.sum()
    spread = ((power * (octave - mean).square()).sum() / power.sum()).sqrt()
    assert float(mean) == pytest.approx(0.0, abs=0.05)
    assert float(spread) == pytest.approx(width / math.sqrt(2), rel=0.1)


def test_noise_at_a_lower_rate_is_the_same_without_its_upper_part():
    band = torch.tensor([3_000.0]).double(), torch.tensor([2.0]).double()
    high, low = (band_noise(torch.tensor([3]), *band, rate)[0] for rate in (44_100, 16_000))
    spectrum = torch.fft.rfft(high)[:8_000] / 44_100
    torch.testing.assert_close(torch.fft.rfft(low)[:8_000] / 16_000, spectrum, atol=1e-9, rtol=0)


def test_noise_ends_where_nobody_hears():
    noise = band_noise(torch.tensor([3]), torch.tensor([16_000.0]).double(), torch.tensor([4.0]).double(), 96_000)[0]
    assert float(torch.fft.rfft(noise).abs()[HIGHEST + 1 :].max()) < 1e-6


def test_a_clap_is_four_bursts_their_gap_apart():
    noise = struck("clap", burst_gap=0.02, burst_level=12.0, noise_decay=0.02, noise_centre=4_000.0, noise_width=1.5).noise[0]
    power = np.convolve(noise.numpy() ** 2, np.hanning(65) / 32, mode="same")
    peaks = find_peaks(power, height=0.15 * power.max(), distance=round(0.012 * RATE))[0] / RATE
    assert len(peaks) == 4
    np.testing.assert_allclose(np.diff(peaks), 0.02, atol=0.004)


def test_levels_are_decibels_of_each_layer():
    quiet, loud = (struck("snare", body_level=v, noise_level=v, click_level=v) for v in (-20.0, 0.0))
    for layer in ("body", "noise", "click"):
        torch.testing.assert_close(getattr(loud, layer), 10 * getattr(quiet, layer))


def test_a_hit_ends_in_silence_without_a_step():
    shots = struck("tom", body_decay=3.0, noise_decay=2.0, noise_level=0.0, seconds=LONGEST)
    for sound in (shots.body[0], shots.noise[0]):
        assert float(sound[-2:].abs().max()) < 1e-4 * float(sound.abs().max())


def impulse(samples=400):
    shot = torch.zeros(1, samples, dtype=torch.float64)
    tone = torch.sin(2 * math.pi * 0.05 * torch.arange(200)) * torch.hann_window(200)
    shot[0, :200] = tone
    nothing = torch.zeros_like(shot)
    return Shots(shot, nothing, nothing)


def test_hits_on_samples_are_copies_at_their_onsets():
    onset, amplitude = torch.tensor([0.1, 0.25]).double(), torch.tensor([1.0, 0.5]).double()
    sound = place(impulse(), Hits(torch.tensor([0, 0]), onset, amplitude), 4_000, 8_000)[0]
    expected = torch.zeros(4_000, dtype=torch.float64)
    expected[800:1_200] += impulse().body[0]
    expected[2_000:2_400] += 0.5 * impulse().body[0]
    # The high-pass at 20 Hz turns the phase of the tone of 400 Hz a little.
    assert float((sound - expected).norm() / expected.norm()) < 0.15
    assert float(torch.dot(sound, expected) / (sound.norm() * expected.norm())) > 0.99


def test_a_hit_between_samples_is_shifted_by_the_fraction():
    def at(onset):
        return place(impulse(), Hits(torch.tensor([0]), torch.tensor([onset]).double(), torch.ones(1).double()), 4_000, 8_000)[0]

    whole, between = torch.fft.rfft(at(1_000 / 8_000)), torch.fft.rfft(at(1_000.3 / 8_000))
    tone = round(0.05 * 4_000)
    turned = float(torch.angle(between[tone] / whole[tone]))
    assert turned == pytest.approx(-2 * math.pi * 0.05 * 0.3, abs=1e-3)


def test_the_onset_has_the_gradient_of_a_finite_difference():
    weights = torch.randn(2_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64).cumsum(0)

    def heard(onset):
        return (place(impulse(), Hits(torch.tensor([0]), onset, torch.ones(1).double()), 2_000, 8_000)[0] * weights).sum()

    onset = torch.tensor([0.0712], dtype=torch.float64, requires_grad=True)
    heard(onset).backward()
    step = 1e-6
    numeric = (heard(onset.detach() + step) - heard(onset.detach() - step)) / (2 * step)
    assert float(onset.grad) == pytest.approx(float(numeric), rel=1e-4)


def test_a_softer_hit_has_less_noise_and_less_click_in_it():
    layers = [torch.zeros(3, 1, 100, dtype=torch.float64) for _ in range(3)]
    for number, layer in enumerate(layers):
        layer[number, 0, 10] = 1.0
    peaks = []
    for layer in layers:
        hit = Hits(torch.tensor([0]), torch.zeros(1).double(), torch.tensor([0.5]).double())
        peaks.append(float(place(Shots(*layer), hit, 200, 8_000).abs().max()))
    assert peaks[0] > peaks[1] > peaks[2] > 0


@pytest.mark.parametrize("least", [10, 1_000, 33_600, 264_600])
def test_transforms_have_a_length_of_small_factors(least):
    size = fast_size(least)
    rest = size
    for factor in (2, 3, 5):
        while rest % factor == 0:
            rest //= factor
    assert least <= size <= 1.2 * least + 8 and size % 2 == 0 and rest == 1

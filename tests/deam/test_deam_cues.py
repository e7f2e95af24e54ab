"""The cues hear pitches, keys and onsets; they are blind to gain, smooth, and the same at both native rates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orchestra_core.errors import ParameterError
from orchestra_deam.cues import COUNT, CueFrontEnd
from orchestra_deam.front_ends import FRONT_ENDS, make_front_end
from orchestra_deam.semitones import PER_SEMITONE, frequency, magnitudes, note_atoms, salience, semitone_bank

RATE = 22_050
MAJOR, MINOR = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)), ((0, 3, 7), (5, 8, 12), (7, 10, 14), (0, 3, 7))


def tone(pitch, seconds, rate=RATE, partials=6):
    """Return a decaying note with harmonics."""
    time = torch.arange(int(seconds * rate), dtype=torch.float64) / rate
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    waves = [0.6**k * torch.sin(2 * torch.pi * frequency * (k + 1) * time) for k in range(partials)]
    return sum(waves) * torch.exp(-2 * time) * (1 - torch.exp(-200 * time))


def chords(progression, tonic=60, rate=RATE):
    """Return 5 s of chords, shape (1, samples), float32."""
    seconds = 5.0 / len(progression)
    parts = [sum(tone(tonic + degree, seconds, rate) for degree in chord) for chord in progression]
    return torch.nn.functional.pad(torch.cat(parts), (0, 5 * rate))[None, : 5 * rate].float() * 0.1


@pytest.fixture(scope="module")
def front_end():
    return CueFrontEnd()


def test_a_filter_hears_its_own_semitone():
    bank = semitone_bank(8192, RATE)
    time = torch.arange(8192, dtype=torch.float64) / RATE
    for pitch in (45, 69, 93):
        spectrum = torch.fft.rfft(
            torch.sin(2 * torch.pi * float(frequency(torch.tensor(float(pitch)))) * time) * torch.hann_window(8192)
        )
        heard = bank @ spectrum.abs().square()
        assert abs(int(heard.argmax()) // PER_SEMITONE + 24 - pitch) == 0


def test_salience_finds_the_notes_of_a_chord_and_explains_their_harmonics_away():
    power = torch.stft(chords([(0, 4, 7)])[0], 8192, 2048, window=torch.hann_window(8192), return_complex=True).abs().square()
    heard = salience(magnitudes((semitone_bank(8192, RATE).float() @ power)[None]), note_atoms().float())[0, 5:10].mean(0)
    strongest = sorted(24 + int(place) for place in heard.topk(3).indices)
    assert strongest == [60, 64, 67]
    # An octave above the root lies its second harmonic, as loud as 0.6 of the root in the sound.
    assert heard[72 - 24] < 0.15 * heard[60 - 24]


def test_atoms_are_what_the_filters_hear_of_synthesised_notes():
    time = torch.arange(8192, dtype=torch.float64) / RATE
    bank, atoms = semitone_bank(8192, RATE), note_atoms()
    for pitch in (48, 71):
        root = 440 * 2 ** ((pitch - 69) / 12)
        power = sum(  # of each partial alone, as atoms add power
            bank
            @ torch.fft.rfft(0.85**k * torch.sin(2 * torch.pi * root * (k + 1) * time) * torch.hann_window(8192)).abs().square()
            for k in range(12)
            if root * (k + 1) < RATE / 2
        )
        heard = power.sqrt() / power.sqrt().norm()
        assert float(heard @ atoms[80 + pitch - 24]) > 0.995


def test_the_key_cues_tell_major_from_minor_in_every_transposition(front_end):
    for tonic in (55, 58, 62):
        major, minor = (front_end.named(chords(one, tonic), RATE)["key_whole_sure"] for one in (MAJOR, MINOR))
        # Some profiles hear the relative major in a minor key; most do not.
        assert major.mean() > 0.5
        assert minor.mean() < -0.3


def test_more_notes_count_more_onsets(front_end):
    slow, fast = (front_end.named(chords(MAJOR * times), RATE)["onset_counted"].mean() for times in (1, 4))
    assert fast > 1.5 * slow


def test_register_follows_the_notes(front_end):
    low, high = (front_end.named(chords(MAJOR, tonic), RATE)["register"][0, 0] for tonic in (48, 72))
    assert float(high - low) == pytest.approx(2.0, abs=0.4)  # octaves


def test_cues_are_blind_to_gain(front_end):
    clips = chords(MAJOR)
    torch.testing.assert_close(
        front_end.arrays(clips * 0.01, RATE)["cues"], front_end.arrays(clips, RATE)["cues"], atol=2e-4, rtol=1e-4
    )


def test_both_rates_hear_the_same(front_end):
    low, high = (front_end.arrays(chords(MINOR, rate=rate), rate)["cues"] for rate in (RATE, 2 * RATE))
    assert low.shape == (1, COUNT)
    # Clips without partials above 8 kHz: what differs is where the last frame ends, and rounding.
    assert float((low - high).abs().max()) < 0.02


def test_gradients_equal_finite_differences_and_are_finite_for_silence(front_end):
    torch.manual_seed(0)
    audio = chords(MAJOR).double().requires_grad_()
    direction, weights = torch.randn_like(audio), torch.randn(COUNT, dtype=torch.float64)
    (front_end.arrays(audio, RATE)["cues"] @ weights).sum().backward()
    with torch.no_grad():
        ahead, behind = (float((front_end.arrays(audio + s * direction, RATE)["cues"] @ weights).sum()) for s in (1e-7, -1e-7))
    assert (ahead - behind) / 2e-7 == pytest.approx(float((audio.grad * direction).sum()), rel=1e-4)
    silence = torch.zeros(1, 5 * RATE, requires_grad=True)
    cues = front_end.arrays(silence, RATE)["cues"]
    cues.sum().backward()
    assert torch.isfinite(cues).all()
    assert torch.isfinite(silence.grad).all()


def test_front_ends_are_made_by_name_and_refuse_what_they_cannot_do():
    assert {name: make_front_end(name).name for name in FRONT_ENDS} == {"mel": "mel", "cues": "cues"}
    assert make_front_end("mel").arrays(torch.zeros(1, 5 * RATE), RATE)["mel"].shape == (1, 128, 431)
    with pytest.raises(ParameterError, match=r"'chroma'.*cues, mel"):
        make_front_end("chroma")
    with pytest.raises(ParameterError, match="'nnaudio'"):
        make_front_end("cues", "nnaudio")
    with pytest.raises(ParameterError, match="16000 Hz"):
        make_front_end("cues").arrays(torch.zeros(1, 80_000), 16_000)


def test_loudness_alone_changes_no_harmony(front_end):
    rng = np.random.default_rng(0)
    fade = torch.from_numpy(np.exp(0.3 * np.cumsum(rng.standard_normal(5)))).float().repeat_interleave(RATE)
    plain, faded = (front_end.named(clips, RATE)["key_whole_sure"] for clips in (chords(MAJOR), chords(MAJOR) * fade))
    torch.testing.assert_close(faded, plain, atol=0.2, rtol=0)

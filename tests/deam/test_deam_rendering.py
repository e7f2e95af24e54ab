"""Rated pieces are rendered by FluidSynth and by orchestra's own instruments."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from deam_data import melody

from orchestra_core import Instrument
from orchestra_core.errors import IncompatibleError, UsageError
from orchestra_core.registry import build
from orchestra_deam.rendering import FluidSynthRenderer, InstrumentRenderer, vary_notes

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not SOUNDFONT.is_file(), reason="fluidsynth and its soundfont are not installed"
)


@pytest.fixture(scope="module")
def piano():
    return InstrumentRenderer(build("instrument", "piano_adsr").component)


def generator():
    return np.random.default_rng(3)


def strongest_pitch(clip, rate):
    spectrum = torch.fft.rfft(clip * torch.hann_window(len(clip))).abs()
    return 69 + 12 * np.log2(float(spectrum.argmax()) * rate / len(clip) / 440)


def test_the_instrument_plays_the_notes_of_each_window(piano):
    notes = melody(2, 60)
    clips = piano.clips(notes, np.array([0.0, 6.0]), generator(), varied=False)
    assert clips.shape == (2, 110_250)
    assert clips.abs().amax(1).min() > 0.05
    first = clips[0, :9000]
    assert strongest_pitch(first[-6000:], 22_050) == pytest.approx(60, abs=0.6)


def test_windows_begin_with_their_first_note(piano):
    clip = piano.clips(melody(1, 60), np.array([2.5]), generator(), varied=False)[0]
    first = int((clip.abs() > 0.01 * clip.abs().max()).nonzero()[0])
    assert first < 0.2 * 22_050


def test_windows_without_notes_are_left_out(piano):
    assert piano.clips(melody(1, 60), np.array([0.0, 50.0]), generator(), varied=False).shape == (1, 110_250)
    assert piano.clips(melody(1, 60), np.array([50.0]), generator(), varied=False).shape == (0, 110_250)


def test_varied_renderings_sound_different_and_follow_from_the_generator(piano):
    starts = np.array([0.0])
    plain, varied, again = (piano.clips(melody(2, 60), starts, generator(), varied=v) for v in (False, True, True))
    assert torch.equal(varied, again)
    assert float((plain - varied).square().mean()) > 0.05 * float(plain.square().mean())


def test_an_instrument_that_plays_no_notes_is_refused():
    class Drone(Instrument):
        capabilities = frozenset({"rate_free"})

        def _parameters(self, brief):
            return ()

        def _render(self, values, canvas):
            return torch.zeros(1, canvas.samples)

    with pytest.raises(IncompatibleError, match="Drone lacks notes"):
        InstrumentRenderer(Drone()).check()


def test_varied_notes_move_by_few_semitones_and_little_in_tempo():
    notes = melody(2, 60)
    moved = [vary_notes(notes, np.random.default_rng(seed)) for seed in range(40)]
    steps = {int(m.pitch[0] - notes.pitch[0]) for m in moved}
    assert steps == {-3, -2, -1, 0, 1, 2, 3}
    assert all(0.95 <= m.end / notes.end <= 1.06 for m in moved)


@needs_fluidsynth
def test_fluidsynth_plays_the_windows_at_their_times():
    renderer = FluidSynthRenderer(SOUNDFONT)
    renderer.check()
    clips = renderer.clips(melody(1, 60), np.array([0.0, 4.0]), generator(), varied=False)
    assert clips.shape == (2, 110_250)
    assert clips.dtype == torch.float32
    # The melody repeats every 4 s, so the second window begins as the first.
    assert strongest_pitch(clips[0, :20_000], 22_050) == pytest.approx(60, abs=0.6)
    assert strongest_pitch(clips[1, 1000:20_000], 22_050) == pytest.approx(60, abs=0.6)


@needs_fluidsynth
def test_windows_beyond_the_end_are_padded():
    clips = FluidSynthRenderer(SOUNDFONT).clips(melody(1, 60, seconds=3.0), np.array([30.0]), generator(), varied=False)
    assert clips.shape == (1, 110_250)
    assert not clips.any()


@needs_fluidsynth
def test_a_missing_soundfont_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.sf2 does not exist"):
        FluidSynthRenderer(tmp_path / "none.sf2").check()


def test_a_missing_fluidsynth_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="fluidsynth was not found"):
        FluidSynthRenderer(tmp_path / "a.sf2").check()

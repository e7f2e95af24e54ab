"""Gates let good pieces pass and stop each fault."""

import numpy as np
import pytest
import torch

from orchestra_battery.gates import about_bars, clicks, clipped_runs, gates, silence_before
from orchestra_core import Note, Part, Performance, Score

RATE = 44_100
TIME = np.arange(RATE) / RATE
TONE = 0.5 * np.sin(2 * np.pi * 440 * TIME) * np.clip(np.minimum(TIME, 1 - TIME) / 0.01, 0, 1)
GOOD = [60, 62, 64, 60, 62, 64, 65, 62, 67, 64, 62, 60]


def piece(pitches, step=0.4, key="C major"):
    return Score(tuple(Note(pitch, index * step, 0.3) for index, pitch in enumerate(pitches)), key=key)


def failed(performance, key=None):
    return [name for name, gate in gates(performance, key).items() if not gate.passed]


def with_sound(samples):
    return Performance(torch.from_numpy(samples).float(), RATE)


@pytest.mark.parametrize(("names", "told"), [(["leap"], 1), (["cadence", "motif"], 1), (["clicks", "scale"], 0), ([], 0)])
def test_gates_of_pieces_in_bars_are_told_to_be_so_where_one_failed(names, told):
    assert len(about_bars(names)) == told


def test_a_clean_piece_passes_every_gate():
    found = gates(Performance(torch.from_numpy(TONE).float(), RATE, piece(GOOD)))
    assert all(gate.passed for gate in found.values())
    assert set(found) == {
        "clicks", "clipping", "offset", "silence", "lowest", "highest", "leap", "motif", "scale", "cadence"
    }  # fmt: skip


@pytest.mark.parametrize("size", [0.05, 0.4])
def test_a_step_in_a_tone_is_a_click(size):
    broken = TONE.copy()
    broken[20_000:] -= size * (TONE[20_000:] != 0)
    assert clicks(broken) >= 1
    assert "clicks" in failed(with_sound(broken))


def test_a_cut_at_the_end_is_a_click():
    assert clicks(0.5 * np.cos(2 * np.pi * 440 * TIME)) == 2


@pytest.mark.parametrize("sound", ["noise", "hit", "bright", "silence"])
def test_what_only_sounds_sharp_is_no_click(sound):
    noise = np.random.default_rng(0).standard_normal(RATE)
    sounds = {
        "noise": 0.2 * noise * np.clip(np.minimum(TIME, 1 - TIME) / 0.01, 0, 1),
        "hit": 0.5 * noise * np.exp(-30 * TIME) * np.clip(TIME / 0.001, 0, 1),
        "bright": TONE * np.sin(2 * np.pi * 7000 * TIME),
        "silence": 0 * TIME,
    }
    assert clicks(sounds[sound]) == 0


def test_clipping_is_several_samples_at_full_scale():
    assert clipped_runs(np.clip(3 * TONE, -1, 1)) > 400  # twice a period
    assert clipped_runs(TONE / 0.5) == 0
    assert "clipping" in failed(with_sound(np.clip(3 * TONE, -1, 1)))


def test_an_offset_and_a_late_start_are_told():
    assert "offset" in failed(with_sound(TONE + 0.01))
    late = np.concatenate([np.zeros(RATE // 2), TONE])
    assert silence_before(late, RATE) == pytest.approx(0.5, abs=0.005)
    assert failed(with_sound(late)) == ["silence"]
    assert silence_before(np.zeros(RATE), RATE) == 1.0


@pytest.mark.parametrize(
    ("pitches", "fault"),
    [
        ([20, *GOOD[1:]], "lowest"),
        ([*GOOD[:-1], 109], "highest"),
        ([60, 62, 64, 60, 62, 64, 78, 62, 67, 64, 62, 60], "leap"),
        ([60, 61, 63, 60, 61, 63, 66, 61, 68, 63, 61, 60], "scale"),
        ([60, 62, 64, 60, 62, 64, 65, 62, 67, 64, 62, 62], "cadence"),
        ([60, 72, 64, 71, 60, 71, 72, 60], "motif"),
    ],
)
def test_each_fault_of_the_notes_is_told(pitches, fault):
    assert fault in failed(Performance(score=piece(pitches)))


def test_a_mode_that_is_declared_allows_its_notes():
    dorian = [62, 64, 65, 62, 64, 65, 67, 64, 71, 65, 64, 62]
    assert failed(Performance(score=piece(dorian, key=None)), "D dorian") == []
    assert "scale" in failed(Performance(score=piece(dorian, key=None)), "D minor")


def test_without_a_key_nothing_is_said_of_scale_and_cadence():
    assert not {"scale", "cadence"} & set(gates(Performance(score=piece(GOOD, key=None))))


def test_of_a_key_that_nobody_knows_nothing_is_said_of_scale_and_cadence():
    assert not {"scale", "cadence"} & set(gates(Performance(score=piece(GOOD, key="C octatonic"))))


def test_drums_have_no_pitch_to_be_held_to():
    drums = Score(tuple(Note(36, 0.5 * index, 0.1, 0.8, Part("kit", 0, True)) for index in range(4)))
    assert gates(Performance(score=drums)) == {}

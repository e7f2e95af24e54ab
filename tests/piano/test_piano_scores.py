"""The score sources: what they promise for every choice, canvas and seed."""

import itertools
import math

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas
from orchestra_core.errors import ParameterError
from orchestra_piano import MelodyScore, PianoAdsr, ReferenceScore, ScaleScore

MAJOR, MINOR = {0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 10}
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def brief(duration=5.0):
    return Brief(Canvas(duration=duration), {}, torch.tensor([1]))


def write(source, choice=None, seed=0, duration=5.0):
    return source.write(brief(duration), choice or {}, np.random.default_rng(seed))


def all_choices(source):
    return [dict(zip(source.choices, values, strict=True)) for values in itertools.product(*source.choices.values())]


def melody_of(score):
    """The melody is louder than its chords."""
    return [note for note in score.notes if note.velocity > 0.7]


def test_melody_is_searched_over_a_few_dozen_choices():
    assert 24 <= len(all_choices(MelodyScore())) <= 48
    assert MelodyScore().default_choice == {"density": 2, "mode": "major", "register": "middle"}


@pytest.mark.parametrize("duration", (0.3, 1.0, 5.0, 12.0))
@pytest.mark.parametrize("choice", all_choices(MelodyScore()), ids=str)
def test_melody_starts_at_once_and_ends_inside_the_canvas(choice, duration):
    for seed in range(5):
        score = write(MelodyScore(), choice, seed, duration)
        assert min(note.onset for note in score.notes) <= 0.05
        assert score.end < duration
        assert (
            max(note.onset for note in score.notes)
            < PianoAdsr().parameters(Brief(Canvas(duration=duration), {}, torch.tensor([1]), scores=(score,)))[0].upper
        )
        assert len(score.notes) <= 64 * max(1.0, duration / 5)


@pytest.mark.parametrize("choice", all_choices(MelodyScore()), ids=str)
def test_melody_keeps_to_its_key_and_comes_home(choice):
    for seed in range(8):
        score = write(MelodyScore(), choice, seed)
        tonic = TONICS.index(score.key.split()[0])
        scale = MAJOR if choice["mode"] == "major" else MINOR
        assert {int(note.pitch - tonic) % 12 for note in score.notes} <= scale
        last = [note for note in score.notes if note.onset == max(n.onset for n in score.notes)]
        triad = {0, 4, 7} if choice["mode"] == "major" else {0, 3, 7}
        assert {int(note.pitch - tonic) % 12 for note in last} == triad
        assert int(max(note.pitch for note in last) - tonic) % 12 == 0
        assert min(note.duration for note in last) > 0.85


def test_density_is_the_melody_s_notes_per_second_and_raises_the_tempo():
    tempi = []
    for density in (1, 2, 4, 8):
        counts = [len(melody_of(write(MelodyScore(), {"density": density}, seed, 30.0))) for seed in range(10)]
        assert np.mean(counts) / 29 == pytest.approx(density, rel=0.1)
        tempi.append(write(MelodyScore(), {"density": density}).tempo)
    assert tempi == sorted(tempi) and tempi[0] < tempi[-1]


def test_onsets_lie_on_the_beat_grid():
    for density in (1, 2, 4, 8):
        score = write(MelodyScore(), {"density": density}, seed=3)
        sixteenths = [(note.onset - score.notes[0].onset) * score.tempo / 15 for note in score.notes]
        assert np.abs(np.array(sixteenths) - np.round(sixteenths)).max() < 1e-6


def test_registers_lie_an_octave_apart():
    medians = [
        np.median([n.pitch for seed in range(20) for n in write(MelodyScore(), {"register": r}, seed).notes])
        for r in ("low", "middle", "high")
    ]
    assert np.diff(medians) == pytest.approx([12, 12], abs=2)


def test_melody_moves_mostly_by_small_steps():
    steps = []
    for seed in range(20):
        pitches = [note.pitch for note in melody_of(write(MelodyScore(), {"density": 4}, seed, 10.0))]
        steps += np.abs(np.diff(pitches)).tolist()
    assert np.mean(np.array(steps) <= 4) > 0.7
    assert max(steps) <= 14


def test_the_same_generator_writes_the_same_melody_and_others_write_others():
    assert write(MelodyScore(), seed=5) == write(MelodyScore(), seed=5)
    assert len({write(MelodyScore(), seed=seed) for seed in range(10)}) == 10


def test_melody_in_other_modes():
    source = MelodyScore(modes=("dorian", "phrygian", "lydian"), densities=(3.0,), registers=("low",))
    score = write(source, {"mode": "phrygian"})
    tonic = TONICS.index(score.key.split()[0])
    assert score.key.endswith("phrygian")
    assert {int(note.pitch - tonic) % 12 for note in score.notes} <= {0, 1, 3, 5, 7, 8, 10}


def test_reference_is_the_published_score():
    score = write(ReferenceScore(), seed=1)
    pitches = sorted(int(note.pitch) for note in score.notes)
    assert pitches == sorted([60, 62, 64, 65, 67, 51, 49, 47, 45, 44, 42, 40] * 4)
    assert [note.onset for note in score.notes] == pytest.approx([3.5 * i / 47 for i in range(48)])
    assert {(note.duration, note.velocity) for note in score.notes} == {(0.3, 0.8)}
    assert [n.pitch for n in score.notes] != [n.pitch for n in write(ReferenceScore(), seed=2).notes]


def test_scale_goes_up_and_down_again():
    score = write(ScaleScore(), {"scale": "major"})
    assert [note.pitch for note in score.notes] == [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60]
    assert score.key == "C major"
    assert score.end < 5.0


@pytest.mark.parametrize(
    ("scale", "expected"),
    (
        ("minor", [48, 50, 51, 53, 55, 56, 58, 60]),
        ("pentatonic", [48, 50, 52, 55, 57, 60]),
        ("minor_pentatonic", [48, 51, 53, 55, 58, 60]),
        ("blues", [48, 51, 53, 54, 55, 58, 60]),
        ("harmonic_minor", [48, 50, 51, 53, 55, 56, 59, 60]),
        ("whole_tone", [48, 50, 52, 54, 56, 58, 60]),
    ),
)
def test_named_scales(scale, expected):
    source = ScaleScore(scales=(scale,), registers=("low",), notes=len(expected))
    assert [note.pitch for note in write(source).notes] == expected


def test_root_and_register_of_a_scale_are_choices():
    source = ScaleScore(roots=("C", "A"), registers=("middle", "high"))
    score = write(source, {"root": "A", "register": "high", "scale": "minor"})
    assert score.notes[0].pitch == 81
    assert score.key == "A minor"


@pytest.mark.parametrize(
    ("source", "config"),
    (
        (MelodyScore, {"modes": ("pentatonic",)}),
        (MelodyScore, {"registers": ()}),
        (MelodyScore, {"densities": (100,)}),
        (MelodyScore, {"densities": ()}),
        (MelodyScore, {"densities": (math.nan,)}),
        (ScaleScore, {"scales": ("mayor",)}),
        (ScaleScore, {"roots": ("H",)}),
        (ScaleScore, {"notes": 0}),
    ),
)
def test_configurations_that_cannot_be_played_are_refused(source, config):
    with pytest.raises(ParameterError):
        source(**config)

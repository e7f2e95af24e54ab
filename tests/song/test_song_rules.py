"""The score source rules: each rule as it is written down, and pieces that hold to every gate."""

import math

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, melody_of
from orchestra_core.errors import ParameterError
from orchestra_song import Plan, RulesScore
from orchestra_song.checks import gates
from orchestra_song.rules import plan_of

GRID = [(v, a) for v in (-0.5, -0.25, 0.0, 0.25, 0.5) for a in (-0.5, -0.25, 0.0, 0.25, 0.5)]


def column(**asked):
    return {name: torch.tensor([value]) for name, value in asked.items()}


def write(source, targets=None, requests=None, choice=None, seed=0, duration=16.0):
    brief = Brief(Canvas(duration=duration), targets or {}, torch.tensor([seed]), requests=requests or {})
    return source.write(brief, choice or {}, np.random.default_rng(seed))


def test_mode_follows_the_sign_of_valence():
    assert [plan_of(Plan(), v, 0.0).mode for v in (-0.5, -0.01, 0.0, 0.01, 0.5)] == ["minor", "minor", "major", "major", "major"]


def test_the_register_moves_14_semitones_per_unit_of_valence():
    assert plan_of(Plan(), 0.5, 0.0).register - plan_of(Plan(), -0.5, 0.0).register == pytest.approx(14)


def test_notes_per_second_double_every_0_4_of_arousal():
    rates = [plan_of(Plan(), 0.0, a).density for a in (-0.4, 0.0, 0.4)]
    assert rates == pytest.approx([1.0, 2.0, 4.0])


def test_level_and_staccato_rise_with_arousal():
    calm, lively = plan_of(Plan(), 0.0, -0.5), plan_of(Plan(), 0.0, 0.5)
    assert lively.level > calm.level + 0.4
    assert lively.articulation < calm.articulation - 0.4


def test_a_piece_has_what_the_rules_say():
    slow, fast = (write(RulesScore(), column(valence=0.3, arousal=a)) for a in (-0.4, 0.4))
    rates = [len(melody_of(score)) / score.end for score in (slow, fast)]
    assert rates == pytest.approx([1.0, 4.0], rel=0.25)
    low, high = (np.mean([n.pitch for n in melody_of(write(RulesScore(key="C"), column(valence=v)))]) for v in (0.0, 0.5))
    assert high - low == pytest.approx(7.0, abs=3.5)
    assert write(RulesScore(key="D"), column(valence=-0.2)).key == "D minor"


def roots(score):
    """The pitch classes in the bass, bar by bar."""
    bar = score.metre[0] * 60 / score.tempo
    found = {}
    for note in sorted(score.notes, key=lambda note: -note.onset):
        if note.part.name == "bass":
            found[math.floor(note.onset / bar + 0.1)] = int(note.pitch) % 12
    return [found[index] for index in sorted(found)]


def test_four_chords_come_again():
    for seed in range(10):
        bars = roots(write(RulesScore(), column(valence=0.4, arousal=0.0), seed=seed))
        assert len(bars) == 8 and bars[:2] == bars[4:6]
        assert len(set(bars[:4])) >= 3


@pytest.mark.parametrize("duration", [12.0, 16.0, 20.0])
def test_pieces_of_the_whole_plane_pass_every_gate(duration):
    for seed, (valence, arousal) in enumerate(GRID):
        for source in (RulesScore(), RulesScore(draws=8, parts=("melody", "harmony", "bass", "drums"))):
            choice = {"draw": 1 + seed % 7} if source.choices else {}
            score = write(source, column(valence=valence, arousal=arousal), None, choice, seed, duration)
            assert not [name for name, gate in gates(score).items() if not gate.passed], (valence, arousal, choice)


def test_metre_tempo_and_bars_are_kept_and_what_is_locked_stays():
    source = RulesScore(tempo=90.0, bars=4, metres=("3/4",), key="G")
    asked = column(valence=0.2, arousal=0.1)
    score = write(source, asked, duration=source.duration)
    assert (score.tempo, score.metre, score.key) == (90.0, (3, 4), "G major")
    assert score.end == pytest.approx(4 * 3 * 60 / 90 - 0.4)
    assert RulesScore(metres=("4/4", "6/8")).choices == {"metre": ("4/4", "6/8")}
    same, other = (
        RulesScore(key="G", variation=5, lock=locked) for locked in (("harmony", "melody", "rhythm", "timing"), ("harmony",))
    )
    plain = write(RulesScore(key="G"), asked)
    assert write(same, asked) == plain
    assert roots(write(other, asked)) == roots(plain)
    assert [n.pitch for n in melody_of(write(other, asked))] != [n.pitch for n in melody_of(plain)]


def test_half_of_the_request_is_what_counts_where_the_brief_tells_it():
    asked = write(RulesScore(), column(valence=0.9, arousal=0.9), column(valence=-0.6, arousal=0.4))
    assert asked == write(RulesScore(), column(valence=-0.3, arousal=0.2))


def test_what_is_not_asked_counts_as_neutral_and_extremes_stay_playable():
    assert write(RulesScore()) == write(RulesScore(), column(valence=0.0, arousal=0.0))
    for valence, arousal in ((-9.0, -9.0), (9.0, 9.0)):
        assert gates(write(RulesScore(), column(valence=valence, arousal=arousal)))["lowest"].passed


def test_the_rules_offer_nothing_to_choose_and_as_a_prior_what_lies_near_them():
    asked = column(valence=-0.4, arousal=0.1)
    assert dict(RulesScore().choices) == {}
    near = RulesScore(draws=40)
    assert near.choices == {"draw": tuple(range(40))}
    assert write(near, asked) == write(RulesScore(), asked)
    drawn = [write(near, asked, choice={"draw": number}) for number in range(1, 40)]
    dark = sum(score.key.split()[1] in ("dorian", "minor", "phrygian") for score in drawn)
    assert dark >= 30
    assert len({score.key for score in drawn}) >= 3
    assert len({score.notes for score in drawn}) == 39


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"key": "D dorian"}, "a tonic alone"),
        ({"draws": 0}, "draws"),
        ({"parts": ("bass",)}, "melody"),
        ({"bars": -1}, "bars"),
        ({"tempo": 5.0}, "tempo"),
        ({"metres": ()}, "metres"),
        ({"lock": ("x",)}, "lock"),
    ],
)
def test_a_wrong_configuration_is_refused(wrong, message):
    with pytest.raises(ParameterError, match=message):
        RulesScore(**wrong)

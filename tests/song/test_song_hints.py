"""The hints of a word: what they change in a plan and in a piece."""

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, melody_of
from orchestra_core.emotions.words import lookup
from orchestra_song import Plan, RulesScore, SongScore
from orchestra_song.checks import gates
from orchestra_song.hints import hinted, unsteady


def write(source, word, seed=0, choice=None):
    emotion = lookup(word)
    brief = Brief(
        Canvas(duration=16.0),
        {},
        torch.tensor([seed]),
        requests={"valence": torch.tensor([emotion.valence]), "arousal": torch.tensor([emotion.arousal])},
        cues={name: torch.tensor([size]) for name, size in emotion.cues.given().items()},
    )
    return source.write(brief, choice or {}, np.random.default_rng(seed))


def away(score):
    """How far onsets lie from the grid, in s."""
    step = 15 / score.tempo
    return max(abs(note.onset - step * round(note.onset / step)) for note in score.notes)


def test_each_hint_moves_its_cue_and_nothing_else():
    plan = Plan(mode="dorian")
    assert hinted(plan, {}) == plan
    assert hinted(plan, {"roughness": 1.0, "brightness": -1.0, "attack": 1.0}) == plan
    moved = {
        "level": ("level", 0.9),
        "rate": ("density", 8.0),
        "register": ("register", 81.0),
        "articulation": ("articulation", 0.35),
        "dissonance": ("mode", "phrygian"),
    }
    for name, (field, value) in moved.items():
        found = hinted(plan, {name: 1.0})
        changed = {key for key in vars(plan) if getattr(found, key) != getattr(plan, key)}
        assert changed == {field}
        assert getattr(found, field) == (pytest.approx(value) if isinstance(value, float) else value)


def test_modes_end_at_the_end_of_the_ladder_and_mixture_has_no_place_on_it():
    assert hinted(Plan(mode="phrygian"), {"dissonance": 1.0}).mode == "phrygian"
    assert hinted(Plan(mode="lydian"), {"dissonance": -1.0}).mode == "lydian"
    assert hinted(Plan(mode="mixture"), {"dissonance": 1.0}).mode == "mixture"


def test_irregularity_stays_within_25_ms_and_a_plan_without_deviations_gets_none():
    assert unsteady(Plan(humanise=0.02), {"irregularity": 1.0}).humanise == 0.025
    assert unsteady(Plan(humanise=0.012), {"irregularity": -1.0}).humanise == 0.002
    assert unsteady(Plan(humanise=0.0), {"irregularity": 1.0}).humanise == 0.0
    assert unsteady(Plan(), {"irregularity": -1.0}).uneven == 0.0


def test_anger_is_loud_and_steady_and_fear_soft_and_uneven():
    angry, afraid = ([write(RulesScore(), word, seed) for seed in range(8)] for word in ("angry", "afraid"))
    level = [np.mean([n.velocity for score in scores for n in melody_of(score)]) for scores in (angry, afraid)]
    assert level[0] > level[1] + 0.15
    spread = [np.mean([np.std([n.velocity for n in melody_of(score)]) for score in scores]) for scores in (angry, afraid)]
    assert spread[1] > spread[0] + 0.03
    assert max(away(score) for score in angry) <= 0.006 + 1e-9 < 0.012 < max(away(score) for score in afraid) <= 0.025
    assert {score.key.split()[1] for score in angry} == {"minor"} and {score.key.split()[1] for score in afraid} == {"phrygian"}


@pytest.mark.parametrize("word", ["angry", "furious", "afraid", "alarmed", "sad", "tender", "serene"])
def test_pieces_of_hinted_words_pass_every_gate(word):
    for seed in range(10):
        for source in (RulesScore(), SongScore()):
            assert not [name for name, gate in gates(write(source, word, seed)).items() if not gate.passed]


def test_song_follows_irregularity_and_leaves_the_rest_to_the_search():
    plain, afraid = write(SongScore(), "neutral"), write(SongScore(), "afraid")
    assert sorted(note.pitch for note in plain.notes) == sorted(note.pitch for note in afraid.notes)
    assert away(plain) <= 0.012 + 1e-9 < away(afraid) <= 0.025


def test_the_blind_prior_hears_no_word():
    source = SongScore(draws=4)
    assert write(source, "afraid", choice={"draw": 2}) == write(source, "neutral", choice={"draw": 2})

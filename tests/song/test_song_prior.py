"""The prior of `song`: what is likely for what is asked, and themes."""

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas
from orchestra_song import SongScore
from orchestra_song.checks import gates


def brief(valence=0.0, arousal=0.0, seed=7, **cues):
    requests = {"valence": torch.tensor([valence]), "arousal": torch.tensor([arousal])}
    return Brief(
        Canvas(duration=16.0),
        {},
        torch.tensor([seed]),
        requests=requests,
        cues={name: torch.tensor([cue]) for name, cue in cues.items()},
    )


def likeliest(name, **asked):
    source = SongScore()
    weights = source.prior(brief(**asked))[name]
    return source.choices[name][int(np.argmax(weights))]


@pytest.mark.parametrize(
    ("name", "asked"), [("density", "arousal"), ("level", "arousal"), ("tempo", "arousal"), ("register", "valence")]
)
def test_numbers_rise_with_what_is_asked(name, asked):
    found = [likeliest(name, **{asked: request}) for request in (-0.9, 0.0, 0.9)]
    assert found == sorted(found)
    assert found[0] < found[1] < found[2]


def test_staccato_comes_with_arousal_and_darkness_with_low_valence_and_dissonance():
    assert likeliest("articulation", arousal=0.9) < likeliest("articulation", arousal=-0.9)
    assert [likeliest("mode", valence=v) for v in (0.9, 0.6, -0.6, -0.9)] == ["lydian", "major", "minor", "phrygian"]
    assert likeliest("mode", valence=-0.6, dissonance=0.5) == "phrygian"


def test_what_the_rules_say_nothing_of_is_open():
    assert set(SongScore().prior(brief())) == {"mode", "register", "density", "articulation", "level", "tempo"}


def test_fixed_choices_and_the_blind_prior_have_none():
    assert "mode" not in SongScore(key="D minor").prior(brief())
    assert SongScore(draws=8).prior(brief()) == {}


def test_themes_are_other_pieces_of_the_same_key_and_form():
    source = SongScore()
    scores = [source.write(brief(), {"theme": theme}, np.random.default_rng(3)) for theme in source.choices["theme"]]
    assert len({tuple(note.pitch for note in score.notes if note.part.name == "melody") for score in scores}) == len(scores)
    assert len({(score.key, score.tempo) for score in scores}) == 1
    assert source.write(brief(), {}, np.random.default_rng(3)) == scores[0]


def test_a_lock_leaves_one_theme():
    assert "theme" not in SongScore(variation=2, lock=("harmony",)).choices


@pytest.mark.parametrize("duration", [12.0, 16.0, 20.0])
def test_draws_from_the_prior_pass_every_gate(duration):
    source, generator = SongScore(), np.random.default_rng(5)
    for seed in range(60):
        asked = brief(*generator.uniform(-1, 1, 2), seed=seed)
        asked = Brief(Canvas(duration=duration), {}, asked.seeds, requests=asked.requests)
        weights = source.prior(asked)
        choice = {
            name: values[generator.choice(len(values), p=np.array(own) / sum(own))]
            for name, values in source.choices.items()
            for own in [weights.get(name, [1.0] * len(values))]
        }
        score = source.write(asked, choice, np.random.default_rng(seed))
        assert not [name for name, gate in gates(score).items() if not gate.passed], (seed, choice)

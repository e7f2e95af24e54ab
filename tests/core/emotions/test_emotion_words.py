"""Emotion words and their places."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from orchestra_core.emotions.cues import HINTS, NO_HINTS
from orchestra_core.emotions.words import SYNONYMS, WORDS, lookup
from orchestra_core.errors import UnknownNameError

EEROLA = Path(__file__).parents[4] / "shared" / "data" / "eerola2013"

# Angles in degrees from pleasure towards arousal: Russell (1980), circular scaling of 28 words, those that both tables have.
RUSSELL = {
    "happy": 7.8, "delighted": 24.9, "excited": 48.6, "astonished": 69.8, "tense": 92.8, "alarmed": 96.5, "angry": 99.0,
    "afraid": 116.0, "frustrated": 141.0, "distressed": 138.0, "miserable": 188.7, "sad": 207.5, "gloomy": 209.0,
    "depressed": 210.0, "bored": 242.0, "tired": 267.7, "sleepy": 271.9, "calm": 316.2, "relaxed": 318.0, "content": 323.0,
    "serene": 328.6, "pleased": 353.2,
}  # fmt: skip


def angle(entry):
    return math.degrees(math.atan2(entry.arousal, entry.valence)) % 360


def test_there_are_about_thirty_words_inside_the_circle_of_requests():
    assert 28 <= len(WORDS) <= 36
    assert all(math.hypot(entry.valence, entry.arousal) <= 1 for entry in WORDS)


def test_words_and_places_are_unique():
    assert len({entry.word for entry in WORDS}) == len(WORDS) == len({(entry.valence, entry.arousal) for entry in WORDS})


@pytest.mark.parametrize("word", RUSSELL)
def test_words_lie_within_40_degrees_of_russells(word):
    difference = (angle(lookup(word)) - RUSSELL[word] + 180) % 360 - 180
    assert abs(difference) <= 40


@pytest.mark.parametrize(("word", "valence", "arousal"), [
    ("happy", 1, 1), ("excited", 1, 1), ("angry", -1, 1), ("tense", -1, 1), ("afraid", -1, 1), ("sad", -1, -1),
    ("gloomy", -1, -1), ("melancholic", -1, -1), ("calm", 1, -1), ("tender", 1, -1), ("serene", 1, -1),
])  # fmt: skip
def test_words_lie_in_the_quadrant_that_everybody_puts_them(word, valence, arousal):
    entry = lookup(word)
    assert entry.valence * valence > 0.2 and entry.arousal * arousal > 0.2


@pytest.mark.parametrize(("asked", "found"), [("HAPPY", "happy"), (" Sad ", "sad"), ("joyful", "happy"), ("Scared", "afraid")])
def test_case_blanks_and_synonyms_are_understood(asked, found):
    assert lookup(asked).word == found


def test_every_synonym_leads_to_a_word_and_hides_none():
    words = {entry.word for entry in WORDS}
    assert set(SYNONYMS.values()) <= words
    assert not set(SYNONYMS) & words


@pytest.mark.parametrize(
    ("asked", "close"), [("hapy", "happy"), ("angri", "angry"), ("melancolic", "melancholic"), ("joyfull", "joyful")]
)
def test_an_unknown_word_gets_close_matches_and_all_words(asked, close):
    with pytest.raises(UnknownNameError) as caught:
        lookup(asked)
    assert f"Did you mean '{close}'" in str(caught.value) and "serene" in str(caught.value) and repr(asked) in str(caught.value)


@pytest.mark.parametrize("asked", ["", "xyzzy", "42"])
def test_a_word_like_no_other_gets_all_words(asked):
    with pytest.raises(UnknownNameError, match="Known: afraid, ") as caught:
        lookup(asked)
    assert "Did you mean" not in str(caught.value)


def test_hints_lie_within_one_and_most_words_have_none():
    assert set(HINTS) <= {entry.word for entry in WORDS}
    assert all(0 < abs(size) <= 1 for hints in HINTS.values() for size in hints.given().values())
    assert sum(bool(entry.cues.given()) for entry in WORDS) == len(HINTS) <= len(WORDS) / 4
    assert lookup("neutral").cues is NO_HINTS


def test_anger_and_fear_are_one_spot_of_the_plane_and_two_sets_of_hints():
    angry, afraid = lookup("angry"), lookup("scared")
    assert math.hypot(angry.valence - afraid.valence, angry.arousal - afraid.arousal) < 0.2
    assert angry.cues.level > 0 > afraid.cues.level
    assert angry.cues.irregularity < 0 < afraid.cues.irregularity
    assert angry.cues.roughness > 0 and afraid.cues.dissonance > 0


def regression(path):
    """Standardised weights of cues on the ratings of Eerola et al. (2013), by rating; the melody is taken out."""
    import pandas as pd

    design = pd.read_csv(path / "design_matrix.tab", sep="\t")
    rated = pd.read_csv(path / "mean_emotion_ratings.tab", sep="\t")
    cues = {"register": design.Register, "level": design.Soundlevel, "articulation": design.Articulation}
    cues |= {"rate": np.log2(design.Tempo.map({1: 1.2, 2: 2.0, 3: 2.8, 4: 4.4, 5: 6.0})), "major": design.Mode == 1}
    others = {
        "trumpet": design.Timbre == 1,
        "flute": design.Timbre == 2,
        **{f"melody {i}": design.Melody == i for i in (1, 2, 3)},
    }
    table = pd.DataFrame(cues | others).astype(float)
    columns = ((table - table.mean()) / table.std()).to_numpy()
    weights = {}
    for name in ("Scary", "Peaceful", "Sad"):
        rating = ((rated[name] - rated[name].mean()) / rated[name].std()).to_numpy()
        weights[name] = dict(zip(table.columns, np.linalg.lstsq(columns, rating, rcond=None)[0], strict=True))
    valence = (rated.Happy + rated.Peaceful - rated.Sad - rated.Scary) / 2
    return weights, (valence - valence.mean()) / valence.std(), rated


def test_hints_have_the_signs_of_rated_music_and_sad_lies_where_it_was_rated():
    if not EEROLA.is_dir():
        pytest.skip("the ratings are not there (shared/data/eerola2013)")
    weights, valence, rated = regression(EEROLA)
    for word, name in (("alarmed", "Scary"), ("serene", "Peaceful")):
        given = lookup(word).cues.given()
        assert all(size * weights[name][cue] > 0.1 for cue, size in given.items() if cue != "dissonance")
    sad = lookup("sad").cues.given()
    assert all(sad[cue] * weights["Sad"][cue] > 0 for cue in ("rate", "articulation"))
    # A request of w means w times two standard deviations.
    assert lookup("sad").valence == pytest.approx(valence[rated.Sad.nlargest(20).index].mean() / 2, abs=0.02)


def test_words_need_no_torch():
    program = "import sys, orchestra_core.emotions.words; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

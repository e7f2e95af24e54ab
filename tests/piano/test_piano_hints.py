"""Where brightness and attack of the piano start: by arousal, and by the hints of a word."""

import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Pipeline, Score
from orchestra_core.emotions.words import lookup
from orchestra_piano import Adsr, PianoAdsr

CANVAS = Canvas(duration=1.0, sample_rate=22_050)
SCORE = Score((Note(60, 0.1, 0.3), Note(64, 0.5, 0.3)))
#: Nothing is moved: results are where parameters start.
AS_WRITTEN = {"name": "staged", "config": {"search": 0, "stages": [{"name": "as written", "groups": ["all"], "steps": 0}]}}


def starts(piano, cues=None, items=1):
    hints = {name: torch.tensor(values) for name, values in (cues or {}).items()}
    brief = Brief(CANVAS, {}, torch.arange(items), (SCORE,) * items, cues=hints)
    return {p.name: p.initial for p in piano.parameters(brief)}


def test_a_bright_and_sharp_hint_adds_to_the_tilt_and_shortens_the_attack():
    plain, hinted = starts(PianoAdsr()), starts(PianoAdsr(), {"brightness": [0.5], "attack": [0.5], "roughness": [1.0]})
    assert float(hinted["brightness"] - plain["brightness"]) == pytest.approx(2.0)
    assert float(hinted["attack"] / plain["attack"]) == pytest.approx(0.5)
    moved = {name for name, start in hinted.items() if not torch.equal(start, plain[name])}
    assert moved == {"brightness", "attack"}


def test_an_item_without_hints_starts_to_the_bit_where_it_does_without_a_word():
    plain, mixed = starts(PianoAdsr()), starts(PianoAdsr(), {"brightness": [0.0, -0.5], "attack": [0.0, -0.5]}, 2)
    assert all(torch.equal(start[:1], plain[name]) for name, start in mixed.items())
    assert float(mixed["brightness"][1]) == pytest.approx(-12.0) and float(mixed["attack"][1]) == pytest.approx(0.024)


@pytest.mark.parametrize("size", [-1.0, 1.0])
@pytest.mark.parametrize(("brightness", "attack"), [(-3.0, 0.002), (-23.0, 0.09)])
def test_a_start_that_would_leave_its_range_is_held_inside(size, brightness, attack):
    piano = PianoAdsr(brightness=brightness, envelope=Adsr(attack=attack))
    values = starts(piano, {"brightness": [size], "attack": [size]})  # the contract refuses a start on a bound
    assert -24 < float(values["brightness"]) < -2 and 0.001 < float(values["attack"]) < 0.1


def test_the_published_generator_takes_no_hints():
    piano = PianoAdsr(start="published", envelope=Adsr(form="literal"), edges="literal")
    plain, hinted = (starts(piano, cues) for cues in (None, {"brightness": [1.0], "attack": [1.0]}))
    assert all(torch.equal(start, plain[name]) for name, start in hinted.items())


def test_more_arousal_starts_brighter_and_sharper_and_none_asked_where_it_does():
    asked = Brief(CANVAS, {}, torch.arange(3), (SCORE,) * 3, requests={"arousal": torch.tensor([-0.8, 0.0, 0.8])})
    found = {p.name: p.initial for p in PianoAdsr().parameters(asked)}
    plain = starts(PianoAdsr())
    assert found["brightness"].tolist() == pytest.approx([-14.8, -10.0, -5.2])
    assert (found["attack"] / plain["attack"]).tolist() == pytest.approx([4**0.6, 1.0, 4**-0.6])
    assert float(found["brightness"][1]) == float(plain["brightness"])


def test_a_blind_piano_starts_alike_whatever_is_asked():
    asked = Brief(
        CANVAS, {}, torch.arange(1), (SCORE,), requests={"arousal": torch.tensor([0.8])}, cues={"attack": torch.ones(1)}
    )
    plain = starts(PianoAdsr())
    blind = {p.name: p.initial for p in PianoAdsr(blind=True, envelope=Adsr(blind=True)).parameters(asked)}
    assert all(torch.equal(start, plain[name]) for name, start in blind.items())


def test_a_word_adds_its_hints_to_what_its_arousal_asks():
    pipeline = Pipeline(instrument="piano_adsr", score=SCORE, schedule=AS_WRITTEN)
    found = {}
    for name, asked in (("angry", {"word": "angry"}), ("numbers", lookup_numbers("angry"))):
        result = pipeline.compose(**asked, seed=1, canvas=CANVAS)
        found[name] = {p.name: float(p.initial) for p in result.parameters if p.name in ("brightness", "attack")}
    assert found["angry"]["brightness"] == pytest.approx(found["numbers"]["brightness"] + 2.0)
    assert found["angry"]["attack"] == pytest.approx(found["numbers"]["attack"] / 2)


def lookup_numbers(word):
    found = lookup(word)
    return {"valence": found.valence, "arousal": found.arousal}

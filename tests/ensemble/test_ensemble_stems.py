"""Stems of an ensemble: one for each voice, and for each part of a voice that plays several."""

import torch

from orchestra_core import Brief, Canvas, Note, Part, Score
from orchestra_ensemble import Ensemble
from orchestra_percussion import Percussion
from orchestra_piano import PianoAdsr

CANVAS = Canvas(duration=0.8, sample_rate=22_050)
NOTES = (
    Note(72, 0.1, 0.3, part=Part("melody")),
    Note(48, 0.2, 0.4, part=Part("chords")),
    Note(36, 0.1, 0.1, part=Part("drums", drums=True)),
)


def stems_of(notes, gains):
    ensemble = Ensemble(voices={"piano": PianoAdsr(), "drums": Percussion()}, gains=gains)
    brief = Brief(CANVAS, {}, torch.tensor([1]), scores=(Score(notes),))
    values = {p.name: p.initial for p in ensemble.parameters(brief)}
    return ensemble.stems(values, brief), ensemble.finish(values, CANVAS)


def test_voices_are_stems_and_parts_of_a_voice_are_told_apart_and_all_sum_to_the_piece():
    stems, whole = stems_of(NOTES, {"piano": -6.0})
    assert list(stems) == ["piano melody", "piano chords", "drums"]
    torch.testing.assert_close(sum(stems.values()), whole, rtol=0, atol=1e-5)


def test_a_stem_has_the_level_of_its_voice_and_a_voice_of_one_part_its_name():
    soft, _ = stems_of(NOTES[1:], {"piano": -20.0})
    loud, _ = stems_of(NOTES[1:], {})
    assert list(soft) == ["piano", "drums"]
    torch.testing.assert_close(10 * soft["piano"], loud["piano"], rtol=1e-4, atol=1e-6)
    assert torch.equal(soft["drums"], loud["drums"])

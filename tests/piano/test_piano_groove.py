"""Notes that keep the beat: onsets within so many seconds of where they are written."""

from dataclasses import replace

import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Pipeline, Score
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_core.testing import check_component
from orchestra_piano import PianoAdsr

CANVAS = Canvas(duration=1.0, sample_rate=22_050)
SCORE = Score((Note(60, 0.0, 0.3), Note(64, 0.25, 0.3), Note(67, 0.5, 0.4)))


def brief(*scores):
    return Brief(CANVAS, {}, torch.arange(len(scores)), scores=scores)


def initial(piano, *scores):
    return {p.name: p.initial for p in piano.parameters(brief(*scores))}


def test_a_piano_with_a_groove_sounds_as_one_without_until_it_is_moved():
    free, bound = PianoAdsr(), PianoAdsr(groove=0.02)
    values = initial(bound, SCORE)
    assert "onset" not in values and values["shift"].abs().max() == 0
    moved = initial(free, SCORE) | {"onset": values["written"]}
    torch.testing.assert_close(bound.render(values, CANVAS), free.render(moved, CANVAS))
    late = values | {"shift": torch.full((1, 3), 0.75)}
    torch.testing.assert_close(bound.render(late, CANVAS), free.render(moved | {"onset": values["written"] + 0.015}, CANVAS))


def test_the_notes_that_are_told_are_where_they_are_played_and_none_before_the_beginning():
    piano = PianoAdsr(groove=0.02)
    values = initial(piano, SCORE) | {"shift": torch.tensor([[-0.5, 0.5, -1.0]])}
    (played,) = piano.notes(values, CANVAS)
    assert [note.onset for note in played.notes] == pytest.approx([0.0, 0.26, 0.48])


def test_a_shift_has_a_gradient_and_a_groove_of_0_holds_notes_still():
    piano = PianoAdsr(groove=0.02)
    values = initial(piano, SCORE)
    values["shift"] = values["shift"].clone().requires_grad_()
    piano.render(values, CANVAS)[0, 6_000:].square().sum().backward()
    assert bool((values["shift"].grad[0, 1:].abs() > 0).all()) and bool(values["shift"].grad.isfinite().all())
    (still,) = (p for p in PianoAdsr(groove=0.0).parameters(brief(SCORE)) if p.name == "shift")
    assert still.fixed


def test_an_optimisation_moves_no_note_further_than_the_groove():
    start = {"name": "timing", "groups": ["timing"], "steps": 12, "learning_rate": 0.5}
    schedule = {"name": "staged", "config": {"stages": [start]}}
    instrument = {"name": "piano_adsr", "config": {"groove": 0.013}}
    result = Pipeline(instrument=instrument, score=SCORE, schedule=schedule).compose("excited", duration=1.0, seed=1)
    written = {note.pitch: note.onset for note in SCORE.notes}
    away = [abs(note.onset - written[note.pitch]) for note in result.notes.notes]
    assert 1e-4 < max(away) <= 0.013


def test_a_piano_with_a_groove_conforms():
    report = check_component({"name": "piano_adsr", "config": {"groove": 0.013}}, "instrument")
    assert report.ok, str(report)


@pytest.mark.parametrize("wrong", [{"groove": -0.01}, {"groove": 0.2}, {"groove": 0.01, "start": "published"}])
def test_a_groove_out_of_range_or_of_the_published_start_is_refused(wrong):
    with pytest.raises(ParameterError, match="groove"):
        PianoAdsr(**wrong)


def test_a_score_says_how_far_its_notes_may_be_moved_and_a_groove_of_the_piano_comes_before():
    tight, loose = (replace(SCORE, microtiming=reach) for reach in (0.005, 0.013))
    assert initial(PianoAdsr(), tight, loose)["reach"].tolist() == pytest.approx([0.005, 0.013])
    assert initial(PianoAdsr(groove=0.02), tight, loose)["reach"].tolist() == pytest.approx([0.02, 0.02])
    assert "onset" in initial(PianoAdsr(), SCORE)
    with pytest.raises(ScoreError, match="expected all or none"):
        PianoAdsr().parameters(brief(SCORE, tight))

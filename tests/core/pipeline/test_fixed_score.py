"""A score that is given is cut to the canvas, and that is said."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Score
from orchestra_core.errors import ScoreError
from orchestra_core.pipeline.fixed_score import FixedScore

SCORE = Score((Note(60, 0.0, 0.5), Note(62, 0.9, 0.5), Note(64, 3.0, 1.0)), tempo=90.0, key="C major")


def write(score, duration):
    brief = Brief(Canvas(duration=duration), {}, torch.tensor([1]))
    return FixedScore(score).write(brief, {}, np.random.default_rng(0))


def test_a_score_that_fits_is_played_as_it_is():
    assert write(SCORE, 5.0) == SCORE
    assert FixedScore(SCORE).describe_cut(Canvas(duration=5.0)) == []


def test_notes_beyond_the_canvas_are_left_out_and_that_is_said():
    assert [note.pitch for note in write(SCORE, 2.0).notes] == [60, 62]
    assert write(SCORE, 2.0).tempo == 90.0
    (message,) = FixedScore(SCORE).describe_cut(Canvas(duration=2.0))
    assert "lasts 4.0 s" in message
    assert "plays 2 of its 3 notes" in message


def test_a_score_that_begins_after_the_canvas_is_refused():
    with pytest.raises(ScoreError, match=r"starts at 3\.00 s"):
        write(Score((Note(64, 3.0, 1.0),)), 2.0)

"""The report's section on the envelope."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestra_core import Canvas, Note, Pipeline, Score
from orchestra_piano.report import envelope_section


@pytest.fixture(scope="module")
def result():
    score = Score((Note(60, 0.0, 0.3), Note(64, 0.4, 0.3)))
    return Pipeline(score=score).compose("calm", canvas=Canvas(duration=1.0), budget=2)


def test_the_section_shows_both_contours_with_a_text_alternative(result):
    fragment = envelope_section(result)
    assert fragment.count("<svg") == 1
    assert 'aria-label="Envelope of a note before and after' in fragment
    assert "A note of 0.3" in fragment


def test_another_envelope_or_an_instrument_by_hand_has_no_section(result):
    recipe = {**result.recipe, "pipeline": {**result.recipe["pipeline"], "instrument": None}}
    assert envelope_section(replace(result, recipe=recipe)) is None

"""What the defaults make: pieces in bars that keep their beat, end on a cadence, and read as was asked."""

from __future__ import annotations

import numpy as np
import pytest

from orchestra_core import Pipeline, Request, score_gates
from orchestra_core.listening import listen

REQUESTS = (Request({"valence": 0.5, "arousal": -0.5}, 2), Request({"valence": -0.5, "arousal": 0.5}, 3))
#: Three waves of candidates.
BUDGET = 24


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline()


@pytest.fixture(scope="module")
def pieces(pipeline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("composed") / "two"
    return pipeline.compose_many(REQUESTS, directory=folder, budget=BUDGET), folder


def test_the_defaults_are_a_piano_a_song_and_a_search(pipeline):
    names = {kind: part["name"] for kind, part in pipeline.parts.plain.items()}
    assert names == {"instrument": "piano_adsr", "score": "song", "objective": "match", "schedule": "search"}
    assert pipeline.parts.plain["objective"]["config"]["oracle"]["name"] == "deam_cnn"


def test_sixteen_seconds_hold_whole_bars_and_every_gate(pieces):
    for result in pieces[0]:
        score = result.notes
        quarters_per_bar = 4 * score.metre[0] / score.metre[1]
        assert result.canvas.duration == 16.0
        bars = result.canvas.duration * score.tempo / 60 / quarters_per_bar
        assert bars == pytest.approx(round(bars)) and 4 <= round(bars) <= 16
        assert {note.part.name for note in score.notes} == {"melody", "harmony", "bass"}
        assert [name for name, gate in score_gates(score).items() if not gate.passed] == []


def test_what_is_played_lies_within_25_ms_of_the_grid(pieces):
    for result in pieces[0]:
        sixteenth = 15 / result.notes.tempo
        onsets = np.array([note.onset for note in result.notes.notes])
        assert np.abs(onsets - np.round(onsets / sixteenth) * sixteenth).max() <= 0.025 + 1e-3


def test_a_few_candidates_bring_the_saved_files_near_to_what_was_asked(pipeline, pieces):
    results, folder = pieces
    for row, result in enumerate(results):
        heard = listen(folder / f"{row:03d}" / "audio.wav", pipeline.parts.objective.oracle).mean
        assert heard == pytest.approx(dict(result.readings), abs=1e-3)
        assert heard == pytest.approx(dict(result.targets), abs=0.15)
    gentle, tense = (result.targets for result in results)
    assert tense["arousal"] - gentle["arousal"] > 0.3 and gentle["valence"] - tense["valence"] > 0.3

"""What the preset `reference` makes: the emotion that was asked, clean audio, the same bits again."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfiltfilt

from orchestra_core import Pipeline
from orchestra_core.listening import listen
from orchestra_core.pipeline import Request
from orchestra_core.pipeline.settings import load_settings

# Corners and middle of what is asked of it, in the oracle's own units.
TARGETS = ((-0.4, -0.2), (0.4, 0.5), (0.0, 0.15), (0.4, -0.2), (-0.4, 0.5))


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline.from_preset("reference")


@pytest.fixture(scope="module")
def requests():
    return [Request({"arousal": a, "valence": v}, seed) for seed, (a, v) in enumerate(TARGETS)]


@pytest.fixture(scope="module")
def batch(pipeline, requests, tmp_path_factory):
    folder = tmp_path_factory.mktemp("composed") / "batch"
    return pipeline.compose_many(requests, scale="reading", directory=folder), folder


def test_readings_of_the_saved_files_follow_the_targets(pipeline, requests, batch):
    oracle = pipeline.parts.objective.oracle
    heard = [listen(batch[1] / f"{i:03d}" / "audio.wav", oracle).mean for i in range(len(requests))]
    for dimension in ("arousal", "valence"):
        asked = [request.targets[dimension] for request in requests]
        read = [means[dimension] for means in heard]
        assert np.corrcoef(asked, read)[0, 1] > 0.9


def test_what_the_result_says_is_what_the_saved_file_reads(pipeline, batch):
    oracle = pipeline.parts.objective.oracle
    for i, result in enumerate(batch[0]):
        mean = listen(batch[1] / f"{i:03d}" / "audio.wav", oracle).mean
        assert mean == pytest.approx(dict(result.readings), abs=1e-3)


@pytest.mark.parametrize("row", [0, 3])
def test_an_item_alone_equals_the_item_in_a_batch_of_five(pipeline, requests, batch, row):
    alone = pipeline.compose_many([requests[row]], scale="reading")[0]
    assert np.abs(alone.audio - batch[0][row].audio).max() <= 1e-4


def test_the_folder_of_an_item_makes_it_again(batch, tmp_path):
    from orchestra_core.registry import get_registry

    load_settings(batch[1] / "001").perform(get_registry(), tmp_path / "again")
    again, _ = soundfile.read(tmp_path / "again" / "audio.wav")
    assert np.abs(again - soundfile.read(batch[1] / "001" / "audio.wav")[0]).max() <= 1e-4


def test_audio_is_clean(batch):
    for result in batch[0]:
        audio = result.audio.astype(np.float64)
        assert np.isfinite(audio).all()
        assert np.abs(audio).max() <= 0.9 + 1e-6
        assert abs(audio.mean()) < 1e-3
        loud = np.flatnonzero(np.abs(audio) > 0.01)
        assert loud[0] / result.sample_rate < 0.5


def test_there_is_no_click_at_the_edges_of_notes(batch):
    # A click is broadband: it stands out of the piece above the highest partials, where notes leave next to nothing.
    for result in batch[0]:
        audio = result.audio.astype(np.float64)
        lowpass = butter(8, 12_000, fs=result.sample_rate, output="sos")
        rest = np.abs(audio - sosfiltfilt(lowpass, audio))
        edges = [time for note in result.notes.notes for time in (note.onset, note.onset + note.duration)]
        for time in edges:
            middle = round(time * result.sample_rate)
            near = rest[max(middle - 441, 0) : middle + 441]
            assert near.size == 0 or near.max() < 3e-3, f"{near.max():.4f} at {time:.3f} s"

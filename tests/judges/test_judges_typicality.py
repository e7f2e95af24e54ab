"""How far a piece lies from people's music: distances, percentiles, and what judges tell of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from judges_music import drums, piece
from scipy.spatial.distance import mahalanobis

from orchestra_core import Brief, Canvas, Note, Performance, Score, build
from orchestra_core.errors import ParameterError, WeightsError
from orchestra_judges.typicality import ARRAYS, HumanMusic, human_music_arrays, read_human_music
from orchestra_judges.weights import load_judge, save_judge

OF_SOUND = ["harmony_judge", "cochlear_judge", "recurrent_judge"]
KNOWING = ["notes_judge", *OF_SOUND]
RATE = 22_050


def human(lengths=(5.0, 20.0), distances=((0.0, 1.0, 2.0), (0.0, 2.0, 4.0)), mean=(0.0, 0.0), whitening=((1, 0), (0, 1))):
    return HumanMusic(*(np.array(values, dtype=np.float32) for values in (mean, whitening, lengths, distances)))


@pytest.fixture(scope="module")
def sound():
    """Return a small piece on this project's piano."""
    instrument, canvas = build("instrument", "piano_adsr").component, Canvas(duration=10.0, sample_rate=RATE)
    parameters = instrument.parameters(Brief(canvas, {}, torch.tensor([1]), scores=(piece(seconds=9.5),)))
    with torch.no_grad():
        return instrument.render({p.name: p.initial for p in parameters}, canvas)[0].float()


@pytest.fixture(params=KNOWING)
def name(request):
    return request.param


def performance(sound):
    return Performance(sound, RATE, piece(seconds=9.5))


def test_the_distance_is_that_of_mahalanobis_over_the_root_of_the_features():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))
    inverse = np.linalg.inv(np.cov(samples.T))
    known = human(mean=samples.mean(axis=0), whitening=np.linalg.cholesky(inverse))
    windows = rng.normal(size=(3, 4))
    expected = mahalanobis(windows.mean(axis=0), samples.mean(axis=0), inverse) / 2
    assert known.distance(windows) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("away", "expected"), [(0.0, 0.0), (0.5, 25.0), (1.0, 50.0), (1.5, 75.0), (9.0, 100.0)])
def test_the_percentile_is_the_share_of_people_s_music_that_lies_nearer(away, expected):
    windows = np.full((1, 2), away)
    assert human().percentile(windows, 5.0) == pytest.approx(expected)


@pytest.mark.parametrize(("length", "expected"), [(1.0, 50.0), (9.0, 50.0), (11.0, 25.0), (300.0, 25.0)])
def test_a_piece_is_compared_with_spans_about_as_long(length, expected):
    assert human().percentile(np.ones((1, 2)), length) == pytest.approx(expected)


def test_arrays_come_back_under_their_names(tmp_path):
    weights = load_judge("cue_meter")
    assert read_human_music(weights) is None
    save_judge(tmp_path / "w.safetensors", {**weights.arrays, **human_music_arrays(human())}, weights.card)
    read = read_human_music(load_judge("cue_meter", tmp_path / "w.safetensors"))
    assert read is not None
    assert read.percentile(np.ones((1, 2)), 5.0) == pytest.approx(50.0)


def test_some_arrays_without_the_others_are_refused(tmp_path):
    weights = load_judge("notes_judge")
    arrays = {name: array for name, array in weights.arrays.items() if name != "human_lengths"}
    save_judge(tmp_path / "w.safetensors", arrays, weights.card)
    with pytest.raises(WeightsError, match="expected human_lengths too"):
        build("judge", {"name": "notes_judge", "config": {"weights": str(tmp_path / "w.safetensors")}})


def test_weights_that_know_no_human_music_mark_the_same_and_tell_no_typicality(name, sound, tmp_path):
    weights = load_judge(name)
    arrays = {key: array for key, array in weights.arrays.items() if key not in ARRAYS}
    assert len(arrays) == len(weights.arrays) - len(ARRAYS)
    save_judge(tmp_path / "w.safetensors", arrays, weights.card)
    plain = build("judge", {"name": name, "config": {"weights": str(tmp_path / "w.safetensors")}}).component
    shipped = build("judge", name).component
    assert plain.mark(performance(sound)) == shipped.mark(performance(sound))
    assert plain.typicality(performance(sound)) is None
    assert shipped.typicality(performance(sound)) is not None


def test_percentiles_are_of_pieces_that_the_gaussian_was_not_fitted_to(name):
    card = load_judge(name).card
    assert card.training["typicality"]["fitted to"] == "VGMIDI, part judges"
    assert "part oracle" in card.training["typicality"]["percentiles of"]


def test_distances_rise_with_the_percentile_and_fall_with_the_length(name):
    known = read_human_music(load_judge(name))
    assert known is not None
    assert (np.diff(known.distances, axis=1) >= 0).all()
    medians = known.distances[:, known.distances.shape[1] // 2]
    assert (np.diff(known.lengths) > 0).all()
    assert medians[0] > medians[-1]


def test_an_ordinary_piece_is_within_people_s_music(name, sound):
    assert build("judge", name).component.typicality(performance(sound)) < 99.0


@pytest.mark.parametrize("judge", OF_SOUND)
@pytest.mark.parametrize("gain", [0.1, 2.0])
def test_typicality_is_blind_to_gain(judge, sound, gain):
    component = build("judge", judge).component
    assert component.typicality(Performance(gain * sound, RATE)) == pytest.approx(
        component.typicality(Performance(sound, RATE)), abs=0.5
    )


def test_one_note_over_and_over_is_outside_of_people_s_music_by_its_notes():
    notes = tuple(Note(60, i / 4, 0.2, 0.8) for i in range(64))
    assert build("judge", "notes_judge").component.typicality(Performance(score=Score(notes))) > 99.0


def test_notes_later_in_time_are_as_typical():
    judge, score = build("judge", "notes_judge").component, piece(seconds=16.0)
    later = replace(score, notes=tuple(replace(note, onset=note.onset + 7.0) for note in score.notes))
    assert judge.typicality(Performance(score=later)) == pytest.approx(judge.typicality(Performance(score=score)), abs=3.0)


def test_drums_alone_are_refused():
    with pytest.raises(ParameterError, match="no pitched notes"):
        build("judge", "notes_judge").component.typicality(Performance(score=drums()))


def test_the_cue_meter_knows_no_human_pieces():
    assert build("judge", "cue_meter").component.typicality(Performance(score=piece())) is None

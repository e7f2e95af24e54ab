"""Calibration: the line of ratings on readings of songs not learned from; networks stay as they are, songs are read on it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from deam_cues import cue_store
from deam_stripes import stripes
from sklearn.linear_model import LinearRegression

from orchestra_core.errors import ParameterError, UsageError
from orchestra_deam.evaluation.sources import calibrated_readings, weights_readings
from orchestra_deam.folds import cross_validate
from orchestra_deam.models import Cues
from orchestra_deam.oracle import DeamCNN
from orchestra_deam.preparation.several import open_corpora
from orchestra_deam.ridge import RatedCues, RidgeSettings, fit_head
from orchestra_deam.training.calibration import LEAST, MOST, song_lines, train_calibrated
from orchestra_deam.training.examples import only_plain
from orchestra_deam.training.loop import read_all, train
from orchestra_deam.training.out_of_fold import Calibrated, fold_of_groups, out_of_fold
from orchestra_deam.training.settings import PRESETS, TrainingSettings
from orchestra_deam.weights import read_card
from orchestra_deam.workflow import train_on

NAMES = ("arousal", "valence")
# A penalty this heavy shrinks readings to a fraction of the ratings.
SHRUNK = replace(PRESETS["default"], phrases=0, calibrate=3, penalty_arousal=0.3, penalty_valence=0.3)
UNPAIRED = replace(SHRUNK, pair_mode=0.0, pair_unmoved=0.0, pair_still=0.0, varied_weight=1.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_corpora([cue_store(tmp_path_factory.mktemp("cues"), songs=120)])


def songs_of(clips, readings):
    table = clips.assign(read_arousal=readings[:, 0], read_valence=readings[:, 1])
    return table.groupby("song")[[*NAMES, "read_arousal", "read_valence"]].mean()


def lines_by_hand(data):
    """Ridge, folds and lines written out: each fold is read by weights of the others."""
    rated = only_plain(data)
    cues = torch.from_numpy(rated.read(range(len(rated.clips)))["cues"])
    labels = torch.tensor(rated.clips[list(NAMES)].to_numpy()).float()
    folds = fold_of_groups(data, 3, seed=0)
    number = np.array([folds["vgmidi", group] for group in rated.clips["group"]])
    readings = np.zeros((len(cues), 2))
    for fold in range(3):
        model, known = Cues(), torch.from_numpy(number != fold)
        weights = torch.full((int(known.sum()),), 0.25)
        fit_head(model, "vgmidi", RatedCues(cues[known], labels[known], weights), None, RidgeSettings(penalty=(0.3, 0.3)))
        with torch.no_grad():
            readings[number == fold] = model({"cues": cues[~known]})["vgmidi"].numpy()
    songs = songs_of(rated.clips, readings)
    fits = {name: LinearRegression().fit(songs[[f"read_{name}"]], songs[name]) for name in NAMES}
    return {name: (float(fit.coef_[0]), float(fit.intercept_)) for name, fit in fits.items()}


def test_the_lines_are_those_of_ratings_on_readings_out_of_fold_and_the_network_stays_as_it_is(data, tmp_path):
    found = train_calibrated(data, UNPAIRED, tmp_path / "a")
    plain = read_all(train(data, UNPAIRED, tmp_path / "b"), data)
    read = read_all(found.reader, data)
    np.testing.assert_array_equal(read, plain)
    songs = found.on_lines(data, read)
    for column, (name, (slope, intercept)) in enumerate(lines_by_hand(data).items()):
        assert found.lines["vgmidi"][name] == pytest.approx({"slope": slope, "intercept": intercept}, rel=1e-3, abs=1e-4)
        np.testing.assert_allclose(songs[:, column], slope * plain[:, column] + intercept, atol=1e-3)


def test_a_calibrated_recipe_reads_new_songs_on_their_scale_and_clips_as_before(data, tmp_path):
    marks = {}
    for name, settings in {"shrunk": replace(UNPAIRED, calibrate=0), "calibrated": UNPAIRED}.items():
        marks[name] = cross_validate(data, settings, tmp_path / name, 4)["vgmidi"]
    assert marks["shrunk"]["all"].clips == marks["calibrated"]["all"].clips
    for name in NAMES:
        before, after = (marks[kind]["calibration"][name]["slope"] for kind in ("shrunk", "calibrated"))
        assert before > 1.3
        assert abs(after - 1) < 0.5 * (before - 1)
        errors = [marks[kind]["all"].pieces[name]["rmse"] for kind in ("shrunk", "calibrated")]
        assert errors[1] < errors[0]
    assert "Songs are read on lines of 3 folds" in (tmp_path / "calibrated" / "marks.md").read_text()
    assert "lines of" not in (tmp_path / "shrunk" / "marks.md").read_text()


@pytest.mark.parametrize("changes", [{"shuffle": True}, {"epochs": 0}, {"calibrate": 0}])
def test_controls_are_not_calibrated(data, tmp_path, changes):
    settings = replace(SHRUNK, **changes)
    found = train_calibrated(data, settings, tmp_path / "a")
    assert found.lines == {}
    assert not (tmp_path / "a" / "calibration").exists()
    np.testing.assert_array_equal(read_all(found.reader, data), read_all(train(data, settings, tmp_path / "b"), data))


def test_lines_are_kept_within_sane_limits(data):
    rated = only_plain(data)
    ratings, means = rated.clips[list(NAMES)].to_numpy(), rated.clips.groupby("song")[list(NAMES)].first().mean().to_numpy()
    faint, wide = (song_lines(rated, ratings * factor + 0.1)["vgmidi"] for factor in (0.01, 50.0))
    for column, name in enumerate(NAMES):
        for lines, factor, slope in ((faint, 0.01, MOST), (wide, 50.0, LEAST)):
            assert lines[name]["slope"] == slope
            assert lines[name]["intercept"] == pytest.approx(means[column] * (1 - slope * factor) - slope * 0.1)
    assert song_lines(rated, -ratings)["vgmidi"] == {name: {"slope": 1.0, "intercept": 0.0} for name in NAMES}
    assert song_lines(rated, np.full_like(ratings, 0.3))["vgmidi"] == {name: {"slope": 1.0, "intercept": 0.0} for name in NAMES}


def test_a_calibration_resumes_and_is_not_overwritten_unasked(data, tmp_path):
    whole = train_calibrated(data, SHRUNK, tmp_path)
    shutil.rmtree(tmp_path / "calibration" / "fold-3")
    with pytest.raises(UsageError, match="--resume"):
        train_calibrated(data, SHRUNK, tmp_path)
    resumed = train_calibrated(data, SHRUNK, tmp_path, resume=True)
    assert resumed.lines == whole.lines
    same = zip(whole.reader.state_dict().values(), resumed.reader.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in same)


def test_networks_trained_by_steps_and_several_corpora_are_calibrated_too(tmp_path):
    stores = [stripes(tmp_path / "one", songs=6), stripes(tmp_path / "other", name="other", songs=6, scale=5.0)]
    data = open_corpora(stores)
    settings = TrainingSettings(epochs=1, windows=1, batch=8, frames=32, average=0.0, seed=5, calibrate=2)
    found = train_calibrated(data, settings, tmp_path / "a")
    plain = read_all(train(data, settings, tmp_path / "b"), data)
    read = found.on_lines(data, read_all(found.reader, data))
    for corpus, lines in found.lines.items():
        own = (data.clips["corpus"] == corpus).to_numpy()
        for column, name in enumerate(NAMES):
            expected = lines[name]["slope"] * plain[own, column] + lines[name]["intercept"]
            np.testing.assert_allclose(read[own, column], expected, atol=1e-9)
    assert set(found.lines) == {"deam", "other"}


def test_readings_out_of_fold_are_of_trainings_without_the_group(data, tmp_path):
    seen = []

    def fit(rest, folder, asked):
        seen.append((set(rest.clips["group"]), set(asked.clips["group"]), folder.name))
        line = {"slope": 2.0, "intercept": 0.1 * len(seen)}
        return Calibrated(train(rest, SHRUNK, folder), {"vgmidi": {"arousal": line}})

    readings, calibrated = out_of_fold(data, SHRUNK, tmp_path, 3, fit)
    np.testing.assert_array_equal(calibrated[:, 1], readings[:, 1])
    folds = fold_of_groups(data, 3, seed=0)
    number = np.array([folds["vgmidi", group] for group in only_plain(data).clips["group"]])
    np.testing.assert_allclose(calibrated[:, 0], 2 * readings[:, 0] + 0.1 * (number + 1))
    assert [name for *_, name in seen] == ["fold-1", "fold-2", "fold-3"]
    assert set.union(*(asked for _, asked, _ in seen)) == set(data.clips["group"])
    assert all(known.isdisjoint(asked) for known, asked, _ in seen)


def test_the_card_keeps_the_lines_and_the_oracle_reads_pieces_by_them(data, tmp_path):
    path = train_on(data, UNPAIRED, tmp_path / "out").paths["vgmidi"]
    lines = read_card(path).lines("vgmidi")
    assert read_card(path).training["calibrate"] == 3
    assert all(LEAST <= lines[name]["slope"] <= MOST for name in NAMES)
    clips = torch.randn(2, 220_500, generator=torch.Generator().manual_seed(0))
    pieces, single = (DeamCNN(weights=path, reads=reads).read(clips, 44_100) for reads in ("pieces", "clips"))
    for name in NAMES:
        torch.testing.assert_close(pieces[name], lines[name]["slope"] * single[name] + lines[name]["intercept"])
    held_out = only_plain(data).of_parts("judges")
    readings = weights_readings(path, "cues", held_out)
    calibrated = calibrated_readings(readings, path, "cues", held_out)
    for column, name in enumerate(NAMES):
        np.testing.assert_allclose(calibrated[:, column], lines[name]["slope"] * readings[:, column] + lines[name]["intercept"])


def test_weights_without_lines_read_pieces_as_clips(data, tmp_path):
    path = train_on(data, replace(UNPAIRED, calibrate=0), tmp_path / "plain").paths["vgmidi"]
    assert "calibration" not in read_card(path).training
    assert read_card(path).lines("vgmidi") == {}
    held_out = only_plain(data).of_parts("judges")
    assert calibrated_readings(weights_readings(path, "cues", held_out), path, "cues", held_out) is None
    clips = torch.randn(1, 220_500, generator=torch.Generator().manual_seed(0))
    pieces, single = (DeamCNN(weights=path, reads=reads).read(clips, 44_100) for reads in ("pieces", "clips"))
    assert all(torch.equal(pieces[name], single[name]) for name in NAMES)


def test_a_corpus_of_another_scale_is_read_on_the_line_of_the_head_that_reads_it(data, tmp_path):
    """Its readings are moved to its scale, so that the line is too."""
    path = train_on(data, UNPAIRED, tmp_path / "out").paths["vgmidi"]
    other = only_plain(open_corpora([cue_store(tmp_path / "e", "emotify", versions=False, songs=40)]))
    card, moved = read_card(path), weights_readings(path, "cues", other)
    labels = other.clips.groupby("song")[list(NAMES)].first()
    found = calibrated_readings(moved, path, "cues", other)
    for column, name in enumerate(NAMES):
        mean, sd = labels[name].mean(), labels[name].std(ddof=0)
        own = (moved[:, column] - mean) / sd * card.sd[name] + card.mean[name]
        line = card.lines("vgmidi")[name]
        expected = (line["slope"] * own + line["intercept"] - card.mean[name]) / card.sd[name] * sd + mean
        np.testing.assert_allclose(found[:, column], expected, rtol=1e-6, atol=1e-9)


def test_too_few_groups_and_a_single_fold_are_refused(data, tmp_path):
    with pytest.raises(UsageError, match=r"vgmidi has 6 groups .* folds: 7\..*--calibrate 0"):
        train_calibrated(data, replace(SHRUNK, calibrate=7), tmp_path)
    with pytest.raises(ParameterError, match="calibrate is 1; expected 0 for none, or at least 2"):
        replace(SHRUNK, calibrate=1)


def test_the_default_recipe_is_calibrated_and_those_of_networks_are_not():
    assert {name: settings.calibrate for name, settings in PRESETS.items()} == {"default": 5, "three_conv": 0, "reference": 0}

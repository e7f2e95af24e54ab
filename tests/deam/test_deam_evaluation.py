"""Marks, baselines and pages say what they should of readings whose faults are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deam_stripes import stripes
from sklearn.linear_model import Ridge

from orchestra_core.errors import UsageError
from orchestra_deam.evaluation.baselines import PENALTIES, baseline_readings, plain_features, ridge
from orchestra_deam.evaluation.marking import calibration, evaluate, per_song, quadrants
from orchestra_deam.evaluation.whole import Baseline, evaluate_corpora, evaluations, write_evaluation
from orchestra_deam.preparation.several import open_corpora
from orchestra_deam.training.out_of_fold import fold_of_groups


@pytest.fixture
def clips():
    """Twenty songs in two genres, two clips each, read with noise and half the spread."""
    rng = np.random.default_rng(0)
    songs = [f"s{index:02d}" for index in range(20)]
    genre = ["pop", "rock"] * 10
    labels = rng.normal(0, 1, (20, 2)) + np.array([[0.0, 0.0], [3.0, 0.0]] * 10)
    frame = pd.DataFrame({"corpus": "c", "song": songs, "group": songs, "stratum": genre})
    frame = frame.assign(arousal=labels[:, 0], valence=labels[:, 1], variant="").loc[np.repeat(np.arange(20), 2)]
    noise = rng.normal(0, 0.3, (40, 2))
    return frame.assign(
        read_arousal=frame["arousal"] / 2 + noise[:, 0], read_valence=frame["valence"] / 2 + noise[:, 1]
    ).reset_index(drop=True)


MEAN = np.array([1.5, 0.0])


def test_marks_are_per_clip_and_of_means_over_clips(clips):
    found = evaluate(clips, MEAN, {"arousal": 0.81}, draws=200)
    assert (found.clip_count, found.piece_count, found.cluster, found.cluster_count) == (40, 20, "song", 20)
    assert found.clips["arousal"]["r"] == pytest.approx(np.corrcoef(clips["read_arousal"], clips["arousal"])[0, 1])
    songs = clips.groupby("song")[["arousal", "read_arousal"]].mean()
    r = np.corrcoef(songs["arousal"], songs["read_arousal"])[0, 1]
    assert found.pieces["arousal"]["r"] == pytest.approx(r)
    assert found.r_of_reliable == {"arousal": pytest.approx(r / 0.9)}
    assert found.baseline["arousal"]["r2"] == pytest.approx(
        -((songs["arousal"].mean() - 1.5) ** 2) / songs["arousal"].var(ddof=0)
    )
    low, high = found.intervals["pieces"]["arousal"]["r"]
    assert low < r < high


def test_within_genres_the_difference_of_genres_does_not_count(clips):
    blind = clips.assign(read_arousal=np.where(clips["stratum"] == "rock", 3.0, 0.0))
    found = evaluate(blind, MEAN, {}, draws=0)
    assert found.pieces["arousal"]["r"] > 0.7
    assert found.within["arousal"]["r"] == 0.0
    assert found.intervals == {}


def test_quadrants_count_hits_and_errors_about_the_mean(clips):
    rows = quadrants(per_song(clips), MEAN)
    assert sum(row["songs"] for row in rows) == 20
    exact = quadrants(per_song(clips.assign(read_arousal=clips["arousal"], read_valence=clips["valence"])), MEAN)
    assert all(row["hit"] == row["songs"] and row.get("mae_arousal", 0.0) == 0.0 for row in exact)
    assert sum(row["hit"] for row in rows) < 20


def test_calibration_finds_that_the_spread_is_halved(clips):
    found = calibration(per_song(clips))
    assert found["arousal"]["slope"] == pytest.approx(2.0, abs=0.4)
    assert [count for _, _, count in found["valence"]["bins"]] == [4] * 5


def test_nothing_to_mark_is_refused(clips):
    with pytest.raises(UsageError, match="no prepared clips"):
        evaluate(clips.iloc[:0], MEAN, {})


# The plain feature baseline


def test_ridge_equals_scikit_learns_at_the_penalty_it_chooses():
    rng = np.random.default_rng(1)
    features = rng.normal(2, 3, (60, 5)) * np.array([1, 10, 0.1, 1, 1])
    labels = np.stack([features[:, 0] + rng.normal(0, 1, 60), rng.normal(0, 1, 60)], axis=1)
    found = ridge(features[:50], labels[:50], np.arange(50) // 5, features[50:])
    scaled = (features - features[:50].mean(0)) / features[:50].std(0)
    for output in range(2):
        tried = [Ridge(alpha=50 * p).fit(scaled[:50], labels[:50, output]).predict(scaled[50:]) for p in PENALTIES]
        assert min(np.abs(found[:, output] - one).max() for one in tried) < 1e-8
    assert np.abs(found[:, 1] - labels[:50, 1].mean()).max() < 0.5  # what cannot be told is read as the mean


def test_the_baseline_hears_what_is_plain(tmp_path):
    data = open_corpora([stripes(tmp_path)])
    assert plain_features(data).shape == (36, 256)
    learned, held_out = data.of_parts("oracle"), data.of_parts("judges")
    read = baseline_readings(learned, held_out)
    found = evaluate_corpora(learned, held_out, read, draws=0, baseline=Baseline(learned, held_out))["deam"]
    assert found["features"].pieces == found["all"].pieces
    assert found["all"].pieces["arousal"]["rmse"] < 0.5 * found["all"].baseline["arousal"]["rmse"]


# Files


def test_the_page_the_numbers_and_the_pictures_are_written(tmp_path):
    data = open_corpora([stripes(tmp_path / "s")])
    learned, held_out = data.of_parts("oracle"), data.of_parts("judges")
    rng = np.random.default_rng(0)
    readings = held_out.clips[["arousal", "valence"]].to_numpy() + rng.normal(0, 0.1, (len(held_out.clips), 2))
    found = evaluate_corpora(learned, held_out, readings, draws=20)
    for folder in ("a", "b"):
        write_evaluation(tmp_path / folder, "Marks", ["Said first."], found)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["deam_calibration.png", "deam_scatter.png", "marks.md", "metrics.json"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    text = (tmp_path / "a" / "marks.md").read_text()
    assert text.startswith("# Marks\n\nSaid first.\n")
    assert f"{len(held_out.clips)} clips" in text
    assert set(evaluations(found)) == {"recordings"}


def test_folds_are_of_whole_groups_and_even(tmp_path):
    data = open_corpora([stripes(tmp_path, songs=12)])
    folds = fold_of_groups(data, 4, seed=1)
    assert sorted(np.bincount(list(folds.values()))) == [3, 3, 3, 3]
    assert folds == fold_of_groups(data, 4, seed=1) != fold_of_groups(data, 4, seed=2)

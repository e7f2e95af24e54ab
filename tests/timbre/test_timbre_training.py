"""Training learns, follows from its seed, survives being killed, and stops when validation gets no better."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from orchestra_core.errors import ConfigurationError, ParameterError, UsageError
from orchestra_timbre.corpus import prepare
from orchestra_timbre.evaluation import evaluate
from orchestra_timbre.models import make_model
from orchestra_timbre.sounds import label_table, of_split, read_sounds
from orchestra_timbre.training import TrainingSettings, published_recipe, train

FAST = TrainingSettings(epochs=3, batch=8, rate=3e-3, average=0.5, seed=5)


@pytest.fixture(scope="module")
def corpora(tones_folder, tmp_path_factory):
    folder, sounds = tmp_path_factory.mktemp("features"), read_sounds(tones_folder)
    return {split: prepare(of_split(sounds, split), make_model("log_mel"), folder) for split in ("train", "validation", "test")}


def run(corpora, settings, folder, **options):
    return train(corpora["train"], corpora["validation"], settings, folder, **options)


def same(first, second):
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_trained_network_beats_the_median_on_other_sounds(corpora, tones_folder, tmp_path):
    trained = run(corpora, replace(FAST, epochs=25, average=0.8), tmp_path)
    medians = np.median(label_table(of_split(read_sounds(tones_folder), "train")), axis=0)
    marks = evaluate(trained.model, corpora["test"], medians)
    assert marks.mean_error < 0.6 * marks.mean_baseline
    assert marks.r["brightness"] > 0.9


def test_the_same_seed_trains_the_same_weights_and_another_does_not(corpora, tmp_path):
    first, second, other = (
        run(corpora, replace(FAST, seed=seed), tmp_path / name) for name, seed in zip("abc", (5, 5, 6), strict=True)
    )
    assert same(first, second)
    assert not same(first, other)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at", [1, 2])
def test_a_killed_and_resumed_training_ends_with_the_same_weights(corpora, tmp_path, at):
    def kill(epoch):
        if epoch.number == at:
            raise Killed

    whole = run(corpora, FAST, tmp_path / "whole")
    with pytest.raises(Killed):
        run(corpora, FAST, tmp_path / "cut", progress=kill)
    resumed = run(corpora, FAST, tmp_path / "cut", resume=True)
    assert same(whole, resumed)
    assert [epoch.validation for epoch in resumed.epochs] == [epoch.validation for epoch in whole.epochs]


def test_training_stops_when_validation_gets_no_better_and_keeps_the_best(corpora, tmp_path):
    # A learning rate at which nothing is learned after the first epochs.
    trained = run(corpora, replace(FAST, epochs=30, rate=0.5, average=0.0, patience=2), tmp_path)
    assert len(trained.epochs) < 30
    errors = [epoch.validation for epoch in trained.epochs]
    assert trained.best.validation == min(errors)
    assert len(errors) - 1 - errors.index(min(errors)) == 2
    marks = evaluate(trained.model, corpora["validation"], np.zeros(7))
    assert marks.mean_error == pytest.approx(min(errors), abs=1e-3)


def test_bfloat16_learns_nearly_the_same_and_keeps_single_precision_weights(corpora, tmp_path):
    plain, half = (run(corpora, replace(FAST, bfloat16=flag), tmp_path / str(flag)) for flag in (False, True))
    assert half.best.validation == pytest.approx(plain.best.validation, rel=0.1)
    assert not same(plain, half)
    assert {tensor.dtype for tensor in half.model.parameters()} == {torch.float32}


def test_every_epoch_is_logged(corpora, tmp_path):
    trained = run(corpora, FAST, tmp_path)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert float(rows[1]["validation_mae"]) == pytest.approx(trained.epochs[1].validation, abs=1e-3)
    assert set(rows[0]) == {"epoch", "rate", "train_mae", "validation_mae", "seconds"}


def test_the_global_random_state_is_left_alone(corpora, tmp_path):
    before = torch.random.get_rng_state()
    run(corpora, replace(FAST, epochs=1), tmp_path)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_published_network_trains_by_its_recipe(tones_folder, tmp_path):
    sounds = of_split(read_sounds(tones_folder), "validation")
    corpus = prepare(sounds, make_model("small"), tmp_path)
    settings = published_recipe("small", epochs=6, batch=4, rate=5e-5)
    assert (published_recipe("small").rate, settings.decay, settings.average) == (1e-3, 0.0, 0.0)
    trained = train(corpus, corpus, settings, tmp_path / "run")
    assert trained.epochs[-1].train < trained.epochs[0].train


def test_a_folder_with_a_training_needs_resume_and_the_same_settings(corpora, tmp_path):
    run(corpora, replace(FAST, epochs=1), tmp_path)
    with pytest.raises(UsageError, match="add --resume"):
        run(corpora, replace(FAST, epochs=1), tmp_path)
    with pytest.raises(ConfigurationError, match=r"with other settings: .*epochs"):
        run(corpora, FAST, tmp_path, resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="is damaged"):
        run(corpora, FAST, tmp_path, resume=True)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch": 1}, {"patience": 0}, {"average": 1.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ParameterError, match=f"{next(iter(wrong))} is"):
        replace(FAST, **wrong)

"""Training learns, follows from its seed, and survives being killed; the shuffled control does not learn."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from deam_stripes import stripes

from orchestra_core.errors import ConfigurationError, ParameterError, PluginError, UsageError
from orchestra_deam.augmentation import augmented
from orchestra_deam.evaluation.whole import evaluate_corpora
from orchestra_deam.preparation.several import open_corpora
from orchestra_deam.training.examples import Examples, Pairs
from orchestra_deam.training.logs import TensorBoardLog
from orchestra_deam.training.loop import read_all, split_validation, train
from orchestra_deam.training.loss import pair_loss
from orchestra_deam.training.settings import PRESETS, TrainingSettings

FAST = TrainingSettings(epochs=3, windows=4, batch=8, frames=64, average=0.8, seed=5)
STEPS = 6


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_corpora([stripes(tmp_path_factory.mktemp("stripes"))])


def tensors(model):
    return list(model.state_dict().values())


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(tensors(first), tensors(second), strict=True))


def test_a_trained_network_beats_the_mean_and_the_shuffled_control(data, tmp_path):
    settings = replace(FAST, epochs=14, rate=8e-3)
    readers = train(data, settings, tmp_path / "a"), train(data, replace(settings, shuffle=True), tmp_path / "b")
    learned, control = (evaluate_corpora(data, data, read_all(r, data), draws=0)["deam"]["all"] for r in readers)
    for dimension in ("arousal", "valence"):
        assert learned.pieces[dimension]["r"] > 0.8
        assert learned.pieces[dimension]["rmse"] < learned.baseline[dimension]["rmse"]
        assert control.pieces[dimension]["r"] < learned.pieces[dimension]["r"] - 0.2
    assert (learned.clip_count, learned.piece_count) == (36, 12)


def test_the_same_seed_trains_the_same_weights_and_another_does_not(data, tmp_path):
    first, second = (train(data, FAST, tmp_path / name) for name in "ab")
    other = train(data, replace(FAST, seed=6), tmp_path / "c")
    assert same(first, second)
    assert not torch.equal(tensors(first)[0], tensors(other)[0])


class Killed(BaseException):
    pass


@pytest.mark.parametrize("changes", [{}, {"validation": 0.25, "patience": 2, "rater_weights": True}])
@pytest.mark.parametrize("kill_at", [(1, 2), (2, 1), (3, 5)])
def test_a_killed_and_resumed_training_ends_with_the_same_weights(data, tmp_path, kill_at, changes):
    settings = replace(FAST, **changes)
    whole = train(data, settings, tmp_path / "whole")

    def kill(epoch):
        if (epoch.number, epoch.step) == kill_at:
            raise Killed

    with pytest.raises(Killed):
        train(data, settings, tmp_path / "cut", progress=kill)
    assert same(whole, train(data, settings, tmp_path / "cut", resume=True))
    assert (tmp_path / "cut" / "log.csv").read_text() == (tmp_path / "whole" / "log.csv").read_text()


@pytest.mark.parametrize("model", ["two_conv", "two_conv_time"])
def test_the_other_networks_train_too(data, tmp_path, model):
    losses = []
    train(data, replace(FAST, model=model, epochs=2), tmp_path, progress=lambda epoch: losses.append(epoch.loss))
    assert len(losses) == 2 * STEPS
    assert np.isfinite(losses).all()


def test_bfloat16_training_gives_finite_float32_weights(data, tmp_path):
    reader = train(data, replace(FAST, epochs=1, bfloat16=True), tmp_path)
    assert all(torch.isfinite(tensor).all() for tensor in tensors(reader))
    assert reader.network.regressor.weight.dtype == torch.float32


def test_readings_are_in_the_units_of_the_labels(data, tmp_path):
    read = read_all(train(data, replace(FAST, epochs=20, rate=5e-3), tmp_path), data)
    labels = data.clips[["arousal", "valence"]].to_numpy()
    np.testing.assert_allclose(read.mean(0), labels.mean(0), atol=0.15)
    np.testing.assert_allclose(read.std(0), labels.std(0), rtol=0.5)


# The published recipe


def test_the_reference_recipe_is_plain_adam_on_the_squared_error_of_every_clip(data, tmp_path):
    """The loop written out as it was published gives the same weights."""
    from orchestra_deam.front_end import standardise
    from orchestra_deam.models import make_model

    settings = replace(PRESETS["reference"], epochs=1, model="two_conv")
    assert (settings.rate, settings.batch, PRESETS["reference"].epochs, settings.seed) == (1e-3, 32, 30, 42)
    reader = train(data, settings, tmp_path)
    torch.manual_seed(42)
    model = make_model("two_conv")
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    order = torch.randperm(36, generator=torch.Generator().manual_seed(42 * 1_000_003 + 1))
    for chosen in order.split(32):
        clips = torch.from_numpy(data.read(chosen.tolist())["mel"])
        labels = torch.from_numpy(data.clips[["arousal", "valence"]].to_numpy()[chosen]).float()
        adam.zero_grad()
        torch.nn.functional.mse_loss(model(standardise(clips)[:, None]), labels).backward()
        adam.step()
    for ours, theirs in zip(reader.network.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


# Validation and early stopping


def test_validation_takes_whole_groups_and_early_stopping_keeps_the_best_weights(data, tmp_path):
    settings = replace(FAST, epochs=40, rate=0.3, validation=0.25, patience=2)
    learned, watched = split_validation(data, settings)
    assert set(learned.clips["group"]).isdisjoint(watched.clips["group"])
    assert watched.clips["group"].nunique() == 3
    reader = train(data, settings, tmp_path)
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    errors = [float(row["validation"]) for row in rows]
    best = int(np.argmin(errors))
    assert len(rows) == best + 3 < 40
    scales = Examples(learned, settings).scales["deam"]
    songs = watched.clips.assign(**dict(zip(("a", "v"), read_all(reader, watched).T, strict=True))).groupby("song")
    difference = songs[["a", "v"]].mean().to_numpy() - songs[["arousal", "valence"]].mean().to_numpy()
    assert np.mean((difference / scales[1]) ** 2) == pytest.approx(errors[best], rel=1e-3)


def test_what_is_watched_changes_nothing(data, tmp_path):
    plain = train(data, FAST, tmp_path / "a")
    assert same(plain, train(data, FAST, tmp_path / "b", watched=data))
    rows = list(csv.DictReader((tmp_path / "b" / "log.csv").open()))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert all(np.isfinite(float(row["r_valence"])) for row in rows)


# Several corpora


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    one = stripes(tmp_path_factory.mktemp("one"))
    other = stripes(tmp_path_factory.mktemp("other"), name="other", songs=8, scale=5.0)
    return open_corpora([one, other])


def test_each_corpus_has_an_output_in_its_own_units(two, tmp_path):
    reader = train(two, replace(FAST, epochs=8, rate=8e-3), tmp_path)
    read, own = read_all(reader, two), two.clips["corpus"] == "other"
    assert read[own].std(0) == pytest.approx(two.clips.loc[own, ["arousal", "valence"]].to_numpy().std(0), rel=0.5)
    exported = reader.exported()
    assert set(exported) == {"deam", "other"}
    clips = torch.from_numpy(two.read([0, 1])["mel"])
    for name, network in exported.items():
        alone = network(reader.inputs({"mel": clips})["mel"])
        torch.testing.assert_close(alone, reader({"mel": reader.inputs({"mel": clips})["mel"]})[name])


def test_the_same_corpus_twice_or_other_features_are_refused(tmp_path):
    first, second = stripes(tmp_path / "a"), stripes(tmp_path / "b")
    with pytest.raises(ConfigurationError, match="both hold the corpus 'deam'"):
        open_corpora([first, second])
    other = stripes(tmp_path / "c", name="other")
    (other / "manifest.json").write_text((other / "manifest.json").read_text().replace('"features": "mel"', '"features": "cues"'))
    with pytest.raises(ConfigurationError, match="different features"):
        open_corpora([first, other])
    with pytest.raises(UsageError, match="No prepared corpus"):
        open_corpora([])


# Weights of raters, pairs


def test_labels_of_few_or_quarrelling_raters_count_less(data):
    clips = data.clips.copy()
    clips.loc[clips["song"] == "2", "raters"] = 1
    clips.loc[clips["song"] == "3", ["arousal_variance", "valence_variance"]] = np.nan
    examples = Examples(replace(data, clips=clips), replace(FAST, rater_weights=True))
    weights = {song: examples.weights[np.array(clips["song"] == song)].mean(0) for song in ("2", "3", "4")}
    assert (weights["2"] < 0.8 * weights["4"]).all()
    assert torch.equal(weights["3"], torch.ones(2))
    assert float(examples.weights.mean()) == pytest.approx(1.0, abs=0.05)


def test_the_pair_loss_is_nothing_only_for_what_was_asked():
    settings = replace(FAST, pair_mode=2.0, pair_unmoved=4.0, pair_still=3.0, mode_effect=0.7)
    pairs = Pairs({}, {}, torch.tensor([0.5, -0.5, 0.05]))  # major, minor, not clear
    read = torch.randn(3, 1, 2, generator=torch.Generator().manual_seed(0))
    parallel = read - torch.tensor([[0.0, 0.7], [0.0, -0.7], [5.0, 5.0]])[:, None]
    assert float(pair_loss(read, read, parallel, pairs, settings)) == pytest.approx(0, abs=1e-12)
    moved = parallel - torch.tensor([0.3, 0.0])  # in arousal, in the two that are clear
    assert float(pair_loss(read, read, moved, pairs, settings)) == pytest.approx(4.0 * 2 * 0.09 / 3, rel=1e-4)
    brighter = parallel - torch.tensor([0.0, 0.3])
    assert float(pair_loss(read, read, brighter, pairs, settings)) == pytest.approx(2.0 * 2 * 0.09 / 3, rel=1e-4)
    assert float(pair_loss(read, read + 0.1, parallel, pairs, settings)) == pytest.approx(3.0 * 0.01, rel=1e-4)


def test_a_network_learns_from_pairs(tmp_path):
    data = open_corpora([stripes(tmp_path / "v", songs=5, versions=True)])
    settings = replace(FAST, epochs=1, windows=2)
    plain, paired = (train(data, replace(settings, pair_mode=weight), tmp_path / str(weight)) for weight in (0.0, 4.0))
    assert not same(plain, paired)
    assert np.isfinite(read_all(paired, data)).all()


# Refusals and logs


def test_a_finished_folder_is_not_overwritten_unasked(data, tmp_path):
    train(data, replace(FAST, epochs=1), tmp_path)
    with pytest.raises(UsageError, match="--resume"):
        train(data, replace(FAST, epochs=1), tmp_path)
    with pytest.raises(ConfigurationError, match="other settings"):
        train(data, replace(FAST, epochs=2), tmp_path, resume=True)


def test_a_damaged_checkpoint_is_named(data, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"PK broken")
    with pytest.raises(UsageError, match=r"checkpoint\.pt is damaged.*delete it"):
        train(data, FAST, tmp_path, resume=True)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": -1}, {"batch": 1}, {"frames": 500}, {"frames": 8}, {"validation": 0.8}, {"average": 1.0}, {"patience": 3}],
)
def test_a_recipe_that_cannot_work_is_refused(wrong):
    with pytest.raises(ParameterError, match="expected"):
        TrainingSettings(**wrong)


def test_training_on_nothing_is_refused(data, tmp_path):
    with pytest.raises(UsageError, match="at least two"):
        train(data.where(data.clips["song"] == "2"), FAST, tmp_path)


def test_tensorboard_gets_the_log(tmp_path):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed")
    with TensorBoardLog(tmp_path) as log:
        log.add({"epoch": 1.0, "loss": 0.5, "validation": float("nan")})
        log.add({"epoch": 2.0, "loss": 0.25, "validation": 0.75})
    found = events.EventAccumulator(str(tmp_path))
    found.Reload()
    assert [(event.step, event.value) for event in found.Scalars("loss")] == [(1, 0.5), (2, 0.25)]
    assert [event.step for event in found.Scalars("validation")] == [2]


def test_a_missing_tensorboard_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(PluginError, match=r"orchestra-music\[tensorboard\]"):
        TensorBoardLog(tmp_path)


# Augmentation


def test_augmented_clips_stay_standardised_but_for_the_masks():
    clips = -80 * torch.rand(16, 128, 431, generator=torch.Generator().manual_seed(0))
    features = augmented(clips, torch.Generator().manual_seed(1))
    assert features.shape == (16, 1, 128, 431)
    assert torch.isfinite(features).all()
    whole = [clip for clip in features[:, 0] if not (clip == 0).any()]
    masked = [clip for clip in features[:, 0] if (clip == 0).any()]
    assert whole
    assert masked
    for clip in whole:
        assert float(clip.mean()) == pytest.approx(0, abs=1e-4)
        assert float(clip.std()) == pytest.approx(1, abs=1e-3)


def test_augmentation_follows_from_its_generator():
    clips = -80 * torch.rand(4, 128, 431, generator=torch.Generator().manual_seed(0))
    first, second = (augmented(clips, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)

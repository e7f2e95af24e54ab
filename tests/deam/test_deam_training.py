"""Training learns, follows from its seed, and survives being killed; the shuffled control does not learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from orchestra_core.errors import ConfigurationError, ParameterError, UsageError
from orchestra_deam.augmentation import augmented
from orchestra_deam.evaluation import evaluate, read_clips
from orchestra_deam.features import Rendering
from orchestra_deam.training import TrainingSettings, train
from orchestra_deam.vgmidi import Piece, label_table

FAST = TrainingSettings(epochs=3, windows=4, batch=8, frames=64, average=0.8, seed=5)


@pytest.fixture(scope="module")
def renderings(tmp_path_factory):
    """Twelve pieces of bars in time and bands: the denser in time the more aroused, the closer the bands the more valent."""
    folder, made = tmp_path_factory.mktemp("features"), []
    rng = np.random.default_rng(0)
    for index in range(12):
        density, closeness = index % 4, index // 4
        windows = np.full((3, 128, 431), -60.0) + rng.normal(0, 3, (3, 128, 431))
        windows[:, :, :: 12 - 3 * density] = -20.0
        windows[:, :: 9 - 3 * closeness] = -5.0
        path = folder / f"{index}.npy"
        np.save(path, np.clip(windows, -80, 0).astype(np.float16))
        piece = Piece(str(index), "game", path, density * 0.25 - 0.4, closeness * 0.3 - 0.3, 30)
        made.append(Rendering(piece, "stripes", 0, path))
    return tuple(made)


def tensors(model):
    return list(model.state_dict().values())


def test_a_trained_network_beats_the_mean_and_the_shuffled_control(renderings, tmp_path):
    settings = replace(FAST, epochs=20, rate=5e-3)
    mean = label_table([rendering.piece for rendering in renderings]).mean(0)
    learned = evaluate(train(renderings, settings, tmp_path / "a"), renderings, mean)
    control = evaluate(train(renderings, replace(settings, shuffle=True), tmp_path / "b"), renderings, mean)
    for dimension in ("arousal", "valence"):
        assert learned.pieces[dimension]["r"] > 0.8
        assert learned.pieces[dimension]["rmse"] < learned.baseline[dimension]["rmse"]
        assert control.pieces[dimension]["r"] < learned.pieces[dimension]["r"] - 0.2
    assert (learned.clip_count, learned.piece_count) == (36, 12)


def test_the_same_seed_trains_the_same_weights_and_another_does_not(renderings, tmp_path):
    first, second = (train(renderings, FAST, tmp_path / name) for name in "ab")
    other = train(renderings, replace(FAST, seed=6), tmp_path / "c")
    assert all(torch.equal(a, b) for a, b in zip(tensors(first), tensors(second), strict=True))
    assert not torch.equal(tensors(first)[0], tensors(other)[0])


class Killed(BaseException):
    pass


@pytest.mark.parametrize("kill_at", [(1, 2), (2, 1), (3, 6)])
def test_a_killed_and_resumed_training_ends_with_the_same_weights(renderings, tmp_path, kill_at):
    whole = train(renderings, FAST, tmp_path / "whole")

    def kill(epoch):
        if (epoch.number, epoch.step) == kill_at:
            raise Killed

    with pytest.raises(Killed):
        train(renderings, FAST, tmp_path / "cut", progress=kill)
    resumed = train(renderings, FAST, tmp_path / "cut", resume=True)
    assert all(torch.equal(a, b) for a, b in zip(tensors(whole), tensors(resumed), strict=True))


@pytest.mark.parametrize("model", ["two_conv", "two_conv_time"])
def test_the_other_networks_train_too(renderings, tmp_path, model):
    losses = []
    train(renderings, replace(FAST, model=model, epochs=2), tmp_path, progress=lambda epoch: losses.append(epoch.loss))
    assert len(losses) == 2 * 6
    assert np.isfinite(losses).all()


def test_bfloat16_training_gives_finite_float32_weights(renderings, tmp_path):
    model = train(renderings, replace(FAST, epochs=1, bfloat16=True), tmp_path)
    assert all(torch.isfinite(tensor).all() for tensor in tensors(model))
    assert model.regressor.weight.dtype == torch.float32


def test_readings_are_in_the_units_of_the_labels(renderings, tmp_path):
    model = train(renderings, replace(FAST, epochs=20, rate=5e-3), tmp_path)
    readings = read_clips(model, renderings)
    np.testing.assert_allclose(readings.values.mean(0), readings.labels.mean(0), atol=0.15)
    np.testing.assert_allclose(readings.values.std(0), readings.labels.std(0), rtol=0.5)


def test_a_finished_folder_is_not_overwritten_unasked(renderings, tmp_path):
    train(renderings, replace(FAST, epochs=1), tmp_path)
    with pytest.raises(UsageError, match="--resume"):
        train(renderings, replace(FAST, epochs=1), tmp_path)
    with pytest.raises(ConfigurationError, match="other settings"):
        train(renderings, replace(FAST, epochs=2), tmp_path, resume=True)


def test_a_damaged_checkpoint_is_named(renderings, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"PK broken")
    with pytest.raises(UsageError, match=r"checkpoint\.pt is damaged.*delete it"):
        train(renderings, FAST, tmp_path, resume=True)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch": 1}, {"frames": 500}, {"frames": 8}])
def test_a_recipe_that_cannot_work_is_refused(wrong):
    with pytest.raises(ParameterError, match="expected at least"):
        TrainingSettings(**wrong)


def test_training_on_nothing_is_refused(renderings, tmp_path):
    with pytest.raises(UsageError, match="at least two"):
        train(renderings[:1], FAST, tmp_path)
    with pytest.raises(UsageError, match="no prepared pieces"):
        read_clips(torch.nn.Identity(), ())


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

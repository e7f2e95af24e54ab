"""Training and marking: what is learned, resumed, stopped and counted, and what weights files say."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics import confusion_matrix

from orchestra_core import write_weights
from orchestra_core.errors import ConfigurationError, ParameterError, UsageError, WeightsError
from orchestra_style import training
from orchestra_style.corpus import Corpus, divided
from orchestra_style.emotify import read_emotify
from orchestra_style.evaluation import evaluate, marked
from orchestra_style.features import prepare
from orchestra_style.network import StyleNetwork
from orchestra_style.training import TrainingSettings, train, validation
from orchestra_style.weights import Card, feature_network, load_weights, shipped

SETTINGS = TrainingSettings(seconds=1.0, epochs=4, batch=8, rate=3e-3, average=0.5, bfloat16=False)


@pytest.fixture(scope="module")
def corpus(emotify_folder, tmp_path_factory):
    return Corpus.of(prepare(read_emotify(emotify_folder), tmp_path_factory.mktemp("cache")).songs, SETTINGS.frames)


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return train(corpus, SETTINGS, folder), folder


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


class TestTraining:
    def test_it_learns_to_tell_tones_from_bursts_of_noise_in_songs_it_never_heard(self, corpus, trained):
        parts = divided(corpus, "song", 0)
        marks = evaluate(trained[0], corpus, parts["test"], parts["train"])
        assert marks.segments.accuracy >= 0.9
        assert marks.baseline_songs.accuracy == 0.5

    def test_the_log_has_a_line_for_each_epoch_and_the_kept_network_is_the_best(self, corpus, trained):
        network, folder = trained
        rows = list(csv.DictReader((folder / "log.csv").open()))
        assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
        loss, accuracy = validation(network, corpus, divided(corpus, "song", 0)["validation"])
        assert loss == pytest.approx(min(float(row["validation_loss"]) for row in rows), abs=1e-5)
        assert 0 <= accuracy <= 1
        assert not network.training

    def test_the_input_is_scaled_by_the_training_songs_and_that_is_not_learned(self, corpus, trained):
        parts = divided(corpus, "song", 0)
        mel = corpus.power(parts["train"]).double()
        scaled = trained[0].double().prepared(mel)[:, 0]
        trained[0].float()
        heard = mel.sum(dim=(0, 2)) > 0
        torch.testing.assert_close(
            scaled.mean(dim=(0, 2))[heard], torch.zeros(int(heard.sum()), dtype=torch.float64), atol=1e-4, rtol=0
        )
        deviation = scaled.std(dim=(0, 2), correction=0)[heard]
        torch.testing.assert_close(deviation, torch.ones_like(deviation), atol=1e-3, rtol=0)

    def test_a_training_stopped_after_any_epoch_and_resumed_ends_with_the_same_bits(self, corpus, trained, tmp_path, monkeypatch):
        def stop(epoch):
            if epoch.number == 3 and epoch.step == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(corpus, SETTINGS, tmp_path, progress=stop)
        assert (tmp_path / "checkpoint.pt").is_file()
        assert same(train(corpus, SETTINGS, tmp_path, resume=True), trained[0])
        assert (tmp_path / "log.csv").read_text() == (trained[1] / "log.csv").read_text()

    def test_global_random_state_neither_matters_nor_changes(self, corpus, tmp_path):
        short = replace(SETTINGS, epochs=1)
        torch.manual_seed(1)
        first = train(corpus, short, tmp_path / "a")
        torch.manual_seed(2)
        before = torch.get_rng_state()
        second = train(corpus, short, tmp_path / "b")
        assert same(first, second)
        assert torch.equal(before, torch.get_rng_state())
        assert not same(first, train(corpus, replace(short, seed=1), tmp_path / "c"))

    def test_it_stops_when_the_validation_loss_has_not_fallen_for_patience_epochs(self, corpus, tmp_path, monkeypatch):
        losses = iter([0.5, 0.4, 0.45, 0.42, 0.1])
        monkeypatch.setattr(training, "validation", lambda *_: (next(losses), 0.0))
        train(corpus, replace(SETTINGS, epochs=5, patience=2), tmp_path)
        assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + 4

    def test_bfloat16_learns_too(self, corpus, tmp_path):
        network = train(corpus, replace(SETTINGS, bfloat16=True), tmp_path)
        parts = divided(corpus, "song", 0)
        assert validation(network, corpus, parts["train"])[0] < math.log(2) / 2

    def test_it_can_begin_with_the_filters_of_shipped_weights(self, corpus, tmp_path):
        still = replace(SETTINGS, epochs=1, rate=1e-9, decay=0.0, start="emotify_5s")
        begun, expected = train(corpus, still, tmp_path), load_weights(shipped("emotify_5s"))[0]
        for parameter, shipped_one in zip(begun.convolutions.parameters(), expected.convolutions.parameters(), strict=True):
            torch.testing.assert_close(parameter, shipped_one, rtol=1e-4, atol=1e-6)
        assert begun.classes == ("classical", "rock")

    def test_a_folder_with_a_training_is_not_overwritten(self, corpus, trained):
        with pytest.raises(UsageError, match="--resume"):
            train(corpus, SETTINGS, trained[1])
        with pytest.raises(ConfigurationError, match=r"other settings: \{'rate': 0.003\}"):
            train(corpus, replace(SETTINGS, rate=0.1), trained[1], resume=True)

    def test_a_damaged_checkpoint_is_said(self, corpus, tmp_path):
        (tmp_path / "checkpoint.pt").write_bytes(b"PK damaged")
        with pytest.raises(UsageError, match="damaged"):
            train(corpus, SETTINGS, tmp_path, resume=True)

    @pytest.mark.parametrize("wrong", [{"seconds": 0.2}, {"epochs": 0}, {"batch": 1}, {"rate": 0.0}, {"rate": float("nan")}])
    def test_values_that_are_too_small_are_refused(self, wrong):
        with pytest.raises(ParameterError, match=f"{next(iter(wrong))} is"):
            TrainingSettings(**wrong)


class TestMarks:
    LABELS = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    SONGS = np.array([4, 4, 4, 5, 5, 5, 9, 9, 9])

    def shares(self):
        draw = np.random.default_rng(3)
        shares = draw.random((9, 3))
        return shares / shares.sum(axis=1, keepdims=True)

    def test_confusion_and_accuracy_are_those_of_scikit_learn(self):
        marks = marked(("a", "b", "c"), self.shares(), self.LABELS, self.SONGS, np.array([1, 1, 0]))
        answers = self.shares().argmax(axis=1)
        assert np.array_equal(marks.confusion_segments, confusion_matrix(self.LABELS, answers))
        assert marks.segments.accuracy == pytest.approx(np.mean(answers == self.LABELS))
        assert marks.segments.count == 9

    def test_a_song_is_what_the_mean_share_of_its_segments_says(self):
        shares = np.array([[0.9, 0.1], [0.45, 0.55], [0.45, 0.55], [0.2, 0.8]])
        marks = marked(("a", "b"), shares, np.array([0, 0, 0, 1]), np.array([7, 7, 7, 3]), np.array([0, 1, 1]))
        assert marks.segments.accuracy == 0.5
        assert marks.songs.accuracy == 1.0
        assert marks.confusion_songs == ((1, 0), (0, 1))
        assert marks.songs.count == 2

    def test_the_baseline_answers_what_most_training_segments_are_of(self):
        marks = marked(("a", "b", "c"), self.shares(), self.LABELS, self.SONGS, np.array([2, 2, 1, 0]))
        assert marks.baseline_segments.accuracy == pytest.approx(1 / 3)
        assert marks.baseline_songs.accuracy == pytest.approx(1 / 3)

    def test_the_interval_draws_songs_so_that_copies_of_segments_do_not_narrow_it(self):
        draw = np.random.default_rng(0)
        labels, songs = np.zeros(60, dtype=int), np.arange(60)
        shares = np.eye(2)[(draw.random(60) < 0.3).astype(int)]
        once = marked(("a", "b"), shares, labels, songs, labels)
        copied = marked(("a", "b"), np.repeat(shares, 6, 0), np.repeat(labels, 6), np.repeat(songs, 6), labels)
        assert copied.segments.low == pytest.approx(once.segments.low)
        rate = once.songs.accuracy
        expected = 1.96 * math.sqrt(rate * (1 - rate) / 60)
        assert once.songs.high - rate == pytest.approx(expected, rel=0.25)

    def test_a_network_of_other_genres_is_refused(self, corpus):
        parts = divided(corpus, "song", 0)
        with pytest.raises(UsageError, match="tells classical, electronic, pop, rock apart, the data hold classical, rock"):
            evaluate(StyleNetwork(), corpus, parts["test"], parts["train"])
        with pytest.raises(UsageError, match="0 segments to mark on"):
            evaluate(StyleNetwork(), corpus, (), parts["train"])


class TestWeights:
    @pytest.fixture
    def file(self, tmp_path):
        torch.manual_seed(0)
        card = Card("style_cnn", classes=("a", "b"), seconds=5.0, license="none", note="a test")
        write_weights(tmp_path / "w.safetensors", StyleNetwork(("a", "b")), card)
        return tmp_path / "w.safetensors"

    def test_a_network_and_its_card_come_back(self, file):
        torch.manual_seed(0)
        expected = StyleNetwork(("a", "b"))
        network, card = load_weights(file)
        assert same(network, expected)
        assert network.classes == card.classes == ("a", "b")
        assert json.loads(file.with_suffix(".json").read_text())["sha256"] == card.sha256

    def test_missing_truncated_altered_and_misfitting_files_are_refused(self, file, tmp_path):
        with pytest.raises(WeightsError, match="does not exist"):
            load_weights(tmp_path / "absent.safetensors")
        whole = file.read_bytes()
        file.write_bytes(whole[:-100])
        with pytest.raises(WeightsError, match="truncated"):
            load_weights(file)
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(WeightsError, match="altered"):
            load_weights(file)
        file.write_bytes(whole)
        save_file(load_file(file), file)
        with pytest.raises(WeightsError, match="no card"):
            load_weights(file)

    def test_weights_that_are_not_finite_or_of_another_network_are_refused(self, tmp_path):
        network = StyleNetwork()
        network.head.bias.data[0] = math.nan
        write_weights(tmp_path / "nan.safetensors", network, Card("style_cnn", classes=network.classes))
        with pytest.raises(WeightsError, match=r"NaN or infinite values in head\.bias"):
            load_weights(tmp_path / "nan.safetensors")
        write_weights(tmp_path / "misfit.safetensors", StyleNetwork(), Card("style_cnn", classes=("a", "b")))
        with pytest.raises(WeightsError, match="does not fit"):
            load_weights(tmp_path / "misfit.safetensors")

    def test_a_path_gives_a_frozen_network(self, file):
        network = feature_network(file)
        assert not any(parameter.requires_grad for parameter in network.parameters())

    def test_other_names_are_refused(self):
        with pytest.raises(ParameterError, match="expected emotify_5s, emotify_3s, random, or the path"):
            feature_network("vgg")
        with pytest.raises(ParameterError, match="expected emotify_5s"):
            shipped("random")

"""The shipped weights: what their cards say, and that they know more than chance."""

import json

import pytest
import torch

from orchestra_core import read_audio
from orchestra_style.config import SHIPPED
from orchestra_style.corpus import frames_in
from orchestra_style.emotify import read_emotify
from orchestra_style.mel import BANDS, MelPower, empty_bands
from orchestra_style.network import GENRES
from orchestra_style.songs import partition
from orchestra_style.weights import feature_network, load_weights, shipped


@pytest.mark.parametrize(("name", "seconds"), list(zip(SHIPPED, (5.0, 3.0), strict=True)))
def test_the_card_says_data_licence_split_recipe_and_marks(name, seconds):
    network, card = load_weights(shipped(name))
    assert network.classes == card.classes == GENRES
    assert card.seconds == card.training["seconds"] == seconds
    assert "research-only data (Emotify)" in card.license
    assert "Aljanaki" in card.citation
    assert card.split["unit"] == "song"
    assert len(card.split["test"]) == len(card.split["validation"]) == 60
    assert not set(card.split["test"]) & set(card.split["validation"])
    for unit in ("segments", "songs"):
        mark, baseline = card.metrics["test"][unit], card.metrics["test"][f"baseline_{unit}"]
        assert mark["low"] > baseline["accuracy"], "not better than the majority baseline"
    assert json.loads(shipped(name).with_suffix(".json").read_text())["sha256"] == card.sha256


def test_a_weights_file_is_small():
    assert all(shipped(name).stat().st_size < 200_000 for name in SHIPPED)


def test_the_scale_of_bands_is_finite_and_leaves_empty_bands_alone():
    norm = feature_network("emotify_5s").input_norm
    deviation = norm.running_var.sqrt()
    heard = torch.ones(BANDS, dtype=torch.bool)
    heard[list(empty_bands())] = False
    assert torch.equal(deviation[~heard], torch.ones(len(empty_bands())))
    assert torch.equal(norm.running_mean[~heard], torch.zeros(len(empty_bands())))
    assert (deviation[heard] > 1e-3).all()
    assert deviation[heard].max() < 1e4


def test_random_filters_hear_through_the_scale_of_the_trained_ones():
    mel = torch.rand(1, BANDS, 50)
    trained, random = feature_network("emotify_5s"), feature_network("random", seed=4)
    torch.testing.assert_close(trained.prepared(mel), random.prepared(mel))
    assert not torch.equal(trained.convolutions[0].weight, random.convolutions[0].weight)
    assert torch.equal(random.convolutions[0].weight, feature_network("random", seed=4).convolutions[0].weight)


def test_on_test_songs_the_right_genre_gets_more_than_its_share(shared_data):
    network, front_end = feature_network("emotify_5s"), MelPower()
    songs = partition(read_emotify(shared_data / "emotify"))["test"]
    chosen = [song for genre in GENRES for song in [song for song in songs if song.genre == genre][:4]]
    shares = []
    for song in chosen:
        with torch.inference_mode():
            mel = front_end(read_audio(song.path, 22_050)[0])[:, :, : frames_in(5.0)]
            shares.append(network.probabilities(mel)[0, GENRES.index(song.genre)])
    assert torch.stack(shares).mean() > 0.33

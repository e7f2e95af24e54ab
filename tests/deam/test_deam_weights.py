"""Weights are read with their card; foreign state dicts fit; damaged files are refused in plain words."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from orchestra_core import write_weights
from orchestra_core.errors import WeightsError
from orchestra_deam.models import MODELS, make_model
from orchestra_deam.weights import Card, load_weights, read_card


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "weights" / "two_conv.safetensors"
    torch.manual_seed(1)
    model = make_model("two_conv")
    card = Card("two_conv", mean={"arousal": 0.1, "valence": 0.2}, sd={"arousal": 0.3, "valence": 0.4}, license="CC0")
    return path, model, write_weights(path, model, card)


def test_weights_and_card_come_back_as_they_were(saved):
    path, model, card = saved
    network, read = load_weights(path, "two_conv")
    assert read == card
    assert len(card.sha256) == 64
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor, atol=0, rtol=0)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"cues"}))
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict"])
def test_foreign_state_dicts_of_the_published_layout_load(tmp_path, name, wrapper):
    model = make_model(name)
    content = {f"module.{key}": tensor for key, tensor in model.state_dict().items()} if wrapper else model.state_dict()
    torch.save({wrapper: content, "epoch": 3} if wrapper else content, tmp_path / "best.pt")
    network, card = load_weights(tmp_path / "best.pt", name)
    x = torch.randn(2, 1, 128, 100)
    torch.testing.assert_close(network(x), model.eval()(x))
    assert card.dimensions == ("arousal", "valence")
    assert not card.mean


class _Trap:
    def __reduce__(self):
        return (print, ("executed",))


def test_a_pickle_with_code_is_refused_and_not_executed(tmp_path, capsys):
    torch.save({"state_dict": _Trap()}, tmp_path / "evil.pt")
    with pytest.raises(WeightsError, match="never executed"):
        load_weights(tmp_path / "evil.pt", "two_conv")
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "message"), [("truncated", "is truncated"), ("altered", "was altered"), ("empty", "is truncated")]
)
def test_damaged_weights_are_refused(saved, damage, message):
    path, _, _ = saved
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes({"truncated": bytes(content[:-20]), "altered": bytes(content), "empty": b""}[damage])
    with pytest.raises(WeightsError, match=rf"two_conv\.safetensors {message}"):
        load_weights(path, "two_conv")


def test_an_altered_card_is_refused(saved):
    path, _, _ = saved
    content = path.read_bytes()
    assert content.count(b"CC0") == 1
    path.write_bytes(content.replace(b"CC0", b"CC1"))
    with pytest.raises(WeightsError, match="was altered"):
        load_weights(path, "two_conv")


def test_the_file_alone_is_enough_and_the_json_beside_it_repeats_the_card(saved):
    path, _, card = saved
    beside = json.loads(path.with_suffix(".json").read_text())
    assert beside["sha256"] == card.sha256
    path.with_suffix(".json").unlink()
    assert load_weights(path, "two_conv")[1] == card == read_card(path)


def test_a_text_file_that_calls_itself_safetensors_is_refused(saved):
    path, _, _ = saved
    path.write_text("hello")
    with pytest.raises(WeightsError, match="no safetensors file"):
        load_weights(path, "two_conv")


# A reader of pickles stumbles over each in another way; over text, with errors of any type.
@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 broken zip", b"tested\n", b"(lp0\nh", b"set -e\necho hello\n"])
def test_damaged_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.pt could not be read"):
        load_weights(tmp_path / "a.pt", "two_conv")


@pytest.mark.parametrize("name", ["t.sh", "weights", "a.csv"])
def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path, name):
    (tmp_path / name).write_text("set -e\n")
    with pytest.raises(WeightsError, match=r"is no \.safetensors or \.pt state dict: its name ends in"):
        load_weights(tmp_path / name, "cues")


def test_a_truncated_foreign_file_is_refused(tmp_path):
    torch.save(make_model("two_conv").state_dict(), tmp_path / "a.pt")
    (tmp_path / "a.pt").write_bytes((tmp_path / "a.pt").read_bytes()[:2000])
    with pytest.raises(WeightsError, match=r"a\.pt could not be read"):
        load_weights(tmp_path / "a.pt", "two_conv")


def test_weights_of_another_network_are_refused(saved, tmp_path):
    path, model, _ = saved
    with pytest.raises(WeightsError, match="'two_conv'; expected 'three_conv'"):
        load_weights(path, "three_conv")
    torch.save(model.state_dict(), tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=r"does not fit ThreeConv.*net\.0\.weight.*features\.0\.weight \(16, 1, 3, 3\)"):
        load_weights(tmp_path / "a.pt", "three_conv")


def test_a_file_that_holds_no_state_dict_is_refused(tmp_path):
    torch.save([torch.zeros(3)], tmp_path / "a.pt")
    with pytest.raises(WeightsError, match="holds a list; expected a state dict"):
        load_weights(tmp_path / "a.pt", "two_conv")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    state = make_model("two_conv").state_dict()
    state["fc.bias"][0] = float("nan")
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=r"NaN.*fc\.bias"):
        load_weights(tmp_path / "a.pt", "two_conv")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        load_weights(tmp_path / "no.safetensors", "two_conv")


@pytest.mark.parametrize("text", ["[]", "{}", '{"architecture": "two_conv", "dimensions": [], "colour": 1}'])
def test_a_damaged_card_is_refused(saved, text):
    path, model, _ = saved
    save_file(model.state_dict(), path, metadata={"card": text})
    with pytest.raises(WeightsError, match=r"The card in .* is damaged"):
        read_card(path)


def test_safetensors_without_a_card_are_refused(saved):
    path, model, _ = saved
    save_file(model.state_dict(), path)
    with pytest.raises(WeightsError, match="has no card"):
        load_weights(path, "two_conv")

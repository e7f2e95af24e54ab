"""Weights are read with their card; damaged files are refused in plain words."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from orchestra_core import write_weights
from orchestra_core.errors import WeightsError
from orchestra_timbre.models import make_model
from orchestra_timbre.weights import Card, load_weights


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(1)
    model = make_model("log_mel")
    path = tmp_path / "weights" / "log_mel.safetensors"
    return path, model, write_weights(path, model, Card(architecture="log_mel", part="oracle", metrics={"test": {"mae": 2.5}}))


def test_weights_and_card_come_back_as_they_were(saved):
    path, model, card = saved
    network, read = load_weights(path, "log_mel")
    assert read == card
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    clip = torch.randn(1, 16_000)
    torch.testing.assert_close(network(clip), model.eval()(clip))


def test_the_card_lies_in_the_file_and_beside_it(saved):
    path, _, card = saved
    with safe_open(path, framework="pt") as file:
        inside = json.loads(file.metadata()["card"])
    assert inside == json.loads(path.with_suffix(".json").read_text())
    assert inside["sha256"] == card.sha256
    assert len(card.sha256) == 64


def test_a_missing_file_another_network_and_a_misfit_are_refused(saved, tmp_path):
    path, _, _ = saved
    with pytest.raises(WeightsError, match="does not exist"):
        load_weights(tmp_path / "none.safetensors", "log_mel")
    with pytest.raises(WeightsError, match="expected 'small': set model='log_mel'"):
        load_weights(path, "small")
    write_weights(tmp_path / "misfit.safetensors", make_model("small"), Card(architecture="mid"))
    with pytest.raises(WeightsError, match="does not fit WaveformNetwork"):
        load_weights(tmp_path / "misfit.safetensors", "mid")


def test_a_truncated_file_and_one_without_a_card_are_refused(saved, tmp_path):
    path, model, _ = saved
    (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:5_000])
    save_file(model.state_dict(), tmp_path / "bare.safetensors")
    for name, message in (("cut", "is truncated"), ("bare", "has no card")):
        with pytest.raises(WeightsError, match=message):
            load_weights(tmp_path / f"{name}.safetensors", "log_mel")


def test_an_altered_file_is_refused(saved):
    path, _, _ = saved
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="was altered"):
        load_weights(path, "log_mel")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    model = make_model("small")
    with torch.no_grad():
        model.head.bias[0] = float("nan")
    write_weights(tmp_path / "nan.safetensors", model, Card(architecture="small"))
    with pytest.raises(WeightsError, match=r"NaN or infinite values in head\.bias"):
        load_weights(tmp_path / "nan.safetensors", "small")

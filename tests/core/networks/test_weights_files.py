"""Weights files come back as they were, and whatever is wrong with one is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from orchestra_core import WeightsCard, fit_weights, read_weights, write_weights
from orchestra_core.errors import WeightsError


@dataclass(frozen=True)
class PitchCard(WeightsCard):
    """A card with fields of its own."""

    notes: tuple[str, ...] = ("c", "d")
    mean: Mapping[str, float] = field(default_factory=dict)


@pytest.fixture
def network():
    torch.manual_seed(7)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


@pytest.fixture
def written(network, tmp_path):
    card = PitchCard("little", data="none", metrics={"r": 0.1 + 0.2}, mean={"c": 1 / 3}, training={"seed": 7})
    path = tmp_path / "deep" / "little.safetensors"
    return path, write_weights(path, network, card)


def rewritten(path, text=None, **tensors):
    with safe_open(path, framework="pt") as file:
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = {"card": file.metadata()["card"] if text is None else text}
    save_file({**kept, **tensors}, path, metadata=metadata)


def test_tensors_and_card_come_back_as_they_were(network, written):
    path, card = written
    tensors, read = read_weights(path, PitchCard)
    assert read == card and len(card.sha256) == 64
    assert all(torch.equal(tensors[name], tensor) for name, tensor in network.state_dict().items())
    assert json.loads(path.with_suffix(".json").read_text())["sha256"] == card.sha256


def test_the_same_weights_give_the_same_bytes(network, written, tmp_path):
    path, card = written
    write_weights(tmp_path / "again.safetensors", network, card)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_weights_fit_the_network_they_are_of_and_it_is_in_evaluation_mode(network, written):
    fresh = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    fitted = fit_weights(fresh, read_weights(written[0], PitchCard)[0], written[0])
    x = torch.randn(4, 3)
    assert not fitted.training
    torch.testing.assert_close(fitted(x), network.eval()(x), rtol=0, atol=0)


def test_what_is_no_such_file_is_said(written, tmp_path):
    with pytest.raises(WeightsError, match=r"none\.safetensors does not exist"):
        read_weights(tmp_path / "none.safetensors", PitchCard)
    path = written[0]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(WeightsError, match="is truncated, or no safetensors file"):
        read_weights(path, PitchCard)


def test_altered_tensors_and_altered_cards_are_refused(written):
    path, card = written
    rewritten(path, text=json.dumps({**vars(card), "metrics": {"r": 0.9}}))
    with pytest.raises(WeightsError, match=rf"was altered: the SHA-256 .* it should be {card.sha256[:12]}"):
        read_weights(path, PitchCard)
    rewritten(path, text=json.dumps(vars(card)), **{"0.bias": torch.zeros(2)})
    with pytest.raises(WeightsError, match="was altered"):
        read_weights(path, PitchCard)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no card"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"layers": 3}', "is damaged .*expected JSON with architecture"),
    ],
)
def test_a_card_that_is_missing_or_of_another_kind_is_refused(written, text, message):
    rewritten(written[0], text=text)
    with pytest.raises(WeightsError, match=message):
        read_weights(written[0], PitchCard)


def test_weights_of_another_network_and_broken_numbers_are_refused(network, written):
    tensors, _ = read_weights(written[0], PitchCard)
    with pytest.raises(WeightsError, match=r"does not fit Linear: it holds .*0\.weight \(2, 3\).*expected weight \(2, 3\)"):
        fit_weights(nn.Linear(3, 2), tensors, written[0])
    with pytest.raises(WeightsError, match=r"NaN or infinite values in 0\.bias"):
        fit_weights(network, {**tensors, "0.bias": torch.full((2,), torch.nan)}, written[0])


def test_a_card_without_a_change_has_the_same_digest_wherever_its_fields_stand(network, tmp_path):
    card = PitchCard("little", notes=("e",))
    first = write_weights(tmp_path / "a.safetensors", network, card)
    second = write_weights(tmp_path / "b.safetensors", network, replace(first, sha256="something else"))
    assert first == second

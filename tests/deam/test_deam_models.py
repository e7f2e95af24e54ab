"""The networks have the published layouts, and the folded one computes the same function."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from orchestra_core.errors import ParameterError
from orchestra_deam.cues import COUNT
from orchestra_deam.models import BOUND, MODELS, ThreeConv, TwoConvTime, frozen, head_of, make_model


@pytest.mark.parametrize(("name", "count"), [("two_conv", 4_866), ("two_conv_time", 4_866), ("three_conv", 23_650)])
def test_parameter_counts_are_the_published_ones(name, count):
    assert sum(parameter.numel() for parameter in make_model(name).parameters()) == count


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("two_conv", {"net.0", "net.3", "fc"}),
        ("two_conv_time", {"net.0", "net.3", "fc"}),
        ("three_conv", {"features.0", "features.1", "features.4", "features.5", "features.8", "features.9", "regressor"}),
    ],
)
def test_state_dicts_have_the_published_keys(name, prefixes):
    assert {key.rsplit(".", 1)[0] for key in make_model(name).state_dict()} == prefixes


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"cues"}))
def test_two_outputs_per_clip(name):
    assert make_model(name).eval()(torch.randn(3, 1, 128, 431)).shape == (3, 2)


def test_two_conv_equals_the_layers_written_out():
    model, x = make_model("two_conv"), torch.randn(2, 1, 128, 431)
    hidden = functional.max_pool2d(functional.relu(functional.conv2d(x, model.net[0].weight, model.net[0].bias, padding=1)), 2)
    hidden = functional.max_pool2d(
        functional.relu(functional.conv2d(hidden, model.net[3].weight, model.net[3].bias, padding=1)), 2
    )
    torch.testing.assert_close(model(x), functional.linear(hidden.flatten(2).mean(2), model.fc.weight, model.fc.bias))


def test_two_conv_time_keeps_every_frame_until_its_head():
    model = TwoConvTime().eval()
    x = torch.randn(2, 1, 128, 431)
    curve = model.frames(x)
    assert curve.shape == (2, 431, 2)
    torch.testing.assert_close(model(x), curve.mean(1))
    changed = x.clone()
    changed[..., 300:] = 0
    torch.testing.assert_close(model.frames(changed)[:, :290], curve[:, :290])


def test_folding_batch_norm_changes_no_reading():
    torch.manual_seed(3)
    model = ThreeConv()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(4, 1, 128, 64) * 2 + 1)  # settle running statistics away from 0 and 1
    model.eval()
    x = torch.randn(4, 1, 128, 431)
    plain = model(x)
    folded = frozen(model)
    torch.testing.assert_close(folded(x.contiguous(memory_format=torch.channels_last)), plain, atol=1e-5, rtol=0)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    assert not any(parameter.requires_grad for parameter in folded.parameters())


def test_every_model_has_a_head_of_two_outputs():
    assert all(head_of(make_model(name)).out_features == 2 for name in MODELS if name != "cues")


def test_cues_read_two_outputs_on_each_scale_and_no_cue_moves_them_beyond_its_bound():
    torch.manual_seed(0)
    model = make_model("cues").eval()
    cues = torch.randn(3, COUNT)
    read = model({"cues": cues})
    assert {name: value.shape for name, value in read.items()} == {"vgmidi": (3, 2), "emotify": (3, 2)}
    far = cues.clone()
    far[:, 7] = 1e9
    moved = (model({"cues": far})["vgmidi"] - read["vgmidi"]).abs()
    assert (moved <= 2 * BOUND * model.readers["vgmidi"].linear.weight[:, 7].abs() + 1e-5).all()


def test_unknown_models_and_heads_are_refused():
    with pytest.raises(ParameterError, match=r"'four_conv'.*three_conv"):
        make_model("four_conv")
    with pytest.raises(ParameterError, match="no linear head"):
        head_of(_Headless())


class _Headless(torch.nn.Module):
    fc = None

"""The published networks have their layers and exact parameter counts; the default is small."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from orchestra_core.errors import ParameterError
from orchestra_timbre.front_end import FrontEnd
from orchestra_timbre.models import MODELS, make_model, parameter_count

PUBLISHED = {"big": 2_122_371, "seven_filters": 348_063, "mid": 283_623, "small": 130_697}


@pytest.mark.parametrize(("name", "count"), PUBLISHED.items())
def test_a_published_network_has_exactly_its_parameters(name, count):
    assert parameter_count(make_model(name)) == count


@pytest.mark.parametrize(
    ("name", "filters", "dense", "stride"),
    [
        ("big", [100, 50, 20, 10, 4], [1000, 100, 7], 1),
        ("seven_filters", [7, 7, 7, 7, 7], [100, 7], 1),
        ("mid", [50, 10], [7, 7], 1),
        ("small", [7], [7], 3),
    ],
)
def test_a_published_network_has_its_layers(name, filters, dense, stride):
    layers = list(make_model(name).modules())
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv1d)]
    assert [layer.out_channels for layer in convolutions] == filters
    assert all(layer.kernel_size == (7,) and layer.padding == (0,) and layer.stride == (stride,) for layer in convolutions)
    assert [layer.out_features for layer in layers if isinstance(layer, nn.Linear)] == dense
    pools = [layer for layer in layers if isinstance(layer, nn.MaxPool2d)]
    assert [layer.kernel_size for layer in pools] == [(1, 2)] * len(filters)
    # ReLU after every convolution and every dense layer but the last, which is linear.
    assert sum(isinstance(layer, nn.ReLU) for layer in layers) == len(filters) + len(dense) - 1


def test_a_published_network_computes_what_its_layers_say():
    torch.manual_seed(0)
    model, clip = make_model("small").eval(), torch.randn(1, 16_000)
    convolution = next(layer for layer in model.modules() if isinstance(layer, nn.Conv1d))
    windows = clip[0].unfold(0, 7, 3)  # stride 3, no padding
    hidden = (windows @ convolution.weight[:, 0].T + convolution.bias).clamp_min(0)
    pooled = hidden.unfold(0, 2, 2).amax(-1)
    expected = model.head.weight @ pooled.T.flatten() + model.head.bias
    torch.testing.assert_close(model(clip)[0], expected)


def test_a_published_network_computes_what_plain_layers_compute():
    torch.manual_seed(0)
    model, clips = make_model("seven_filters").eval(), torch.randn(3, 16_000)
    dense = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    hidden = clips[:, None]
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            hidden = nn.functional.max_pool1d(nn.functional.conv1d(hidden, layer.weight, layer.bias).relu(), 2)
    expected = dense[1](dense[0](hidden.flatten(1)).relu())
    torch.testing.assert_close(model(clips), expected, atol=1e-5, rtol=1e-5)


def test_the_default_network_has_less_than_200_000_parameters():
    assert parameter_count(make_model("log_mel")) < 200_000


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_network_reads_seven_numbers_of_each_clip(name):
    model = make_model(name).eval()
    clips = torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0))
    read = model(clips)
    assert read.shape == (2, 7)
    torch.testing.assert_close(model(clips[1:])[0], read[1], atol=1e-5, rtol=1e-4)


def test_what_follows_from_code_is_in_no_weights_file():
    assert FrontEnd().state_dict() == {}
    assert not [name for name in make_model("log_mel").state_dict() if name.startswith("front_end")]


def test_an_unknown_network_is_refused():
    with pytest.raises(ParameterError, match="'huge'; expected one of log_mel, seven_filters"):
        make_model("huge")

"""The feature network: its layout, what its layers give, and what changes nothing."""

import pytest
import torch
from torch import nn

from orchestra_core.errors import ParameterError
from orchestra_style.network import GENRES, LAYERS, StyleNetwork, frozen, level_of, random_network


def spectrograms(count=2, frames=431, seed=0):
    power = torch.randn(count, 384, frames, generator=torch.Generator().manual_seed(seed)).square()
    return power * torch.logspace(0, -3, 384)[:, None]


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        made = StyleNetwork()
    power = spectrograms(4) / spectrograms(4).mean(dim=(1, 2), keepdim=True)
    made.set_band_scale(power.mean(dim=(0, 2)), power.std(dim=(0, 2)))
    made.train()
    with torch.no_grad():
        made(spectrograms(4))  # statistics of the normalisations
    return frozen(made)


def as_published(network):
    """The layout as a plain sequence, written down apart from the class."""
    layers = []
    for number, convolution in enumerate(network.convolutions, start=1):
        layers += [convolution, nn.ReLU(), nn.MaxPool2d(2, stride=1 if number >= 7 else 2)]
    head = (nn.Flatten(), network.norm, nn.Dropout(0.3), network.dense, nn.ReLU(), network.head)
    return nn.Sequential(*layers, *head).eval()


def test_it_computes_the_published_layout(network):
    mel = spectrograms(frames=430)
    scaled = network.input_norm(mel / mel.mean(dim=(1, 2), keepdim=True))[:, None]
    torch.testing.assert_close(network(mel), as_published(network)(scaled))


def test_five_seconds_come_out_as_one_place(network):
    assert network.activations(spectrograms(1, 430), ["pool8"])["pool8"].shape == (1, 32, 1, 1)


def test_it_is_small_and_gives_shares_of_four_genres(network):
    assert sum(parameter.numel() for parameter in network.parameters()) == 32_260
    shares = network.probabilities(spectrograms(3))
    assert shares.shape == (3, len(GENRES))
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(3))


@pytest.mark.parametrize("frames", [1, 2, 3, 40, 259, 383, 900])
def test_any_number_of_frames_is_heard_by_all_layers(network, frames):
    found = network.activations(spectrograms(1, frames), LAYERS)
    assert tuple(found) == LAYERS
    assert all(maps.isfinite().all() and maps.numel() > 0 for maps in found.values())
    assert network(spectrograms(1, frames)).isfinite().all()


def test_activations_are_what_hooks_on_the_layers_see(network):
    mel = spectrograms()
    seen = {}
    handles = [
        convolution.register_forward_hook(lambda module, given, out, n=number: seen.__setitem__(f"conv{n}", out.relu()))
        for number, convolution in enumerate(network.convolutions, start=1)
    ]
    network(mel)
    for handle in handles:
        handle.remove()
    found = network.activations(mel, [f"conv{number}" for number in range(1, 9)])
    for name, maps in found.items():
        torch.testing.assert_close(maps, seen[name])


def test_deeper_layers_than_asked_for_are_not_computed(network):
    called = []
    handle = network.convolutions[2].register_forward_hook(lambda *_: called.append(1))
    network.activations(spectrograms(1), ["pool2", "conv1"])
    handle.remove()
    assert not called


def test_gain_changes_nothing_unless_the_level_is_given(network):
    mel = spectrograms()
    torch.testing.assert_close(network(mel), network(1e-6 * mel), rtol=1e-4, atol=1e-4)
    held = level_of(mel)
    own, louder = (network.activations(power, ["conv1"], level=held)["conv1"] for power in (mel, 4 * mel))
    assert not torch.allclose(own, louder)
    torch.testing.assert_close(own, network.activations(mel, ["conv1"])["conv1"])


def test_what_the_first_layer_hears_is_linear_in_power(network):
    one, other, level = spectrograms(1, seed=1), spectrograms(1, seed=2), torch.ones(1)
    both = network.prepared(one + other, level) + network.prepared(0 * one, level)
    torch.testing.assert_close(network.prepared(one, level) + network.prepared(other, level), both, rtol=1e-4, atol=1e-4)


def test_silence_is_heard_with_finite_gradients(network):
    mel = torch.zeros(1, 384, 300, requires_grad=True)
    sum(maps.sum() for maps in network.activations(mel, LAYERS).values()).backward()
    assert mel.grad.isfinite().all()


def test_gradients_equal_finite_differences():
    network = random_network(3).double()
    mel = spectrograms(1, 4).double().requires_grad_()
    direction = torch.randn(mel.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64) * 1e-7

    def loss(power):
        return sum(maps.square().mean() for maps in network.activations(power, ["conv1", "pool1", "conv3"]).values())

    loss(mel).backward()
    change = loss(mel.detach() + direction) - loss(mel.detach() - direction)
    torch.testing.assert_close(change, 2 * (mel.grad * direction).sum(), rtol=1e-4, atol=0)


def test_clips_do_not_hear_each_other(network):
    mel = spectrograms(3)
    torch.testing.assert_close(network(mel)[1:2], network(mel[1:2]), rtol=1e-4, atol=1e-5)


def test_nothing_in_a_frozen_network_learns(network):
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_random_filters_depend_on_their_seed_alone():
    torch.manual_seed(0)
    first = random_network(7)
    torch.manual_seed(1)
    second, other = random_network(7), random_network(8)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.convolutions[0].weight, other.convolutions[0].weight)


def test_random_filters_hear_through_the_scale_of_another_network(network):
    made = random_network(7, scale_of=network)
    mel = spectrograms(1)
    torch.testing.assert_close(made.prepared(mel), network.prepared(mel))
    assert not torch.allclose(made.prepared(mel), random_network(7).prepared(mel))


@pytest.mark.parametrize("layers", [[], ["conv9"], ["conv1", "dense"]])
def test_unknown_layers_are_refused(network, layers):
    with pytest.raises(ParameterError, match=r"conv1 \.\. conv8"):
        network.activations(spectrograms(1), layers)


@pytest.mark.parametrize("classes", [("rock",), ("rock", "rock")])
def test_classes_must_be_two_and_differ(classes):
    with pytest.raises(ParameterError, match="at least two"):
        StyleNetwork(classes)


def test_a_band_that_never_varies_is_left_as_it_is():
    network = StyleNetwork()
    network.set_band_scale(torch.zeros(384), torch.cat([torch.zeros(1), torch.full((383,), 2.0)]))
    heard = network.train().prepared(torch.ones(1, 384, 5))
    torch.testing.assert_close(heard[0, 0, 0], torch.ones(5))
    torch.testing.assert_close(heard[0, 0, 1], torch.full((5,), 0.5))


def test_training_mode_leaves_the_scale_of_the_input_alone():
    network = StyleNetwork().train()
    before = network.input_norm.running_mean.clone()
    network(spectrograms(4))
    assert network.training
    assert network.norm.training
    assert torch.equal(network.input_norm.running_mean, before)

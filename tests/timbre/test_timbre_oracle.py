"""The oracle reads in points, at any rate, the first second; its gradient is right; what is bright reads brighter."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly
from timbre_data import noise, tone

from orchestra_core import build, write_weights
from orchestra_core.errors import ConfigurationError, WeightsError
from orchestra_timbre.descriptors import DESCRIPTORS
from orchestra_timbre.models import make_model, parameter_count
from orchestra_timbre.oracle import TimbreCNN
from orchestra_timbre.sounds import part_of, read_sounds
from orchestra_timbre.weights import Card


@pytest.fixture(scope="module", params=["default", "judge"])
def oracle(request):
    return TimbreCNN(weights=request.param)


@pytest.fixture(scope="module")
def clips():
    return torch.from_numpy(np.stack([tone(80), tone(500) + noise(decay=0.03), noise(), noise(low=3000)]))


def test_the_dimensions_are_the_seven_descriptors_and_targets_are_readings(oracle):
    assert tuple(dimension.name for dimension in oracle.dimensions) == DESCRIPTORS
    for dimension in oracle.dimensions:
        assert (dimension.lower, dimension.upper, dimension.unit) == (0.0, 100.0, "points")
        assert dimension.mean is None
        assert dimension.reading(62.0) == 62.0


def test_high_noise_is_brighter_and_sharper_and_low_noise_is_deeper_warmer_and_boomier(oracle):
    readings = oracle.read(torch.from_numpy(np.stack([noise(low=4000), noise(high=200)])), 16_000)
    for name in ("brightness", "sharpness", "hardness"):
        assert readings[name][0] > readings[name][1] + 20
    for name in ("depth", "warmth", "boominess"):
        assert readings[name][1] > readings[name][0] + 20


def test_what_follows_the_first_second_is_cut(oracle, clips):
    longer = torch.cat([clips, clips.flip(0)], dim=1)
    for name, reading in oracle.read(longer, 16_000).items():
        torch.testing.assert_close(reading, oracle.read(clips, 16_000)[name], atol=0, rtol=0)


def test_windows_read_what_follows_the_first_second(oracle, clips):
    longer = torch.cat([clips, clips.flip(0)], dim=1)
    windows = oracle.read_windows(longer, 16_000, hop=1.0)
    torch.testing.assert_close(windows.values["brightness"][:, 1], oracle.read(clips.flip(0), 16_000)["brightness"])


def test_a_shorter_clip_is_padded_with_silence(oracle):
    short = torch.from_numpy(noise(decay=0.05))[None, :4_000]
    padded = torch.nn.functional.pad(short, (0, 12_000))
    for name, reading in oracle.read(short, 16_000).items():
        torch.testing.assert_close(reading, oracle.read(padded, 16_000)[name])


@pytest.mark.parametrize(("rate", "up", "down"), [(44_100, 441, 160), (48_000, 3, 1), (22_050, 441, 320)])
def test_other_rates_read_alike(oracle, rate, up, down):
    clip = (tone(200) + noise(high=3000))[None]
    resampled = torch.from_numpy(resample_poly(clip, up, down, axis=1, window=("kaiser", 12.0))).float()
    for name, reading in oracle.read(resampled, rate).items():
        assert abs((reading - oracle.read(torch.from_numpy(clip), 16_000)[name]).item()) < 1.5, name


@pytest.mark.parametrize("gain", [0.01, 1.9])
def test_the_reading_is_blind_to_gain(oracle, clips, gain):
    for name, reading in oracle.read(gain * clips, 16_000).items():
        torch.testing.assert_close(reading, oracle.read(clips, 16_000)[name], atol=0.1, rtol=0)


def test_a_clip_alone_has_the_same_bits_as_in_a_batch(oracle, clips):
    together = oracle.read(clips, 16_000)
    for row in range(len(clips)):
        for name, reading in oracle.read(clips[row : row + 1], 16_000).items():
            assert torch.equal(reading[0], together[name][row])


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_the_gradient_is_that_of_finite_differences(rate):
    oracle = TimbreCNN()
    random = torch.Generator().manual_seed(2)
    clip = torch.from_numpy(noise(seed=4) + tone(150))[None].double()
    clip = clip if rate == 16_000 else torch.from_numpy(resample_poly(clip.numpy(), 441, 160, axis=1).copy())
    direction = torch.randn(clip.shape, generator=random, dtype=torch.float64) * clip.abs()
    clip.requires_grad_()
    for name in ("brightness", "boominess", "roughness"):
        (gradient,) = torch.autograd.grad(oracle.read(clip, rate)[name].sum(), clip)
        slope = (gradient * direction).sum().item()
        with torch.no_grad():
            step = 1e-6
            ahead, behind = (oracle.read(clip + side * step * direction, rate)[name].item() for side in (1, -1))
        assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-3), name


def test_a_design_can_follow_the_gradient(oracle):
    # Adam on the gains of eight bands of noise makes it darker.
    bands = torch.from_numpy(np.stack([noise(low=100 * 2**k, high=200 * 2**k, seed=k) for k in range(6)]))
    gains = torch.zeros(6, requires_grad=True)
    optimiser = torch.optim.Adam([gains], lr=0.3)
    read = []
    for _ in range(15):
        brightness = oracle.read((gains.exp() @ bands)[None], 16_000)["brightness"].sum()
        read.append(brightness.item())
        optimiser.zero_grad()
        brightness.backward()
        optimiser.step()
    assert read[-1] < read[0] - 10


def test_the_shipped_networks_are_small_and_learned_from_other_sources(shared_timbre):
    cards = {name: TimbreCNN(weights=name).card for name in ("default", "judge")}
    assert all(card.architecture == "log_mel" and card.parameters < 200_000 for card in cards.values())
    assert (cards["default"].part, cards["judge"].part) == ("oracle", "judge")
    learned = [sound for sound in read_sounds(shared_timbre) if sound.split == "train"]
    parts = {name: {s.source for s in learned if part_of(s.source) == name} for name in ("oracle", "judge")}
    assert not parts["oracle"] & parts["judge"]
    assert min(map(len, parts.values())) > 200


def test_the_card_holds_the_parameters_that_the_network_has():
    oracle = TimbreCNN()
    assert oracle.card.parameters == parameter_count(make_model("log_mel"))
    assert resources.files("orchestra_timbre").joinpath("weights", "log_mel.json").is_file()


def test_weights_of_ones_own_are_read_from_a_path(tmp_path):
    torch.manual_seed(0)
    write_weights(tmp_path / "mine.safetensors", make_model("small"), Card(architecture="small", note="mine"))
    built = build("oracle", {"name": "timbre_cnn", "config": {"model": "small", "weights": str(tmp_path / "mine.safetensors")}})
    assert built.component.card.note == "mine"
    assert built.files == (tmp_path / "mine.safetensors",)


def test_a_network_without_shipped_weights_asks_for_some():
    with pytest.raises(ConfigurationError, match="No weights are shipped for 'big'"):
        TimbreCNN(model="big")
    with pytest.raises(ConfigurationError, match="model is 'huge'"):
        TimbreCNN(model="huge")
    with pytest.raises(WeightsError, match="does not exist"):
        TimbreCNN(weights="nowhere.safetensors")


def test_advice_is_given_when_targets_contradict_one_another(oracle):
    assert oracle.advise({"brightness": 60.0, "boominess": 20.0}) == ()
    assert "contradicts" in oracle.advise({"brightness": 80.0, "boominess": 65.0})[0]

"""The oracle reads the same whatever the rate, batch, gain and precision, and its gradients are finite."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest
import torch

from orchestra_core.errors import ConfigurationError, ParameterError, WeightsError
from orchestra_deam.models import make_model
from orchestra_deam.oracle import DeamCNN


@pytest.fixture(scope="module")
def oracle():
    return DeamCNN()


@pytest.fixture(scope="module", params=["cues", "three_conv"])
def each(request):
    """Each model that weights are shipped for."""
    return DeamCNN(model=request.param)


@pytest.fixture(scope="module")
def clips():
    """Chords that decay, and noise, at 44.1 kHz."""
    rng = np.random.default_rng(0)
    t = torch.arange(220_500, dtype=torch.float64) / 44_100
    notes = [
        sum(torch.sin(2 * torch.pi * f * k * t) / k for f in chord for k in (1, 2, 3)) for chord in ((220, 277, 330), (110, 131))
    ]
    pulse = torch.exp(-6 * (t % 0.5))
    noise = torch.from_numpy(rng.standard_normal(220_500)) * 0.05
    return torch.stack([notes[0] * pulse * 0.1, notes[1] * 0.1, noise, notes[0] * 0.05 + noise]).float()


def test_readings_have_the_names_of_the_dimensions_in_order(each, clips):
    assert [dimension.name for dimension in each.dimensions] == ["arousal", "valence"]
    readings = each.read(clips, 44_100)
    assert list(readings) == ["arousal", "valence"]
    assert all(values.shape == (4,) and values.abs().max() < 1.5 for values in readings.values())


def test_dimensions_carry_the_corpus_that_defines_the_request_scale(oracle):
    # Means over all 200 pieces are 0.052 and 0.163, standard deviations 0.245 and 0.221; the card's are of the two
    # parts that are not final.
    arousal, valence = oracle.dimensions
    assert (arousal.lower, arousal.upper) == (-1.0, 1.0)
    assert (arousal.mean, arousal.sd) == pytest.approx((0.052, 0.245), abs=0.01)
    assert (valence.mean, valence.sd) == pytest.approx((0.163, 0.221), abs=0.01)


def test_both_native_rates_give_the_same_reading(each, clips):
    from scipy.signal import resample_poly

    halved = torch.from_numpy(resample_poly(clips.numpy(), 1, 2, axis=1, window=("kaiser", 12.0))).float()
    for name, reading in each.read(halved, 22_050).items():
        torch.testing.assert_close(reading, each.read(clips, 44_100)[name], atol=5e-3, rtol=0)


def test_a_clip_alone_has_the_same_bits_as_in_a_batch(each, clips):
    def read(audio):
        audio = audio.clone().requires_grad_()
        readings = each.read(audio, 44_100)
        sum(reading.sum() for reading in readings.values()).backward()
        return {**{name: reading.detach() for name, reading in readings.items()}, "gradient": audio.grad}

    together = read(clips)
    for index in range(len(clips)):
        alone = read(clips[index : index + 1])
        assert all(torch.equal(alone[name][0], together[name][index]) for name in together)


def test_reading_twice_gives_the_same_bits(each, clips):
    first, second = (each.read(clips, 44_100) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_readings_are_blind_to_gain(each, clips):
    for name, reading in each.read(clips * 0.01, 44_100).items():
        torch.testing.assert_close(reading, each.read(clips, 44_100)[name], atol=1e-4, rtol=0)


def test_double_precision_is_read_in_double_precision(each, clips):
    readings = each.read(clips.double(), 44_100)
    for name, reading in each.read(clips, 44_100).items():
        assert readings[name].dtype == torch.float64
        torch.testing.assert_close(readings[name].float(), reading, atol=1e-4, rtol=0)


def test_gradient_to_audio_equals_a_finite_difference(each, clips):
    torch.manual_seed(0)
    audio = clips[:1, ::2].double().requires_grad_()
    direction = torch.randn_like(audio)
    each.read(audio, 22_050)["valence"].sum().backward()
    with torch.no_grad():
        ahead, behind = (each.read(audio + s * direction, 22_050)["valence"] for s in (1e-9, -1e-9))
    # The step is small because ReLU and max pooling have kinks.
    assert float((ahead - behind) / 2e-9) == pytest.approx(float((audio.grad * direction).sum()), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_first_reading_in_inference_mode_leaves_gradients_possible(clips, dtype):
    oracle = DeamCNN()
    with torch.inference_mode():
        oracle.read(clips[:1].to(dtype), 44_100)
    audio = clips[:1].to(dtype).requires_grad_()
    oracle.read(audio, 44_100)["arousal"].sum().backward()
    assert audio.grad.abs().max() > 0


def test_silence_has_a_finite_reading_and_gradient(each):
    audio = torch.zeros(2, 110_250, requires_grad=True)
    readings = each.read(audio, 22_050)
    sum(reading.sum() for reading in readings.values()).backward()
    assert all(torch.isfinite(reading).all() for reading in readings.values())
    assert torch.isfinite(audio.grad).all()


def test_the_network_is_frozen(each, clips):
    readings = each.read(clips.requires_grad_(False), 44_100)
    assert not any(reading.requires_grad for reading in readings.values())


def test_short_audio_is_padded_and_long_audio_is_averaged(each, clips):
    padded = torch.nn.functional.pad(clips[:, :100_000], (0, 120_500))
    longer = torch.cat([clips, clips.flip(0)], dim=1)
    for name, reading in each.read(clips[:, :100_000], 44_100).items():
        torch.testing.assert_close(reading, each.read(padded, 44_100)[name])
        halves = each.read(clips, 44_100)[name]
        torch.testing.assert_close(each.read(longer, 44_100)[name], (halves + halves.flip(0)) / 2, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("model", "others"), [("three_conv", ("nnaudio", "torch")), ("cues", ("torch", "auto"))])
def test_backends_read_the_same(clips, model, others):
    plain = DeamCNN(model, backend="torchaudio").read(clips, 44_100)
    for backend in others:
        for name, reading in DeamCNN(model, backend=backend).read(clips, 44_100).items():
            torch.testing.assert_close(reading, plain[name], atol=1e-4, rtol=0)


def test_the_second_head_reads_on_the_scale_of_its_own_ratings(clips):
    oracle = DeamCNN(head="emotify")
    assert all(dimension.upper == 4.0 and dimension.sd > 0.5 for dimension in oracle.dimensions)
    assert not torch.equal(oracle.read(clips, 44_100)["arousal"], DeamCNN().read(clips, 44_100)["arousal"])
    with pytest.raises(ConfigurationError, match=r"'emotify'.*'three_conv'"):
        DeamCNN("three_conv", head="emotify")


@pytest.mark.parametrize("model", ["cues", "three_conv"])
def test_an_untrained_control_repeats_by_its_seed(clips, model):
    first, again, other = (DeamCNN(model, control="untrained", seed=seed).read(clips, 44_100) for seed in (1, 1, 2))
    assert torch.equal(first["valence"], again["valence"])
    assert not torch.allclose(first["valence"], other["valence"], atol=1e-3)
    with pytest.raises(ConfigurationError, match="'shuffled'"):
        DeamCNN(model, control="shuffled")


def test_the_oracle_equals_its_unfolded_network(clips):
    from orchestra_deam.front_end import FrontEnd
    from orchestra_deam.oracle import weights_path
    from orchestra_deam.weights import load_weights

    network, _ = load_weights(weights_path("three_conv"), "three_conv")
    with torch.no_grad():
        plain = network(FrontEnd()(clips, 44_100))
    readings = DeamCNN("three_conv").read(clips, 44_100)
    torch.testing.assert_close(torch.stack([readings["arousal"], readings["valence"]], dim=1), plain, atol=1e-5, rtol=0)


@pytest.mark.parametrize("model", ["two_conv", "two_conv_time"])
def test_foreign_weights_make_an_oracle_without_a_corpus(tmp_path, clips, model):
    torch.save(make_model(model).state_dict(), tmp_path / "best.pt")
    oracle = DeamCNN(model=model, weights=str(tmp_path / "best.pt"))
    assert oracle.dimensions[0].mean is None
    assert torch.isfinite(oracle.read(clips, 44_100)["valence"]).all()


def test_models_without_shipped_weights_need_a_file():
    with pytest.raises(ConfigurationError, match=r"No weights are shipped for 'two_conv'.*weights=PATH"):
        DeamCNN(model="two_conv")
    with pytest.raises(ConfigurationError, match="'five_conv'"):
        DeamCNN(model="five_conv")
    with pytest.raises(WeightsError, match="does not exist"):
        DeamCNN(weights="nowhere.pt")


def test_audio_that_is_not_finite_is_refused(oracle):
    with pytest.raises(ParameterError, match="NaN"):
        oracle.read(torch.full((1, 110_250), float("nan")), 22_050)


@pytest.mark.parametrize(
    ("model", "marked", "data"),
    [
        ("three_conv", {"all renderings": (0.8, 0.45)}, "VGMIDI"),
        (
            "cues",
            {"VGMIDI, k-fold by game, before calibration": (0.8, 0.69), "VGMIDI, held-out games": (0.7, 0.7)},
            "VGMIDI, Emotify",
        ),
    ],
)
def test_the_shipped_cards_are_honest(model, marked, data):
    folder = resources.files("orchestra_deam")
    card = json.loads(folder.joinpath("weights", f"{model}.json").read_text())
    parts = json.loads(folder.joinpath("partitions", "vgmidi.json").read_text())["parts"]
    split = card["split"].get("vgmidi", card["split"])
    assert card["license"] == f"MIT code; weights trained on research-only data ({data})"
    assert set(split["trained_on"]) <= set(parts["oracle"])
    assert set(split["held_out"]) <= set(parts["judges"])
    for name, (arousal, valence) in marked.items():
        marks = card["metrics"][name]["pieces"]
        assert marks["arousal"]["r"] > arousal
        assert marks["valence"]["r"] > valence
    size = sum(folder.joinpath("weights", f"{model}.{suffix}").stat().st_size for suffix in ("safetensors", "json"))
    assert size < 200_000


def test_the_default_oracle_reads_pieces_by_the_lines_of_its_card_and_single_clips_without():
    clips = torch.randn(2, 110_250, generator=torch.Generator().manual_seed(3))
    for head in ("vgmidi", "emotify"):
        lines = DeamCNN(head=head).card.lines(head)
        pieces, single = (DeamCNN(head=head, reads=reads).read(clips, 22_050) for reads in ("pieces", "clips"))
        for name in ("arousal", "valence"):
            torch.testing.assert_close(pieces[name], lines[name]["slope"] * single[name] + lines[name]["intercept"])
            assert 1.0 < lines[name]["slope"] < 3.0


def test_controls_have_no_lines_and_other_kinds_of_reading_are_refused():
    clips = torch.randn(1, 110_250, generator=torch.Generator().manual_seed(3))
    pieces, single = (DeamCNN(control="untrained", reads=reads).read(clips, 22_050) for reads in ("pieces", "clips"))
    assert all(torch.equal(pieces[name], single[name]) for name in pieces)
    with pytest.raises(ConfigurationError, match="reads is 'songs'; expected 'pieces' or 'clips'"):
        DeamCNN(reads="songs")

"""The objective is 0 where nothing is asked, deaf to gain, and says what it cannot use."""

from pathlib import Path

import numpy as np
import pytest
import torch
from style_sounds import RATE, pulses, tune, written

from orchestra_core import Brief, Canvas, Pipeline, Take, build
from orchestra_core.errors import AudioFileError, ConfigurationError, IncompatibleError, ParameterError
from orchestra_style.objective import Style, _beyond_tolerance
from orchestra_style.recordings import style_recording
from orchestra_style.transfer_config import ContentParts, StyleParts

FAST = {"style_parts": StyleParts(gram=0.0), "content_parts": ContentParts(features=0.0)}


def take(audio, source=None, rate=RATE):
    audio = torch.as_tensor(np.asarray(audio)).float()[None]
    source = audio if source is None else torch.as_tensor(np.asarray(source)).float()[None]
    canvas = Canvas(audio.shape[1] / rate, rate, "as_is")
    brief = Brief(canvas, {}, torch.tensor([1]), source=source)
    return Take(audio, rate, {}, brief, brief.generator("test"))


def terms(objective, *arguments, **options):
    return {name: float(term) for name, term in objective.evaluate(take(*arguments, **options)).terms.items()}


@pytest.fixture(scope="module")
def style_file(tmp_path_factory):
    return written(tmp_path_factory.mktemp("style") / "pulses.wav", pulses())


def test_the_source_itself_costs_nothing_where_no_style_is_given():
    assert terms(Style(), tune()) == {"style": pytest.approx(0.0, abs=1e-6), "content": pytest.approx(0.0, abs=1e-4)}


def test_at_strength_0_the_source_costs_nothing(style_file):
    assert terms(Style(style=style_file, strength=0.0), tune())["style"] == pytest.approx(0.0, abs=1e-6)


def test_the_style_recording_has_no_distance_from_itself(style_file):
    found = terms(Style(style=style_file), pulses(), source=tune(2.0))
    assert found["style"] == pytest.approx(0.0, abs=2e-3)  # its last 20 samples, no whole frame, are left out
    assert found["content"] > 0.5


def test_half_the_strength_asks_for_less(style_file):
    full, half = (terms(Style(style=style_file, strength=s, **FAST), tune())["style"] for s in (1.0, 0.5))
    assert half == pytest.approx(full / 4, rel=0.05)  # squared distances from half-way


def test_gain_costs_nothing(style_file):
    objective = Style(style=style_file)
    assert terms(objective, 0.1 * tune(), source=tune()) == pytest.approx(terms(objective, tune()), rel=1e-3, abs=1e-4)


def test_audio_at_twice_the_rate_is_heard_alike(style_file):
    low, high = (
        terms(Style(style=style_file, **FAST), tune()),
        terms(Style(style=style_file, **FAST), tune(rate=44_100), rate=44_100),
    )
    assert high["style"] == pytest.approx(low["style"], rel=0.15)
    assert high["content"] == pytest.approx(0.0, abs=1e-4)


def test_readings_are_the_parts_of_the_terms(style_file):
    evaluation = Style(style=style_file).evaluate(take(tune()))
    parts = vars(StyleParts())
    expected = sum(weight * float(evaluation.readings[f"style.{name}"]) for name, weight in parts.items())
    assert float(evaluation.terms["style"]) == pytest.approx(expected, rel=1e-5)


def test_a_part_without_weight_is_not_counted(style_file):
    alone = Style(
        style=style_file, style_parts=StyleParts(0.0, 1.0, 0.0, 0.0, 0.0, 0.0), content_parts=ContentParts(features=0.0)
    )
    evaluation = alone.evaluate(take(tune()))
    assert float(evaluation.terms["style"]) == pytest.approx(float(evaluation.readings["style.spectrum"]))
    assert "style.gram" not in evaluation.readings


def test_layers_of_the_configuration_are_heard(style_file):
    one, other = (Style(style=style_file, style_layers={layer: 1.0}).evaluate(take(tune())) for layer in ("pool1", "conv3"))
    assert float(one.readings["style.gram"]) != float(other.readings["style.gram"])


def test_it_needs_a_source():
    bare = take(tune())
    brief = Brief(bare.brief.canvas, {}, torch.tensor([1]))
    with pytest.raises(IncompatibleError, match="name a source"):
        Style(**FAST).evaluate(Take(bare.audio, RATE, {}, brief, brief.generator("test")))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1.2}, "strength is 1.2"),
        ({"style_layers": {"conv9": 1.0}}, "conv9"),
        ({"style_layers": {}}, "weighs nothing"),
        ({"style_parts": StyleParts(gram=-1.0)}, "expected a number of 0 or more"),
    ],
)
def test_what_it_cannot_use_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Style(**options)


def test_recordings_that_are_silent_short_or_missing_are_refused(tmp_path):
    silent, short = written(tmp_path / "silent.wav", np.zeros(RATE)), written(tmp_path / "short.wav", pulses(0.2))
    for path, message in ((silent, "silent"), (short, "0.20 s"), (tmp_path / "none.wav", "does not exist")):
        with pytest.raises(AudioFileError, match=message):
            Style(style=path, **FAST)


def test_only_the_middle_of_a_long_style_is_heard(tmp_path):
    long = np.concatenate([np.zeros(15 * RATE), pulses(30.0), np.zeros(15 * RATE)])
    cut, whole = (Style(style=written(tmp_path / f"{n}.wav", audio), **FAST) for n, audio in (("a", pulses(30.0)), ("b", long)))
    assert terms(whole, tune()) == pytest.approx(terms(cut, tune()), rel=5e-3)  # cut at frames of 50 ms


def test_a_configuration_of_names_and_values_makes_it(style_file):
    config = {"style": str(style_file), "style_parts": {"gram": 0.0}, "content_parts": {"features": 0.0}}
    built = build("objective", {"name": "style", "config": config})
    assert built.files == (Path(style_file),)
    with pytest.raises(ConfigurationError):
        build("objective", {"name": "style", "config": {"style_parts": {"grams": 0.0}}})


def test_an_instrument_brings_a_schedule_that_suits_it(style_file, tmp_path):
    source = written(tmp_path / "tune.wav", tune(0.6))
    for instrument in ("waveform", "spectrogram"):
        pipeline = Pipeline(instrument=instrument, objective={"name": "style", "config": {"style": str(style_file)}})
        result = pipeline.compose(source=source, canvas=Canvas(0.6, RATE), budget=3)
        assert set(result.readings) >= {"style.gram", "style.modulation", "content.harmony"}
        losses = result.history["loss"]
        assert losses.iloc[-1] < losses.iloc[0]


def test_a_fade_of_the_style_is_not_asked_for(tmp_path):
    faded = pulses(3.0, frequency=0.0) * np.clip(np.linspace(0, 3, 3 * RATE), 0, 1)
    assert style_recording(written(tmp_path / "faded.wav", faded)).shape[1] < 2.8 * RATE
    assert style_recording(written(tmp_path / "whole.wav", pulses(3.0))).shape[1] > 2.9 * RATE


def test_a_little_lost_harmony_costs_little_and_much_of_it_ever_more():
    lost = torch.tensor([0.0, 0.05, 0.15, 0.2, 0.4])
    cost = _beyond_tolerance(lost)
    assert float(cost[3]) == pytest.approx(0.8)
    assert torch.equal(cost < lost, torch.tensor([False, True, False, False, False]))
    assert (cost.diff() / lost.diff()).diff().min() > 0

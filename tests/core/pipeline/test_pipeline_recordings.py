"""Recordings in requests: source audio to start from, and sounds to be like."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from small_pipeline import Centroid, Descent

from orchestra_core import Canvas, Evaluation, Instrument, Objective, Oracle, Parameter, Pipeline, Request
from orchestra_core.cli.compose import compose
from orchestra_core.errors import AudioFileError, IncompatibleError
from orchestra_core.io.audio import read_audio, write_wav
from orchestra_core.pipeline.settings import load_settings

CANVAS = Canvas(duration=0.5, sample_rate=16_000, level="as_is")


def tone(path, frequency, duration=0.5, rate=16_000):
    time = torch.arange(round(duration * rate)) / rate
    return write_wav(path, 0.5 * torch.sin(2 * math.pi * frequency * time), rate)


class Amplified(Instrument):
    """The source under a gain."""

    capabilities = frozenset({"differentiable", "source"})

    def _parameters(self, brief):
        gain = torch.full((len(brief),), 0.5)
        return (
            Parameter("gain", "level", gain, "1", 0.0, 2.0, "Gain."),
            Parameter("source", "source", brief.source, "1", -1.0, 1.0, "Source.", fixed=True),
        )

    def _render(self, values, canvas):
        return values["gain"][:, None] * values["source"]


class Likeness(Objective):
    """Squared distance to the source."""

    capabilities = frozenset({"differentiable", "source"})

    @property
    def terms(self):
        return ("distance",)

    def _evaluate(self, take):
        distance = ((take.audio - take.brief.source) ** 2).mean(dim=1)
        return Evaluation({"distance": 1e3 * distance}, {"distance": distance})


def likeness(registry):
    return Pipeline(instrument=Amplified(), objective=Likeness(), schedule=Descent(60), registry=registry)


def test_an_instrument_starts_from_the_source_and_an_objective_measures_against_it(registry, tmp_path):
    source = tone(tmp_path / "a.wav", 440.0)
    result = likeness(registry).compose(source=source, canvas=CANVAS)
    np.testing.assert_allclose(result.audio, read_audio(source)[0][0].numpy(), atol=5e-3)


def test_a_piece_is_as_long_as_its_source_unless_a_length_is_asked(registry, tmp_path):
    source = tone(tmp_path / "a.wav", 440.0, duration=0.8)
    assert likeness(registry).compose(source=source).canvas == Canvas(duration=0.8)
    result = likeness(registry).compose(source=source, duration=1.0)
    assert result.canvas.duration == 1.0
    assert not result.audio[-8_000:].any(), "a shorter source ends in silence"


def test_every_item_has_its_own_source(registry, tmp_path):
    sources = [tone(tmp_path / "a.wav", 440.0), tone(tmp_path / "b.wav", 660.0, duration=0.3)]
    both = likeness(registry).compose_many([Request(source=source, seed=3) for source in sources], canvas=CANVAS)
    for result, source in zip(both, sources, strict=True):
        alone = likeness(registry).compose(source=source, seed=3, canvas=CANVAS)
        np.testing.assert_array_equal(result.audio, alone.audio)


def test_a_source_that_is_missing_or_used_by_nobody_is_refused(registry, tmp_path):
    with pytest.raises(IncompatibleError, match=r"instrument Amplified works on a recording.*--source"):
        likeness(registry).compose(canvas=CANVAS)
    source = tone(tmp_path / "a.wav", 440.0)
    with pytest.raises(IncompatibleError, match=r"neither Tone nor Match uses one.*--like"):
        Pipeline(registry=registry).compose(targets={"centroid": 0.0}, source=source, canvas=CANVAS)
    with pytest.raises(IncompatibleError, match="works on a recording and none was given"):
        likeness(registry).compose_many([Request(source=source), Request()], canvas=CANVAS)


def test_a_source_that_cannot_be_read_leaves_no_folder(registry, tmp_path):
    with pytest.raises(AudioFileError, match="does not exist"):
        likeness(registry).compose(source=tmp_path / "none.wav", canvas=CANVAS, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_something_like_a_recording_has_its_reading(registry, tmp_path):
    recording = tone(tmp_path / "a.wav", 700.0)
    result = Pipeline(registry=registry).compose(like=recording, canvas=CANVAS)
    heard = float(Centroid().read(*read_audio(recording))["centroid"])
    assert result.targets == {"centroid": pytest.approx(heard)}
    assert result.readings["centroid"] == pytest.approx(heard, abs=20.0)


def test_a_target_goes_before_the_recording(registry, tmp_path):
    recording = tone(tmp_path / "a.wav", 700.0)
    result = Pipeline(registry=registry).compose(like=recording, targets={"centroid": 0.5}, canvas=CANVAS)
    assert result.targets == {"centroid": 700.0}


def test_an_objective_that_reads_no_recordings_says_so(registry, tmp_path):
    source = tone(tmp_path / "a.wav", 440.0)
    with pytest.raises(IncompatibleError, match="Likeness reads no recordings"):
        likeness(registry).compose(source=source, like=source, canvas=CANVAS)


def test_a_run_folder_makes_its_piece_again_from_its_own_copy(registry, tmp_path):
    recording = tone(tmp_path / "a.wav", 700.0)
    first = Pipeline(registry=registry).compose(like=recording, canvas=CANVAS, directory=tmp_path / "run")
    recording.unlink()
    settings = load_settings(tmp_path / "run")
    assert settings.items[0].like.parent == tmp_path / "run" / "inputs"
    again = settings.perform(registry, tmp_path / "again")[0]
    np.testing.assert_array_equal(first.audio, again.audio)
    assert (tmp_path / "run/audio.wav").read_bytes() == (tmp_path / "again/audio.wav").read_bytes()


def test_a_request_knows_its_files(tmp_path):
    assert Request(source=tmp_path / "a.wav", like=tmp_path / "b.wav").files == (tmp_path / "a.wav", tmp_path / "b.wav")
    assert replace(Request(), seed=3).files == ()


class Advising(Centroid):
    """Has something to say of every target."""

    def advise(self, targets):
        return tuple(f"A {name} of {value:g} Hz is rare." for name, value in targets.items())


def test_the_oracles_advice_is_among_the_messages(registry):
    result = Pipeline(oracle=Advising(), registry=registry).compose(targets={"centroid": 0.5}, canvas=CANVAS)
    assert result.messages[0] == "A centroid of 700 Hz is rare."


def test_a_sound_that_is_there_needs_no_advice(registry, tmp_path):
    recording = tone(tmp_path / "a.wav", 700.0)
    pipeline = Pipeline(oracle=Advising(), registry=registry)
    assert not any("rare" in message for message in pipeline.compose(like=recording, canvas=CANVAS).messages)
    mixed = pipeline.compose(like=recording, targets={"centroid": 0.5}, canvas=CANVAS)
    assert mixed.messages[0] == "A centroid of 700 Hz is rare."


def test_the_command_line_takes_both(tmp_path):
    source = str(tone(tmp_path / "a.wav", 440.0))
    refused = CliRunner().invoke(compose, ["--source", source, "happy", "-o", str(tmp_path / "x")])
    assert isinstance(refused.exception, IncompatibleError)
    assert "--like FILE" in str(refused.exception)
    missing = CliRunner().invoke(compose, ["--like", str(tmp_path / "none.wav"), "-o", str(tmp_path / "x")])
    assert isinstance(missing.exception, AudioFileError)
    assert not (tmp_path / "x").exists()


def test_an_oracle_has_no_advice_by_default():
    assert Oracle.advise(Centroid(), {"centroid": 1.0}) == ()

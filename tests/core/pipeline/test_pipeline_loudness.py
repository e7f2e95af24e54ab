"""Loudness expresses arousal, or is the same for all, by a recorded gain; the true peak stays below its ceiling."""

import json
import math

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from small_pipeline import Centroid, Tone

from orchestra_core import Canvas, Dimension, Pipeline
from orchestra_core.cli.compose import compose
from orchestra_core.errors import ParameterError
from orchestra_core.io.audio import read_audio
from orchestra_core.io.loudness import measure_loudness
from orchestra_core.pipeline import Request
from orchestra_core.pipeline.export import asked_loudness, export
from orchestra_core.pipeline.settings import Settings, load_settings

AROUSAL = Dimension("arousal", 0.0, 4_000.0, "Hz", mean=600.0, sd=100.0)


class Excitement(Centroid):
    """The spectral centroid as arousal."""

    @property
    def dimensions(self):
        return (AROUSAL,)

    def _read(self, clips, sample_rate):
        return {"arousal": super()._read(clips, sample_rate)["centroid"]}


CANVAS = Canvas(duration=0.5, sample_rate=16_000)


@pytest.fixture
def pipeline(registry):
    return Pipeline(registry=registry, oracle=Excitement(), schedule={"name": "descent", "config": {"steps": 3}})


@pytest.mark.parametrize("arousal", [-1.0, -0.5, 0.0, 0.25])
def test_a_piece_is_as_loud_as_its_arousal_asks(pipeline, arousal):
    result = pipeline.compose(arousal=arousal, canvas=CANVAS)
    assert result.asked_loudness == pytest.approx(-20.0 + 8.0 * arousal)
    assert result.loudness.integrated == pytest.approx(-20.0 + 8.0 * arousal, abs=0.01)
    assert result.canvas == CANVAS


def test_what_is_asked_in_readings_is_as_loud_as_the_same_on_the_request_scale(pipeline):
    asked = pipeline.compose(targets={"arousal": 600.0 + 2 * 100.0 * -0.5}, scale="reading", canvas=CANVAS)
    assert asked.asked_loudness == pytest.approx(-24.0)
    beyond = pipeline.compose(targets={"arousal": 3_000.0}, scale="reading", canvas=CANVAS)
    assert beyond.asked_loudness == pytest.approx(-12.0)


@pytest.mark.parametrize(("loudness", "expected"), [("matched", -20.0), (-26.5, -26.5), (-18, -18.0)])
def test_matched_pieces_are_equally_loud_whatever_is_asked(pipeline, loudness, expected):
    requests = [Request({"arousal": value}) for value in (-0.9, 0.9)]
    for result in pipeline.compose_many(requests, canvas=CANVAS, loudness=loudness):
        assert result.loudness.integrated == pytest.approx(expected, abs=0.01)


def test_peak_leaves_every_piece_at_its_peak(pipeline):
    result = pipeline.compose(arousal=-0.9, canvas=CANVAS, loudness="peak")
    assert np.abs(result.audio).max() == pytest.approx(CANVAS.peak, abs=1e-6)
    assert result.asked_loudness is None


def test_where_no_arousal_is_asked_pieces_keep_their_peak(registry):
    result = Pipeline(registry=registry).compose(targets={"centroid": 0.2}, canvas=CANVAS, budget=2)
    assert np.abs(result.audio).max() == pytest.approx(CANVAS.peak, abs=1e-6)


def test_expressive_without_arousal_is_the_loudness_in_the_middle(registry):
    result = Pipeline(registry=registry).compose(targets={"centroid": 0.2}, canvas=CANVAS, budget=2, loudness="expressive")
    assert result.loudness.integrated == pytest.approx(-20.0, abs=0.01)


def test_the_default_leaves_pieces_too_short_for_a_loudness_at_their_peak(pipeline):
    assert asked_loudness(Canvas(duration=0.3), {"arousal": 600.0}, [AROUSAL]) is None
    with pytest.raises(ParameterError, match=r"A canvas of 0\.3 s has no loudness"):
        pipeline.compose(arousal=0.0, duration=0.3, loudness="expressive")


def clicks(rate=48_000):
    """Return faint noise with single loud samples: quiet, of a high peak."""
    audio = torch.from_numpy(np.random.default_rng(0).normal(0, 1e-3, 2 * rate))
    audio[:: rate // 4] = 0.5
    return audio[None]


def test_a_loudness_beyond_the_true_peak_is_lowered_and_said():
    canvas = Canvas(duration=2.0, sample_rate=48_000, level="expressive")
    exported = export(clicks(), canvas, -10.0)
    measured = measure_loudness(exported.audio[0].numpy(), 48_000)
    assert measured.true_peak == pytest.approx(-1.0, abs=1e-6)
    (message,) = exported.messages
    assert f"asked for is -10.0 LUFS; the piece has {measured.integrated:.1f} LUFS" in message


def test_the_only_thing_done_is_a_gain_and_it_is_recorded():
    canvas = Canvas(duration=2.0, sample_rate=48_000, level="expressive")
    rendered = clicks()
    for asked in (-40.0, -10.0, None):
        exported = export(rendered, canvas, asked)
        torch.testing.assert_close(exported.audio, rendered * exported.gain[:, None], rtol=1e-6, atol=1e-9)


def test_silence_stays_silent_and_is_said():
    exported = export(torch.zeros(1, 8_000), Canvas(duration=1.0, sample_rate=8_000), -20.0)
    assert not exported.audio.any()
    assert "silent" in exported.messages[0]


def test_readings_are_those_of_what_is_exported(pipeline, registry):
    class Loud(Excitement):
        def _read(self, clips, sample_rate):
            return {"arousal": 1_000 * clips.abs().amax(dim=1)}

    result = pipeline.replace(oracle=Loud(), instrument=Tone()).compose(arousal=-1.0, canvas=CANVAS)
    assert result.readings["arousal"] == pytest.approx(1_000 * np.abs(result.audio).max(), rel=1e-5)


def test_the_record_says_what_was_asked_and_measured(pipeline, tmp_path):
    result = pipeline.compose(arousal=-0.5, canvas=CANVAS, directory=tmp_path / "run")
    said = json.loads((tmp_path / "run" / "run.json").read_text())["item"]
    audio, rate = read_audio(tmp_path / "run" / "audio.wav")
    assert said["loudness"]["asked"] == pytest.approx(-24.0)
    measured = measure_loudness(audio[0].numpy(), rate)
    assert said["loudness"]["integrated"] == pytest.approx(measured.integrated, abs=0.01)
    assert said["loudness"]["true_peak"] == pytest.approx(measured.true_peak, abs=0.01)
    assert said["gain"] == pytest.approx(result.gain)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "LUFS (asked: \N{MINUS SIGN}24.0 LUFS)" in page and "dBTP" in page


def test_a_folder_makes_the_same_loudness_again(registry, tmp_path):
    pipeline = Pipeline(registry=registry)
    pipeline.compose(targets={"centroid": 0.4}, canvas=CANVAS, loudness=-23.0, directory=tmp_path / "a", budget=3)
    load_settings(tmp_path / "a").perform(registry, tmp_path / "b")
    assert (tmp_path / "a" / "audio.wav").read_bytes() == (tmp_path / "b" / "audio.wav").read_bytes()


def test_options_reach_the_canvas_without_a_length_of_its_own(registry, tmp_path):
    settings = Settings().with_options(targets={"centroid": 0.1}, loudness=-30.0)
    (result,) = settings.perform(registry)
    assert (result.canvas.duration, result.canvas.level, result.canvas.loudness) == (0.5, "loudness", -30.0)
    (tmp_path / "ask.toml").write_text('loudness = "matched"\nitems = [{targets = {centroid = 0.1}}]\nbudget = 2\n')
    assert load_settings(tmp_path / "ask.toml").perform(registry)[0].asked_loudness == -20.0


@pytest.mark.parametrize("loudness", ["loud", "", True])
def test_a_loudness_that_is_none_is_refused_with_what_there_is(loudness):
    with pytest.raises(ParameterError, match=r"expected expressive, matched, peak or a number of LUFS"):
        Canvas().with_loudness(loudness)


def test_the_command_refuses_what_is_no_loudness():
    done = CliRunner().invoke(compose, ["happy", "--loudness", "loud"])
    assert done.exit_code == 2
    assert "'loud' is no loudness; expected expressive, matched, peak or a number of LUFS" in done.output


def test_a_request_is_the_inverse_of_its_reading_and_stays_on_the_scale():
    dimension = Dimension("arousal", -1.0, 1.0, mean=-0.1, sd=0.2)
    for request in (-1.0, -0.3, 0.0, 0.8):
        assert dimension.request(dimension.reading(request)) == pytest.approx(request)
    assert (dimension.request(0.9), dimension.request(-math.inf)) == (1.0, -1.0)
    assert Dimension("arousal", -1.0, 1.0).request(0.4) == 0.4

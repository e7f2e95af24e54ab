"""A piece like a recording takes its tempo, brightness and loudness, shows them beside its own, and copies no notes."""

from typing import ClassVar

import numpy as np
import pytest
from small_pipeline import Centroid

from orchestra_core import Canvas, Descriptor, Dimension, Pipeline, Request, get_registry, hookimpl
from orchestra_core.io.audio import write_wav
from orchestra_core.io.loudness import integrated_loudness
from orchestra_core.pipeline.likeness import (
    Likeness,
    brightness_hint,
    describe_likeness,
    likeness_of,
    loudness_like,
    measure_likeness,
    with_tempo_like,
)
from orchestra_core.pipeline.settings import Settings
from orchestra_piano import PianoAdsr

RATE = 22_050
CANVAS = Canvas(duration=0.5, sample_rate=16_000)


def clicks(tempo, seconds=12.0):
    """Return bursts of a 1 kHz tone at a tempo."""
    time = np.arange(round(seconds * RATE)) / RATE
    since = time % (60 / tempo)
    return (0.5 * np.exp(-40 * since) * np.sin(2 * np.pi * 1_000 * time)).astype(np.float32)


class Excitement(Centroid):
    """The spectral centroid as arousal."""

    @property
    def dimensions(self):
        return (Dimension("arousal", 0.0, 4_000.0, "Hz", mean=1_000.0, sd=500.0),)

    def _read(self, clips, sample_rate):
        return {"arousal": super()._read(clips, sample_rate)["centroid"]}


class Keys(PianoAdsr):
    """A piano that is best played with pieces in bars."""

    defaults: ClassVar = {"score": "song"}


class Keyboard:
    """Provides it."""

    @hookimpl
    def orchestra_instruments(self):
        return [Descriptor("keys", f"{__name__}:Keys", "Keys.", capabilities=Keys.capabilities)]


@pytest.fixture
def pipeline(registry):
    return Pipeline(registry=registry, oracle=Excitement(), schedule={"name": "descent", "config": {"steps": 2}})


@pytest.fixture
def recording(tmp_path):
    return write_wav(tmp_path / "song.wav", 0.1 * clicks(100.0), RATE)


@pytest.mark.parametrize("tempo", [90.0, 120.0, 150.0])
def test_the_tempo_of_a_steady_beat_is_found(tempo):
    assert measure_likeness(clicks(tempo), RATE).tempo == pytest.approx(tempo, rel=0.04)


def test_brightness_is_the_frequency_of_a_tone_and_loudness_that_of_the_meter():
    tone = 0.2 * np.sin(2 * np.pi * 1_500 * np.arange(3 * 44_100) / 44_100)
    measured = measure_likeness(tone, 44_100)
    assert measured.brightness == pytest.approx(1_500, rel=0.05)
    assert measured.loudness == pytest.approx(integrated_loudness(tone, 44_100), abs=0.01)


def test_silence_has_no_beat_and_a_loudness_that_a_canvas_takes():
    measured = measure_likeness(np.zeros(RATE), RATE)
    assert loudness_like(measured) == -60.0
    assert "no beat" in describe_likeness("a.wav", measured, measured, 120.0)


def test_a_piece_is_as_loud_as_what_it_is_like_unless_it_is_told_otherwise(pipeline, recording):
    expected = measure_likeness(0.1 * clicks(100.0), RATE).loudness
    like = pipeline.compose(like=recording, canvas=CANVAS)
    assert like.loudness.integrated == pytest.approx(expected, abs=0.05)
    assert pipeline.compose(like=recording, canvas=CANVAS, loudness=-30.0).asked_loudness == -30.0


def test_what_was_taken_is_shown_beside_the_piece(pipeline, recording):
    (said,) = [
        message for message in pipeline.compose(like=recording, canvas=CANVAS).messages if message.startswith("Like song.wav")
    ]
    assert said.endswith("No notes were taken from it.")
    measured = likeness_of(recording)
    assert f"tempo {measured.tempo:.0f}, brightness {measured.brightness:.0f} Hz (the piece:" in said


def test_a_recording_for_a_sound_without_arousal_gives_its_readings_alone(registry, recording):
    result = Pipeline(registry=registry).compose(like=recording, canvas=CANVAS, budget=2)
    assert result.asked_loudness is None
    assert not any(message.startswith("Like") for message in result.messages)


def test_a_score_source_that_takes_a_tempo_is_given_that_of_the_recording(recording):
    items = [Request(like=recording)]
    taken = with_tempo_like({"score": {"name": "song", "config": {"bars": 4}}}, items, get_registry())
    assert taken["score"]["config"]["bars"] == 4
    assert taken["score"]["config"]["tempo"] == pytest.approx(100.0, rel=0.04)


def test_a_score_source_that_nobody_named_is_given_the_tempo_too(recording):
    registry = get_registry()
    items = (Request({"valence": 0.1}, like=recording),)
    with registry.registered(Keyboard(), "keyboard"):
        asked = Settings(pipeline={"instrument": "keys"}, canvas=Canvas(4.0, 22_050), items=items, threads=1, budget=1)
        score = asked.perform(registry)[0].recipe["pipeline"]["score"]
    assert score["name"] == "song"
    assert score["config"]["tempo"] == pytest.approx(100.0, rel=0.04)


@pytest.mark.parametrize(
    "score",
    [
        None,
        "melody",
        "some.mid",
        "nobody",
        {"name": "song", "config": {"tempo": 77.0}},
        {"name": "song", "config": {"tempo": 0.0}},
    ],
)
def test_a_tempo_that_is_set_and_a_score_source_without_one_stay_as_they_are(recording, score):
    named = {"instrument": "piano_adsr", "score": score}
    assert with_tempo_like(named, [Request(like=recording)], get_registry()) == named


def test_without_one_recording_for_all_no_tempo_is_taken(recording):
    named = {"score": "song"}
    assert with_tempo_like(named, [Request(), Request(like=recording)], get_registry()) == named
    assert with_tempo_like(named, [], get_registry()) == named


def test_numbers_of_a_sentence_are_those_that_were_measured():
    said = describe_likeness("a.mp3", Likeness(99.6, 1_234.4, -14.04), Likeness(0.0, 800.0, -16.0), 100.0)
    assert said == (
        "Like a.mp3: tempo 100 (the piece: 100), brightness 1234 Hz (the piece: 800 Hz), loudness -14.0 LUFS (the piece: -16.0 "
        "LUFS). No notes were taken from it."
    )


@pytest.mark.parametrize(
    ("centroid", "hint"), [(420.0, 0.0), (420 * 2**0.4, 1.0), (420 / 2**0.2, -0.5), (9_000.0, 2.0), (0.0, -2.0)]
)
def test_a_centroid_is_a_hint_in_octaves_within_bounds(centroid, hint):
    assert brightness_hint(Likeness(0.0, centroid, -20.0)) == pytest.approx(hint)


def test_a_bright_recording_starts_a_brighter_piano_whatever_its_arousal(tmp_path):
    time = np.arange(2 * RATE) / RATE
    starts = {}
    for name, pitch in (("dull", 300.0), ("bright", 700.0)):
        write_wav(tmp_path / f"{name}.wav", 0.5 * np.sin(2 * np.pi * pitch * time).astype(np.float32), RATE)
        schedule = {"name": "staged", "config": {"search": 0, "stages": [{"name": "as written", "steps": 0}]}}
        pipeline = Pipeline(instrument="piano_adsr", oracle=Excitement(), score="melody", schedule=schedule)
        result = pipeline.compose(like=tmp_path / f"{name}.wav", canvas=CANVAS, seed=1)
        starts[name] = next(float(p.initial) for p in result.parameters if p.name == "brightness")
    hint = brightness_hint(likeness_of(tmp_path / "dull.wav"))
    assert starts["dull"] == pytest.approx(-10 + 4 * hint, abs=0.05)
    assert starts["bright"] > starts["dull"] + 3

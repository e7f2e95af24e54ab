"""Every instrument with every oracle under every schedule: those that fit compose, the others are refused up front."""

import itertools

import numpy as np
import pytest

from orchestra_core import Canvas, Pipeline, get_registry, write_wav
from orchestra_core.errors import IncompatibleError, TargetError, UsageError

# The outside distribution is installed once, in one worker.
pytestmark = pytest.mark.xdist_group("matrix")

CANVAS = Canvas(duration=0.5, sample_rate=22_050, level="peak")

#: Beside what is installed where the tests run: an outside distribution, and the small parts.
OUTSIDE = {
    "instrument": ("plucked", "drum", "clicks"),
    "oracle": ("librosa_features", "timbre", "crest"),
    "schedule": ("cma_es",),
}
#: A few steps, where a schedule has to be told; the others end with their budget.
SHORT = {
    "staged": {"search": 1, "stages": [{"name": "all", "steps": 2}]},
    "search": {"candidates": 2, "wave": 2, "survivors": 1, "finalists": 1, "stages": [{"name": "all", "steps": 2}]},
    "cma_es": {"population": 4, "steps": 2, "scores": 2},
}
BUDGET = 8


def names(kind):
    return (*(entry.name for entry in get_registry().entries(kind) if entry.name not in OUTSIDE[kind]), *OUTSIDE[kind])


MATRIX = list(itertools.product(names("instrument"), names("oracle"), names("schedule")))


def capable(registry, kind, name):
    return "differentiable" in registry.find(kind, name).descriptor.capabilities


def recording(path):
    time = np.arange(CANVAS.samples) / CANVAS.sample_rate
    return write_wav(path, 0.5 * np.sin(2 * np.pi * 330 * time) * np.hanning(CANVAS.samples), CANVAS.sample_rate)


def targets_of(pipeline):
    """Return a target inside the range of every dimension."""
    return {d.name: d.lower + 0.55 * (d.upper - d.lower) for d in pipeline.parts.objective.dimensions}


@pytest.mark.parametrize(("instrument", "oracle", "schedule"), MATRIX, ids=["-".join(parts) for parts in MATRIX])
def test_what_fits_composes_and_what_does_not_is_refused(instrument, oracle, schedule, registry, tmp_path):
    def make():
        config = SHORT.get(schedule, {})
        return Pipeline(instrument=instrument, oracle=oracle, schedule={"name": schedule, "config": config}, registry=registry)

    if capable(registry, "schedule", schedule) and not capable(registry, "instrument", instrument):
        with pytest.raises(IncompatibleError, match="follows gradients, and the instrument"):
            make()
        return
    if capable(registry, "schedule", schedule) and not capable(registry, "oracle", oracle):
        with pytest.raises(IncompatibleError, match=r"follows gradients, and the oracle \w+ has none"):
            make()
        return
    pipeline = make()
    asked = targets_of(pipeline)
    source = recording(tmp_path / "tone.wav") if "source" in pipeline.parts.instrument.capabilities else None
    result = pipeline.compose(targets=asked, scale="reading", seed=1, source=source, canvas=CANVAS, budget=BUDGET)
    assert result.audio.shape == (CANVAS.samples,) and np.isfinite(result.audio).all()
    assert float(np.abs(result.audio).max()) == pytest.approx(CANVAS.peak, abs=1e-4)
    assert set(result.readings) == set(asked) and all(np.isfinite(list(result.readings.values())))
    assert len(result.history) >= 2
    assert (result.notes is not None) == ("notes" in pipeline.parts.instrument.capabilities)


def test_nothing_that_is_there_is_left_out(registry):
    for kind in OUTSIDE:
        assert {entry.name for entry in registry.entries(kind)} == set(names(kind))


@pytest.fixture
def refused(registry, tmp_path):
    """Return a function that asks for what is refused, and returns what is said; nothing is written."""

    def ask(error, request, **parts):
        folder = tmp_path / "run"
        with pytest.raises(error) as refusal:
            Pipeline(**parts, registry=registry).compose(**request, canvas=CANVAS, directory=folder)
        assert not folder.exists()
        assert isinstance(refusal.value, UsageError) and refusal.value.exit_code == 2
        return str(refusal.value)

    return ask


REFERENCE = {"name": "staged", "config": {"preset": "reference"}}
EMOTION = {"valence": 0.1, "arousal": 0.1}


def test_stages_that_move_groups_the_instrument_has_not_are_refused(refused):
    said = refused(IncompatibleError, {"targets": EMOTION}, instrument="drum", schedule=REFERENCE)
    assert "moves the groups timing, dynamics; the instrument has only envelope, mix, pitch, timbre" in said


def test_stages_that_weigh_terms_the_objective_has_not_are_refused(refused):
    said = refused(IncompatibleError, {"targets": {"brightness": 20.0}}, oracle="timbre", schedule=REFERENCE)
    assert "weighs the loss term 'arousal'; the objective has only attack, boominess" in said


@pytest.mark.parametrize(("oracle", "known"), [("timbre", "brightness"), ("crest", "crest")])
def test_an_emotion_word_needs_an_oracle_that_reads_valence(oracle, known, refused):
    said = refused(TargetError, {"word": "happy"}, oracle=oracle, schedule="cma_es")
    assert "The word 'happy' asks for valence and arousal" in said and known in said


def test_a_score_for_an_instrument_without_notes_is_refused(refused):
    said = refused(IncompatibleError, {"targets": EMOTION}, instrument="drum", score="melody")
    assert "plays no notes" in said


def test_gradients_of_an_instrument_without_are_refused_with_what_to_do(refused):
    said = refused(IncompatibleError, {"targets": EMOTION}, instrument="clicks")
    assert "the instrument Clicks has none. Choose a schedule that needs no gradient." in said


def test_a_target_beyond_the_scale_is_refused(refused):
    said = refused(TargetError, {"targets": {"crest": 50.0}}, oracle="crest", schedule="cma_es")
    assert "expected a reading in dB in [0, 40]" in said or "expected a request" in said

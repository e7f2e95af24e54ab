"""The oracle: its readings against closed forms, and where it can be used."""

import math

import pytest
import torch

from orchestra_core import Canvas, Pipeline
from orchestra_core.errors import IncompatibleError
from orchestra_plucked.features import LibrosaFeatures


def tone(frequency: float, amplitude: float = 0.5, rate: int = 22_050) -> torch.Tensor:
    """Return one second of a sine, shape (1, samples)."""
    return amplitude * torch.sin(2 * math.pi * frequency * torch.arange(rate) / rate)[None]


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_a_tone_reads_its_frequency_and_its_level_at_any_rate(rate):
    reading = LibrosaFeatures().read(tone(2_000, rate=rate), rate)
    assert float(reading["centroid"]) == pytest.approx(2.0, rel=0.03)
    assert float(reading["level"]) == pytest.approx(10 * math.log10(0.5**2 / 2), abs=0.1)


def test_clicks_read_more_flux_than_a_steady_tone():
    clicks = torch.zeros(1, 22_050)
    clicks[:, ::2_205] = 0.5
    flux = {name: float(LibrosaFeatures().read(audio, 22_050)["flux"]) for name, audio in {"c": clicks, "t": tone(440)}.items()}
    assert flux["c"] > 3 * flux["t"] > 0


def test_silence_between_notes_does_not_darken_them():
    halved = torch.cat([tone(2_000), torch.zeros(1, 22_050)], dim=1)
    assert float(LibrosaFeatures().read(halved, 22_050)["centroid"]) == pytest.approx(2.0, rel=0.05)


def test_a_schedule_that_follows_gradients_is_refused():
    with pytest.raises(IncompatibleError, match="the oracle LibrosaFeatures has none"):
        Pipeline(oracle="librosa_features")


def test_cma_es_makes_a_string_as_bright_as_asked():
    schedule = {"name": "cma_es", "config": {"groups": ("timbre",), "population": 6, "steps": 12, "scores": 0}}
    pipeline = Pipeline(instrument="plucked", oracle="librosa_features", schedule=schedule)
    result = pipeline.compose(targets={"centroid": 0.6}, seed=1, canvas=Canvas(duration=0.8, sample_rate=22_050))
    assert result.history["loss"].iloc[0] > 2 * result.history["loss"].min()
    assert result.readings["centroid"] == pytest.approx(0.6, abs=0.2)

"""The log of real runs: its rows against the results."""

import csv
import json
import math

import pytest
import torch

from orchestra_core import Canvas, Dimension, Instrument, Oracle, Parameter, Pipeline, Request, get_registry
from orchestra_run_logger import plugin
from orchestra_run_logger.log import COLUMNS, VARIABLE

CANVAS = Canvas(duration=0.2, sample_rate=8_000)


class Tone(Instrument):
    """A sine whose frequency moves."""

    capabilities = frozenset({"differentiable", "rate_free"})

    def _parameters(self, brief):
        return (Parameter("pitch", "pitch", torch.full((len(brief),), 500.0), "Hz", 100.0, 1000.0, "Frequency"),)

    def _render(self, values, canvas):
        time = torch.arange(canvas.samples) / canvas.sample_rate
        return 0.5 * torch.sin(2 * math.pi * values["pitch"][:, None] * time)


class Centroid(Oracle):
    """Reads the spectral centroid in Hz."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (8_000,)
    dimensions = (Dimension("centroid", 0.0, 4_000.0, "Hz"),)

    def _read(self, clips, sample_rate):
        power = torch.fft.rfft(clips).abs().square()
        frequency = torch.fft.rfftfreq(clips.shape[1], 1 / sample_rate)
        return {"centroid": (power * frequency).sum(dim=1) / power.sum(dim=1)}


@pytest.fixture
def compose():
    """Return a function that composes two pieces of four steps, while the logger listens."""
    stages = [{"name": "descent", "steps": 4, "learning_rate": 0.1}]
    parts = {"instrument": Tone(), "oracle": Centroid(), "schedule": {"name": "staged", "config": {"stages": stages}}}
    requests = [Request({"centroid": target}, seed=seed) for target, seed in ((600.0, 7), (400.0, 8))]

    def run(**options):
        registry = get_registry()
        heard = any(provider.distribution == "orchestra-run-logger" for provider in registry.providers)
        if heard:  # it is installed
            return Pipeline(**parts).compose_many(requests, canvas=CANVAS, **options)
        with registry.registered(plugin):
            return Pipeline(**parts).compose_many(requests, canvas=CANVAS, **options)

    return run


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_logged_in_its_folder_from_start_to_end(compose, tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    results = compose(directory=tmp_path / "run")
    rows = read(tmp_path / "run" / "run_log.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [row["event"] for row in rows[:2]] == ["started", "started"]
    assert [(row["event"], row["seed"]) for row in rows[-2:]] == [("finished", "7"), ("finished", "8")]
    for row, result in zip(rows[-2:], results, strict=True):
        assert json.loads(row["readings"]) == dict(result.readings)
        assert json.loads(row["targets"]) == dict(result.targets)
    assert rows == sorted(rows, key=lambda row: row["time"])


def test_steps_are_logged_with_the_loss_of_the_history(compose, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "logs" / "all.csv"))
    results = compose()
    steps = [row for row in read(tmp_path / "logs" / "all.csv") if row["event"] == "steps"]
    assert {row["item"] for row in steps} == {"0", "1"} and {row["stage"] for row in steps} == {"descent"}
    for row in steps:
        history = results[int(row["item"])].history.set_index("step").loss
        assert float(row["loss"]) == pytest.approx(history[int(row["step"])])


def test_one_log_for_all_runs_has_one_line_of_names(compose, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "all.csv"))
    for name in ("one", "two"):
        compose(directory=tmp_path / name)
        assert not (tmp_path / name / "run_log.csv").exists()
    assert (tmp_path / "all.csv").read_text().count("time,run") == 1
    assert {row["run"] for row in read(tmp_path / "all.csv")} == {str(tmp_path / "one"), str(tmp_path / "two")}


def test_a_run_without_a_folder_is_logged_nowhere_unless_asked(compose, tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    compose()
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_stops_no_run(compose, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "log.csv"))
    assert len(compose()) == 2
    assert "run-logger" in caplog.text or "run_logger" in caplog.text

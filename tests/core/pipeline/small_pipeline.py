"""A small real pipeline that needs no plugin: a tone, a spectral centroid, a descent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from orchestra_core import Descriptor, Dimension, Instrument, Oracle, Parameter, Schedule, hookimpl
from orchestra_core.registry import Registry


@dataclass(frozen=True)
class ToneConfig:
    """Configuration of `tone`."""

    overtone: float = 0.3
    table: Path | None = None


class Tone(Instrument):
    """A sine with one overtone whose pitch moves."""

    capabilities = frozenset({"differentiable", "rate_free"})

    def __init__(self, overtone: float = 0.3, table: Path | None = None) -> None:
        self.overtone = float(table.read_text()) if table else overtone

    def _parameters(self, brief):
        start = torch.full((len(brief),), 60.0, device=brief.device)
        return (Parameter("pitch", "timbre", start, "semitone", 20.0, 100.0, "Pitch of the tone."),)

    def _render(self, values, canvas):
        time = torch.arange(canvas.samples) / canvas.sample_rate
        phase = 2 * math.pi * 440 * 2 ** ((values["pitch"][:, None] - 69) / 12) * time
        return 0.5 * torch.sin(phase) + self.overtone * torch.sin(2 * phase)


class Centroid(Oracle):
    """The spectral centroid."""

    capabilities = frozenset({"differentiable"})

    sample_rates = (8_000, 16_000)
    clip_duration = 0.5

    @property
    def dimensions(self):
        return (Dimension("centroid", 0.0, 4_000.0, "Hz", mean=600.0, sd=100.0),)

    def _read(self, clips, sample_rate):
        power = torch.fft.rfft(clips * torch.hann_window(clips.shape[1])).abs() ** 2
        frequency = torch.linspace(0, sample_rate / 2, power.shape[1])
        return {"centroid": (power * frequency).sum(1) / (power.sum(1) + 1e-9)}


@dataclass(frozen=True)
class DescentConfig:
    """Configuration of `descent`."""

    steps: int = 40


class Descent(Schedule):
    """Plain Adam on everything."""

    capabilities = frozenset({"differentiable"})

    def __init__(self, steps: int = 40) -> None:
        self.steps = steps

    def _optimize(self, problem):
        weights = dict.fromkeys(problem.terms, 1.0)
        stage = problem.stage("descent", groups=("all",), weights=weights, steps=self.steps)
        optimizer = torch.optim.Adam(stage.coordinates.values(), lr=0.1)
        stage.keep(optimizer=optimizer)
        for step in stage:
            step.loss()
            step.backward()
            optimizer.step()


class Plugin:
    """The plugin that provides them."""

    @hookimpl
    def orchestra_instruments(self):
        capabilities = frozenset({"differentiable", "rate_free"})
        return [Descriptor("tone", f"{__name__}:Tone", "A tone.", ToneConfig, capabilities=capabilities, default=True)]

    @hookimpl
    def orchestra_oracles(self):
        return [Descriptor("centroid", f"{__name__}:Centroid", "Spectral centroid.", default=True)]

    @hookimpl
    def orchestra_schedules(self):
        capabilities = frozenset({"differentiable"})
        return [Descriptor("descent", f"{__name__}:Descent", "Adam.", DescentConfig, capabilities=capabilities, default=True)]


@pytest.fixture
def registry():
    from orchestra_match import plugin as match

    registry = Registry(entry_points=(), strict=True)
    registry.register(Plugin(), "tones")
    registry.register(match, "match")
    return registry

"""A note synthesizer under a valence/arousal regressor: the common shape of a system."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from proofs import System
from torch import Tensor, nn

from orchestra_core import Brief, Canvas, Dimension, Instrument, Note, Oracle, Parameter, Score, ScoreSource
from orchestra_match.match import Match
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

CANVAS = Canvas(duration=0.6, sample_rate=8_000)


class Additive(Instrument):
    """Notes of three partials with soft edges; pitch and mask are fixed, timing and dynamics move."""

    capabilities = frozenset({"differentiable", "notes", "pitched", "rate_free"})

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        notes = brief.notes()
        end = brief.canvas.duration
        return (
            Parameter("pitch", "pitch", notes.pitch, "MIDI", fixed=True),
            Parameter("mask", "mask", notes.mask, fixed=True),
            Parameter("onset", "timing", notes.onset.clamp(0.01, end - 0.01), "s", 0.0, end),
            Parameter("duration", "timing", notes.duration, "s", 0.02),
            Parameter("amplitude", "dynamics", notes.velocity.clamp(0.01, 0.99), "1", 0.0, 1.0),
        )

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        time = torch.arange(canvas.samples, dtype=torch.float64) / canvas.sample_rate
        since = time - values["onset"][..., None]
        gate = torch.sigmoid(100 * since) * torch.sigmoid(100 * (values["duration"][..., None] - since))
        phase = 2 * math.pi * 440 * 2 ** ((values["pitch"][..., None] - 69) / 12) * since
        tone = sum(torch.sin(k * phase) / k for k in (1, 2, 3))
        level = (values["amplitude"] * values["mask"])[..., None]
        return (level * gate * tone).sum(dim=1)

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...]:
        columns = [values[name].tolist() for name in ("pitch", "onset", "duration", "amplitude", "mask")]
        return tuple(
            Score(tuple(Note(p, o, d, a) for p, o, d, a, real in zip(*item, strict=True) if real))
            for item in zip(*columns, strict=True)
        )


class Scales(ScoreSource):
    """Random walks over a scale: mode and density are choices, so that scores differ in length."""

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        return {"mode": ("major", "minor"), "density": (6, 3)}

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        steps = (0, 2, 4, 5, 7, 9, 11) if choice["mode"] == "major" else (0, 2, 3, 5, 7, 8, 10)
        count, length = choice["density"], brief.canvas.duration
        degrees = generator.integers(0, 14, size=count)
        onsets = np.linspace(0.05, 0.75 * length, count)
        pitches = [60 + 12 * (degree // 7) + steps[degree % 7] for degree in degrees]
        notes = [
            Note(float(pitch), float(onset), 0.5 * length / count, 0.6) for pitch, onset in zip(pitches, onsets, strict=True)
        ]
        return Score(tuple(notes), key=f"C {choice['mode']}")


class SpectralRegressor(nn.Module):
    """Loudness, flux and spectral centroid, standardised, through a linear layer and tanh, to arousal and valence."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.8, 1.6, 6.7], dtype=torch.float64))
        self.register_buffer("sd", torch.tensor([0.2, 1.0, 0.3], dtype=torch.float64))
        self.head = nn.Linear(3, 2, dtype=torch.float64)
        with torch.no_grad():  # arousal rises with loudness and flux, valence with brightness
            self.head.weight.copy_(torch.tensor([[0.5, 0.3, 0.1], [-0.1, 0.2, 0.6]]))
            self.head.bias.zero_()
        self.requires_grad_(False)

    def forward(self, audio: Tensor, sample_rate: int) -> Tensor:
        size = sample_rate // 20
        window = torch.hann_window(size, dtype=audio.dtype)
        power = torch.stft(audio, size, size // 2, window=window, return_complex=True).abs().square() / size
        frequency = torch.linspace(0, sample_rate / 2, power.shape[1], dtype=audio.dtype)
        energy = power.sum(dim=1)
        loudness = torch.log10(energy.mean(dim=1) + 1e-6)
        flux = torch.relu(torch.log10(energy + 1e-3).diff(dim=1)).mean(dim=1) * 10
        centroid = torch.log((power * frequency[:, None]).sum(dim=(1, 2)) / (power.sum(dim=(1, 2)) + 1e-9) + 20)
        features = torch.stack([loudness, flux, centroid], dim=1)
        return torch.tanh(self.head((features - self.mean) / self.sd))


class Emotion(Oracle):
    """The regressor as an oracle of clips of any length."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (8_000,)

    def __init__(self) -> None:
        self.model = SpectralRegressor()

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return (Dimension("arousal", -1.0, 1.0), Dimension("valence", -1.0, 1.0))

    def _read(self, clips: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        arousal, valence = self.model(clips, sample_rate).unbind(dim=1)
        return {"arousal": arousal, "valence": valence}


def brief(seeds: Sequence[int]) -> Brief:
    """Ask for another corner of the plane with each seed."""
    corners = [((seed % 5) - 2) / 10 for seed in seeds], [((seed % 3) - 1) / 10 for seed in seeds]
    arousal, valence = (torch.tensor(column, dtype=torch.float64) for column in corners)
    return Brief(CANVAS, {"arousal": arousal, "valence": valence}, torch.tensor(seeds))


def system() -> System:
    """Return the whole system: a search over four scores, then two stages of descent."""
    stages = (
        StageConfig("arousal", ("timing", "dynamics"), {"arousal": 1.0}, learning_rate=0.04, steps=18, stop_loss=1e-4),
        StageConfig("joint", ("all",), steps=65, learning_rate=0.05, plateau_factor=0.5, plateau_patience=12),
    )
    return System(Additive(), Match(Emotion()), Staged(stages=stages, search=4), brief, Scales())

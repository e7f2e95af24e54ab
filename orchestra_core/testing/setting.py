"""The small setting that components are checked in: a short canvas, a few notes, targets and source audio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.score import Note, Score

SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Setting:
    """What a component is checked with; change what yours needs otherwise.

    Parameters
    ----------
    canvas : Canvas
        Short, so that a check takes seconds.
    targets : mapping of str to float
        Targets that every brief has, beside those of an objective's own dimensions.
    groups : tuple of str
        Groups of the parameters that schedules are tried on.
    terms : tuple of str
        Loss terms that schedules are tried on.
    values : mapping of str to float
        Parameter values that objectives find in a take, beside those of some notes.
    """

    canvas: Canvas = field(default_factory=lambda: Canvas(duration=0.5, sample_rate=22_050, level="as_is"))
    targets: Mapping[str, float] = field(default_factory=lambda: {"arousal": 0.2, "valence": -0.1})
    groups: tuple[str, ...] = ("timing", "dynamics", "envelope", "timbre")
    terms: tuple[str, ...] = ("arousal", "valence")
    values: Mapping[str, float] = field(default_factory=dict)

    def brief(self, seeds: Sequence[int] = SEEDS, scores: Sequence[Score] | None = None, canvas: Canvas | None = None) -> Brief:
        """Return a brief with one item per seed; scores of two notes each, unless others are given."""
        canvas = canvas or self.canvas
        written = tuple(scores) if scores is not None else tuple(two_notes(canvas.duration, seed) for seed in seeds)
        targets = {name: torch.full((len(seeds),), value) for name, value in self.targets.items()}
        return Brief(canvas, targets, torch.tensor(list(seeds)), written, source_audio(canvas, seeds))

    def play(self, *scores: Score, duration: float, sample_rate: int | None = None) -> Brief:
        """Return a brief with one item per score, on a canvas of another length and rate."""
        canvas = Canvas(duration=duration, sample_rate=sample_rate or self.canvas.sample_rate, level="as_is")
        return self.brief(range(1, len(scores) + 1), scores, canvas)


def two_notes(duration: float, seed: int) -> Score:
    """Return two notes within a canvas of that duration in s, at other pitches for each seed."""
    pitch = 60 + seed % 7
    return Score((Note(pitch, 0.1 * duration, 0.3 * duration, 0.7), Note(pitch + 7, 0.45 * duration, 0.3 * duration, 0.6)))


def source_audio(canvas: Canvas, seeds: Sequence[int]) -> Tensor:
    """Return a soft tone for each seed, shape (seeds, samples), as source audio."""
    time = torch.arange(canvas.samples, dtype=torch.float64) / canvas.sample_rate
    pitch = torch.tensor([220.0 + 20.0 * (seed % 11) for seed in seeds], dtype=torch.float64)[:, None]
    edges = torch.sin(math.pi * time / canvas.duration)
    return (0.4 * edges * torch.sin(2 * math.pi * pitch * time)).float()

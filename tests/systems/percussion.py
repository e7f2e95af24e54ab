"""A percussion voice under a timbre regressor of seven descriptors with a range of 0 to 100 each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from proofs import System
from torch import Tensor

from orchestra_core import Brief, Canvas, Dimension, Instrument, Oracle, Parameter
from orchestra_match.match import Match
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

CANVAS = Canvas(duration=0.4, sample_rate=8_000)

#: Name, group, start, unit, bounds.
CONTROLS = (
    ("start", "pitch", 300.0, "Hz", 80.0, 1200.0),
    ("end", "pitch", 90.0, "Hz", 30.0, 300.0),
    ("sweep", "pitch", 0.05, "s", 0.005, 0.3),
    ("body_decay", "envelope", 0.10, "s", 0.01, 0.5),
    ("noise_decay", "envelope", 0.08, "s", 0.005, 0.5),
    ("noise_colour", "timbre", 1500.0, "Hz", 200.0, 3500.0),
    ("noise_width", "timbre", 700.0, "Hz", 100.0, 2000.0),
    ("noise_level", "mix", 0.3, "1", 0.0, 1.0),
    ("click_level", "mix", 0.2, "1", 0.0, 1.0),
)


class Drum(Instrument):
    """A swept sine, noise through a Gaussian band, and a click; no notes, no score. The noise is fixed."""

    capabilities = frozenset({"differentiable"})

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        controls = [
            Parameter(name, group, torch.full((len(brief),), start, dtype=torch.float64), unit, lower, upper)
            for name, group, start, unit, lower, upper in CONTROLS
        ]
        noise = brief.generator("noise").randn(brief.canvas.samples).double()
        return (*controls, Parameter("noise", "noise", noise, fixed=True))

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        v = {name: value[:, None] for name, value in values.items() if name != "noise"}
        time = torch.arange(canvas.samples, dtype=torch.float64) / canvas.sample_rate
        # The integral of end + (start - end) exp(-t / sweep).
        cycles = v["end"] * time + (v["start"] - v["end"]) * v["sweep"] * (1 - torch.exp(-time / v["sweep"]))
        body = torch.sin(2 * math.pi * cycles) * torch.exp(-time / v["body_decay"])
        frequency = torch.fft.rfftfreq(canvas.samples, 1 / canvas.sample_rate, dtype=torch.float64)
        band = torch.exp(-(((frequency - v["noise_colour"]) / v["noise_width"]) ** 2))
        noise = torch.fft.irfft(torch.fft.rfft(values["noise"]) * band, n=canvas.samples)
        click = torch.cos(2 * math.pi * 2500 * time) * torch.exp(-time / 0.001)
        return body + v["noise_level"] * noise * torch.exp(-time / v["noise_decay"]) + v["click_level"] * click


class Timbre(Oracle):
    """Seven descriptors of one hit, each computed in closed form and scaled to 0..100."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (8_000,)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        names = ("brightness", "width", "boominess", "sharpness", "noisiness", "attack", "decay")
        return tuple(Dimension(name, 0.0, 100.0, "points") for name in names)

    def _read(self, clips: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        frequency = torch.fft.rfftfreq(clips.shape[1], 1 / sample_rate, dtype=clips.dtype)
        power = torch.fft.rfft(clips).abs().square() + 1e-9
        share = power / power.sum(dim=1, keepdim=True)
        centroid = (share * frequency).sum(dim=1)
        spread = (share * (frequency - centroid[:, None]) ** 2).sum(dim=1).sqrt()
        low = (share * torch.sigmoid((200 - frequency) / 20)).sum(dim=1)
        high = (share * torch.sigmoid((frequency - 2000) / 100)).sum(dim=1)
        flatness = torch.log(power).mean(dim=1) - torch.log(power.mean(dim=1))
        time = torch.arange(clips.shape[1], dtype=clips.dtype) / sample_rate
        energy = clips.square() / clips.square().sum(dim=1, keepdim=True)
        early = (energy * torch.sigmoid((0.02 - time) / 0.002)).sum(dim=1)
        middle = (energy * time).sum(dim=1)
        half = sample_rate / 2
        columns = (centroid / half, spread / half, low, high, torch.exp(flatness / 4), early, middle / time[-1])
        return {d.name: 100 * column for d, column in zip(self.dimensions, columns, strict=True)}


def brief(seeds: Sequence[int]) -> Brief:
    """Ask for the seven descriptors of another drum, drawn from each seed, so that the targets can be reached."""
    bare = Brief(CANVAS, {}, torch.tensor(seeds))
    drum, wanted = Drum(), {}
    away = 0.8 * bare.generator("wanted").randn(len(CONTROLS)).double()
    for i, parameter in enumerate(drum.parameters(bare)):
        moved = parameter if parameter.fixed else parameter.to_coordinate(parameter.initial) + away[:, i]
        wanted[parameter.name] = parameter.initial if parameter.fixed else parameter.to_value(moved)
    sound = drum.render(wanted, CANVAS)
    loud = 0.9 * sound / sound.abs().amax(dim=1, keepdim=True)
    return Brief(CANVAS, dict(Timbre().read(loud, CANVAS.sample_rate)), bare.seeds)


def system() -> System:
    """Return the whole system: pitch and envelope first, then everything."""
    stages = (
        StageConfig("shape", ("pitch", "envelope"), steps=40, learning_rate=0.05),
        StageConfig("all", ("all",), steps=120, learning_rate=0.05, plateau_factor=0.5, plateau_patience=5),
    )
    return System(Drum(), Match(Timbre()), Staged(stages=stages), brief)

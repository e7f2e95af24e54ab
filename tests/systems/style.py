"""Raw samples, or a mel spectrogram, started from source audio, under Gram-matrix style and content losses.

There are no targets, no dimensions and no notes: what is asked is in the brief's source and the objective's style audio.

References: L. Gatys, A. Ecker, M. Bethge, A Neural Algorithm of Artistic Style, 2015; D. Ulyanov, V. Lebedev, Audio
texture synthesis and style transfer, 2016 (random filters over the spectrogram).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from proofs import System
from torch import Tensor

from orchestra_core import Brief, Canvas, Evaluation, Instrument, Objective, Parameter, Take
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

CANVAS = Canvas(duration=0.5, sample_rate=8_000, level="as_is")
SIZE, HOP, BANDS = 256, 64, 48


def spectrum(audio: Tensor) -> Tensor:
    """Return the complex spectrogram, shape (batch, bins, frames)."""
    return torch.stft(audio, SIZE, HOP, window=torch.hann_window(SIZE, dtype=audio.dtype), return_complex=True)


def mel_matrix(sample_rate: int) -> Tensor:
    """Return triangular mel bands, shape (bands, bins), each bin's weights over the bands summing to 1 or less."""
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, BANDS + 2, dtype=torch.float64) / 2595) - 1)
    frequency = torch.linspace(0, sample_rate / 2, SIZE // 2 + 1, dtype=torch.float64)
    up = (frequency - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - frequency) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(up, down).clamp_min(0.0)


class RawWaveform(Instrument):
    """The samples themselves are the parameter; it starts from the source and cannot change its rate."""

    capabilities = frozenset({"differentiable"})

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        return (Parameter("samples", "samples", brief.source.clamp(-0.99, 0.99), "1", -1.0, 1.0),)

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        return values["samples"]


class MelSpectrogram(Instrument):
    """A non-negative mel magnitude under the source's fixed phase; a fixed linear inverse makes it sound."""

    capabilities = frozenset({"differentiable"})

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        source = spectrum(brief.source)
        bands = mel_matrix(brief.canvas.sample_rate)
        mel = (bands / bands.sum(dim=1, keepdim=True).clamp_min(1e-6)) @ source.abs()
        phase = source / source.abs().clamp_min(1e-9)
        return (
            Parameter("mel", "samples", mel.clamp_min(1e-3), "1", lower=0.0, description="mel magnitudes"),
            Parameter("phase", "phase", phase, fixed=True),
        )

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        magnitude = mel_matrix(canvas.sample_rate).T @ values["mel"]
        window = torch.hann_window(SIZE, dtype=magnitude.dtype)
        return torch.istft(magnitude * values["phase"], SIZE, HOP, window=window, length=canvas.samples)


class StyleAndContent(Objective):
    """Distance of Gram matrices to a style recording, and of features to the source, through random filters over time."""

    capabilities = frozenset({"differentiable"})

    def __init__(self, style: Tensor, filters: int = 64, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        bins = SIZE // 2 + 1
        kernel = torch.randn(filters, bins, 7, generator=generator, dtype=torch.float64)
        self.kernel = kernel / kernel.square().mean().sqrt() / math.sqrt(bins * 7)
        self.style = self._gram(self._features(style))

    @property
    def terms(self) -> tuple[str, ...]:
        return ("style", "content")

    def _features(self, audio: Tensor) -> Tensor:
        power = spectrum(audio).abs().square()
        return torch.relu(torch.nn.functional.conv1d(0.5 * torch.log(power + 1e-4) + 4.7, self.kernel))

    def _gram(self, features: Tensor) -> Tensor:
        return features @ features.transpose(1, 2) / features.shape[2]

    def _evaluate(self, take: Take) -> Evaluation:
        heard, source = self._features(take.audio), self._features(take.brief.source)
        style = (self._gram(heard) - self.style).square().mean(dim=(1, 2)) / self.style.square().mean()
        content = (heard - source).square().mean(dim=(1, 2)) / source.square().mean(dim=(1, 2))
        return Evaluation({"style": style, "content": content}, {})


def recordings(seeds: Sequence[int]) -> Tensor:
    """Return a plucked melody for each seed, shape (batch, samples): the content."""
    time = torch.arange(CANVAS.samples, dtype=torch.float64) / CANVAS.sample_rate
    played = torch.zeros(len(seeds), CANVAS.samples, dtype=torch.float64)
    for row, seed in enumerate(seeds):
        for k in range(4):
            since = (time - k * 0.12).clamp_min(0)
            pitch = 220 * 2 ** (((seed * 5 + k * 7) % 12) / 12)
            played[row] += 0.4 * torch.sin(2 * math.pi * pitch * since) * torch.exp(-12 * since) * (since > 0)
    hiss = torch.randn(CANVAS.samples, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return (played + 0.002 * hiss).clamp(-0.9, 0.9)


def style_recording() -> Tensor:
    """Return noise that pulses sixteen times a second, shape (1, samples): the texture."""
    time = torch.arange(CANVAS.samples, dtype=torch.float64) / CANVAS.sample_rate
    noise = torch.randn(CANVAS.samples, generator=torch.Generator().manual_seed(11), dtype=torch.float64)
    return (0.1 * noise * (1 + torch.sin(2 * math.pi * 16 * time)))[None]


def brief(seeds: Sequence[int]) -> Brief:
    """Ask for nothing but the source."""
    return Brief(CANVAS, {}, torch.tensor(seeds), source=recordings(seeds))


def system(instrument: Instrument, learning_rate: float, content: float = 0.1) -> System:
    """Return the whole system for either instrument."""
    weights = {"style": 10.0, "content": content}
    stage = StageConfig("transfer", ("samples",), weights, learning_rate=learning_rate, steps=80, clip=0.0)
    return System(instrument, StyleAndContent(style_recording()), Staged(stages=(stage,)), brief, weights=weights)

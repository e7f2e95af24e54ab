"""The latent of a conditional variational autoencoder under an emotion oracle: a generator that can also be steered.

Reference: K. Sohn, H. Lee, X. Yan, Learning Structured Output Representation using Deep Conditional Generative Models, 2015.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from proofs import System
from torch import Tensor, nn

from orchestra_core import Brief, Canvas, Dimension, Instrument, Oracle, Parameter
from orchestra_match.match import Match
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

CANVAS = Canvas(duration=0.25, sample_rate=8_000)
HARMONICS, LATENT, PITCH = 12, 3, 220.0


def corpus(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return log spectra (count, harmonics) of tones with their arousal and valence (count, 2).

    Arousal makes a tone bright, valence makes its even harmonics strong; a formant at random, which no rating tells of,
    is what the latent has to carry.
    """
    generator = torch.Generator().manual_seed(seed)
    emotion = torch.rand(count, 2, generator=generator, dtype=torch.float64) * 2 - 1
    formant = torch.rand(count, 1, generator=generator, dtype=torch.float64) * HARMONICS
    k = torch.arange(1, HARMONICS + 1, dtype=torch.float64)
    tilt = (1 - 0.8 * emotion[:, :1]) * -torch.log(k)
    even = emotion[:, 1:] * (-1.0) ** k
    return tilt + even + 0.25 * torch.exp(-((k - formant) ** 2) / 4), emotion


class ConditionalVAE(nn.Module):
    """Encoder and decoder of log spectra, both told the emotion."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(HARMONICS + 2, 48), nn.Tanh(), nn.Linear(48, 2 * LATENT)).double()
        self.decoder = nn.Sequential(nn.Linear(LATENT + 2, 48), nn.Tanh(), nn.Linear(48, HARMONICS)).double()

    def decode(self, latent: Tensor, emotion: Tensor) -> Tensor:
        """Return log amplitudes, shape (batch, harmonics)."""
        return self.decoder(torch.cat([latent, emotion], dim=1))

    def loss(self, spectra: Tensor, emotion: Tensor, noise: Tensor) -> Tensor:
        """Return the negative evidence lower bound, with a Gaussian likelihood of standard deviation 0.2."""
        mean, log_variance = self.encoder(torch.cat([spectra, emotion], dim=1)).chunk(2, dim=1)
        rebuilt = self.decode(mean + noise * torch.exp(0.5 * log_variance), emotion)
        error = (rebuilt - spectra).square().sum(dim=1) / (2 * 0.2**2)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return (error + divergence).mean()


def fit(steps: int = 250, seed: int = 0) -> ConditionalVAE:
    """Return the autoencoder fitted to the corpus, in under a second."""
    spectra, emotion = corpus(1024, seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = ConditionalVAE()
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        rows = torch.randint(len(spectra), (128,), generator=generator)
        noise = torch.randn(128, LATENT, generator=generator, dtype=torch.float64)
        optimizer.zero_grad()
        model.loss(spectra[rows], emotion[rows], noise).backward()
        optimizer.step()
    return model.requires_grad_(False)


class LatentTone(Instrument):
    """A tone decoded from a latent that is drawn from the prior for each seed; the emotion asked rides along, fixed."""

    capabilities = frozenset({"differentiable", "rate_free", "stochastic"})

    def __init__(self, model: ConditionalVAE) -> None:
        self.model = model

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        asked = torch.stack([brief.targets["arousal"], brief.targets["valence"]], dim=1)
        drawn = brief.generator("latent").randn(LATENT).double()
        return (Parameter("latent", "latent", drawn), Parameter("condition", "condition", asked, fixed=True))

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        amplitude = torch.exp(self.model.decode(values["latent"], values["condition"]))
        time = torch.arange(canvas.samples, dtype=torch.float64) / canvas.sample_rate
        k = torch.arange(1, HARMONICS + 1, dtype=torch.float64)
        return 0.05 * amplitude @ torch.sin(2 * math.pi * PITCH * k[:, None] * time)


class HarmonicEmotion(Oracle):
    """Reads tilt and odd/even balance of the harmonics as arousal and valence, by least squares on the corpus."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (8_000,)

    def __init__(self) -> None:
        spectra, emotion = corpus(1024, seed=1)
        heard = torch.randn(spectra.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        spectra = spectra + 0.3 * heard  # so that no reading hangs on a small difference of harmonics
        self.weights = torch.linalg.lstsq(self._design(spectra), emotion).solution

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return (Dimension("arousal", -1.0, 1.0), Dimension("valence", -1.0, 1.0))

    def _read(self, clips: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        time = torch.arange(clips.shape[1], dtype=clips.dtype) / sample_rate
        turns = 2 * math.pi * PITCH * torch.arange(1, HARMONICS + 1, dtype=clips.dtype)[:, None] * time
        power = (clips @ torch.sin(turns).T).square() + (clips @ torch.cos(turns).T).square()
        arousal, valence = (self._design(0.5 * torch.log(power + 1e-9)) @ self.weights).unbind(dim=1)
        return {"arousal": arousal, "valence": valence}

    def _design(self, spectra: Tensor) -> Tensor:
        centred = spectra - spectra.mean(dim=1, keepdim=True)  # blind to gain
        return torch.cat([centred[:, 1:], torch.ones_like(spectra[:, :1])], dim=1)


def brief(seeds: Sequence[int]) -> Brief:
    """Ask for a point of the plane that is drawn from each seed."""
    bare = Brief(CANVAS, {}, torch.tensor(seeds))
    arousal, valence = (bare.generator("asked").rand(2).double() * 1.2 - 0.6).unbind(dim=1)
    return Brief(CANVAS, {"arousal": arousal, "valence": valence}, bare.seeds)


def system() -> System:
    """Return the whole system, with an autoencoder fitted on the spot."""
    stage = StageConfig("steer", ("latent",), steps=60, learning_rate=0.05, plateau_factor=0.5, plateau_patience=5)
    return System(LatentTone(fit()), Match(HarmonicEmotion()), Staged(stages=(stage,)), brief)

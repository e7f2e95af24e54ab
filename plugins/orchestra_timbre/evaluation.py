"""Marks readings against labels: mean absolute error and r of each descriptor, beside the median baseline."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from orchestra_timbre.corpus import Corpus
from orchestra_timbre.descriptors import CLIP_SAMPLES, DESCRIPTORS, HIGHEST, SAMPLE_RATE
from orchestra_timbre.models import LogMelNetwork, WaveformNetwork
from orchestra_timbre.training import predict


@dataclass(frozen=True)
class Marks:
    """How well readings agree with labels, by descriptor.

    Parameters
    ----------
    mae : dict of str to float
        Mean absolute error in points.
    r : dict of str to float
        Pearson's correlation; 0 where readings or labels are constant.
    baseline : dict of str to float
        Mean absolute error, in points, of the median label of the training sounds.
    count : int
        How many sounds.
    """

    mae: dict[str, float]
    r: dict[str, float]
    baseline: dict[str, float]
    count: int

    @property
    def mean_error(self) -> float:
        """Mean absolute error over the descriptors, in points."""
        return float(np.mean(list(self.mae.values())))

    @property
    def mean_baseline(self) -> float:
        """Mean absolute error of the median over the descriptors, in points."""
        return float(np.mean(list(self.baseline.values())))


def evaluate(model: WaveformNetwork | LogMelNetwork, corpus: Corpus, medians: np.ndarray) -> Marks:
    """Return the marks of a network on a corpus.

    Parameters
    ----------
    model : WaveformNetwork or LogMelNetwork
        The network.
    corpus : Corpus
        Sounds that it did not learn from.
    medians : np.ndarray [shape=(7,)]
        Median labels of the training sounds, in points: the baseline.

    Returns
    -------
    Marks
    """
    return marks(HIGHEST * predict(model, corpus).numpy(), HIGHEST * corpus.labels.numpy(), medians)


def marks(read: np.ndarray, labels: np.ndarray, medians: np.ndarray) -> Marks:
    """Return the marks of readings, shape (n, 7), against labels, shape (n, 7), in points."""
    columns = range(len(DESCRIPTORS))
    return Marks(
        _named(np.abs(read - labels).mean(axis=0)),
        {DESCRIPTORS[k]: _correlation(read[:, k], labels[:, k]) for k in columns},
        _named(np.abs(medians - labels).mean(axis=0)),
        len(labels),
    )


def seconds_per_sound(model: WaveformNetwork | LogMelNetwork, repeats: int = 20) -> tuple[float, float]:
    """Return the seconds of processor time that one reading takes, from waveform to descriptors, and one with its gradient."""
    clip = torch.randn(1, CLIP_SAMPLES, generator=torch.Generator().manual_seed(0))
    clip = clip * torch.exp(-torch.arange(CLIP_SAMPLES) / (0.1 * SAMPLE_RATE))
    model = model.eval()
    with torch.no_grad():
        model(clip)
        started = time.process_time()
        for _ in range(repeats):
            model(clip)
        reading = (time.process_time() - started) / repeats
    started = time.process_time()
    for _ in range(repeats):
        _gradient(model, clip)
    return reading, (time.process_time() - started) / repeats


def _gradient(model: WaveformNetwork | LogMelNetwork, clip: Tensor) -> Tensor:
    clip = clip.clone().requires_grad_()
    return torch.autograd.grad(model(clip).sum(), clip)[0]


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    spread = float(first.std() * second.std())
    return float(np.mean((first - first.mean()) * (second - second.mean()))) / spread if spread > 0 else 0.0


def _named(values: np.ndarray) -> dict[str, float]:
    return {name: float(value) for name, value in zip(DESCRIPTORS, values, strict=True)}

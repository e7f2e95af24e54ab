"""Marks a network on held-out pieces, per clip and per piece, beside the mean baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from orchestra_core.errors import UsageError
from orchestra_deam.features import Rendering
from orchestra_deam.front_end import standardise
from orchestra_deam.metrics import Metrics, by_dimension, mean_by
from orchestra_deam.models import OUTPUTS
from orchestra_deam.vgmidi import Piece, label_table


@dataclass(frozen=True)
class Evaluation:
    """Marks of a network on held-out pieces.

    Parameters
    ----------
    clips, pieces : dict
        `orchestra_deam.metrics.agreement` by dimension: of 5-s windows, and of pieces (mean over their windows).
    baseline : dict
        The same per piece for a constant: the mean label of the training pieces.
    clip_count, piece_count : int
        How many there were.
    """

    clips: dict[str, Metrics]
    pieces: dict[str, Metrics]
    baseline: dict[str, Metrics]
    clip_count: int
    piece_count: int


@dataclass(frozen=True, eq=False)
class ClipReadings:
    """Readings of every window: values and labels, shape (clips, 2), and the index of its piece, shape (clips,)."""

    values: np.ndarray
    labels: np.ndarray
    piece: np.ndarray


def evaluate(model: nn.Module, renderings: Sequence[Rendering], training_mean: np.ndarray) -> Evaluation:
    """Return the marks of a network on renderings of pieces it was not trained on.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode.
    renderings : sequence of Rendering
        Cached renderings.
    training_mean : np.ndarray [shape=(2,)]
        Mean label of the pieces trained on: what the baseline reads everywhere.

    Returns
    -------
    Evaluation

    Raises
    ------
    UsageError
        There is nothing to evaluate on.
    """
    readings = read_clips(model, renderings)
    labels = mean_by(readings.piece, readings.labels)
    return Evaluation(
        clips=dict(by_dimension(readings.values, readings.labels, OUTPUTS)),
        pieces=dict(by_dimension(mean_by(readings.piece, readings.values), labels, OUTPUTS)),
        baseline=dict(by_dimension(np.tile(training_mean, (len(labels), 1)), labels, OUTPUTS)),
        clip_count=len(readings.values),
        piece_count=len(labels),
    )


def read_clips(model: nn.Module, renderings: Sequence[Rendering]) -> ClipReadings:
    """Return the readings of all windows of the renderings, in their order.

    Raises
    ------
    UsageError
        There are no renderings.
    """
    if not renderings:
        raise UsageError("There are no prepared pieces to evaluate on; expected held-out pieces in the data.")
    pieces: dict[Piece, int] = {}
    values, index = [], []
    for rendering in renderings:
        read = _read(model, rendering.load())
        values.append(read)
        index.append(np.full(len(read), pieces.setdefault(rendering.piece, len(pieces))))
    piece = np.concatenate(index)
    return ClipReadings(np.concatenate(values), label_table(list(pieces))[piece], piece)


@torch.inference_mode()
def _read(model: nn.Module, windows: np.ndarray) -> np.ndarray:
    features = standardise(torch.from_numpy(windows.astype(np.float32)))[:, None]
    return np.asarray(model(features.contiguous(memory_format=torch.channels_last)).double().numpy())

"""The plain feature baseline: ridge regression on means and standard deviations of features; a network must beat it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.preparation.computing import AUDIO_RATE, MelFeatures
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.training.examples import rows_by_batches

#: Strengths of the penalty that are tried, re the number of clips.
PENALTIES = tuple(10.0**power for power in np.arange(-4, 1.5, 0.5))
_FOLDS, _BATCH = 5, 64


def baseline_readings(learned: PreparedCorpora, held_out: PreparedCorpora) -> np.ndarray:
    """Return what ridge regression on plain features reads of held-out clips of one corpus.

    Parameters
    ----------
    learned, held_out : PreparedCorpora
        Clips of one corpus.

    Returns
    -------
    np.ndarray [shape=(clips, 2)]
        Arousal and valence. The penalty is chosen by five-fold cross-validation over the groups learned from.
    """
    labels = learned.clips[list(DIMENSIONS)].to_numpy(dtype=np.float64)
    groups = learned.clips.groupby("group").ngroup().to_numpy()
    return ridge(plain_features(learned), labels, groups, plain_features(held_out))


def plain_features(data: PreparedCorpora) -> np.ndarray:
    """Return mean and standard deviation over time of each band (mel bands of audio), and vectors as they are."""
    rows = [_summary(data.read(rows)) for rows in rows_by_batches(len(data.clips), _BATCH)]
    return np.concatenate(rows)


def ridge(learned: np.ndarray, labels: np.ndarray, groups: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the predictions of ridge regression on standardised features.

    Parameters
    ----------
    learned : np.ndarray [shape=(n, features)]
        To learn from.
    labels : np.ndarray [shape=(n, outputs)]
        Of what is learned from.
    groups : np.ndarray [shape=(n,), dtype=int]
        What cross-validation, which chooses the penalty of each output, keeps together: 0, 1, ...
    asked : np.ndarray [shape=(m, features)]
        To predict for.

    Returns
    -------
    np.ndarray [shape=(m, outputs)]

    References
    ----------
    .. [1] A. E. Hoerl, R. W. Kennard (1970): Ridge regression: biased estimation for nonorthogonal problems. Technometrics 12.
    """
    errors = np.zeros((len(PENALTIES), labels.shape[1]))
    for fold in range(_FOLDS):
        held = groups % _FOLDS == fold
        if held.any() and not held.all():
            errors += [((p - labels[held]) ** 2).sum(0) for p in _fits(learned[~held], labels[~held], learned[held], PENALTIES)]
    best = errors.argmin(axis=0)
    fits = _fits(learned, labels, asked, PENALTIES)
    return np.stack([fits[choice][:, output] for output, choice in enumerate(best)], axis=1)


def _fits(learned: np.ndarray, labels: np.ndarray, asked: np.ndarray, penalties: Sequence[float]) -> list[np.ndarray]:
    mean, sd = learned.mean(axis=0), np.maximum(learned.std(axis=0), 1e-6)
    features, centre = (learned - mean) / sd, labels.mean(axis=0)
    values, vectors = np.linalg.eigh(features.T @ features / len(features))
    target = vectors.T @ (features.T @ (labels - centre)) / len(features)
    turned = ((asked - mean) / sd) @ vectors
    return [turned @ (target / (values.clip(0)[:, None] + penalty)) + centre for penalty in penalties]


def _summary(arrays: dict[str, np.ndarray]) -> np.ndarray:
    if "audio" in arrays:
        arrays = {"mel": MelFeatures().compute(list(arrays["audio"]), AUDIO_RATE)["mel"].astype(np.float32)}
    parts = [part for _, array in sorted(arrays.items()) for part in _statistics(torch.from_numpy(array))]
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _statistics(array: torch.Tensor) -> list[np.ndarray]:
    if array.ndim == 2:
        return [array.numpy()]
    return [part.flatten(1).numpy() for part in (array.mean(dim=-1), array.std(dim=-1, correction=0))]

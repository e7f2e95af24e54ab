"""What a training makes small: error, lack of concordance, and the losses of pairs."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from orchestra_deam.training.examples import Batch, Pairs
from orchestra_deam.training.settings import TrainingSettings


def label_loss(read: Tensor, batch: Batch, settings: TrainingSettings) -> Tensor:
    """Return how far readings lie from the labels of a batch.

    Parameters
    ----------
    read : Tensor [shape=(n, members, 2)]
        Readings of each member of an ensemble, which may have one member.
    batch : Batch
        With the labels.
    settings : TrainingSettings
        The recipe.

    Returns
    -------
    Tensor [shape=()]
        The mean over members and dimensions.

    References
    ----------
    .. [1] L. I. Lin (1989): A concordance correlation coefficient to evaluate reproducibility. Biometrics 45.
    """
    rated = batch.labels[:, None]
    error = (batch.weights[:, None] * (read - rated).square()).mean(0)
    covariance = ((read - read.mean(0)) * (rated - rated.mean(0))).mean(0)
    scale = read.var(0, correction=0) + rated.var(0, correction=0) + (read.mean(0) - rated.mean(0)).square()
    each = error + settings.concordance * (1 - 2 * covariance / (scale + 1e-6))
    emphasis = torch.tensor([1.0, settings.emphasis]) / (1.0 + settings.emphasis)
    return (each @ emphasis).mean()


def pair_loss(read: Tensor, semitone: Tensor, parallel: Tensor, pairs: Pairs, settings: TrainingSettings) -> Tensor:
    """Return how far readings of versions lie from what the difference between the versions asks for.

    Parameters
    ----------
    read, semitone, parallel : Tensor [shape=(n, members, 2)]
        Standardised readings of the clips, of the clips a semitone higher, and of those in the parallel mode.
    pairs : Pairs
        With the contrast of modes.
    settings : TrainingSettings
        With the weights and the wanted effect.

    Returns
    -------
    Tensor [shape=()]

    References
    ----------
    .. [1] T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity of
       primary musical cues. Frontiers in Psychology 4:487.
    """
    still = (semitone - read).square().mean()
    difference = read - parallel
    sign = pairs.contrast.sign()
    wanted = torch.stack([torch.zeros_like(sign), settings.mode_effect * sign], dim=1)[:, None]
    known = (pairs.contrast.abs() >= settings.clearest).to(read.dtype)[:, None, None]
    unmoved, mode = (known * (difference - wanted).square()).mean(dim=(0, 1))
    total: Tensor = settings.pair_still * still + settings.pair_unmoved * unmoved + settings.pair_mode * mode
    return total


def own_readings(read: Mapping[str, Tensor], names: tuple[str, ...], corpus: Tensor) -> Tensor:
    """Return of each clip the readings on the scale of its own corpus, shape (n, members, 2).

    Parameters
    ----------
    read : dict of Tensor [shape=(n, 2) or (members, n, 2)]
        Readings by corpus.
    names : tuple of str
        The corpora, in the order of their numbers.
    corpus : Tensor [shape=(n,)]
        Number of each clip's corpus.
    """
    stacked = torch.stack([read[name].float() for name in names])
    stacked = stacked[:, None] if stacked.ndim == 3 else stacked
    return stacked[corpus, :, torch.arange(len(corpus))]

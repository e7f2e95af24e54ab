"""Gram matrices of feature maps, normalised by size, and distances between maps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

# Of a mean product of features: below it there is nothing to compare.
_SILENCE = 1e-10


def gram(maps: Tensor) -> Tensor:
    """Return the Gram matrix of feature maps: which features sound together, wherever it is.

    ``G[i, j] = sum_p F[i, p] F[j, p] / (C P)`` over the P places of C channels. Without the division the matrix of a clip of
    twice the length, or of a layer with more channels, is larger by that factor, and one learning rate does not suit
    them all.

    Parameters
    ----------
    maps : Tensor [shape=(n, channels, height, width)]
        Activations of a layer.

    Returns
    -------
    Tensor [shape=(n, channels, channels)]
        Symmetric and positive semi-definite.

    References
    ----------
    .. [1] L. Gatys, A. Ecker, M. Bethge (2015): A neural algorithm of artistic style. arXiv:1508.06576.

    Examples
    --------
    >>> import torch
    >>> gram(torch.ones(1, 2, 3, 4))
    tensor([[[0.5000, 0.5000],
             [0.5000, 0.5000]]])
    """
    places = maps.flatten(2)
    return places @ places.mT / (places.shape[1] * places.shape[2])


def gram_distance(heard: Tensor, asked: Tensor) -> Tensor:
    """Return the squared distance of Gram matrices (n, c, c) relative to the squared size of those asked for, shape (n,)."""
    size = asked.square().sum(dim=(1, 2)).clamp_min(_SILENCE)
    return (heard - asked).square().sum(dim=(1, 2)) / size


def pattern_distance(heard: Tensor, kept: Tensor) -> Tensor:
    """Return how differently feature maps move over time: 1 minus their correlation by row, weighed by the row's energy.

    A gain or an offset of a row (a channel in a band), such as an equaliser makes, costs nothing: what counts is when
    something happens in it.

    Parameters
    ----------
    heard, kept : Tensor [shape=(n, channels, height, width)]
        Maps of the same size; time is the last dimension.

    Returns
    -------
    Tensor [shape=(n,)]
        0 where all rows rise and fall together, 1 where nothing is left of the pattern.
    """
    a, b = heard - heard.mean(dim=3, keepdim=True), kept - kept.mean(dim=3, keepdim=True)
    energy = b.square().sum(dim=3)
    size = (a.square().sum(dim=3) * energy + _SILENCE**2).sqrt()
    weight = energy.sqrt()
    correlation = (a * b).sum(dim=3) / size
    return ((1 - correlation) * weight).sum(dim=(1, 2)) / weight.sum(dim=(1, 2)).clamp_min(_SILENCE)


def weighted_sum(distances: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return the sum of distances by name, shapes (n,), times their weights; names without a weight count nothing."""
    return torch.stack([weight * distances[name] for name, weight in weights.items()]).sum(dim=0)

"""Blocks of partials as a matrix product, summed on the canvas, with its backward pass by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Pair = tuple[Tensor, Tensor]


def sum_blocks(audio: Tensor, at: Tensor, edges: Pair, carrier: Pair, basis: Tensor, level: Tensor, bent: Tensor) -> Tensor:
    """Return audio with tiles added to it.

    Parameters
    ----------
    audio : Tensor [shape=(places, blocks * block)]
        What sounds so far.
    at : Tensor [shape=(tiles,), dtype=int64]
        The place of each tile.
    edges : (Tensor, Tensor) [shape=(tiles, blocks, partials)]
        Levels of the partials at the beginning and the end of each block.
    carrier : (Tensor, Tensor) [shape=(tiles, blocks, partials)]
        Sine and cosine of the partials at the beginning of each block; no gradient goes there.
    basis : Tensor [shape=(tiles, 4 * partials, block)]
        Cosines and sines of a block that fall from 1 to 0, then those that rise from 0 to 1; no gradient goes there.
    level : Tensor [shape=(bent, block)]
        What each sample of some blocks is multiplied by.
    bent : Tensor [shape=(bent,), dtype=int64]
        Which blocks, ``tile * blocks + block``.

    Returns
    -------
    Tensor [shape=(places, blocks * block)]

    Notes
    -----
    Autograd would keep the product of edges and carriers, its factors four times over, and several copies of the tiles.
    """
    summed: Tensor = _SumBlocks.apply(audio, at, *edges, *carrier, basis, level, bent)  # type: ignore[no-untyped-call]
    return summed


class _SumBlocks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, audio: Tensor, at: Tensor, *given: Tensor) -> Tensor:
        first, last, sine, cosine, basis, level, bent = given
        tiles, blocks, partials = first.shape
        weights = first.new_empty(tiles, blocks, 4, partials)
        for i, (edge, wave) in enumerate(((first, sine), (first, cosine), (last, sine), (last, cosine))):
            torch.mul(edge, wave, out=weights[:, :, i])
        sound = torch.bmm(weights.flatten(2), basis)
        by_block = sound.flatten(0, 1)
        bare = by_block.index_select(0, bent)
        by_block.index_copy_(0, bent, bare * level)
        ctx.save_for_backward(at, sine, cosine, basis, level, bent, bare)
        return audio.index_add(0, at, sound.flatten(1))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        at, sine, cosine, basis, level, bent, bare = ctx.saved_tensors
        tiles, blocks, partials = sine.shape
        sound = gradient.index_select(0, at).view(tiles * blocks, -1)
        at_bent = sound.index_select(0, bent)
        sound.index_copy_(0, bent, at_bent * level)
        weights = torch.bmm(sound.view(tiles, blocks, -1), basis.transpose(1, 2)).view(tiles, blocks, 4, partials)
        first = (weights[:, :, 0] * sine).addcmul_(weights[:, :, 1], cosine)
        last = (weights[:, :, 2] * sine).addcmul_(weights[:, :, 3], cosine)
        return gradient, None, first, last, None, None, None, at_bent * bare, None

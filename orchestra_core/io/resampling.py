"""Resampling of recordings block by block, equal to resampling the whole at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from orchestra_core.contracts.resample import bank_fits, filter_width, resample


def resample_blocks(blocks: Iterable[Tensor], source: int, target: int) -> Iterator[Tensor]:
    """Resample a mono signal that comes in blocks.

    Parameters
    ----------
    blocks : iterable of Tensor [shape=(samples,)]
        The signal, cut anywhere.
    source, target : int
        Rates in Hz.

    Yields
    ------
    Tensor [shape=(samples,)]
        Together they are ``ceil(samples * target / source)`` samples, equal to `torchaudio.functional.resample` of the whole
        up to rounding; for rates whose filter bank would not fit into memory, to a streaming ``soxr`` of high quality.
    """
    if source == target:
        yield from blocks
        return
    if not bank_fits(source, target):
        yield from _soxr_blocks(blocks, source, target)
        return
    divisor = math.gcd(source, target)
    step_in, step_out = source // divisor, target // divisor
    margin = math.ceil((filter_width(source, target) + step_in) / step_in) * step_in
    for piece, skip_in, keep_in in _with_context(blocks, step_in, margin):
        skip = skip_in // step_in * step_out
        keep = math.ceil(keep_in * step_out / step_in)
        yield resample(piece[None], source, target)[0, skip : skip + keep]


def _with_context(blocks: Iterable[Tensor], step: int, margin: int) -> Iterator[tuple[Tensor, int, int]]:
    # Each piece: samples with up to `margin` of context on both sides, how many to skip, how many to keep.
    # Pieces begin on multiples of `step`, where both rates have a sample at the same time.
    held, context = torch.zeros(0), 0
    for block in blocks:
        held = torch.cat([held, block])
        keep = (len(held) - context - margin) // step * step
        if keep <= 0:
            continue
        yield held[: context + keep + margin], context, keep
        dropped = max(context + keep - margin, 0)
        held, context = held[dropped:], context + keep - dropped
    if len(held) > context:
        yield held, context, len(held) - context


def _soxr_blocks(blocks: Iterable[Tensor], source: int, target: int) -> Iterator[Tensor]:
    import soxr

    stream = soxr.ResampleStream(source, target, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield torch.from_numpy(stream.resample_chunk(block.numpy()).copy())
    yield torch.from_numpy(stream.resample_chunk(torch.zeros(0).numpy(), last=True).copy())

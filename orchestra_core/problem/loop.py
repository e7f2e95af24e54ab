"""Loops: what sounds after the end of a piece is heard from its beginning."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.instrument import Renderer


def on_canvas(render: Renderer, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
    """Return what a renderer gives for values, with the tail wrapped where the canvas is a loop.

    Parameters
    ----------
    render : callable
        `Instrument.render`, `Instrument.finish` or their unchecked forms.
    values : mapping of str to Tensor [shape=(batch, ...)]
        Physical values of all parameters.
    canvas : Canvas
        The time grid.

    Returns
    -------
    Tensor [shape=(batch, canvas.samples)]
        Differentiable as the rendering is.
    """
    if not canvas.loop:
        return render(values, canvas)
    return wrap(render(values, canvas.with_tail()), canvas.samples)


def wrap(audio: Tensor, samples: int) -> Tensor:
    """Return one period of audio that begins again every so many samples while what began before still sounds.

    Parameters
    ----------
    audio : Tensor [shape=(batch, n)]
        The piece and its tail.
    samples : int
        The period.

    Returns
    -------
    Tensor [shape=(batch, samples)]

    Examples
    --------
    >>> wrap(torch.tensor([[1.0, 0.0, 0.0, 0.5, 0.25]]), 3)
    tensor([[1.5000, 0.2500, 0.0000]])
    """
    periods = -(-audio.shape[1] // samples)
    padded = functional.pad(audio, (0, periods * samples - audio.shape[1]))
    return padded.reshape(len(audio), periods, samples).sum(dim=1)


def tail_left(audio: Tensor, sample_rate: int) -> float:
    """Return how loud a rendering still is where its tail is cut: the peak of the 20 ms before the last 20, re that of the whole.

    Instruments fade the last milliseconds of any canvas.
    """
    frame = max(round(0.02 * sample_rate), 1)
    return float(audio[:, -2 * frame : -frame].abs().max() / audio.abs().max().clamp_min(torch.finfo(audio.dtype).tiny))

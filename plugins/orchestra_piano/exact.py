"""The exact renderer: every sample of every note by the equations, the reference for the fast one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from orchestra_core import Canvas
from orchestra_piano.contour import Contour
from orchestra_piano.voice import Voices, partial_levels


def render_exact(voices: Voices, contour: Contour, canvas: Canvas, batch: int) -> Tensor:
    """Return the sum of the notes of each item, shape (batch, canvas.samples), each note over the whole canvas."""
    time = torch.arange(canvas.samples, dtype=torch.float64, device=voices.onset.device) / canvas.sample_rate
    audio = voices.onset.new_zeros(batch, canvas.samples)
    for row in range(len(voices.item)):
        note = voices.rows(torch.tensor([row], device=voices.item.device))
        audio = audio.index_add(0, note.item, sound_at(note, contour, time[None]))
    return audio


def sound_at(voices: Voices, contour: Contour, time: Tensor) -> Tensor:
    """Return the exact sound of each note.

    Parameters
    ----------
    voices : Voices
        The notes.
    contour : Contour
        How they rise and fall.
    time : Tensor [shape=(rows, n), dtype=float64]
        Seconds since the start of the canvas.

    Returns
    -------
    Tensor [shape=(rows, n)]
    """
    since = (time - voices.onset.double()[:, None]).to(voices.onset.dtype)
    turns = time[:, :, None] * voices.frequency[:, None, :] + voices.phase
    carrier = torch.sin(2 * math.pi * (turns - turns.floor()).to(since.dtype))
    strength = voices.audible[:, None, :] * partial_levels(voices, since)
    return contour.level(voices, since) * (strength * carrier).sum(-1)

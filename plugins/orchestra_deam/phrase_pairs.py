"""Phrases by rule as pairs for the ridge regression: each in its key, in the parallel mode and a semitone away, played alike."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from orchestra_deam.cues import CueFrontEnd
from orchestra_deam.midi import NoteTable
from orchestra_deam.parallel import in_parallel_mode
from orchestra_deam.phrases import draw_phrase
from orchestra_deam.rendering import InstrumentRenderer
from orchestra_deam.ridge import CuePairs

#: How many phrases the shipped weights learned from.
PHRASES = 600


def phrase_pairs(renderer: InstrumentRenderer, count: int = PHRASES, seed: int = 0) -> CuePairs:
    """Return the cues of phrases and of their versions.

    Their contrast is 1 in major and -1 in minor: their key is known, and not estimated. Every second phrase is played with
    another sound of the instrument.

    Parameters
    ----------
    renderer : InstrumentRenderer
        What plays them.
    count : int
        How many.
    seed : int
        Of phrases and sounds.

    Returns
    -------
    CuePairs [shape=(count, 351)]
    """
    front_end = CueFrontEnd()
    rows = [_row(renderer, front_end, np.random.default_rng([seed, number]), varied=bool(number % 2)) for number in range(count)]
    versions = [torch.cat(cues) for cues in zip(*(cues for cues, _ in rows), strict=True)]
    plain, parallel, semitone = versions
    return CuePairs(plain, parallel, semitone, torch.tensor([sign for _, sign in rows]))


def _row(
    renderer: InstrumentRenderer, front_end: CueFrontEnd, generator: np.random.Generator, varied: bool
) -> tuple[tuple[Tensor, ...], float]:
    notes, key = draw_phrase(generator)
    step, seed = int(generator.choice((-1, 1))), int(generator.integers(2**31))
    versions = (notes, in_parallel_mode(notes, key), notes.moved(step, 1.0))
    heard = tuple(_heard(renderer, front_end, version, np.random.default_rng(seed), varied) for version in versions)
    return heard, 1.0 if key.major else -1.0


def _heard(
    renderer: InstrumentRenderer, front_end: CueFrontEnd, notes: NoteTable, generator: np.random.Generator, varied: bool
) -> Tensor:
    clips = renderer.clips(notes, np.zeros(1), generator, varied)
    with torch.no_grad():
        return front_end.arrays(clips, renderer.sample_rate)["cues"]

"""The training of models that are solved at once, without epochs: each corpus's head from all of its clips."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from orchestra_core import build
from orchestra_deam.models import Cues
from orchestra_deam.phrase_pairs import phrase_pairs
from orchestra_deam.reading import head_for
from orchestra_deam.rendering import InstrumentRenderer
from orchestra_deam.ridge import CuePairs, RatedCues, RidgeSettings, fit_head, joined
from orchestra_deam.training.examples import Examples, rows_by_batches
from orchestra_deam.training.settings import TrainingSettings
from orchestra_deam.weights import MAIN_HEAD

_BATCH = 512


def solve(model: Cues, examples: Examples) -> float:
    """Fit the heads of a model in place.

    Parameters
    ----------
    model : Cues
        The model.
    examples : Examples
        Clips in the units of their labels.

    Returns
    -------
    float
        Mean squared error of what was learned from, in squared standard deviations of the labels.
    """
    settings, errors = examples.settings, []
    for corpus, rows in examples.by_corpus().items():
        cues = _cues(examples, examples.rows[rows])
        rated = RatedCues(cues, examples.labels[rows], _weights(examples, rows))
        head = head_for(model, corpus)
        pairs = _with_phrases(_pairs(examples, rows, cues), head, settings)
        fit_head(model, head, rated, pairs, ridge_settings(settings))
        with torch.no_grad():
            errors.append((model({"cues": cues})[head] - rated.labels) / torch.from_numpy(examples.scales[corpus][1]).float())
    return float(torch.cat(errors).square().mean())


def ridge_settings(settings: TrainingSettings) -> RidgeSettings:
    """Return what of a recipe the ridge regression takes."""
    penalty = (settings.penalty_arousal, settings.penalty_valence)
    return RidgeSettings(
        penalty, settings.pair_mode, settings.pair_still, settings.mode_effect, settings.clearest, settings.pair_unmoved
    )


def _weights(examples: Examples, rows: Tensor) -> Tensor:
    """Return the weights of clips: songs count alike, varied renderings less than plain ones."""
    songs = examples.song_numbers[rows.numpy()]
    clips = np.bincount(songs)[songs]
    varied = examples.varied()[rows.numpy()]
    weights = np.where(varied, examples.settings.varied_weight, 1.0) / clips
    return torch.from_numpy(weights).float() * examples.weights[rows].mean(dim=1)


def _pairs(examples: Examples, rows: Tensor, cues: Tensor) -> CuePairs | None:
    table = examples.pair_rows(rows)
    if table is None:
        return None
    known, semitone, parallel, contrast = table
    return CuePairs(cues[known], _cues(examples, parallel), _cues(examples, semitone), contrast)


def _with_phrases(pairs: CuePairs | None, head: str, settings: TrainingSettings) -> CuePairs | None:
    if head != MAIN_HEAD or not settings.phrases or not settings.paired:
        return pairs
    phrases = _phrases(settings.phrases)
    return phrases if pairs is None else joined(pairs, phrases)


@lru_cache(maxsize=1)
def _phrases(count: int) -> CuePairs:
    # The same for every seed and fold, and a minute's work.
    return phrase_pairs(InstrumentRenderer(build("instrument", None).component), count)


def _cues(examples: Examples, rows: Tensor) -> Tensor:
    parts = [examples.data.read(rows[list(chosen)].tolist())["cues"] for chosen in rows_by_batches(len(rows), _BATCH)]
    return torch.from_numpy(np.concatenate(parts))

"""Cross-validation by group within the part ``oracle``: how recipes are chosen without looking at what is held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from orchestra_core.errors import UsageError
from orchestra_deam.evaluation.whole import evaluate_corpora, write_evaluation
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.training.loop import Progress, read_all, train
from orchestra_deam.training.settings import TrainingSettings
from orchestra_deam.workflow import only_plain, plain


def fold_of_groups(data: PreparedCorpora, count: int, seed: int) -> dict[tuple[str, str], int]:
    """Return the fold of each (corpus, group): groups of each corpus in random order, each to the fold with fewest songs.

    Raises
    ------
    UsageError
        A corpus has fewer groups than folds.
    """
    found: dict[tuple[str, str], int] = {}
    for corpus in data.names:
        songs = data.clips[data.clips["corpus"] == corpus].drop_duplicates("song").groupby("group").size()
        if len(songs) < count:
            raise UsageError(f"{corpus} has {len(songs)} groups to learn from; expected at least as many as folds: {count}.")
        order = np.random.default_rng(seed).permutation(len(songs))
        sizes = np.zeros(count)
        for index in sorted(order, key=lambda index: -int(songs.iloc[index])):
            fold = int(sizes.argmin())
            sizes[fold] += songs.iloc[index]
            found[corpus, str(songs.index[index])] = fold
    return found


def cross_validate(
    data: PreparedCorpora,
    settings: TrainingSettings,
    folder: Path,
    count: int,
    *,
    resume: bool = False,
    progress: Progress = lambda epoch: None,
) -> dict[str, dict[str, Any]]:
    """Train as many times as there are folds, each time without one, and mark what is read of the one left out.

    Parameters
    ----------
    data : PreparedCorpora
        Only its part ``oracle`` is used.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Receives a folder per fold, and ``marks.md``, ``metrics.json`` and pictures of all clips, each read out of fold.
    count : int, >= 2
        Folds.
    resume : bool
        Go on where an interrupted cross-validation stopped.
    progress : callable
        Told after each step.

    Returns
    -------
    dict
        What `evaluate_corpora` gives, of the readings out of fold.
    """
    learned = data.of_parts("oracle")
    folds = fold_of_groups(learned, count, settings.seed)
    rated = only_plain(learned)
    number = _numbers(rated, folds)
    readings = np.full((len(rated.clips), 2), np.nan)
    for fold in range(count):
        rest = plain(learned.where(_numbers(learned, folds) != fold), settings)
        own = folder / f"fold-{fold + 1}"
        asked = rated.where(number == fold)
        watched = asked if settings.watch_held_out else None
        reader = train(rest, settings, own, watched=watched, resume=resume, progress=progress)
        readings[number == fold] = read_all(reader, asked)
    found = evaluate_corpora(rated, rated, readings)
    intro = [
        f"{count}-fold cross-validation by group within the part `oracle`, network `{settings.model}`, seed {settings.seed}: "
        "each clip was read by a network that learned from no song of its group. The mean baseline knows all songs.",
        "Trained on labels shuffled between songs: the control that must fail." if settings.shuffle else "",
    ]
    write_evaluation(folder, "Marks out of fold", [text for text in intro if text], found)
    return found


def _numbers(data: PreparedCorpora, folds: dict[tuple[str, str], int]) -> np.ndarray:
    return np.array([folds[key] for key in zip(data.clips["corpus"], data.clips["group"], strict=True)])

"""Readings out of fold: of each clip by a network that learned from no song of its group."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from orchestra_core.errors import UsageError
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.reading import Reader
from orchestra_deam.training.examples import only_plain, plain
from orchestra_deam.training.loop import read_all
from orchestra_deam.training.settings import TrainingSettings

#: Trains on clips, with a folder of its own, and others that may be watched; gives what reads.
Fit = Callable[[PreparedCorpora, Path, PreparedCorpora], Reader]


def out_of_fold(learned: PreparedCorpora, settings: TrainingSettings, folder: Path, count: int, fit: Fit) -> np.ndarray:
    """Return what is read of clips by trainings that each left out one fold.

    Parameters
    ----------
    learned : PreparedCorpora
        What may be learned from.
    settings : TrainingSettings
        The recipe; its seed draws the folds.
    folder : Path
        Each training gets a folder of its own in it: ``fold-1`` and so on.
    count : int, >= 2
        Folds, of whole groups.
    fit : callable
        Trains.

    Returns
    -------
    np.ndarray [shape=(clips, 2)]
        Arousal and valence of the clips of `only_plain`, in their order.

    Raises
    ------
    UsageError
        A corpus has fewer groups than folds.
    """
    folds = fold_of_groups(learned, count, settings.seed)
    rated = only_plain(learned)
    number, numbers = _numbers(rated, folds), _numbers(learned, folds)
    readings = np.full((len(rated.clips), 2), np.nan)
    for fold in range(count):
        asked = rated.where(number == fold)
        reader = fit(plain(learned.where(numbers != fold), settings), folder / f"fold-{fold + 1}", asked)
        readings[number == fold] = read_all(reader, asked)
    return readings


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
            raise UsageError(
                f"{corpus} has {len(songs)} groups to learn from; expected at least as many as folds: {count}. "
                "Take fewer folds (--folds, --calibrate), or --calibrate 0."
            )
        order = np.random.default_rng(seed).permutation(len(songs))
        sizes = np.zeros(count)
        for index in sorted(order, key=lambda index: -int(songs.iloc[index])):
            fold = int(sizes.argmin())
            sizes[fold] += songs.iloc[index]
            found[corpus, str(songs.index[index])] = fold
    return found


def _numbers(data: PreparedCorpora, folds: dict[tuple[str, str], int]) -> np.ndarray:
    return np.array([folds[key] for key in zip(data.clips["corpus"], data.clips["group"], strict=True)])

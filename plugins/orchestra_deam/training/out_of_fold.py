"""Readings out of fold: of each clip by a network that learned from no song of its group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestra_core.errors import UsageError
from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.lines import on_lines
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.reading import Reader
from orchestra_deam.training.examples import only_plain, plain
from orchestra_deam.training.loop import read_all
from orchestra_deam.training.settings import TrainingSettings

#: Lines of songs by corpus and dimension.
Lines = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Calibrated:
    """What reads, and the lines that calibrate its readings of songs: none where the recipe asks for none."""

    reader: Reader
    lines: Lines

    def on_lines(self, data: PreparedCorpora, readings: np.ndarray) -> np.ndarray:
        """Return its readings of clips, shape (clips, 2), taken onto the lines of their corpora."""
        found = readings.copy()
        for corpus in data.names:
            own = (data.clips["corpus"] == corpus).to_numpy()
            found[own] = on_lines(readings[own], self.lines.get(corpus, {}), DIMENSIONS)
        return found


#: Trains on clips, with a folder of its own, and others that may be watched.
Fit = Callable[[PreparedCorpora, Path, PreparedCorpora], Calibrated]


def out_of_fold(
    learned: PreparedCorpora, settings: TrainingSettings, folder: Path, count: int, fit: Fit
) -> tuple[np.ndarray, np.ndarray]:
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
    readings, calibrated : np.ndarray [shape=(clips, 2)]
        Arousal and valence of the clips of `only_plain`, in their order: as they are read, and on the lines of songs of the
        training that read them.

    Raises
    ------
    UsageError
        A corpus has fewer groups than folds.
    """
    folds = fold_of_groups(learned, count, settings.seed)
    rated = only_plain(learned)
    number, numbers = _numbers(rated, folds), _numbers(learned, folds)
    readings, calibrated = (np.full((len(rated.clips), 2), np.nan) for _ in range(2))
    for fold in range(count):
        asked = rated.where(number == fold)
        fitted = fit(plain(learned.where(numbers != fold), settings), folder / f"fold-{fold + 1}", asked)
        own = read_all(fitted.reader, asked)
        readings[number == fold], calibrated[number == fold] = own, fitted.on_lines(asked, own)
    return readings, calibrated


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

"""Calibration: the line of ratings on readings of songs that were not learned from, beside what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.evaluation.marking import READ, calibration, per_song
from orchestra_deam.lines import NO_LINE
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.training.examples import only_plain
from orchestra_deam.training.loop import Logger, Progress, train
from orchestra_deam.training.out_of_fold import Calibrated, Lines, fold_of_groups, out_of_fold
from orchestra_deam.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

#: Slopes beyond these tell of too few songs, or of a network that learned nothing, rather than of its scale.
LEAST, MOST = 1 / 3, 3.0


def train_calibrated(
    learned: PreparedCorpora,
    settings: TrainingSettings,
    folder: Path,
    *,
    watched: PreparedCorpora | None = None,
    resume: bool = False,
    progress: Progress = lambda epoch: None,
    logger: Logger = lambda row: None,
) -> Calibrated:
    """Train as `orchestra_deam.training.loop.train` does, and calibrate what was trained, if the recipe says so.

    A penalty, and the averaging of windows, leave the mean reading of a song nearer to the mean of all songs than the song
    is rated: ratings have a slope above 1 on readings. With `calibrate` folds the recipe is trained without each of them, for
    the line of ratings on readings of the songs left out, of each corpus and dimension. On it the mean reading of a
    song is the rating to be expected of it. A single clip tells less than a song, and is read best as the network reads it.
    So the network stays as it is, and the lines are kept beside it. No correlation changes by them.

    Parameters
    ----------
    learned, settings, folder, watched, resume, progress, logger
        As of `orchestra_deam.training.loop.train`. The trainings of folds lie in ``calibration`` in the folder; an
        interrupted one is resumed as well.

    Returns
    -------
    Calibrated

    Raises
    ------
    UsageError
        As of that; or a corpus has fewer groups than folds.
    ConfigurationError
        The checkpoint was made with other settings.

    References
    ----------
    .. [1] D. R. Cox (1958): Two further applications of a model for binary regression. Biometrika 45, 562-565. Slope and
       intercept of what is observed on what is predicted.
    .. [2] B. Van Calster, D. J. McLernon, M. van Smeden, L. Wynants, E. W. Steyerberg (2019): Calibration: the Achilles heel
       of predictive analytics. BMC Medicine 17:230.
    """
    if calibrates(settings):
        fold_of_groups(learned, settings.calibrate, settings.seed)  # refused before anything is trained
    reader = train(learned, settings, folder, watched=watched, resume=resume, progress=progress, logger=logger)
    if not calibrates(settings):
        return Calibrated(reader, {})

    def fit(rest: PreparedCorpora, own: Path, asked: PreparedCorpora) -> Calibrated:
        return Calibrated(train(rest, settings, own, resume=resume, progress=progress), {})

    readings, _ = out_of_fold(learned, settings, folder / "calibration", settings.calibrate, fit)
    return Calibrated(reader, song_lines(only_plain(learned), readings))


def calibrates(settings: TrainingSettings) -> bool:
    """Return whether a recipe is calibrated: shuffled and untrained controls are not, a line of noise being none."""
    return bool(settings.calibrate and settings.epochs) and not settings.shuffle


def song_lines(rated: PreparedCorpora, readings: np.ndarray) -> Lines:
    """Return the lines of ratings on readings, of the means of songs.

    Parameters
    ----------
    rated : PreparedCorpora
        The clips that were read.
    readings : np.ndarray [shape=(clips, 2)]
        Arousal and valence, by networks that did not learn from the clip.

    Returns
    -------
    dict
        By corpus and dimension ``slope``, within `LEAST` and `MOST`, and ``intercept``. A slope that is not positive tells of
        no relation, and is no line: slope 1, intercept 0.
    """
    frame = rated.clips.assign(**dict(zip(READ, readings.T, strict=True)))
    return {corpus: _lines(per_song(frame[frame["corpus"] == corpus])) for corpus in rated.names}


def _lines(songs: pd.DataFrame) -> dict[str, dict[str, float]]:
    slopes, found = calibration(songs), {}
    for name, column in zip(DIMENSIONS, READ, strict=True):
        slope = min(max(slopes[name]["slope"], LEAST), MOST)
        line = {"slope": slope, "intercept": float(songs[name].mean() - slope * songs[column].mean())}
        found[name] = line if slopes[name]["slope"] > 0 else dict(NO_LINE)
    return found

"""Cross-validation by group within the part ``oracle``: how recipes are chosen without looking at what is held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestra_deam.evaluation.whole import evaluate_corpora, write_evaluation
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.training.calibration import calibrates, train_calibrated
from orchestra_deam.training.examples import only_plain
from orchestra_deam.training.loop import Progress
from orchestra_deam.training.out_of_fold import Calibrated, out_of_fold
from orchestra_deam.training.settings import TrainingSettings


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

    A recipe that is calibrated is so within each fold, by folds of what it learned from.

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

    def fit(rest: PreparedCorpora, own: Path, asked: PreparedCorpora) -> Calibrated:
        watched = asked if settings.watch_held_out else None
        return train_calibrated(rest, settings, own, watched=watched, resume=resume, progress=progress)

    readings, calibrated = out_of_fold(learned, settings, folder, count, fit)
    rated = only_plain(learned)
    found = evaluate_corpora(rated, rated, readings, calibrated=calibrated)
    intro = [
        f"{count}-fold cross-validation by group within the part `oracle`, network `{settings.model}`, seed {settings.seed}: "
        "each clip was read by a network that learned from no song of its group. The mean baseline knows all songs.",
        f"Songs are read on lines of {settings.calibrate} folds of what each learned from, clips without."
        if calibrates(settings)
        else "",
        "Trained on labels shuffled between songs: the control that must fail." if settings.shuffle else "",
    ]
    write_evaluation(folder, "Marks out of fold", [text for text in intro if text], found)
    return found

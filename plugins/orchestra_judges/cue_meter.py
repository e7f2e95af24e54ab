"""The judge ``cue_meter``: six cues and seven coefficients from an experiment, and no network."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from orchestra_core import Performance
from orchestra_judges.cues import CUES, note_cues, sound_level
from orchestra_judges.notes_judge import pitched
from orchestra_judges.rated import RatedJudge
from orchestra_judges.weights import JudgeWeights

NAME = "cue_meter"
#: How long the windows are whose cues it averages, in s.
WINDOW = 20.0


class CueMeter(RatedJudge):
    """Marks arousal by density, level and staccato, and valence by mode, register and level: linear in each.

    The coefficients were fitted to the mean ratings of 200 settings of these cues. Level is that of the sound where there
    is sound, else that of the velocities. Marks are on the scale of the ratings' proxies, in [-1, 1].

    Parameters
    ----------
    weights : str, Path or None
        A ``.safetensors`` file; None for the shipped one.

    Raises
    ------
    WeightsError
        The weights are missing, damaged or another judge's.

    References
    ----------
    .. [1] T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity
       of primary musical cues. Frontiers in Psychology 4:487.
    """

    name = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"notes"})

    def cues(self, performance: Performance) -> dict[str, float]:
        """Return the cues that the marks are made of; see `orchestra_judges.cues.note_cues`."""
        windows = [note_cues(window) for window in pitched(performance.score).windows(WINDOW)]
        cues = {name: float(np.mean([window[name] for window in windows])) for name in windows[0]}
        if performance.audio is not None:
            cues["level"] = sound_level(performance.audio.detach().cpu().numpy())
        return cues

    def _mark(self, performance: Performance) -> dict[str, float]:
        cues = self.cues(performance)
        return {name: weighted(cues, names, self._coefficients[name]) for name, names in CUES.items()}

    def _prepare(self, weights: JudgeWeights) -> None:
        self._coefficients = {name: weights.array(name) for name in CUES}


def weighted(cues: dict[str, float], names: tuple[str, ...], coefficients: np.ndarray) -> float:
    """Return the intercept, which comes first, and the sum of cues times coefficients, in [-1, 1]."""
    total = float(coefficients[0]) + sum(float(b) * cues[name] for b, name in zip(coefficients[1:], names, strict=True))
    return min(max(total, -1.0), 1.0)

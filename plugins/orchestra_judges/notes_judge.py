"""The judge ``notes_judge``: a forest over features of notes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from orchestra_core import Performance, Score
from orchestra_core.errors import ParameterError
from orchestra_judges.forest import ARRAYS, Forest
from orchestra_judges.learned import LearnedJudge
from orchestra_judges.note_features import note_features
from orchestra_judges.notes import NoteArrays, notes_of
from orchestra_judges.weights import DIMENSIONS, JudgeWeights

NAME = "notes_judge"
#: How long the windows are that it reads and averages, in s.
WINDOW = 10.0


class NotesJudge(LearnedJudge):
    """Marks arousal and valence by the notes alone: density, register, articulation, harmony, melody and rhythm.

    Reads windows of 10 s and averages them. Drums are left out. It sees no sound: neither timbre nor mixing.

    Parameters
    ----------
    weights : str, Path or None
        A ``.safetensors`` file; None for the shipped one.

    Raises
    ------
    WeightsError
        The weights are missing, damaged or another judge's.
    """

    name = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"notes"})

    def perceive(self, performance: Performance) -> np.ndarray:
        """Return the features of the windows, shape (windows, features)."""
        return note_table(pitched(performance.score), WINDOW)

    def _mark(self, performance: Performance) -> dict[str, float]:
        features = note_table(pitched(performance.score), WINDOW)
        return {name: float(forest.predict(features).mean()) for name, forest in self._forests.items()}

    def _length(self, performance: Performance) -> float:
        notes = pitched(performance.score)
        return notes.end - float(notes.onset[0])

    def _prepare(self, weights: JudgeWeights) -> None:
        super()._prepare(weights)
        self._forests = read_forests(weights)


def pitched(score: Score | None) -> NoteArrays:
    """Return the pitched notes of a score.

    Raises
    ------
    ParameterError
        There are none.
    """
    notes = None if score is None else notes_of(score)
    if notes is None or not len(notes):
        raise ParameterError("The performance has no pitched notes; expected at least one that is no drum.")
    return notes


def note_table(notes: NoteArrays, window: float) -> np.ndarray:
    """Return the features of the windows of some notes, shape (windows, features), float32."""
    return np.array([list(note_features(one).values()) for one in notes.windows(window)], dtype=np.float32)


def read_forests(weights: JudgeWeights) -> dict[str, Forest]:
    """Return the forest of each dimension."""
    return {name: Forest(*(weights.array(f"{name}_{array}") for array in ARRAYS)) for name in DIMENSIONS}

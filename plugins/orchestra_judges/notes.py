"""Notes as arrays: what the judges of notes compute with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from orchestra_core import Score

#: Onsets closer than this sound together, in s.
TOGETHER = 0.03


@dataclass(frozen=True, eq=False)
class NoteArrays:
    """Notes in order of onset.

    Parameters
    ----------
    pitch : np.ndarray [shape=(notes,), dtype=float64]
        MIDI note numbers.
    onset, duration : np.ndarray [shape=(notes,), dtype=float64]
        In s.
    velocity : np.ndarray [shape=(notes,), dtype=float64]
        In [0, 1].
    """

    pitch: np.ndarray
    onset: np.ndarray
    duration: np.ndarray
    velocity: np.ndarray

    def __len__(self) -> int:
        """Number of notes."""
        return len(self.pitch)

    @property
    def end(self) -> float:
        """Time at which the last note ends, in s."""
        return float(np.max(self.onset + self.duration, initial=0.0))

    def windows(self, length: float) -> Iterator[NoteArrays]:
        """Yield the notes that begin in windows of `length` s side by side from the first note, where there are any.

        A last window shorter than half of `length` is part of the one before it.
        """
        first = float(self.onset.min(initial=0.0))
        count = max(int((self.onset.max(initial=0.0) - first) / length + 0.5), 1)
        place = np.clip(((self.onset - first) / length).astype(int), 0, count - 1)
        for index in range(count):
            kept = place == index
            if kept.any():
                yield NoteArrays(
                    self.pitch[kept], self.onset[kept] - first - index * length, self.duration[kept], self.velocity[kept]
                )


def notes_of(score: Score) -> NoteArrays:
    """Return the pitched notes of a score, drums left out.

    Parameters
    ----------
    score : Score
        Any notes.

    Returns
    -------
    NoteArrays
        Sorted by onset, then pitch; empty where only drums play.
    """
    rows = sorted((n.onset, n.pitch, n.duration, n.velocity) for n in score.notes if not n.part.drums)
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return NoteArrays(table[:, 1], table[:, 0], table[:, 2], table[:, 3])


def onset_groups(notes: NoteArrays) -> np.ndarray:
    """Return for each note the number of its group, shape (notes,): notes within `TOGETHER` of the group's first.

    Examples
    --------
    >>> chord = NoteArrays(np.array([60.0, 64.0, 67.0]), np.array([0.0, 0.01, 0.5]), np.full(3, 0.4), np.full(3, 0.8))
    >>> onset_groups(chord).tolist()
    [0, 0, 1]
    """
    groups, first, number = np.zeros(len(notes), dtype=int), -np.inf, -1
    for index, onset in enumerate(notes.onset):
        if onset > first + TOGETHER:
            first, number = onset, number + 1
        groups[index] = number
    return groups

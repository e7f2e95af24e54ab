"""A score that is given rather than written: a MIDI file, or notes made in code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.score import Note, Score
from orchestra_core.contracts.score_source import Choice, ScoreSource
from orchestra_core.errors import ScoreError

# A note that starts less than this before the end of the canvas could not be heard.
_LEAST = 0.05


class FixedScore(ScoreSource):
    """Gives every item the same score, cut to the canvas.

    Parameters
    ----------
    score : Score
        What is played; notes that start beyond the canvas are left out.
    """

    def __init__(self, score: Score) -> None:
        self.score = score

    def _write(self, brief: Brief, choice: Choice, generator: np.random.Generator) -> Score:
        notes = self._within(brief.canvas)
        if not notes:
            raise ScoreError(
                f"The first note of the score starts at {min(n.onset for n in self.score.notes):.2f} s; expected one within "
                f"the canvas of {brief.canvas.duration:g} s. Choose a longer duration."
            )
        return replace(self.score, notes=notes)

    def describe_cut(self, canvas: Canvas) -> list[str]:
        """Return a sentence that says how much of the score the canvas plays, if it is not all."""
        kept, every = len(self._within(canvas)), len(self.score.notes)
        if kept == every:
            return []
        return [
            f"The score lasts {self.score.end:.1f} s; the canvas of {canvas.duration:g} s plays {kept} of its {every} notes. "
            "A longer duration plays more."
        ]

    def _within(self, canvas: Canvas) -> tuple[Note, ...]:
        return tuple(note for note in self.score.notes if note.onset <= canvas.duration - _LEAST)

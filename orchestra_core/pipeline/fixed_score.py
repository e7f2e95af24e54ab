"""A score that is given rather than written: a MIDI file, or notes made in code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.score import Score
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
        end = brief.canvas.duration
        notes = tuple(note for note in self.score.notes if note.onset <= end - _LEAST)
        if not notes:
            raise ScoreError(
                f"The first note of the score starts at {min(n.onset for n in self.score.notes):.2f} s; expected one within "
                f"the canvas of {end:g} s. Choose a longer duration."
            )
        return replace(self.score, notes=notes)

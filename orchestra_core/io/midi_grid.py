"""Onsets that lie near a grid, moved onto it: what a person played becomes what was written."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from orchestra_core.contracts.score import Note, Score

#: How far in seconds an onset may lie from the grid.
TOLERANCE = 0.025
# Steps to a quarter note, in the order that they are tried: sixteenths, then eighths in triplets.
_GRIDS = (4, 3)
# A grid finer than this many tolerances is near any onset and says nothing.
_COARSEST = 3.0
_ROUNDING = 1e-9


def quantized(score: Score) -> Score:
    """Return a score with every onset on the grid, or as it is where one lies more than 25 ms away from it.

    The grid is that of sixteenths, else of eighths in triplets, at the tempo of the score. Notes keep their lengths, but for one
    that would reach into the next of its pitch.

    Parameters
    ----------
    score : Score
        With the tempo that it was written in.

    Returns
    -------
    Score

    Examples
    --------
    >>> score = quantized(Score((Note(60, 0.01, 0.4), Note(62, 0.49, 0.4)), tempo=120.0))
    >>> [note.onset for note in score.notes]
    [0.0, 0.5]
    """
    for steps in _GRIDS:
        step = 60.0 / score.tempo / steps
        places = [round(note.onset / step) for note in score.notes]
        near = all(
            abs(note.onset - place * step) <= TOLERANCE + _ROUNDING for note, place in zip(score.notes, places, strict=True)
        )
        if step >= _COARSEST * TOLERANCE and near:
            moved = [replace(note, onset=place * step) for note, place in zip(score.notes, places, strict=True)]
            return replace(score, notes=_without_overlaps(score.notes, moved)) if _apart(moved) else score
    return score


def _apart(notes: Sequence[Note]) -> bool:
    """Return whether no note falls on another of its pitch and part."""
    return len({(note.part, note.pitch, note.onset) for note in notes}) == len(notes)


def _without_overlaps(played: Sequence[Note], moved: Sequence[Note]) -> tuple[Note, ...]:
    """Return moved notes, shortened where one now reaches into the next of its pitch and did not before."""
    voices = defaultdict(list)
    for index in sorted(range(len(moved)), key=lambda index: moved[index].onset):
        voices[moved[index].part, moved[index].pitch].append(index)
    notes = list(moved)
    for indices in voices.values():
        for one, following in itertools.pairwise(indices):
            gap = moved[following].onset - moved[one].onset
            apart = played[one].onset + played[one].duration <= played[following].onset + 1e-9
            if apart and notes[one].duration > gap:
                notes[one] = replace(notes[one], duration=gap)
    return tuple(notes)

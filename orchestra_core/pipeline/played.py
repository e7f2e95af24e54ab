"""What was played, in the setting and the parts of what was written."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from orchestra_core.contracts.score import Note, Part, Score

_NOBODY = Part()


def as_written(played: Score, written: Score | None) -> Score:
    """Return played notes in the setting (tempo, metre, key) and parts of the score that they were played from.

    An instrument moves notes in time and knows nothing of parts. Each note gets the part of the written note of the same pitch
    that lies nearest in time, one for each. A voice of an ensemble, which has a name, keeps to the written notes of its name,
    or takes the program alone if there are none.

    Parameters
    ----------
    played : Score
        What an instrument tells of its notes.
    written : Score, or None
        What it was given; None leaves everything as it is.

    Returns
    -------
    Score
        The same notes in the same order.
    """
    if written is None:
        return played
    waiting = _Waiting(written)
    parts: dict[int, Part] = {}
    # By onset, so that of two notes of a pitch the earlier written goes to the earlier played.
    for index in sorted(range(len(played.notes)), key=lambda index: played.notes[index].onset):
        parts[index] = waiting.part_of(played.notes[index])
    notes = tuple(replace(note, part=parts[index]) for index, note in enumerate(played.notes))
    return replace(written, notes=notes)


class _Waiting:
    """Written notes that no played one has taken yet, by pitch."""

    def __init__(self, written: Score) -> None:
        self._names = {note.part.name for note in written.notes}
        self._notes: dict[float, list[Note]] = defaultdict(list)
        for note in sorted(written.notes, key=lambda note: note.onset):
            self._notes[round(note.pitch)].append(note)

    def part_of(self, note: Note) -> Part:
        """Return the part of a played note, and take the written one that it comes from."""
        own = note.part.name
        fitting = [
            one
            for one in self._notes[round(note.pitch)]
            if note.part == _NOBODY or (one.part.drums == note.part.drums and (own not in self._names or one.part.name == own))
        ]
        if not fitting:
            return note.part
        nearest = min(fitting, key=lambda one: abs(one.onset - note.onset))
        self._notes[round(note.pitch)].remove(nearest)
        if note.part == _NOBODY or own in self._names:
            return nearest.part
        return replace(note.part, program=nearest.part.program)

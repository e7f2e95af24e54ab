"""Who plays which notes of a score."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from orchestra_core import Instrument, Note, Score


def route(score: Score, voices: Mapping[str, Instrument], doubles: Collection[str] = ()) -> Mapping[str, Score]:
    """Return what each voice plays of a score; voices that play nothing of it are left out.

    A note whose part has the name of a voice goes to that voice. Of the other notes, those of the drum kit go to the first voice
    without pitch and the others to the first pitched one, and to those that double it.

    Parameters
    ----------
    score : Score
        What is written.
    voices : mapping of str to Instrument
        The voices that play notes, by name.
    doubles : collection of str
        Voices that play along with the first of their kind.

    Returns
    -------
    mapping of str to Score
        By voice, with the tempo, metre and key of the whole.
    """
    named = {note.part.name for note in score.notes} & set(voices)
    others = {drums: _players(voices, doubles, drums) for drums in (False, True)}
    played: dict[str, list[Note]] = {name: [] for name in voices}
    for note in score.notes:
        for name in (note.part.name,) if note.part.name in named else others[note.part.drums]:
            played[name].append(note)
    return {name: replace(score, notes=tuple(notes)) for name, notes in played.items() if notes}


def _players(voices: Mapping[str, Instrument], doubles: Collection[str], drums: bool) -> tuple[str, ...]:
    able = [name for name, voice in voices.items() if ("pitched" not in voice.capabilities) == drums]
    return tuple(name for name in able if name == able[0] or name in doubles)

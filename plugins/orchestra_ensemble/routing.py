"""Who plays which notes of a score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestra_core import Instrument, Note, Score


def route(score: Score, voices: Mapping[str, Instrument]) -> Mapping[str, Score]:
    """Return what each voice plays of a score; voices that play nothing of it are left out.

    A note whose part has the name of a voice goes to that voice. Of the other notes, those of the drum kit go to every voice
    without pitch that no part is named after, and the others to every pitched voice that no part is named after: voices of
    one kind double each other. Where parts are named after all of them, the first one plays along.

    Parameters
    ----------
    score : Score
        What is written.
    voices : mapping of str to Instrument
        The voices that play notes, by name.

    Returns
    -------
    mapping of str to Score
        By voice, with the tempo, metre and key of the whole.
    """
    named = {note.part.name for note in score.notes} & set(voices)
    kinds = {drums: _players(voices, named, drums) for drums in (False, True)}
    played: dict[str, list[Note]] = {name: [] for name in voices}
    for note in score.notes:
        for name in (note.part.name,) if note.part.name in named else kinds[note.part.drums]:
            played[name].append(note)
    return {name: replace(score, notes=tuple(notes)) for name, notes in played.items() if notes}


def _players(voices: Mapping[str, Instrument], named: set[str], drums: bool) -> tuple[str, ...]:
    able = [name for name, voice in voices.items() if ("pitched" not in voice.capabilities) == drums]
    return tuple(name for name in able if name not in named) or tuple(able[:1])

"""What a piece in bars is held to: what any score is, and a key that it declares."""

from __future__ import annotations

from collections.abc import Mapping

from orchestra_core import Gate, Score, score_gates
from orchestra_core.errors import ScoreError


def gates(score: Score) -> Mapping[str, Gate]:
    """Return everything that a piece is held to; see `orchestra_core.score_gates`.

    Parameters
    ----------
    score : Score
        With a key. The melody is the part of that name, or the highest voice.

    Returns
    -------
    mapping of str to Gate
        ``scale``: share of notes in the declared scale; ``lowest`` and ``highest``: MIDI numbers; ``leap``: the widest in the
        melody, in semitones; ``motif``: notes of the longest figure that returns; ``cadence``: 1 where the piece ends at home.

    Raises
    ------
    ScoreError
        The score has no key, or no note with a pitch.
    ParameterError
        The key is unknown.

    Examples
    --------
    >>> from orchestra_core import Note
    >>> tune = [60, 62, 64, 60, 60, 62, 64, 60, 62, 60]
    >>> score = Score(tuple(Note(pitch, 0.5 * i, 0.5) for i, pitch in enumerate(tune)), key="C major")
    >>> [name for name, gate in gates(score).items() if not gate.passed]
    []
    """
    if score.key is None:
        raise ScoreError("The score has no key; expected one, such as 'D dorian', whose scale its notes are held to.")
    return score_gates(score)

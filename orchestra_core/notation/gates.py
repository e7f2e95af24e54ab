"""What the notes of a piece are held to: scale, range, leaps, a motif that returns, and a cadence at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from orchestra_core.contracts.score import Note, Score
from orchestra_core.errors import ScoreError
from orchestra_core.notation.keys import declared_scale, parse_key

#: Lowest and highest key of a piano.
LOWEST, HIGHEST = 21.0, 108.0
LEAST_IN_SCALE = 0.95
WIDEST_LEAP = 12.0
SHORTEST_MOTIF = 3
_OCTAVE = 12
# Notes that begin within this many seconds of each other begin together.
_TOGETHER = 0.055
# How much two intervals of one figure may differ in semitones: as they do where it is moved along a scale.
_SAME_INTERVAL = 1.0
_SAME_RHYTHM = 0.25


@dataclass(frozen=True)
class Gate:
    """One thing that a piece is held to.

    Parameters
    ----------
    value : float
        What was measured.
    limit : float
        What it is held to.
    passed : bool
        Whether the piece holds to it.
    """

    value: float
    limit: float
    passed: bool

    @classmethod
    def at_most(cls, value: float, limit: float) -> Gate:
        """Return a gate that lets pass what is at most the limit."""
        return cls(float(value), float(limit), bool(value <= limit))

    @classmethod
    def at_least(cls, value: float, limit: float) -> Gate:
        """Return a gate that lets pass what is at least the limit."""
        return cls(float(value), float(limit), bool(value >= limit))


def score_gates(score: Score) -> Mapping[str, Gate]:
    """Return what the notes of a piece are held to.

    Parameters
    ----------
    score : Score
        The melody is the part of that name, or the highest voice.

    Returns
    -------
    mapping of str to Gate
        ``lowest`` and ``highest``: MIDI numbers; ``leap``: the widest in the melody, in semitones; ``motif``: notes of the
        longest figure of the melody that returns; and where the score declares a key ``scale``: share of notes in it, and
        ``cadence``: 1 where the piece ends at home.

    Raises
    ------
    ScoreError
        All notes are drums.
    ParameterError
        The key is unknown.

    Examples
    --------
    >>> from orchestra_core import Note
    >>> tune = [60, 62, 64, 60, 60, 62, 64, 60, 62, 60]
    >>> score = Score(tuple(Note(pitch, 0.5 * i, 0.5) for i, pitch in enumerate(tune)), key="C major")
    >>> [name for name, gate in score_gates(score).items() if not gate.passed]
    []
    """
    pitches, melody = [note.pitch for note in _pitched(score)], melody_of(score)
    found = {
        "lowest": Gate.at_least(min(pitches), LOWEST),
        "highest": Gate.at_most(max(pitches), HIGHEST),
        "leap": Gate.at_most(widest_leap(melody), WIDEST_LEAP),
        "motif": Gate.at_least(repeated_motif(melody), SHORTEST_MOTIF),
    }
    if score.key is None:
        return found
    declared = {
        "scale": Gate.at_least(share_in_scale(score), LEAST_IN_SCALE),
        "cadence": Gate.at_least(ends_at_home(score), 1.0),
    }
    return {**found, **declared}


def share_in_scale(score: Score) -> float:
    """Return the share of pitched notes that lie in the scale that the key of the score declares; see `declared_scale`."""
    tonic, mode = _key(score)
    scale, pitched = declared_scale(mode), _pitched(score)
    return sum((round(note.pitch) - tonic) % _OCTAVE in scale for note in pitched) / len(pitched)


def melody_of(score: Score) -> list[Note]:
    """Return the notes of the part named melody in the order of their onsets, or the highest of those that begin together."""
    named = [note for note in score.notes if note.part.name == "melody"]
    if named:
        return sorted(named, key=lambda note: note.onset)
    highest: list[Note] = []
    for note in sorted(_pitched(score), key=lambda note: note.onset):
        if not highest or note.onset - highest[-1].onset > _TOGETHER:
            highest.append(note)
        elif note.pitch > highest[-1].pitch:
            highest[-1] = note
    return highest


def widest_leap(melody: Sequence[Note]) -> float:
    """Return the widest step from note to note in semitones; 0 for a single note."""
    return float(max((abs(b.pitch - a.pitch) for a, b in pairwise(melody)), default=0.0))


def repeated_motif(melody: Sequence[Note]) -> int:
    """Return the notes of the longest figure that comes again without overlap; 0 where nothing returns.

    A figure is its rhythm, within a quarter of each gap, and its line, within a semitone a step, as it changes where it is
    moved along a scale. Its last note may be longer or shorter when it returns.
    """
    intervals = np.diff([note.pitch for note in melody])
    gaps = np.diff([note.onset for note in melody])
    longest = 0
    for distance in range(2, len(melody)):
        same_line = (np.abs(intervals[distance:] - intervals[:-distance]) <= _SAME_INTERVAL) & (
            np.sign(intervals[distance:]) == np.sign(intervals[:-distance])
        )
        least = np.minimum(gaps[distance:], gaps[:-distance])
        same = same_line & (np.abs(gaps[distance:] - gaps[:-distance]) <= _SAME_RHYTHM * least)
        # No figure of two places could be longer than their distance.
        longest = max(longest, min(_longest_run(same) + 1, distance) if same.any() else 0)
    return longest


def ends_at_home(score: Score) -> bool:
    """Return whether the last note of the melody and the lowest that begins with it are the tonic."""
    tonic, _ = _key(score)
    last = melody_of(score)[-1]
    bass = min((note for note in _pitched(score) if abs(note.onset - last.onset) <= _TOGETHER), key=lambda note: note.pitch)
    return all((round(note.pitch) - tonic) % _OCTAVE == 0 for note in (last, bass))


def _pitched(score: Score) -> list[Note]:
    pitched = [note for note in score.notes if not note.part.drums]
    if not pitched:
        raise ScoreError(f"All {len(score.notes)} notes of the score are drums; expected some with a pitch.")
    return pitched


def _key(score: Score) -> tuple[int, str]:
    if score.key is None:
        raise ScoreError("The score has no key; expected one, such as 'D dorian', whose scale its notes are held to.")
    return parse_key(score.key)


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))

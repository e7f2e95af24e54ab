"""What a piece is held to: its scale, its range, its leaps, a motif that returns, and a cadence at its end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestra_core import Note, Score
from orchestra_core.errors import ScoreError
from orchestra_song.modes import declared_scale, parse_key

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


def gates(score: Score) -> Mapping[str, Gate]:
    """Return everything that a piece is held to.

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
        The score has no key, or one that is unknown.

    Examples
    --------
    >>> from orchestra_core import Note
    >>> tune = [60, 62, 64, 60, 60, 62, 64, 60, 62, 60]
    >>> score = Score(tuple(Note(pitch, 0.5 * i, 0.5) for i, pitch in enumerate(tune)), key="C major")
    >>> [name for name, gate in gates(score).items() if not gate.passed]
    []
    """
    low, high = playable_range(score)
    share, leap, motif, home = share_in_scale(score), widest_leap(score), repeated_motif(score), ends_at_home(score)
    return {
        "scale": Gate(share, LEAST_IN_SCALE, share >= LEAST_IN_SCALE),
        "lowest": Gate(low, LOWEST, low >= LOWEST),
        "highest": Gate(high, HIGHEST, high <= HIGHEST),
        "leap": Gate(leap, WIDEST_LEAP, leap <= WIDEST_LEAP),
        "motif": Gate(motif, SHORTEST_MOTIF, motif >= SHORTEST_MOTIF),
        "cadence": Gate(float(home), 1.0, home),
    }


def share_in_scale(score: Score) -> float:
    """Return the share of pitched notes that lie in the scale that the key of the score declares; see `declared_scale`."""
    tonic, mode = _key(score)
    scale = declared_scale(mode)
    pitched = _pitched(score)
    return sum((round(note.pitch) - tonic) % _OCTAVE in scale for note in pitched) / len(pitched)


def playable_range(score: Score) -> tuple[float, float]:
    """Return the lowest and the highest pitch of the pitched notes."""
    pitches = [note.pitch for note in _pitched(score)]
    return min(pitches), max(pitches)


def widest_leap(score: Score) -> float:
    """Return the widest step from note to note of the melody, in semitones; 0 for a single note."""
    pitches = [note.pitch for note in melody_of(score)]
    return max((abs(b - a) for a, b in itertools.pairwise(pitches)), default=0.0)


def repeated_motif(score: Score) -> int:
    """Return the notes of the longest figure of the melody that comes again: its rhythm, and its line within a semitone a step.

    The last note of a figure may be longer or shorter when it returns. Figures do not overlap.
    """
    notes = melody_of(score)
    intervals = [b.pitch - a.pitch for a, b in itertools.pairwise(notes)]
    gaps = [b.onset - a.onset for a, b in itertools.pairwise(notes)]
    longest = 0
    for first in range(len(notes)):
        for second in range(first + 1, len(notes)):
            # No figure of these two places could be longer than their distance.
            count = _alike(intervals, gaps, first, second)
            longest = max(longest, min(count + 1, second - first))
    return longest


def ends_at_home(score: Score) -> bool:
    """Return whether the last note of the melody and the lowest note that sounds under it are the tonic."""
    tonic, _ = _key(score)
    last = melody_of(score)[-1]
    bass = min((note for note in _pitched(score) if abs(note.onset - last.onset) <= _TOGETHER), key=lambda note: note.pitch)
    return all((round(note.pitch) - tonic) % _OCTAVE == 0 for note in (last, bass))


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


def _pitched(score: Score) -> list[Note]:
    pitched = [note for note in score.notes if not note.part.drums]
    if not pitched:
        raise ScoreError(f"All {len(score.notes)} notes of the score are drums; expected some with a pitch.")
    return pitched


def _key(score: Score) -> tuple[int, str]:
    if score.key is None:
        raise ScoreError("The score has no key; expected one, such as 'D dorian', whose scale its notes are held to.")
    tonic, mode = parse_key(score.key)
    return tonic, mode or "major"


def _alike(intervals: Sequence[float], gaps: Sequence[float], first: int, second: int) -> int:
    """Return how many steps from two places go alike."""
    count = 0
    while second + count < len(intervals):
        one, other = intervals[first + count], intervals[second + count]
        same_line = abs(one - other) <= _SAME_INTERVAL and (one > 0) == (other > 0) and (one < 0) == (other < 0)
        same_time = abs(gaps[first + count] - gaps[second + count]) <= _SAME_RHYTHM * min(
            gaps[first + count], gaps[second + count]
        )
        if not (same_line and same_time):
            break
        count += 1
    return count

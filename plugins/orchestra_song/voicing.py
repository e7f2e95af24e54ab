"""Voice leading: three upper voices in close position that move as little as they can over a bass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from orchestra_core import SCALES
from orchestra_song.modes import Chord

_PARALLEL = 8.0
_AWAY = 0.6
_REACH = 9


def lead(chords: Sequence[Chord], tonic: int, centre: float) -> list[tuple[int, int, int]]:
    """Return three voices for each chord, from the lowest up: triads in close position, inverted so that they hardly move.

    Each is the cheapest after the one before: semitones moved by all voices, parallel fifths and octaves between them, and
    distance from the middle.

    Parameters
    ----------
    chords : sequence of Chord
        One after another.
    tonic : int
        Pitch class of the tonic.
    centre : float
        MIDI number that the voices stay around.

    Returns
    -------
    list of (int, int, int)
        MIDI numbers.
    """
    voiced: list[tuple[int, int, int]] = []
    for one in chords:
        before = voiced[-1] if voiced else None
        voiced.append(min(_positions(one, tonic, centre), key=lambda voices: _cost(voices, before, centre)))
    return voiced


def bass_line(chords: Sequence[Chord], tonic: int, centre: float) -> list[int]:
    """Return the roots in the bass, or the tonic under a pedal, each in the octave nearest to the centre and the one before."""
    line: list[int] = []
    for one in chords:
        degree = 0 if one.pedal else one.degree
        pitch = tonic + SCALES[one.scale][degree]
        options = [pitch + 12 * octave for octave in range(1, 9) if abs(pitch + 12 * octave - centre) <= _REACH]
        line.append(min(options, key=lambda option: (abs(option - line[-1]) if line else 0) + 0.5 * abs(option - centre)))
    return line


def parallels(before: Sequence[int], after: Sequence[int]) -> int:
    """Return how many pairs of voices move in parallel fifths or octaves.

    Examples
    --------
    >>> parallels((48, 55, 64), (50, 57, 65)), parallels((48, 55, 64), (48, 57, 65))
    (1, 0)
    """
    pairs = combinations(zip(before, after, strict=True), 2)
    return sum(b != a and (d - b) % 12 == (c - a) % 12 and (d - b) % 12 in (0, 7) for (a, b), (c, d) in pairs)


def _positions(one: Chord, tonic: int, centre: float) -> list[tuple[int, int, int]]:
    low = round(centre) - _REACH
    found = []
    for start in range(low, low + 2 * _REACH - 4):
        above = [start + (tonic + pitch - start) % 12 for pitch in one.pitch_classes]
        if start in above:
            first, second, third = sorted(above)
            found.append((first, second, third))
    return found


def _cost(voices: tuple[int, int, int], before: tuple[int, int, int] | None, centre: float) -> float:
    away = _AWAY * abs(sum(voices) / 3 - centre)
    if before is None:
        return away
    moved = sum(abs(new - old) for new, old in zip(voices, before, strict=True))
    return moved + _PARALLEL * parallels(before, voices) + away

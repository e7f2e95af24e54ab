"""Parallel major and minor: simple tonal pieces by rule in both modes, and real pieces with their mode changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestra_core import Note, Score
from trust.sounds import Excerpt

MAJOR, NATURAL_MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
#: Scale degrees (from 0) of the roots of four chords; all begin on the tonic.
PROGRESSIONS = ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 5, 3), (0, 1, 4, 0), (0, 2, 3, 0), (0, 3, 0, 4), (0, 5, 1, 4), (0, 0, 3, 0))
TEXTURES = ("blocks", "broken chords", "melody and chords", "melody and bass")
#: Key profiles for major and minor: C. L. Krumhansl, E. J. Kessler (1982), Psychological Review 89.
PROFILES = {
    "major": np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]),
    "minor": np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]),
}
_OTHER = {"major": "minor", "minor": "major"}
_CONTEXT = 5.0  # seconds to each side of an excerpt from which its key is estimated


@dataclass(frozen=True)
class Pair:
    """The same music in major and in minor."""

    name: str
    kind: str
    major: Excerpt
    minor: Excerpt


@dataclass(frozen=True)
class Key:
    """A tonic (pitch class) and mode, with the correlation of its profile and that of the parallel key."""

    tonic: int
    mode: str
    fit: float
    parallel_fit: float


def simple_pairs(count: int = 60, duration: float = 5.0, seed: int = 2013) -> list[Pair]:
    """Return pairs by rule: all keys in turn, eight progressions, four textures, three registers, one to six notes per second.

    Degrees are the same in both modes. Minor is natural in every second pair; in the others the leading tone of the dominant
    stays raised.
    """
    generator = np.random.default_rng(seed)
    return [_simple_pair(number, duration, generator) for number in range(count)]


def changed_pairs(pieces: Sequence[tuple[str, Score]], duration: float = 5.0, per_piece: int = 5) -> list[Pair]:
    """Return excerpts of real pieces beside their change of mode: 3rd, 6th and 7th degree of the estimated key altered.

    The excerpts lie at fixed places of a piece, evenly from its beginning to its end. One is left out where its notes do not
    carry its mode: where the parallel key fits as well within 0.1, where less than 85 % of it lies in the key, or where the
    excerpt by itself, as it is and changed, is not estimated to be in the key and in its parallel.
    """
    pairs = []
    for name, score in pieces:
        for place in np.linspace(0, 1, per_piece + 2)[1:-1]:
            start = float(place) * max(score.end - duration, 0.0)
            pair = _changed_pair(name, score, start, duration)
            if pair is not None:
                pairs.append(pair)
    return pairs


def estimate_key(notes: Sequence[Note]) -> Key:
    """Return the key whose profile correlates best with the durations of the pitch classes."""
    weights = np.zeros(12)
    for note in notes:
        weights[round(note.pitch) % 12] += note.duration
    fits = {
        (tonic, mode): float(np.corrcoef(np.roll(profile, tonic), weights)[0, 1]) if weights.std() else 0.0
        for mode, profile in PROFILES.items()
        for tonic in range(12)
    }
    tonic, mode = max(fits, key=lambda key: fits[key])
    return Key(tonic, mode, fits[tonic, mode], fits[tonic, _OTHER[mode]])


def change_mode(notes: Sequence[Note], key: Key) -> tuple[Note, ...]:
    """Return the notes with 3rd, 6th and 7th degree lowered by a semitone (from major) or raised (from minor)."""
    altered, step = ((4, 9, 11), -1) if key.mode == "major" else ((3, 8, 10), 1)
    return tuple(replace(n, pitch=n.pitch + step) if (round(n.pitch) - key.tonic) % 12 in altered else n for n in notes)


def _changed_pair(name: str, score: Score, start: float, duration: float) -> Pair | None:
    near = [n for n in score.notes if n.onset < start + duration + _CONTEXT and n.onset + n.duration > start - _CONTEXT]
    heard = [n for n in near if n.onset < start + duration and n.onset + n.duration > start]
    if len(heard) < 4:
        return None
    key = estimate_key(near)
    if key.fit - key.parallel_fit < 0.1 or not _inside(heard, key):
        return None
    if not _carries(heard, key) or not _carries(change_mode(heard, key), replace(key, mode=_OTHER[key.mode])):
        return None
    own, other = Score(tuple(near)), Score(change_mode(near, key))
    major, minor = (own, other) if key.mode == "major" else (other, own)
    return Pair(f"{name} at {start:.0f} s", f"real, from {key.mode}", Excerpt(major, start), Excerpt(minor, start))


def _inside(heard: Sequence[Note], key: Key) -> bool:
    degrees = {*MAJOR} if key.mode == "major" else {*NATURAL_MINOR, 9, 11}
    inside = sum(note.duration for note in heard if (round(note.pitch) - key.tonic) % 12 in degrees)
    return inside >= 0.85 * sum(note.duration for note in heard)


def _carries(heard: Sequence[Note], key: Key) -> bool:
    own = estimate_key(heard)
    return (own.tonic, own.mode) == (key.tonic, key.mode)


def _simple_pair(number: int, duration: float, generator: np.random.Generator) -> Pair:
    texture = TEXTURES[number % len(TEXTURES)]
    progression = PROGRESSIONS[int(generator.integers(len(PROGRESSIONS)))]
    tonic = 12 * int(generator.integers(4, 7)) + (7 * number) % 12
    per_chord = int(generator.choice([2, 3, 4, 6]))
    degrees = _degrees(texture, progression, per_chord, generator)
    scores = [_score(degrees, tonic, minor, number % 2 == 0, duration) for minor in (False, True)]
    return Pair(f"{number:02d} {texture}", "by rule", Excerpt(scores[0]), Excerpt(scores[1]))


# A note in degrees: degree from the tonic (0..6 and beyond, octaves of 7), start and length in chords, velocity, whether on V.
_Degree = tuple[int, float, float, float, bool]


def _degrees(texture: str, progression: Sequence[int], per_chord: int, generator: np.random.Generator) -> list[_Degree]:
    notes: list[_Degree] = []
    melody = 7 + 2 * int(generator.integers(3))
    for place, root in enumerate(progression):
        chord, dominant = [root, root + 2, root + 4], root == 4
        if texture == "broken chords":
            order = [chord[0], chord[2], chord[1], chord[2]]
            step = 1 / per_chord
            notes += [(order[i % 4], place + i * step, step, 0.6, dominant) for i in range(per_chord)]
        elif texture == "melody and bass":
            notes.append((root - 7, place, 1.0, 0.6, dominant))
        else:
            notes += [(degree, place, 1.0, 0.55, dominant) for degree in chord]
        if texture.startswith("melody"):
            line, melody = _line(chord, melody, per_chord, generator)
            notes += [(degree, place + i / per_chord, 1 / per_chord, 0.8, dominant) for i, degree in enumerate(line)]
    return notes


def _line(chord: Sequence[int], melody: int, count: int, generator: np.random.Generator) -> tuple[list[int], int]:
    """Return degrees that begin on the nearest chord tone and go on by step, and where they end."""
    line = []
    for place in range(count):
        if place % 2 == 0:
            tones = [degree + 7 * octave for degree in chord for octave in (0, 1, 2)]
            near = sorted(tones, key=lambda tone: abs(tone - melody) + 0.1 * generator.random())
            melody = near[int(generator.integers(2))]
        else:
            melody += int(generator.choice([-1, 1]))
        line.append(melody)
    return line, melody


def _score(degrees: Sequence[_Degree], tonic: int, minor: bool, natural: bool, duration: float) -> Score:
    chord = duration / 4
    notes = []
    for degree, start, length, velocity, dominant in degrees:
        octave, step = divmod(degree, 7)
        scale = NATURAL_MINOR if minor else MAJOR
        pitch = tonic + 12 * octave + (MAJOR[step] if minor and not natural and dominant and step == 6 else scale[step])
        notes.append(Note(float(pitch), start * chord, length * chord * 0.95, velocity))
    return Score(tuple(notes))

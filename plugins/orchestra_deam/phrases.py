"""Tonal phrases by rule, in a known key: what an oracle learns mode from beside ratings, without any data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestra_deam.midi import NoteTable
from orchestra_deam.parallel import Key

#: Chords of a phrase as degrees of the scale, one per quarter of its length.
PROGRESSIONS = ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 5, 3), (0, 3, 0, 4), (0, 2, 3, 4))
#: General MIDI programs that play phrases: keyboards, plucked, bowed and blown instruments.
PROGRAMS = (0, 4, 11, 19, 24, 40, 46, 48, 56, 60, 68, 71, 73)

_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_HARMONIC_MINOR = (*_MINOR[:6], 11)
_SECONDS = 5.0
_LAST_ONSET = 4.85
# Sounding share of the time between two notes, from legato to staccato.
_ARTICULATION = (1.0, 0.85, 0.6, 0.35)
_NATURAL = 0.6


@dataclass(frozen=True)
class Plan:
    """What a phrase is made of.

    Parameters
    ----------
    key : Key
        Its key.
    scale : tuple of int
        Semitones of the seven degrees above the tonic.
    chords : tuple of int
        Roots of its four chords, as degrees.
    melody, bass : int
        Tonic of the upper part and of the accompaniment, as MIDI numbers.
    step : float
        Seconds between two notes of the upper part.
    share : float, in (0, 1]
        How much of that time a note sounds.
    texture : {"melody", "accompanied", "chords"}
        A melody alone, one over broken chords, or repeated chords over a bass.
    """

    key: Key
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    melody: int
    bass: int
    step: float
    share: float
    texture: str

    def pitch(self, degree: int, tonic: int) -> int:
        """Return the MIDI number of a degree of the scale, counted from 0, above a tonic."""
        return tonic + 12 * (degree // 7) + self.scale[degree % 7]

    def chord_at(self, time: float) -> int:
        """Return the root, as a degree, of the chord that sounds at a time."""
        return self.chords[min(int(time / _SECONDS * len(self.chords)), len(self.chords) - 1)]


def draw_phrase(generator: np.random.Generator) -> tuple[NoteTable, Key]:
    """Return a phrase of 5 s drawn at random, and its key.

    Tonic, mode, progression, register, notes per second (0.8 to 7), articulation and texture are drawn
    independently of each other.
    """
    plan = _draw_plan(generator)
    rows = _chords(plan) if plan.texture == "chords" else _melody(plan, generator)
    if plan.texture == "accompanied":
        rows += _broken_chords(plan, int(generator.choice((1, 2, 4))))
    table = np.array(sorted(rows))
    return NoteTable(table[:, 1], table[:, 0], np.maximum(table[:, 2], 0.06), table[:, 3]), plan.key


def _draw_plan(generator: np.random.Generator) -> Plan:
    tonic, major = int(generator.integers(12)), bool(generator.integers(2))
    minor = _MINOR if generator.random() < _NATURAL else _HARMONIC_MINOR
    melody = tonic + 12 * round((float(generator.uniform(52, 82)) - tonic) / 12)
    return Plan(
        Key(tonic, major, 1.0),
        _MAJOR if major else minor,
        PROGRESSIONS[int(generator.integers(len(PROGRESSIONS)))],
        melody,
        min(tonic + 12 * int(generator.choice((3, 4))), melody - 12),
        float(np.exp(-generator.uniform(np.log(0.8), np.log(7.0)))),
        float(generator.choice(_ARTICULATION)),
        str(generator.choice(("melody", "accompanied", "chords", "melody"))),
    )


# Rows are (onset, pitch, duration, velocity).
_Rows = list[tuple[float, float, float, float]]


def _melody(plan: Plan, generator: np.random.Generator) -> _Rows:
    rows: _Rows = []
    time, degree, chord = 0.0, 0, -1
    while time < _LAST_ONSET:
        if plan.chord_at(time) != chord:  # a chord begins with one of its notes; between, the line moves by steps and thirds
            chord = plan.chord_at(time)
            degree = chord + int(generator.choice((0, 2, 4)))
        else:
            degree = int(np.clip(degree + generator.choice((-2, -1, -1, 1, 1, 2)), -3, 10))
        length = plan.step * float(generator.choice((1, 1, 1, 2)))
        rows.append((time, plan.pitch(degree, plan.melody), length * plan.share, 0.55 + 0.2 * generator.random()))
        time += length
    return rows


def _broken_chords(plan: Plan, notes: int) -> _Rows:
    beat = _SECONDS / len(plan.chords) / notes
    rows: _Rows = []
    for i in range(len(plan.chords) * notes):
        chord = plan.chords[i // notes]
        degrees = (0, 2, 4) if notes == 1 else ((0, 2, 4, 2)[i % notes],)
        rows += [(i * beat, plan.pitch(chord + degree, plan.bass), beat * plan.share, 0.5) for degree in degrees]
    return rows


def _chords(plan: Plan) -> _Rows:
    beat = 2 * plan.step
    onsets = np.arange(0.0, _LAST_ONSET, beat)
    rows: _Rows = [
        (float(time), plan.pitch(plan.chord_at(time) + degree, plan.melody), beat * plan.share, 0.6)
        for time in onsets
        for degree in (0, 2, 4)
    ]
    length = _SECONDS / len(plan.chords)
    return rows + [(i * length, plan.pitch(chord, plan.bass), 0.95 * length, 0.6) for i, chord in enumerate(plan.chords)]

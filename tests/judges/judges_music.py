"""Small pieces for the tests of judges."""

import numpy as np

from orchestra_core import Note, Part, Score
from orchestra_judges.notes import NoteArrays

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def arrays(rows):
    """Return notes from rows of pitch, onset, duration and velocity."""
    return NoteArrays(*np.array(rows, dtype=float).reshape(-1, 4).T)


def piece(scale=MAJOR, rate=4.0, share=0.9, tonic=60, seconds=10.0, velocity=0.63):
    """Return a walk over a scale above the chords of its tonic and its fourth degree."""
    walk = (0, 2, 4, 2, 5, 4, 2, 1, 0, 4, 6, 5, 4, 3, 2, 1)
    notes = [Note(tonic + 12 + scale[walk[i % len(walk)]], i / rate, share / rate, velocity) for i in range(int(seconds * rate))]
    for bar in range(int(seconds)):
        root = 0 if bar % 2 == 0 else 3
        notes += [Note(tonic + scale[(root + k) % 7], float(bar), 0.95, velocity) for k in (0, 2, 4)]
    return Score(tuple(notes))


def drums():
    """Return a score of drums alone."""
    return Score(tuple(Note(38, i / 2, 0.1, 0.8, Part("kit", drums=True)) for i in range(8)))

"""Notes that the tests of orchestra_deam play."""

from __future__ import annotations

import numpy as np

from orchestra_deam.midi import NoteTable


def melody(notes_per_second: int, lowest: int, seconds: float = 12.0) -> NoteTable:
    onset = np.arange(0, seconds - 1, 1 / notes_per_second)
    pitch = lowest + np.resize([0.0, 4.0, 7.0, 12.0], len(onset))
    return NoteTable(pitch, onset, np.full(len(onset), 0.4), np.full(len(onset), 0.7))

"""Keys are estimated from notes, and turned to the parallel mode."""

from __future__ import annotations

import numpy as np
import pytest

from orchestra_deam.midi import NoteTable
from orchestra_deam.parallel import Key, estimate_key, in_parallel_mode, mode_contrast


def notes(pitches):
    """Return notes of half a second, one after the other."""
    count = len(pitches)
    return NoteTable(np.array(pitches, float), np.arange(count) * 0.5, np.full(count, 0.5), np.full(count, 0.6))


def cadence(tonic, third, sixth, seventh):
    """Return broken chords I IV V I."""
    chords = [(0, third, 7), (5, sixth, 12), (7, seventh, 14), (0, third, 7)]
    return notes([tonic + degree for chord in chords for degree in chord])


@pytest.mark.parametrize("tonic", [60, 61, 67, 70])
def test_a_cadence_has_its_key(tonic):
    major, minor = estimate_key(cadence(tonic, 4, 9, 11)), estimate_key(cadence(tonic, 3, 8, 11))
    assert (major.tonic, major.major) == (tonic % 12, True)
    assert (minor.tonic, minor.major) == (tonic % 12, False)
    assert min(major.clarity, minor.clarity) > 0


def test_the_parallel_of_major_is_natural_minor_and_back():
    major, minor = cadence(62, 4, 9, 11), cadence(62, 3, 8, 10)
    np.testing.assert_array_equal(in_parallel_mode(major, Key(2, True, 1.0)).pitch, minor.pitch)
    np.testing.assert_array_equal(in_parallel_mode(minor, Key(2, False, 1.0)).pitch, major.pitch)
    np.testing.assert_array_equal(in_parallel_mode(major, Key(2, True, 1.0)).onset, major.onset)


def test_contrast_is_positive_in_major_negative_in_minor_and_zero_elsewhere():
    major, minor = cadence(60, 4, 9, 11), cadence(60, 3, 8, 10)
    assert mode_contrast(major, Key(0, True, 1.0)) > 0.05
    assert mode_contrast(minor, Key(0, False, 1.0)) < -0.05
    assert mode_contrast(major, Key(7, True, 1.0)) == 0.0

"""Notes as arrays, and their features, against what can be counted by hand."""

import numpy as np
import pytest
from judges_music import MAJOR, MINOR, arrays, drums, piece

from orchestra_core import Note, Part, Score
from orchestra_judges.note_features import articulation_of, note_features, profile_of, span_of
from orchestra_judges.notes import notes_of, onset_groups

CHORD = [(60, 0.0, 0.5, 0.8), (64, 0.0, 0.5, 0.8), (67, 0.0, 0.5, 0.8)]


def test_notes_are_sorted_and_drums_left_out():
    score = Score((Note(64, 1.0, 0.5), Note(38, 0.0, 0.1, part=Part("kit", drums=True)), Note(60, 0.5, 0.25)))
    assert notes_of(score).pitch.tolist() == [60, 64]
    assert len(notes_of(drums())) == 0


def test_windows_hold_every_note_once_and_begin_with_the_first():
    notes = notes_of(piece(seconds=23.0))
    windows = list(notes.windows(10.0))
    assert sum(map(len, windows)) == len(notes)
    assert len(windows) == 2  # the last 3 s belong to the window before
    assert windows[0].onset.min() == 0
    assert windows[1].onset.min() == pytest.approx(0.0)


def test_a_window_without_notes_is_passed_over():
    notes = arrays([(60, 0.0, 0.5, 0.8), (62, 25.0, 0.5, 0.8)])
    assert [len(window) for window in notes.windows(10.0)] == [1, 1]


def test_notes_within_thirty_milliseconds_are_one_onset():
    notes = arrays([(60, 0.0, 1, 1), (62, 0.02, 1, 1), (64, 0.04, 1, 1), (65, 0.5, 1, 1)])
    assert onset_groups(notes).tolist() == [0, 0, 1, 2]


def test_rates_count_onsets_and_notes_per_second():
    rows = [(pitch, onset, 0.25, 0.8) for onset in (0.0, 0.5, 1.0, 1.5) for pitch in (60, 64)]
    found = note_features(arrays(rows))
    assert span_of(arrays(rows)) == pytest.approx(2.0)
    assert found["onsets_per_s"] == pytest.approx(2.0)
    assert found["notes_per_s"] == pytest.approx(4.0)
    assert found["log_onsets"] == pytest.approx(1.0)
    assert found["notes_per_onset"] == pytest.approx(2.0)
    assert found["polyphony"] == pytest.approx(1.0)


def test_articulation_is_the_sounding_share_of_the_time_to_the_next_onset():
    notes = arrays([(60, 0.0, 0.5, 1), (62, 1.0, 2.0, 1), (64, 2.0, 0.25, 1)])
    assert articulation_of(notes, onset_groups(notes)).tolist() == [0.5, 1.0, 0.25]


def test_a_steady_beat_has_no_variability_and_dotted_ones_have():
    steady = note_features(arrays([(60, i * 0.5, 0.4, 0.8) for i in range(8)]))
    onsets = np.cumsum([0, 0.75, 0.25] * 3)
    dotted = note_features(arrays([(60, onset, 0.2, 0.8) for onset in onsets if onset < 3]))
    assert steady["npvi"] == pytest.approx(0.0, abs=1e-9)
    assert steady["interval_entropy"] == pytest.approx(0.0, abs=1e-9)
    # Pairs of 0.75 and 0.25 differ by 0.5 re their mean of 0.5.
    assert dotted["npvi"] > 0.5


def test_chord_qualities_are_found_in_any_inversion():
    first_inversion = arrays([(64, 0.0, 0.5, 0.8), (67, 0.0, 0.5, 0.8), (72, 0.0, 0.5, 0.8)])
    minor = arrays([(60, 0.0, 0.5, 0.8), (63, 0.0, 0.5, 0.8), (67, 0.0, 0.5, 0.8)])
    assert note_features(first_inversion)["chord_major"] == 1.0
    assert note_features(minor)["chord_minor"] == 1.0
    assert note_features(minor)["chord_mode"] == -1.0


def test_a_major_triad_is_consonant_by_huron():
    # Interval classes 3, 4 and 5, once each: 0.594, 0.386 and 1.240.
    assert note_features(arrays(CHORD))["consonance"] == pytest.approx((0.594 + 0.386 + 1.240) / 3)


def test_a_note_counts_for_the_key_for_a_second_at_most():
    long, longer = (profile_of(arrays([(60, 0.0, length, 0.7)])) for length in (1.0, 30.0))
    assert long[0] == longer[0] > 0
    assert not long[1:].any()


def test_melody_and_bass_lines_are_the_outer_voices():
    rows = [(48, 0.0, 1, 1), (60, 0.0, 1, 1), (48, 1.0, 1, 1), (64, 1.0, 1, 1), (43, 2.0, 1, 1), (62, 2.0, 1, 1)]
    found = note_features(arrays(rows))
    assert found["melody_step_mean"] == pytest.approx(3.0)
    assert found["bass_step_mean"] == pytest.approx(2.5)
    assert found["top_mean"] == pytest.approx(62.0)
    assert found["melody_rising"] == pytest.approx(0.0)


@pytest.mark.parametrize("semitones", [1, 6, 11])
def test_what_harmony_says_does_not_change_with_transposition(semitones):
    plain, moved = (note_features(notes_of(piece(tonic=48 + k))) for k in (0, semitones))
    for name in ("mode", "parallel_mode", "third", "key_clarity", "diatonic", "consonance", "chord_mode", "centroid_norm"):
        assert plain[name] == pytest.approx(moved[name], abs=1e-9), name


def test_minor_reads_below_major():
    major, minor = (note_features(notes_of(piece(scale))) for scale in (MAJOR, MINOR))
    for name in ("mode", "parallel_mode", "third", "chord_mode"):
        assert minor[name] < 0 < major[name], name


def test_a_single_note_has_finite_features():
    assert np.isfinite(list(note_features(arrays([(60, 3.0, 0.5, 0.8)])).values())).all()

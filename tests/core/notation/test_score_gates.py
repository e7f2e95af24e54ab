"""What the notes of a piece are held to: each gate fails where it has to, whoever wrote the score."""

import itertools

import numpy as np
import pytest

from orchestra_core import Note, Part, Score, melody_of, score_gates
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_core.notation.gates import Gate, ends_at_home, repeated_motif, share_in_scale, widest_leap

GOOD = (60, 62, 64, 60, 62, 64, 65, 62, 67, 64, 62, 60)


def line(*pitches, gaps=None, key="C major"):
    gaps = gaps or [0.5] * len(pitches)
    onsets = np.cumsum([0.0, *gaps[:-1]])
    return Score(tuple(Note(float(p), float(o), 0.4) for p, o in zip(pitches, onsets, strict=True)), key=key)


def failed(score):
    return {name for name, gate in score_gates(score).items() if not gate.passed}


def longest_by_comparing_every_two_places(notes):
    """Return the notes of the longest figure that returns, by its definition."""
    steps = [(b.pitch - a.pitch, b.onset - a.onset) for a, b in itertools.pairwise(notes)]
    longest = 0
    for first, second in itertools.combinations(range(len(steps)), 2):
        count = 0
        for (up, gap), (other_up, other_gap) in zip(steps[first:second], steps[second:], strict=False):
            alike = abs(up - other_up) <= 1 and np.sign(up) == np.sign(other_up)
            if not alike or abs(gap - other_gap) > 0.25 * min(gap, other_gap):
                break
            count += 1
        longest = max(longest, min(count + 1, second - first) if count else 0)
    return longest if longest > 1 else 0


@pytest.mark.parametrize(("value", "most", "least"), [(1.0, True, False), (2.0, True, True), (3.0, False, True)])
def test_a_limit_itself_passes(value, most, least):
    assert (Gate.at_most(value, 2).passed, Gate.at_least(value, 2).passed) == (most, least)
    assert Gate.at_most(value, 2) == Gate(value, 2.0, most)


def test_a_good_piece_passes_every_gate():
    assert failed(line(*GOOD)) == set()
    assert set(score_gates(line(*GOOD))) == {"lowest", "highest", "leap", "motif", "scale", "cadence"}


@pytest.mark.parametrize(
    ("pitches", "fault"),
    [
        ((20, *GOOD[1:]), "lowest"),
        ((*GOOD[:-1], 109), "highest"),
        ((60, 62, 64, 60, 62, 64, 78, 62, 67, 64, 62, 60), "leap"),
        ((60, 61, 63, 60, 61, 63, 66, 61, 68, 63, 61, 60), "scale"),
        ((60, 62, 64, 60, 62, 64, 65, 62, 67, 64, 62, 62), "cadence"),
        ((60, 72, 64, 71, 60, 71, 72, 60), "motif"),
    ],
)
def test_each_fault_is_told(pitches, fault):
    assert fault in failed(line(*pitches))


def test_minor_has_its_leading_note_and_a_tonic_alone_is_major():
    assert share_in_scale(line(57, 59, 60, 62, 64, 65, 67, 68, key="A minor")) == 1.0
    assert share_in_scale(line(60, 61, key="C major")) == 0.5
    assert share_in_scale(line(60, 63, 64, 66, key="C")) == 0.5


def test_a_leap_is_measured_between_notes_of_the_melody():
    assert widest_leap(melody_of(line(60, 72, 71))) == 12
    assert widest_leap(melody_of(line(60))) == 0


def test_the_last_chord_has_to_stand_on_the_tonic():
    home = Score((Note(67, 0.0, 0.5), Note(72, 0.5, 1.0), Note(48, 0.5, 1.0)), key="C major")
    away = Score((Note(67, 0.0, 0.5), Note(72, 0.5, 1.0), Note(43, 0.5, 1.0)), key="C major")
    assert (ends_at_home(home), ends_at_home(away)) == (True, False)


def test_a_motif_is_found_moved_along_the_scale_and_not_where_there_is_none():
    assert repeated_motif(line(60, 62, 64, 60, 62, 64, 65, 62).notes) == 4  # C D E C and D E F D
    assert repeated_motif(line(60, 62, 64, 67, 62, 64, 65, 57).notes) == 3
    assert repeated_motif(line(60, 67, 64, 63).notes) == 0


def test_the_rhythm_belongs_to_a_motif():
    pitches = (60, 62, 64, 65, 60, 62, 64, 65)
    assert repeated_motif(line(*pitches).notes) == 4
    assert repeated_motif(line(*pitches, gaps=[0.2, 0.4, 0.2, 1.0, 0.8, 0.2, 0.7, 1.0]).notes) < 3


@pytest.mark.parametrize("seed", range(8))
def test_a_motif_is_the_longest_of_all_pairs_of_places(seed):
    rng = np.random.default_rng(seed)
    steps, gaps = rng.choice([-2, -1, 1, 2, 5], 24), rng.choice([0.25, 0.25, 0.5], 24)
    notes = line(*(np.cumsum(steps) + 60), gaps=list(gaps)).notes
    assert repeated_motif(notes) == longest_by_comparing_every_two_places(notes)


def test_the_melody_is_the_part_of_that_name_or_the_highest_voice():
    notes = [Note(pitch, 0.5 * i, 0.4, 0.8, Part("melody")) for i, pitch in enumerate((60, 62))]
    above = [Note(90, 0.5 * i, 0.4, 0.8, Part("harmony")) for i in range(2)]
    assert [note.pitch for note in melody_of(Score((*notes, *above)))] == [60, 62]
    chords = Score(tuple(Note(pitch, onset, 0.5) for onset in (0.0, 0.5) for pitch in (60, 64, 67 + 2 * onset)), key="C")
    assert [note.pitch for note in melody_of(chords)] == [67, 68]


def test_without_a_key_nothing_is_said_of_scale_and_cadence():
    assert set(score_gates(line(*GOOD, key=None))) == {"lowest", "highest", "leap", "motif"}
    with pytest.raises(ScoreError, match="has no key"):
        share_in_scale(line(60, 62, key=None))


def test_an_unknown_key_is_named():
    with pytest.raises(ParameterError, match="octatonic"):
        score_gates(line(60, 62, key="C octatonic"))


def test_drums_alone_have_no_pitch_to_be_held_to():
    with pytest.raises(ScoreError, match="All 1 notes of the score are drums"):
        score_gates(Score((Note(36, 0.0, 0.1, part=Part("drums", drums=True)),), key="C major"))

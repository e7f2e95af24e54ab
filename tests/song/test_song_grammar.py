"""Harmony, voice leading and melody: what the grammar promises."""

import itertools

import numpy as np
import pytest

from orchestra_core import SCALES, declared_scale, melody_of
from orchestra_song import Plan, Streams, compose
from orchestra_song.frame import duration_of, fit
from orchestra_song.harmony import harmonise, phrase_lengths
from orchestra_song.modes import FUNCTIONS, LADDER, MODES, chord
from orchestra_song.motif import Motif, make_motif, rhythm, strength
from orchestra_song.voicing import bass_line, lead, parallels


def generator(seed=0):
    return np.random.default_rng(seed)


def degrees(weighted):
    return {degree for degree, _ in weighted}


def test_each_step_down_the_ladder_of_modes_lowers_one_note_by_a_semitone():
    for bright, dark in itertools.pairwise(LADDER):
        differences = np.subtract(SCALES[bright], SCALES[dark])
        assert sorted(differences.tolist()) == [0, 0, 0, 0, 0, 0, 1]


def test_the_triads_of_major_and_minor_are_those_of_any_textbook():
    names = {(0, 4, 7): "major", (0, 3, 7): "minor", (0, 3, 6): "diminished"}

    def kind(mode, degree):
        root, *others = chord(mode, degree).pitch_classes
        return names[(0, *((pitch - root) % 12 for pitch in others))]

    assert [kind("major", d) for d in range(7)] == ["major", "minor", "minor", "major", "major", "minor", "diminished"]
    assert [kind("minor", d) for d in (0, 3, 4, 5, 6)] == ["minor", "minor", "major", "major", "major"]
    assert [kind("phrygian", d) for d in (0, 1)] == ["minor", "major"]
    assert (kind("dorian", 3), kind("lydian", 1), kind("mixolydian", 6)) == ("major", "major", "major")
    assert (kind("mixture", 0), kind("mixture", 3), kind("mixture", 4)) == ("major", "minor", "major")


@pytest.mark.parametrize("mode", MODES)
def test_every_chord_of_a_mode_lies_in_the_scale_it_declares(mode):
    known = FUNCTIONS[mode]
    used = degrees(known.tonic) | degrees(known.subdominant) | degrees(known.dominant) | {d for loop in known.loops for d in loop}
    for degree in used:
        assert set(chord(mode, degree).pitch_classes) <= declared_scale(mode)


@pytest.mark.parametrize("mode", MODES)
def test_the_melody_can_step_home_from_every_dominant(mode):
    for degree in degrees(FUNCTIONS[mode].dominant):
        assert 1 in chord(mode, degree).degrees


@pytest.mark.parametrize(("mode", "progression"), list(itertools.product(MODES, ("functional", "loop", "pedal"))))
def test_phrases_begin_on_the_tonic_and_end_with_their_cadence(mode, progression):
    dominants = degrees(FUNCTIONS[mode].dominant)
    for slots, seed in itertools.product((4, 6, 7, 8, 12, 16), range(10)):
        phrases = harmonise(mode, progression, slots, generator(seed))
        assert [len(phrase.chords) for phrase in phrases] == phrase_lengths(slots)
        assert phrases[-1].cadence == "final"
        for phrase in phrases:
            chords = [one.degree for one in phrase.chords]
            assert chords[0] == 0
            assert chords[-1] in dominants if phrase.cadence == "half" else chords[-1] == 0 and chords[-2] in dominants
        assert len(phrases) == 1 or phrases[-2].cadence == "half"


def test_a_subdominant_is_followed_by_a_subdominant_or_a_dominant_in_the_grammar():
    for seed in range(200):
        for phrase in harmonise("major", "functional", 8, generator(seed)):
            chords = [one.degree for one in phrase.chords]
            allowed = {3: {3, 1, 4}, 1: {3, 1, 4}}
            own = chords[phrase.restated :] if phrase.restated else chords
            assert all(b in allowed.get(a, range(7)) for a, b in itertools.pairwise(own)), chords


def test_a_consequent_takes_over_the_opening_of_its_antecedent():
    for seed in range(50):
        antecedent, consequent = harmonise("minor", "functional", 8, generator(seed))
        assert consequent.restated == 2
        assert consequent.chords[:2] == antecedent.chords[:2]


def test_a_middle_phrase_brings_the_contrast():
    assert [phrase.contrast for phrase in harmonise("major", "functional", 12, generator())] == [False, True, False]
    assert [phrase.contrast for phrase in harmonise("major", "functional", 16, generator())] == [False, False, True, False]


def test_voices_hardly_move_and_hardly_ever_in_parallel():
    moved, parallel, pairs = [], 0, 0
    for seed in range(60):
        mode = MODES[seed % len(MODES)]
        chords = [one for phrase in harmonise(mode, "functional", 16, generator(seed)) for one in phrase.chords]
        voiced = lead(chords, seed % 12, 55.0)
        for one, voices in zip(chords, voiced, strict=True):
            assert {(pitch - seed) % 12 for pitch in voices} == set(one.pitch_classes)
            assert voices == tuple(sorted(voices)) and voices[-1] - voices[0] < 12
        for before, after in itertools.pairwise(voiced):
            moved += [abs(b - a) for a, b in zip(before, after, strict=True)]
            parallel += parallels(before, after)
            pairs += 1
    assert np.mean(moved) < 2.0 and max(moved) <= 7
    assert parallel < 0.05 * pairs


def test_the_bass_has_the_roots_or_the_tonic_under_a_pedal():
    chords = [chord("major", 0), chord("major", 3), chord("major", 5, pedal=True), chord("major", 4)]
    assert [pitch % 12 for pitch in bass_line(chords, 2, 40.0)] == [2, 7, 2, 9]
    assert all(abs(pitch - 40) <= 9 for pitch in bass_line(chords, 2, 40.0))


def test_a_rhythm_has_as_many_notes_as_asked_and_the_downbeat():
    for notes, seed in itertools.product(range(1, 17), range(5)):
        steps = rhythm(notes, 16, 16, 4, generator(seed))
        assert len(set(steps)) == notes and steps[0] == 0 and max(steps) < 16
    strong = [strength(step, 16, 4) for seed in range(200) for step in rhythm(4, 16, 16, 4, generator(seed))[1:]]
    assert np.mean(np.array(strong) >= 1) > 0.7


def test_a_motif_has_chord_tones_where_it_is_strong_and_stays_within_a_sixth_of_its_start():
    for seed in range(200):
        motif = make_motif(rhythm(8, 16, 16, 4, generator(seed)), 16, 4, generator(seed + 1))
        strong = [d for step, d in zip(motif.steps, motif.degrees, strict=True) if strength(step, 16, 4) >= 2]
        assert all(degree % 7 in (0, 2, 4) for degree in strong)
        assert max(abs(degree - motif.degrees[0]) for degree in motif.degrees) <= 5


def test_what_is_made_of_a_motif():
    motif = Motif((0, 4, 8, 12), (0, 1, 2, 4))
    assert motif.moved(3).degrees == (3, 4, 5, 7)
    assert motif.inverted().degrees == (0, -1, -2, -4)
    assert motif.fragmented(16) == Motif((0, 4, 8, 12), (0, 1, -1, 0))
    varied = motif.varied(generator())
    assert varied.degrees[:3] == motif.degrees[:3] and varied.degrees[3] in (3, 5)


def bars(score):
    """The melody bar by bar: onsets in sixteenths and pitch classes."""
    step = 15 / score.tempo
    found = [[] for _ in range(8)]
    for note in melody_of(score):
        place = round(note.onset / step)
        found[place // 16].append((place % 16, note.pitch % 12))
    return found


def test_a_period_begins_again_and_a_sentence_goes_on_in_fragments():
    periods = sentences = 0
    for seed in range(60):
        one = bars(compose(Plan(humanise=0.0), 16.0, Streams(seed)))
        if one[4] == one[0] and one[5] == one[1]:
            periods += 1
            assert [step for step, _ in one[0]] == [step for step, _ in one[2]]
        else:
            sentences += 1
            assert [step for step, _ in one[0]] == [step for step, _ in one[1]]
    assert 15 <= periods <= 45 and 15 <= sentences <= 45


def test_the_last_note_is_the_tonic_and_comes_by_step_from_above():
    for seed, mode in itertools.product(range(20), MODES):
        score = compose(Plan(mode=mode, tonic=seed % 12), 16.0, Streams(seed))
        before, last = (note.pitch for note in melody_of(score)[-2:])
        assert last % 12 == seed % 12
        assert before - last == SCALES[chord(mode, 1).scale][1]


def test_bars_are_fitted_near_the_wanted_tempo_and_fill_the_canvas():
    for tempo, duration, metre in itertools.product((66.0, 120.0, 180.0), (8.0, 16.0, 31.0, 100.0), ("4/4", "3/4", "6/8")):
        frame = fit(Plan(tempo=tempo, metre=metre), duration)
        assert frame.bars * frame.bar * frame.step == pytest.approx(duration)
        assert duration - 0.4 - 1e-9 <= frame.end < duration
        assert fit(Plan(tempo=tempo, metre=metre), duration, loop=True).end == pytest.approx(duration)
        assert 0.6 < frame.tempo / tempo < 1.65
    assert duration_of(8, "4/4", 120.0) == pytest.approx(16.0)

"""The score source song: what it holds to for every choice, seed, canvas and configuration."""

import itertools
import math

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, declared_scale, melody_of, score_generator
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_song import SongScore
from orchestra_song.checks import gates
from orchestra_song.modes import MODES
from orchestra_song.plan import METRES


def write(source, choice=None, seed=0, duration=16.0):
    brief = Brief(Canvas(duration=duration), {}, torch.tensor([seed]))
    return source.write(brief, choice or {}, np.random.default_rng(seed))


def failed(score):
    return {name: gate.value for name, gate in gates(score).items() if not gate.passed}


def names(score):
    return {note.part.name for note in score.notes}


def of_part(score, name):
    return [note for note in score.notes if note.part.name == name]


def pitches_of(score, name):
    return [note.pitch for note in of_part(score, name)]


def bar_seconds(score):
    return score.metre[0] * 4 / score.metre[1] * 60 / score.tempo


@pytest.mark.parametrize("duration", [12.0, 16.0, 20.0, 45.0])
def test_pieces_of_every_choice_pass_every_gate(duration):
    source = SongScore(draws=1024, parts=("melody", "harmony", "bass", "pad", "drums"))
    for seed in range(100 if duration <= 20.0 else 25):
        score = write(source, {"draw": 7 * seed}, seed, duration)
        assert failed(score) == {}, (seed, score.key, score.metre, score.tempo)
        assert score.end <= duration and max(note.onset for note in score.notes) < duration
        assert min(note.onset for note in score.notes) < 0.05


@pytest.mark.parametrize("name", list(SongScore(parts=("melody", "drums")).choices))
def test_each_value_of_each_choice_passes_every_gate(name):
    source = SongScore(parts=("melody", "harmony", "bass", "drums"))
    for value, seed in itertools.product(source.choices[name], range(8)):
        assert failed(write(source, {name: value}, seed)) == {}, (name, value, seed)


@pytest.mark.parametrize("duration", [12.0, 14.0, 16.0, 18.0, 20.0])
def test_by_default_a_canvas_of_12_to_20_seconds_holds_eight_bars(duration):
    score = write(SongScore(), duration=duration)
    assert score.metre == (4, 4)
    assert duration / bar_seconds(score) == pytest.approx(8)
    assert score.end == pytest.approx(duration - 0.4)


@pytest.mark.parametrize("duration", [0.3, 0.5, 1.0, 2.0, 5.0, 60.0])
def test_short_and_long_canvases_hold_a_piece_too(duration):
    for seed in range(6):
        score = write(SongScore(draws=64), {"draw": seed}, seed, duration)
        assert max(note.onset for note in score.notes) < duration
        assert score.end <= duration
        assert gates(score)["cadence"].passed and gates(score)["scale"].passed


def test_the_same_seed_writes_the_same_piece_and_another_seed_another():
    first, again, other = (write(SongScore(), seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert pitches_of(first, "melody") != pitches_of(other, "melody")


def test_seeds_give_many_melodies_and_harmonies():
    scores = [write(SongScore(key="C"), seed=seed) for seed in range(50)]
    assert len({tuple(pitches_of(score, "melody")) for score in scores}) == 50
    assert len({tuple(pitches_of(score, "bass")) for score in scores}) >= 10


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_heard_in_the_notes_that_make_it(mode):
    heard = set()
    for seed in range(30):
        heard |= {int(note.pitch - 2) % 12 for note in write(SongScore(key="D"), {"mode": mode}, seed).notes}
    assert heard == declared_scale(mode)


@pytest.mark.parametrize("metre", list(METRES))
def test_onsets_lie_on_the_grid_of_sixteenths_within_the_largest_deviation(metre):
    for humanise, seed in itertools.product((0.0, 0.012, 0.025), range(5)):
        score = write(SongScore(humanise=humanise), {"metre": metre}, seed)
        step = 15 / score.tempo
        away = [abs(note.onset - step * round(note.onset / step)) for note in score.notes]
        assert max(away) <= humanise + 1e-9
        assert humanise == 0 or max(away) > 0.5 * humanise


def test_the_melody_moves_around_its_register_and_is_as_dense_as_asked():
    for register, centre in ((49.0, 49), (67.0, 67), (85.0, 85)):
        means = [np.mean(pitches_of(write(SongScore(), {"register": register}, seed), "melody")) for seed in range(40)]
        assert np.mean(means) == pytest.approx(centre, abs=2.0)
    for density in (1.0, 2.0, 4.0, 8.0):
        rates = [len(melody_of(score)) / score.end for score in (write(SongScore(), {"density": density}, s) for s in range(25))]
        assert np.mean(rates) == pytest.approx(density, rel=0.25)


def sounding_share(score):
    """Median of duration over the time to the next note of the melody, but for the last."""
    notes = melody_of(score)
    return np.median([a.duration / (b.onset - a.onset) for a, b in itertools.pairwise(notes)])


def test_articulation_and_level_are_those_asked_for():
    source = SongScore(humanise=0.0, contours=("flat",))
    shares = [sounding_share(write(source, {"articulation": name})) for name in (0.98, 0.75, 0.45)]
    assert shares == pytest.approx([0.98, 0.75, 0.45], abs=0.02)
    levels = [melody_of(write(source, {"level": name}))[1].velocity for name in (0.4, 0.6, 0.8)]
    assert levels == pytest.approx([0.4, 0.6, 0.8], abs=0.08)


@pytest.mark.parametrize(("contour", "sign"), [("crescendo", 1), ("diminuendo", -1)])
def test_a_contour_moves_the_level_over_the_piece(contour, sign):
    velocities = [note.velocity for note in of_part(write(SongScore(), {"contour": contour}), "bass")]
    assert sign * (velocities[-1] - velocities[0]) > 0.15


def test_parts_are_named_and_have_their_programs():
    score = write(SongScore(parts=("melody", "harmony", "bass", "pad", "drums")))
    found = {(note.part.name, note.part.program, note.part.drums) for note in score.notes}
    assert found == {("melody", 0, False), ("harmony", 0, False), ("bass", 32, False), ("pad", 89, False), ("drums", 0, True)}
    assert names(write(SongScore(parts=("melody",)))) == {"melody"}


def test_drums_offer_the_choice_of_a_beat_and_louder_beats_have_more_hits():
    assert "beat" not in SongScore().choices
    source = SongScore(parts=("melody", "drums"))
    hits = [len(of_part(write(source, {"beat": beat}), "drums")) for beat in ("sparse", "steady", "driving")]
    assert hits[0] < hits[1] < hits[2]


def test_one_value_fixes_a_choice_and_the_key_fixes_tonic_and_mode():
    source = SongScore(key="Bb phrygian", metres=("3/4",), densities=(4.0,))
    assert not {"mode", "metre", "density"} & set(source.choices)
    score = write(source)
    assert (score.key, score.metre) == ("Bb phrygian", (3, 4))


@pytest.mark.parametrize(("bars", "tempo", "metre"), [(8, 120.0, "4/4"), (4, 90.0, "3/4"), (12, 100.0, "6/8")])
def test_bars_and_tempo_that_are_given_are_kept_and_say_what_length_they_need(bars, tempo, metre):
    source = SongScore(bars=bars, tempo=tempo, metres=(metre,))
    beats, value = METRES[metre]
    played = bars * beats * 4 / value * 60 / tempo
    assert source.duration == pytest.approx(played)
    score = write(source, duration=source.duration)
    assert score.tempo == tempo
    assert score.end == pytest.approx(played - 0.4)
    with pytest.raises(ScoreError, match=rf"--duration {math.ceil(100 * source.duration) / 100:g}"):
        write(source, duration=source.duration - 1.0)


def test_bars_alone_are_fitted_to_the_canvas_and_a_tempo_alone_holds_the_last_chord():
    five = write(SongScore(bars=5))
    assert 16.0 / bar_seconds(five) == pytest.approx(5)
    fast = write(SongScore(tempo=140.0))
    assert fast.tempo == 140.0
    assert fast.end == pytest.approx(15.6)
    with pytest.raises(ScoreError, match=r"64 bars .* expected 20 to 400"):
        write(SongScore(bars=64), duration=5.0)
    with pytest.raises(ScoreError, match="1 bars of 4/4 at a tempo of 30"):
        write(SongScore(tempo=30.0), duration=5.0)


def test_what_is_locked_draws_the_same_in_every_variation():
    plain = write(SongScore())
    harmony_kept = write(SongScore(variation=1, lock=("harmony",)))
    assert pitches_of(harmony_kept, "bass") == pitches_of(plain, "bass")
    assert sorted(pitches_of(harmony_kept, "harmony")) == sorted(pitches_of(plain, "harmony"))
    assert pitches_of(harmony_kept, "melody") != pitches_of(plain, "melody")
    everything = write(SongScore(variation=1, lock=("harmony", "melody", "rhythm", "timing")))
    assert everything == plain


def asking(valence, arousal, seed=3):
    requests = {"valence": torch.tensor([valence]), "arousal": torch.tensor([arousal])}
    return Brief(Canvas(duration=16.0), {}, torch.tensor([seed]), requests=requests)


def test_pieces_of_other_seeds_keep_what_is_locked_of_their_origin():
    first = SongScore(lock=("harmony",)).write(asking(-0.6, 0.2, 3), {}, score_generator(3))
    source = SongScore(lock=("harmony",), origin=3)
    others = [source.write(asking(-0.6, 0.2, seed), {}, score_generator(seed)) for seed in (3, 8, 9)]
    assert others[0] == first
    for other in others[1:]:
        assert (other.key, other.tempo, other.metre) == (first.key, first.tempo, first.metre)
        assert pitches_of(other, "bass") == pitches_of(first, "bass")
        assert pitches_of(other, "melody") != pitches_of(first, "melody")


def test_a_lock_keeps_the_form_out_of_the_search_and_takes_what_is_likeliest():
    assert set(SongScore().choices) - set(SongScore(lock=("harmony",)).choices) == {
        "mode",
        "progression",
        "metre",
        "tempo",
        "theme",
    }
    assert set(SongScore(lock=("harmony",)).choices) - set(SongScore(lock=("melody",)).choices) == {"density", "register"}
    dark, bright = (SongScore(lock=("harmony",)).write(asking(v, 0.0), {}, score_generator(3)).key for v in (-0.6, 0.6))
    assert dark.endswith("minor") and bright.endswith("major")


def test_a_locked_melody_keeps_its_rhythm_and_motif_over_another_harmony():
    source = {"humanise": 0.0, "key": "C"}
    plain = write(SongScore(**source))
    others = [write(SongScore(variation=v, lock=("melody", "rhythm"), **source)) for v in range(1, 9)]
    first = [note.pitch for note in melody_of(plain)[:3]]
    onsets = [note.onset for note in melody_of(plain)[:6]]
    assert any(pitches_of(other, "bass") != pitches_of(plain, "bass") for other in others)
    for other in others:
        assert [note.onset for note in melody_of(other)[:6]] == onsets
        assert np.diff([note.pitch for note in melody_of(other)[:3]]).tolist() == np.diff(first).tolist()


def test_timing_alone_varies_onsets_and_nothing_else():
    plain, other = write(SongScore()), write(SongScore(variation=2, lock=("melody", "rhythm", "harmony")))
    assert pitches_of(plain, "melody") == pitches_of(other, "melody")
    assert [n.onset for n in melody_of(plain)] != [n.onset for n in melody_of(other)]


def test_choices_of_one_thing_leave_the_others_alone():
    plain = write(SongScore())
    assert pitches_of(write(SongScore(), {"texture": "arpeggio"}), "melody") == pitches_of(plain, "melody")
    assert pitches_of(write(SongScore(), {"articulation": 0.45}), "harmony") == pitches_of(plain, "harmony")
    with_pad = write(SongScore(parts=("melody", "harmony", "bass", "pad")))
    assert of_part(with_pad, "melody") == of_part(plain, "melody")


def test_the_blind_prior_sees_no_target_and_draws_every_value_about_equally_often():
    source = SongScore(draws=600)
    assert list(source.choices) == ["draw"]
    brief = Brief(Canvas(duration=16.0), {"valence": torch.tensor([0.5])}, torch.tensor([1]))
    assert source.write(brief, {"draw": 3}, np.random.default_rng(1)) == write(source, {"draw": 3}, seed=1)
    drawn = [source.drawn(np.random.default_rng(seed)) for seed in range(600)]
    for name, values in SongScore(parts=("melody", "drums")).choices.items():
        counts = [sum(one[name] == value for one in drawn) for value in values]
        assert min(counts) > 0.6 * 600 / len(values)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"key": "H minor"}, "H minor"),
        ({"key": "C locrian"}, "locrian"),
        ({"modes": ()}, "modes of song is empty"),
        ({"modes": ("major", "major")}, "each once"),
        ({"densities": (20.0,)}, "densities"),
        ({"tempo": 3.0}, "tempo"),
        ({"tempos": (1000.0,)}, "tempos"),
        ({"humanise": 0.03}, "humanise"),
        ({"parts": ("harmony",)}, "the melody among them"),
        ({"parts": ("melody", "choir")}, "choir"),
        ({"lock": ("bass",)}, "lock"),
        ({"metres": ("5/4",)}, "5/4"),
    ],
)
def test_a_wrong_configuration_is_refused_with_what_was_expected(wrong, message):
    with pytest.raises(ParameterError, match=message):
        SongScore(**wrong)


def test_a_loop_is_filled_to_its_end_with_whole_bars():
    brief = Brief(Canvas(duration=16.0, loop=True), {}, torch.tensor([3]))
    score = SongScore().write(brief, {}, np.random.default_rng(3))
    assert score.tempo == pytest.approx(120.0)
    assert score.end == pytest.approx(16.0)
    assert failed(score) == {}

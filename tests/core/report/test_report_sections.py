"""The report's own sections: what they show, and when they show nothing."""

from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pytest

from orchestra_core.contracts.oracle import Dimension
from orchestra_core.contracts.score import Note, Score
from orchestra_core.report.sections import level, mel, parameters, plane, progress, provenance, roll, summary
from orchestra_core.report.sections.plane import Plane


def test_the_summary_has_asked_reached_and_difference(make_result):
    page = summary.section(make_result())
    row = page[page.index("valence") :]
    assert [row.index(text) for text in ("0.30", "0.29", "\N{MINUS SIGN}0.01")] == sorted(
        row.index(text) for text in ("0.30", "0.29", "\N{MINUS SIGN}0.01")
    )
    assert "Arousal 0.10 was asked and 0.13 reached." in page


def test_the_summary_names_units_and_readings_without_a_target(make_result):
    result = make_result(targets={}, readings={"brightness": 1234.0}, dimensions=(Dimension("brightness", 0, 9000, "Hz"),))
    page = summary.section(result)
    assert "brightness (Hz)" in page and "1234" in page


@pytest.mark.parametrize(
    ("value", "text"), [(-0.001, "0.00"), (-0.25, "\N{MINUS SIGN}0.25"), (0.25, "+0.25"), (-1234.5, "\N{MINUS SIGN}1234")]
)
def test_numbers_have_a_proper_sign(value, text):
    assert summary.number(value, sign=True) == text


def test_messages_and_names_are_escaped(make_result):
    page = summary.section(make_result(messages=("<script>alert(1)</script>",)))
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_requests_and_readings_of_the_plane_fit_the_request_scale():
    dimensions = (Dimension("arousal", -1, 1, "1", -0.06, 0.17), Dimension("valence", -1, 1, "1", 0.12, 0.16))
    made = Plane.of(dimensions)
    readings = np.array([[dimensions[1].reading(0.8), dimensions[0].reading(-0.5)]])
    np.testing.assert_allclose(made.to_request(readings), [[0.8, -0.5]])


def test_a_plane_without_a_corpus_is_the_whole_scale():
    made = Plane.of((Dimension("valence", -1, 1), Dimension("arousal", 0, 10)))
    assert (made.centre, made.radius) == ((0.0, 5.0), (1.0, 5.0))


def test_the_plane_shows_target_stages_and_the_asked_word(make_result):
    page = plane.section(make_result())
    for text in ("first", "second", "start", "target", "reached", ">happy<", ">angry<", "Reached: valence 0.29 and arousal 0.13"):
        assert text in page
    assert 'role="img"' in page and "aria-label=" in page


def test_words_do_not_cover_each_other(make_result):
    placed = plane._placed_words("happy", np.zeros((0, 2)), 1.12)
    assert len(placed) >= 20 and placed[0][0] == "happy"
    for index, (word, (x, y), _) in enumerate(placed):
        for other, (ox, oy), _ in placed[:index]:
            apart = abs(x - ox) >= 0.039 * (len(word) + len(other)) / 2 or abs(y - oy) >= 0.085
            assert apart, (word, other)


def test_the_plane_contains_readings_far_outside_the_circle(make_result):
    history = make_result().history.assign(**{"reading.valence": 0.95})
    assert plane.section(make_result(history=history)) is not None


@pytest.mark.parametrize("names", [("valence",), ("brightness", "roughness"), ()])
def test_other_oracles_have_no_plane(make_result, names):
    dimensions = tuple(Dimension(name, 0, 1) for name in names)
    assert plane.section(make_result(dimensions=dimensions, readings=dict.fromkeys(names, 0.5), targets={})) is None


def test_progress_shows_every_term_reading_stage_and_event(make_result):
    history = make_result().history
    history.loc[30, "event"] = "recovered from a non-finite loss"
    page = progress.section(make_result(history=history))
    for text in ("valence", "arousal", "first", "second", "Loss terms", "step 30: recovered from a non-finite loss"):
        assert text in page


def test_nothing_optimised_shows_no_progress(make_result):
    assert progress.section(make_result(history=pd.DataFrame())) is None
    assert plane.section(make_result(history=pd.DataFrame())) is not None


def test_progress_copes_with_gaps_zeros_and_negative_terms(make_result):
    history = make_result().history
    history.loc[3:5, "term.valence"], history.loc[7, "term.arousal"] = np.nan, np.inf
    history["term.entropy"], history["term.zero"] = -1.0, 0.0
    assert "entropy" in progress.section(make_result(history=history))


def test_the_roll_names_parts_pitches_and_setting(make_result):
    page = roll.section(make_result())
    for text in ("piano", "bass", "2 notes, C4 to G4; 96 quarter notes per minute, 3/4, A minor"):
        assert text in page


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (69, "A4"), (21, "A0"), (108, "C8"), (61.4, "C♯4")])
def test_pitches_have_their_scientific_names(pitch, name):
    assert roll.pitch_name(pitch) == name


@pytest.mark.parametrize("notes", [(Note(60.5, 0, 1),), (Note(0, 0, 9), Note(127, 3, 0.01, 0.0))])
def test_the_roll_copes_with_one_note_and_with_all_octaves(make_result, notes):
    assert "<svg" in roll.section(make_result(notes=Score(notes)))


def test_no_notes_no_roll(make_result):
    assert roll.section(make_result(notes=None)) is None


def test_the_mel_spectrogram_equals_librosas():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 22_050).astype(np.float32)
    levels, centres = mel.log_mel(noise, 22_050)
    power = librosa.feature.melspectrogram(y=noise, sr=22_050, n_fft=2048, hop_length=512, n_mels=128, fmax=11_025)
    expected = librosa.power_to_db(power, ref=np.max, top_db=80)
    np.testing.assert_allclose(levels, expected, atol=1e-2)
    np.testing.assert_allclose(centres, librosa.mel_frequencies(n_mels=130, fmax=11_025)[1:-1], rtol=1e-6)


def test_the_mel_spectrogram_of_a_long_recording_stays_small():
    assert mel.log_mel(np.zeros(8_000 * 1_200, dtype=np.float32), 8_000)[0].shape[1] <= 1_202


def test_the_level_states_its_measurements(make_result):
    page = level.section(make_result())
    for text in ("peak", "dBFS", "DC offset", "clipped samples", "leading silence", "\N{MULTIPLICATION SIGN}0.42"):
        assert text in page


@pytest.mark.parametrize("samples", [1, 100, 8_000])
def test_silence_and_very_short_audio_are_drawn(make_result, samples):
    result = make_result(audio=np.zeros(samples, dtype=np.float32))
    assert "silent" in level.section(result)
    assert "<svg" in mel.section(result)


def test_parameters_are_shown_by_group_from_start_to_end(make_result):
    page = parameters.section(make_result())
    for text in ("timing", "onset", "0.1 … 0.5 s", "0.2 … 0.4 s", "0.1 s", "Given, not moved: pitch."):
        assert text in page


@pytest.mark.parametrize(("lower", "upper", "size"), [(-np.inf, np.inf, 3), (0.0, np.inf, 100_000), (-1.0, 1.0, 0)])
def test_parameters_without_bounds_many_or_none_are_shown(make_result, lower, upper, size):
    values = np.linspace(0, 1, size)
    only = replace(make_result().parameters[0], lower=lower, upper=upper, initial=values, final=values + 0.5)
    page = parameters.section(make_result(parameters=(only,)))
    assert "onset" in page and "nan" not in page and len(page) < 20_000


def test_an_instrument_without_parameters_has_no_table(make_result):
    assert parameters.section(make_result(parameters=())) is None


def test_the_provenance_has_components_seed_inputs_and_the_command(make_result):
    page = provenance.section(replace(make_result(), inputs={"score": Path("/somewhere/song.mid")}))
    for text in ("tone (partials 2)", "seed", "choice of density", "song.mid", "orchestra compose --config run.json -o again"):
        assert text in page
    assert "/somewhere" not in page


def test_a_part_made_by_hand_is_said_to_make_the_piece_not_recreatable(make_result):
    page = provenance.section(make_result(recipe={"made_by_hand": ["instrument Tone"]}))
    assert "cannot be made again from its folder: instrument Tone was made by hand" in page
    assert "orchestra compose" not in page


def test_a_request_on_its_own_scale_stands_beside_its_target(make_result):
    recipe = {"scale": "request", "items": [{"targets": {"valence": 0.8}, "seed": 0, "word": ""}]}
    page = summary.section(make_result(targets={"valence": 0.5}, readings={"valence": 0.49}, recipe=recipe))
    assert ">request</th>" in page and ">0.80</td>" in page
    assert ">request</th>" not in summary.section(make_result(recipe={**recipe, "scale": "reading"}))

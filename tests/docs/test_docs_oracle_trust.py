"""The study of an oracle's trustworthiness changes modes, sounds and cues as it says, and its figures are those of scipy."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import pearsonr

from orchestra_core import Dimension, Note, Oracle, Score
from orchestra_core.errors import UsageError
from orchestra_deam.corpora.eerola import CueSetting

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import oracle_trust
from trust import cues, modes, sounds, studies
from trust.ear import Ear

C_MAJOR, C_MINOR = (60, 62, 64, 65, 67, 69, 71, 72), (60, 62, 63, 65, 67, 68, 70, 72)


def line(pitches):
    return tuple(Note(float(pitch), 0.5 * place, 0.4) for place, pitch in enumerate(pitches))


def pitches(notes):
    return tuple(round(note.pitch) for note in notes)


def setting(**changes):
    values = {
        "register": 65.0,
        "mode": "major",
        "tempo": 2.0,
        "level": 0.0,
        "articulation": 0.5,
        "timbre": "flute",
        "melody": "sad",
    }
    return CueSetting(number=1, scary=1.0, happy=1.0, sad=1.0, peaceful=1.0, **{**values, **changes})


@pytest.mark.parametrize(("notes", "mode"), [(C_MAJOR, "major"), (C_MINOR, "minor")])
def test_a_scale_with_its_triad_has_its_key(notes, mode):
    key = modes.estimate_key(line((*notes, notes[0], notes[2], notes[4], notes[0])))
    assert (key.tonic, key.mode) == (0, mode)
    assert key.fit > key.parallel_fit


def test_changing_the_mode_alters_third_sixth_and_seventh_and_nothing_else():
    major = modes.Key(0, "major", 1.0, 0.0)
    assert pitches(modes.change_mode(line(C_MAJOR), major)) == C_MINOR
    assert pitches(modes.change_mode(line(C_MINOR), modes.Key(0, "minor", 1.0, 0.0))) == C_MAJOR
    assert pitches(modes.change_mode(line((61, 66)), major)) == (61, 66)


def test_pairs_by_rule_are_one_piece_in_two_modes():
    pairs = modes.simple_pairs(24)
    assert pairs == modes.simple_pairs(24)
    classes = set()
    for number, pair in enumerate(pairs):
        tonic = 7 * number % 12
        for major, minor in zip(pair.major.score.notes, pair.minor.score.notes, strict=True):
            assert (major.onset, major.duration, major.velocity) == (minor.onset, minor.duration, minor.velocity)
            degree = (round(major.pitch) - tonic) % 12
            assert major.pitch - minor.pitch in ((0, 1) if degree in (4, 9, 11) else (0,))
            classes.add(degree)
        assert pair.major.score.notes != pair.minor.score.notes
    assert classes == {0, 2, 4, 5, 7, 9, 11}


def test_real_excerpts_are_paired_where_their_key_is_clear():
    clear = Score(line((*C_MAJOR, 60, 64, 67, 60) * 4))
    chromatic = Score(line(tuple(range(60, 72)) * 4))
    found = modes.changed_pairs([("clear", clear), ("chromatic", chromatic)])
    assert {pair.name.split(" at ")[0] for pair in found} == {"clear"}
    assert found
    for pair in found:
        assert pair.kind == "real, from major"
        assert {pitch % 12 for pitch in pitches(pair.major.score.notes)} == {pitch % 12 for pitch in C_MAJOR}
        assert {pitch % 12 for pitch in pitches(pair.minor.score.notes)} == {pitch % 12 for pitch in C_MINOR}


def test_a_setting_is_played_as_it_is_described():
    for melody in cues.MELODIES:
        notes = cues.excerpt(melody, setting(tempo=4.0, articulation=0.25), 60.0).score.notes
        tune = [note for note in notes if note.velocity == 0.7]
        assert len(tune) / 60.0 == pytest.approx(4.0, rel=0.03)
        assert np.mean([note.pitch for note in tune]) == pytest.approx(65.0, abs=1.0)
        onsets = np.array([note.onset for note in tune])
        shares = np.array([note.duration for note in tune])[:-1] / np.diff(onsets)
        assert shares == pytest.approx(0.25, rel=1e-6)


def test_both_modes_of_a_setting_stand_on_one_tonic():
    major, minor = (pitches(cues.excerpt(cues.MELODIES[0], setting(mode=mode), 8.0).score.notes) for mode in ("major", "minor"))
    assert set(np.subtract(major, minor)) == {0, 1}
    assert major[0] == minor[0]


def test_levels_are_gains():
    assert cues.gains([setting(level=-10.0), setting(level=5.0)])[:, 0] == pytest.approx([0.3162278, 1.7782794], rel=1e-6)


def test_slopes_are_those_of_a_standardised_regression_within_groups():
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.standard_normal((80, 2)), columns=["a", "b"])
    groups = np.repeat(["x", "y"], 40)
    response = 3 * table["a"] - 4 * table["b"] + 100 * (groups == "y")
    centred = table - table.groupby(groups).transform("mean")
    whole = (3 * centred["a"] - 4 * centred["b"]).std(ddof=0)
    found = cues.slopes(table, response.to_numpy(), groups)
    assert found["a"] == pytest.approx(3 * centred["a"].std(ddof=0) / whole)
    assert found["b"] == pytest.approx(-4 * centred["b"].std(ddof=0) / whole)


def test_r_within_groups_is_the_mean_of_scipys():
    generator = np.random.default_rng(1)
    first, second = generator.standard_normal((2, 60))
    groups = np.repeat(["x", "y", "z"], 20)
    expected = np.mean([pearsonr(first[groups == name], second[groups == name]).statistic for name in "xyz"])
    assert cues.within_r(first, second, groups) == pytest.approx(expected)


def test_reverberation_is_twelve_db_below_the_direct_sound():
    impulse = np.zeros((1, 44_100), np.float32)
    impulse[0, 0] = 1.0
    wet = sounds.reverberated(impulse, 44_100)[0] - impulse[0]
    assert 10 * np.log10(np.sum(wet**2)) == pytest.approx(-12.0, abs=0.05)
    assert np.abs(wet[: int(0.005 * 44_100)]).max() < 1e-6


def test_mp3_keeps_the_time():
    rate, time = 44_100, np.arange(44_100) / 44_100
    clip = 0.2 * np.sin(2 * np.pi * 440 * time) * np.exp(-3 * time)
    decoded = sounds.through_mp3(clip[None].astype(np.float32), rate)[0]
    assert np.abs(decoded - clip)[2_000:-2_000].max() < 0.01


def test_every_note_of_a_midi_file_ends_after_it_begins():
    track = sounds._midi_file([(0.0, 1.0, 60, 0.5), (1.0, 1.00001, 62, 0.5)], 0).tracks[0]
    switches = [(message.note, message.velocity > 0) for message in track if message.type == "note_on"]
    assert switches == [(60, True), (60, False), (62, True), (62, False)]


def test_clips_are_rendered_once(tmp_path, monkeypatch):
    excerpts = [sounds.Excerpt(Score(line(C_MAJOR))), sounds.Excerpt(Score(line(C_MINOR)), 0.5)]
    first = sounds.Sounds(tmp_path).clips(excerpts, 1.0, 22_050)
    monkeypatch.setattr(sounds, "_piano", None)
    assert np.array_equal(sounds.Sounds(tmp_path).clips(excerpts, 1.0, 22_050), first)
    assert np.abs(first).max(axis=1) == pytest.approx([sounds.PEAK] * 2)


class Loudness(Oracle):
    """Reads the mean square as arousal and its negative as valence."""

    @property
    def dimensions(self):
        return (Dimension("arousal", -1.0, 1.0, mean=0.1, sd=0.2), Dimension("valence", -1.0, 1.0, mean=0.0, sd=0.5))

    def _read(self, clips, sample_rate):
        power = clips.square().mean(dim=1)
        return {"arousal": power, "valence": -power}


def test_readings_are_in_label_deviations():
    clips = torch.full((3, 100), 0.5).numpy()
    assert Ear("loud", Loudness()).read(clips, 44_100) == pytest.approx(np.array([[0.75, -0.5]] * 3))


def test_an_oracle_of_something_else_is_refused():
    class Brightness(Loudness):
        @property
        def dimensions(self):
            return (Dimension("brightness", 0.0, 100.0),)

    with pytest.raises(UsageError, match="bright reads brightness; expected an oracle of arousal and valence"):
        Ear("bright", Brightness())


def test_marks_of_pairs_are_share_mean_and_ratio():
    pair = modes.simple_pairs(1)[0]
    zero = np.zeros((4, 2))
    valence = np.array([[0.0, 0.5], [0.0, 0.7], [0.0, -0.2], [0.0, 1.0]])
    readings = {"major": valence, "minor": zero, "major up": valence + 0.1, "minor up": zero - 0.1}
    marks = studies.Modes([pair] * 4, readings).marks()
    assert marks == pytest.approx({"pairs": 4, "share": 0.75, "mean": 0.5, "shift": 0.1, "ratio": 5.0})


def test_settings_and_labels_belong_to_the_oracle_before_them():
    words = "data --oracle a --set model=x --set seed=3 --label one --oracle b --set weights=f.safetensors"
    specs = oracle_trust._parser().parse_args(words.split()).oracle
    assert [(spec.name, spec.config, spec.label) for spec in specs] == [
        ("a", {"model": "x", "seed": 3}, "one"),
        ("b", {"weights": "f.safetensors"}, ""),
    ]
    (alone,) = oracle_trust._parser().parse_args(["data", "--set", "model=x"]).oracle
    assert (alone.name, alone.config) == ("deam_cnn", {"model": "x"})


def test_the_command_on_the_page_names_no_folder_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["x", str(tmp_path), "--cache", "/far/away", "--set", "weights=/far/mine.safetensors"])
    assert oracle_trust._command() == "python docs/oracle_trust.py ../shared/data --set weights=mine.safetensors"

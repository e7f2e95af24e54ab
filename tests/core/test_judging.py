"""Judges: what they are given, what they refuse, and what the command says."""

import json

import pytest
import torch

from orchestra_core import (
    Descriptor,
    Dimension,
    Judge,
    Note,
    Performance,
    Pipeline,
    Score,
    Verdict,
    get_registry,
    hookimpl,
    read_performance,
    verdicts,
    write_wav,
)
from orchestra_core.cli.app import run
from orchestra_core.errors import AudioFileError, ConfigurationError, ContractError, ParameterError, UsageError
from orchestra_core.io.midi import write_midi

SCORE = Score((Note(60, 0.0, 0.5), Note(64, 0.5, 0.5)))
TONE = 0.5 * torch.sin(torch.arange(22_050) * 0.1)


class Count(Judge):
    """Marks the number of notes; knows their mean pitch, but not well enough."""

    needs = frozenset({"notes"})
    dimensions = (Dimension("count", 0.0, 1e4), Dimension("pitch", 0.0, 127.0))
    qualified = frozenset({"count"})

    def _mark(self, performance):
        notes = performance.score.notes
        return {"count": len(notes), "pitch": sum(note.pitch for note in notes) / len(notes)}


class Peak(Judge):
    """Marks the largest sample."""

    dimensions = (Dimension("peak", 0.0, 1.0),)

    def _mark(self, performance):
        return {"peak": float(performance.audio.abs().max())}


class Strict(Judge):
    """Marks no sound above half of full scale, and knows what sounds are like."""

    dimensions = (Dimension("peak", 0.0, 1.0, mean=0.2, sd=0.1),)

    def _mark(self, performance):
        peak = float(performance.audio.abs().max())
        if peak > 0.6:
            raise ParameterError(f"The sound reaches {peak:.1f}; expected at most 0.6.")
        return {"peak": peak}


class Plugin:
    @hookimpl
    def orchestra_judges(self):
        here = Count.__module__
        return [Descriptor(cls.__name__.lower(), f"{here}:{cls.__name__}", "Marks something.") for cls in (Count, Peak, Strict)]


@pytest.fixture
def files(tmp_path):
    write_wav(tmp_path / "tone.wav", TONE, 22_050)
    write_midi(tmp_path / "two.mid", SCORE)
    return tmp_path


def test_it_marks_only_what_it_qualifies_on():
    assert Count().mark(Performance(score=SCORE)) == {"count": 2.0}


@pytest.mark.parametrize(
    ("performance", "words"),
    [
        ({}, "neither audio nor notes"),
        ({"audio": TONE}, "sample rate of None and its audio"),
        ({"score": SCORE, "sample_rate": 44_100}, "sample rate of 44100 and no audio"),
        ({"audio": TONE[None], "sample_rate": 22_050}, r"shape \(1, 22050\)"),
        ({"audio": TONE * float("nan"), "sample_rate": 22_050}, "NaN"),
    ],
)
def test_half_a_performance_is_refused(performance, words):
    with pytest.raises(ParameterError, match=words):
        Performance(**performance)


def test_a_judge_says_what_it_lacks():
    with pytest.raises(ParameterError, match="Count needs notes; the performance offers audio"):
        Count().mark(Performance(TONE, 22_050))


@pytest.mark.parametrize(
    ("marks", "words"), [({"peaks": 1.0}, r"marked \['peaks'\]"), ({"peak": float("nan")}, "peak as nan"), ({}, r"marked \[\]")]
)
def test_marks_that_are_none_are_the_plugins_fault(marks, words):
    class Odd(Peak):
        def _mark(self, performance):
            return marks

    with pytest.raises(ContractError, match=words):
        Odd().mark(Performance(TONE, 22_050))


def test_it_tells_how_typical_a_piece_is_only_where_it_knows():
    class Knows(Peak):
        share = 30.0

        def _typicality(self, performance):
            return self.share

    heard = Performance(TONE, 22_050)
    assert Peak().typicality(heard) is None and Peak().held_out == {}
    assert Knows().typicality(heard) == 30.0
    with pytest.raises(ParameterError, match="Knows needs audio"):
        Knows().typicality(Performance(score=SCORE))
    Knows.share = 130.0
    with pytest.raises(ContractError, match=r"typicality of 130\.0; expected a share in \[0, 100\]"):
        Knows().typicality(heard)


def test_files_and_run_folders_are_performances(files):
    assert read_performance(files / "tone.wav").offers == {"audio"}
    assert read_performance(str(files / "two.mid")).offers == {"notes"}
    write_wav(files / "audio.wav", TONE, 22_050)
    assert read_performance(files).offers == {"audio"}
    write_midi(files / "notes.mid", SCORE)
    whole = read_performance(files)
    assert whole.offers == {"audio", "notes"} and whole.sample_rate == 22_050
    assert [note.pitch for note in whole.score.notes] == [60, 64]


def test_a_folder_of_several_pieces_says_which(tmp_path):
    for item in ("000", "001"):
        (tmp_path / item).mkdir()
        write_wav(tmp_path / item / "audio.wav", TONE, 22_050)
    with pytest.raises(UsageError, match=r"no audio\.wav.*give them one by one, such as .*000"):
        read_performance(tmp_path)


def test_the_folder_of_a_style_transfer_hints_at_its_sound(tmp_path):
    write_wav(tmp_path / "result.wav", TONE, 22_050)
    with pytest.raises(UsageError, match=r"Its sound is .*result\.wav: give that file"):
        read_performance(tmp_path)


def test_a_file_that_is_no_music_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("la la la")
    with pytest.raises(AudioFileError):
        read_performance(tmp_path / "notes.txt")


def test_each_judge_marks_what_it_can(files):
    said = verdicts(read_performance(files / "two.mid"), {"count": Count(), "peak": Peak()})
    assert [(one.judge, dict(one.marks), one.missing) for one in said] == [
        ("count", {"count": 2.0}, ()),
        ("peak", {}, ("audio",)),
    ]


def test_a_judge_that_refuses_says_why_and_the_others_mark():
    said = verdicts(Performance(1.6 * TONE, 22_050), {"strict": Strict(), "peak": Peak()})
    assert said[0] == Verdict("strict", {}, (), "The sound reaches 0.8; expected at most 0.6.")
    assert said[1].marks == {"peak": pytest.approx(0.8, abs=1e-3)} and said[1].reason == ""


def test_the_command_shows_who_cannot_mark_and_why(tmp_path, capsys):
    write_wav(tmp_path / "loud.wav", 1.6 * TONE, 22_050)
    arguments = ["judge", str(tmp_path / "loud.wav"), "--judge", "strict", "--judge", "peak"]
    with get_registry().registered(Plugin()):
        assert run(arguments) == 0
        said = capsys.readouterr()
        assert run([*arguments, "--json"]) == 0
        strict, peak = json.loads(capsys.readouterr().out)["pieces"][0]["judges"]
    assert "cannot" in said.out and "+0.800" in said.out and said.err == ""
    assert "strict cannot mark it: The sound reaches 0.8" in said.out
    assert strict["marks"] == {} and strict["reason"].startswith("The sound reaches 0.8")
    assert peak["marks"] and peak["reason"] == ""


def test_a_mark_stands_beside_what_the_judge_learned_from_and_what_was_asked(tmp_path, capsys):
    write_wav(tmp_path / "audio.wav", TONE, 22_050)
    dimension = {"name": "valence", "mean": 0.1, "sd": 0.2}
    item = {"word": "calm", "targets": {"valence": 0.5}, "dimensions": [dimension]}
    (tmp_path / "run.json").write_text(json.dumps({"item": item}))
    with get_registry().registered(Plugin()):
        assert run(["judge", str(tmp_path), "--judge", "strict"]) == 0
        table = capsys.readouterr().out
        assert run(["judge", str(tmp_path), "--judge", "strict", "--json"]) == 0
        piece = json.loads(capsys.readouterr().out)["pieces"][0]
        (tmp_path / "run.json").write_text("{")
        assert run(["judge", str(tmp_path), "--judge", "peak"]) == 0
        without = capsys.readouterr().out
    assert "+0.500 (+3.0 SD)" in table and "calm: valence +0.500 (+2.0 SD)" in table
    assert piece["judges"][0]["marks_in_sd"] == {"peak": pytest.approx(3.0, abs=0.01)}
    assert piece["asked"] == "calm: valence +0.500 (+2.0 SD)"
    assert "+0.500" in without and "SD" not in without


def test_a_batch_is_judged_piece_by_piece(tmp_path, capsys):
    for item in ("002", "010", "001"):
        (tmp_path / item).mkdir()
        write_wav(tmp_path / item / "audio.wav", TONE, 22_050)
    (tmp_path / "index.html").write_text("")
    with get_registry().registered(Plugin()):
        assert run(["judge", str(tmp_path), str(tmp_path / "010"), "--judge", "peak", "--json"]) == 0
        pieces = json.loads(capsys.readouterr().out)["pieces"]
    assert [piece["path"] for piece in pieces] == [str(tmp_path / item) for item in ("001", "002", "010")]


def test_no_run_can_be_given_a_judge():
    with pytest.raises(ConfigurationError, match="oracle is of kind 'judge'; expected 'oracle'"):
        Pipeline(oracle=Peak())


def test_the_command_marks_by_all_or_by_some(files, capsys):
    pieces = [str(files / "two.mid"), str(files / "tone.wav")]
    with get_registry().registered(Plugin()):
        assert run(["judge", *pieces, "--judge", "count", "--judge", "peak"]) == 0
        table = capsys.readouterr().out
        assert run(["judge", *pieces, "--judge", "peak", "--json"]) == 0
        plain = json.loads(capsys.readouterr().out)
        assert run(["judge", pieces[0], "--json"]) == 0
        names = [one["name"] for one in json.loads(capsys.readouterr().out)["pieces"][0]["judges"]]
    assert "+2.000" in table and "not qualified" in table and "needs audio" in table and "needs notes" in table
    marks = {"peak": pytest.approx(0.5, abs=1e-3)}
    assert plain["pieces"][1]["judges"] == [
        {"name": "peak", "marks": marks, "marks_in_sd": {}, "missing": [], "reason": ""},
    ]
    assert {"count", "peak"} <= set(names)


def test_a_bad_file_is_reported_and_the_others_are_marked(files, capsys):
    with get_registry().registered(Plugin()):
        assert run(["judge", str(files / "gone.wav"), str(files / "two.mid"), "--judge", "count"]) == 2
        said = capsys.readouterr()
        assert run(["judge", str(files / "two.mid"), "--judge", "cuont"]) == 2
        unknown = capsys.readouterr()
    assert "gone.wav does not exist" in said.err and "+2.000" in said.out
    assert "Traceback" not in said.err + unknown.err and "count" in unknown.err

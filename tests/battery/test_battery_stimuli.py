"""Plans of stimuli, and the sets that are made of them."""

import csv
import hashlib
import json

import pytest
from battery_parts import NoteJudge
from click.testing import CliRunner

from orchestra_battery.cli_stimuli import stimuli as command
from orchestra_battery.composing import is_finished
from orchestra_battery.plan import factorial_rows, read_plan, write_plan
from orchestra_battery.stimuli import make_stimuli
from orchestra_core import read_audio, read_performance
from orchestra_core.errors import ConfigurationError, RunFolderError, UnknownNameError, UsageError

PARTS = {"instrument": "sines", "oracle": "pulse", "schedule": "still", "score": "tones"}
PLAN = """stimulus,word,arousal,valence,seed,duration,loudness,budget,score.steps,score.lowest
held,,0,0,3,0.6,-20,1,,
low,,0,0,3,0.6,-20,1,,48
third,,0,0,3,0.6,-20,1,"[0, 3, 7, 0]",
one,,0,0,3,0.6,-20,1,5,
glad,happy,,,4,0.6,,,,
"""


def plan(folder, text=PLAN):
    path = folder / "plan.csv"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stimuli")
    return folder / "out", make_stimuli(read_plan(plan(folder)), folder / "out", PARTS, judges=["note_judge"])


@pytest.fixture(scope="module")
def listed(made):
    with (made[0] / "manifest.csv").open(newline="") as file:
        return {row["stimulus"]: row for row in csv.DictReader(file)}


def test_a_row_changes_only_what_it_names(made):
    folder, _ = made
    pitches = {
        name: [round(note.pitch) for note in read_performance(folder / "stimuli" / name).score.notes]
        for name in ("held", "low", "third", "one", "glad")
    }
    assert pitches == {
        "held": [60, 64, 67, 60],
        "low": [48, 52, 55, 48],
        "third": [60, 63, 67, 60],
        "one": [65],
        "glad": [60, 64, 67, 60],
    }


def test_the_manifest_says_what_was_asked_read_and_measured(made, listed):
    folder, found = made
    for one in found:
        row = listed[one.stimulus.name]
        audio = folder / row["file"]
        assert row["sha256"] == hashlib.sha256(audio.read_bytes()).hexdigest()
        samples, rate = read_audio(audio)
        assert float(row["seconds"]) == pytest.approx(samples.shape[1] / rate, abs=1e-4)
        item = json.loads((folder / one.folder / "run.json").read_text())["item"]
        assert float(row["target.valence"]) == pytest.approx(item["targets"]["valence"], abs=1e-6)
        assert float(row["reading.arousal"]) == pytest.approx(item["readings"]["arousal"], abs=2e-3)
        marks = NoteJudge().mark(read_performance(folder / one.folder))
        assert float(row["note_judge.valence"]) == pytest.approx(marks["valence"], abs=1e-6)
        assert "torch=" in row["versions"]
    assert listed["glad"]["word"] == "happy"
    assert listed["held"]["seed"] == "3"


def test_a_single_cue_moves_and_the_others_stay(listed):
    assert float(listed["held"]["cue.register"]) - float(listed["low"]["cue.register"]) == pytest.approx(12.0)
    assert listed["held"]["cue.onset_rate"] == listed["low"]["cue.onset_rate"]
    assert float(listed["held"]["cue.mode"]) > float(listed["third"]["cue.mode"])
    loudness = [float(listed[name]["cue.loudness"]) for name in ("held", "low", "third")]
    assert loudness == pytest.approx([-20.0] * 3, abs=0.1)


def test_the_record_has_every_gate(made):
    folder, found = made
    stored = json.loads((folder / "manifest.json").read_text())
    assert stored["format"] == "orchestra-stimuli/1"
    assert {"clicks", "offset", "scale", "typical:note_judge"} <= set(stored["stimuli"][0]["gates"])
    assert stored["stimuli"][0]["failed"] == list(found[0].failed)


def test_going_on_makes_what_is_missing_and_nothing_else(made, tmp_path):
    folder, _ = made
    before = {path: path.stat().st_mtime_ns for path in (folder / "stimuli").rglob("audio.wav")}
    more = read_plan(plan(tmp_path, PLAN + "new,,0,0,5,0.6,-20,1,,72\n"))
    found = make_stimuli(more, folder, PARTS, judges=(), resume=True)
    assert is_finished(folder / "stimuli" / "new")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(found) == 6


def test_another_plan_or_folder_is_refused(made, tmp_path):
    folder, _ = made
    with pytest.raises(RunFolderError, match="already holds stimuli"):
        make_stimuli(read_plan(plan(tmp_path)), folder, PARTS)
    with pytest.raises(RunFolderError, match="asks otherwise for 'low'"):
        make_stimuli(read_plan(plan(tmp_path, PLAN.replace(",48\n", ",36\n"))), folder, PARTS, resume=True)
    with pytest.raises(RunFolderError, match="names other parts"):
        make_stimuli(
            read_plan(plan(tmp_path)), folder, {**PARTS, "oracle": {"name": "pulse", "config": {"deaf": True}}}, resume=True
        )
    with pytest.raises(RunFolderError, match="no set of stimuli"):
        make_stimuli(read_plan(plan(tmp_path)), tmp_path, PARTS, resume=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("valence,seed\n0.4,first\n", "line 2: seed is 'first'; expected a whole number"),
        ("valence,seed\n0.4,1\nhigh,2\n", "line 3: valence is 'high'; expected a number"),
        ("stimulus,valence\na/b,0\n", "'a/b'; expected letters"),
        ("stimulus,valence\na,0\na,1\n", "two stimuli called 'a'"),
        ("valence,seed\n0.4\n", "line 2: the row has 1 cells"),
        ("valence\n", "no rows"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(tmp_path, text, message):
    with pytest.raises(ConfigurationError, match=message):
        read_plan(plan(tmp_path, text))


def test_a_plan_that_is_not_there_is_told_in_words(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read \(no such file or directory\)"):
        read_plan(tmp_path / "none.csv")


def test_parts_that_cannot_be_made_are_refused_before_anything_is(tmp_path):
    with pytest.raises(UnknownNameError):
        make_stimuli(read_plan(plan(tmp_path, "valence,score\n0,tones\n0,nothing\n")), tmp_path / "out", PARTS)
    with pytest.raises(ConfigurationError, match="stepz"):
        make_stimuli(read_plan(plan(tmp_path, "valence,score.stepz\n0,1\n")), tmp_path / "out", PARTS)
    assert not (tmp_path / "out").exists()


BAD = "stimulus,word,duration\nfirst,happy,0.6\nsecond,hapy,0.6\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BAD, "Stimulus 'second': Unknown emotion word 'hapy'. Did you mean 'happy'"),
        ("stimulus,valence,joy,duration\nfirst,0,,0.6\nsecond,0,1,0.6\n", "Stimulus 'second': .*'joy'"),
        ("stimulus,valence,duration\nfirst,0,0.6\nsecond,0,-1\n", "Stimulus 'second': duration is -1"),
        ("stimulus,valence,duration,loudness\nfirst,0,0.6,\nsecond,0,0.6,loud\n", "Stimulus 'second': loudness is 'loud'"),
    ],
)
def test_a_row_that_cannot_be_asked_is_refused_before_anything_is_written(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        make_stimuli(read_plan(plan(tmp_path, text)), tmp_path / "out", PARTS, judges=())
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_asked_costs_no_stimulus_of_a_set_that_goes_on(made, tmp_path):
    folder, _ = made
    before = (folder / "plan.json").read_bytes()
    with pytest.raises(UnknownNameError, match="'wrong'"):
        make_stimuli(read_plan(plan(tmp_path, PLAN + "wrong,hapy,,,5,0.6,,,,\n")), folder, PARTS, judges=(), resume=True)
    assert (folder / "plan.json").read_bytes() == before


def test_a_folder_without_a_finished_stimulus_takes_another_plan(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.json").write_text('{"format": "orchestra-stimuli/1", "pipeline": {}, "stimuli": {"second": {}}}')
    rows = read_plan(plan(tmp_path, BAD.replace("hapy", "sad")))
    assert [one.stimulus.word for one in make_stimuli(rows, tmp_path / "out", PARTS, judges=())] == ["happy", "sad"]


def test_a_stimulus_that_another_plan_only_began_is_begun_anew(tmp_path):
    rows = read_plan(plan(tmp_path, "stimulus,word,duration\nfirst,happy,0.6\n"))
    make_stimuli(rows, tmp_path / "out", PARTS, judges=())
    record = tmp_path / "out" / "stimuli" / "first" / "run.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "finished": False}))
    other = read_plan(plan(tmp_path, "stimulus,word,duration\nfirst,sad,0.6\n"))
    with pytest.raises(RunFolderError, match="already holds stimuli"):
        make_stimuli(other, tmp_path / "out", PARTS, judges=())
    make_stimuli(other, tmp_path / "out", PARTS, judges=(), resume=True)
    assert json.loads(record.read_text())["recipe"]["items"][0]["word"] == "sad"


def test_help_says_where_the_options_are():
    assert "orchestra stimuli run --help" in CliRunner().invoke(command, ["--help"]).output


def test_a_factorial_plan_has_every_combination_for_every_seed(tmp_path):
    rows = factorial_rows({"word": ["happy", "sad"], "score.lowest": ["48", "60", "72"]}, [1, 2])
    assert len(rows) == 12
    assert len({(row["word"], row["score.lowest"], row["seed"]) for row in rows}) == 12
    back = read_plan(write_plan(tmp_path / "plan.csv", rows))
    assert [(one.word, one.parts, one.seed) for one in back][:2] == [
        ("happy", {"score": {"lowest": 48}}, 1),
        ("happy", {"score": {"lowest": 48}}, 2),
    ]


def test_a_plan_of_single_cues_holds_the_others_at_their_first_level():
    rows = factorial_rows({"valence": ["0"], "score.lowest": ["60", "48"], "score.steps": ["[0]", "[1]"]}, [1], single=True)
    assert [(row["score.lowest"], row["score.steps"]) for row in rows] == [("60", "[0]"), ("48", "[0]"), ("60", "[1]")]


def test_the_command_writes_a_plan_and_makes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    factors = ("--factor", "arousal=0", "--factor", "valence=-0.4,0.4", "--factor", "duration=0.5", "--factor", "score.lowest=60")
    assert CliRunner().invoke(command, ["plan", "-o", "plan.csv", *factors]).exit_code == 0
    parts = [text for part, name in PARTS.items() for text in (f"--{part}", name)]
    result = CliRunner().invoke(command, ["plan.csv", "-o", "out", "--no-judges", *parts])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert "2 stimuli" in result.stdout
    assert len((tmp_path / "out" / "manifest.csv").read_text().splitlines()) == 3
    assert "motif, leap and cadence are meant for pieces in bars" in result.stderr  # two notes have no motif
    again = CliRunner().invoke(command, ["plan", "-o", "plan.csv", *factors])
    assert isinstance(again.exception, UsageError)

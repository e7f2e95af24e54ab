"""``orchestra evaluate`` from the outside."""

import io
import json

import pytest
from click.testing import CliRunner
from rich.console import Console

from orchestra_battery.cli import Bar, evaluate
from orchestra_battery.evaluation import baseline_before
from orchestra_core import Pipeline, get_registry
from orchestra_core.errors import RunFolderError, UnknownNameError, UsageError

SETTINGS = """
levels = [-0.8, 0.8]
duration = 1.0
judges = ["note_judge"]
transforms = 0

[pipeline]
instrument = "sines"
oracle = "pulse"
schedule = "still"
score = "follows"
"""


def run(*arguments):
    return CliRunner().invoke(evaluate, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "battery.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def folder(config, tmp_path_factory):
    output = tmp_path_factory.mktemp("cli") / "out"
    result = run(config, "-o", output, "--seeds", 1)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return output, result


def test_it_prints_a_table_and_writes_report_and_record(folder):
    output, result = folder
    assert (output / "report.html").is_file()
    assert (output / "evaluation.json").is_file()
    lines = result.stdout.splitlines()
    assert lines[0].startswith("marked by")
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["oracle", "arousal"],
        ["oracle", "valence"],
        ["note_judge", "arousal"],
        ["note_judge", "valence"],
    ]
    assert "clicks 4/4" in result.stdout
    assert "error: in the unit of whom it is marked by" in result.stdout
    assert str(output / "report.html") in result.stderr


def test_json_is_the_record_without_its_pieces(folder, config):
    output, _ = folder
    result = run(config, "-o", output, "--seeds", 1, "--resume", "--json")
    shown = json.loads(result.stdout)
    stored = json.loads((output / "evaluation.json").read_text())
    assert shown["findings"]["marks"] == stored["findings"]["marks"]
    assert "pieces" not in shown


def test_going_on_keeps_the_baseline_unless_another_is_named(config, tmp_path):
    output = tmp_path / "held"
    assert run(config, "-o", output, "--seeds", 1, "--baseline", "blind").exit_code == 0
    again = run(config, "-o", output, "--seeds", 1, "--resume")
    assert again.exit_code == 0, again.output + repr(again.exception)
    assert "The baseline is that of before, blind; --baseline names another." in again.stderr
    assert "Against the baseline:" in again.stdout
    (output / "evaluation.json").unlink()  # as one that was interrupted
    assert baseline_before(output) == "blind"
    assert baseline_before(tmp_path) is None
    other = run(config, "-o", output, "--seeds", 1, "--resume", "--baseline", str(output / "none"))
    assert "of before" not in other.stderr


def test_judges_are_not_called_untouched_where_nobody_said_so(folder):
    output, _ = folder
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "Nobody said which judges choices were made on (tuned_on)" in page
    assert "<td>untouched" not in page
    markers = json.loads((output / "evaluation.json").read_text())["markers"]
    assert {one["name"]: one["untouched"] for one in markers} == {"oracle": False, "note_judge": None}


def test_two_evaluations_are_compared(folder, config, tmp_path):
    output, _ = folder
    assert run("run", config, "-o", tmp_path / "blind", "--seeds", 1, "--score", "blind").exit_code == 0
    result = run("compare", output, tmp_path / "blind")
    assert result.exit_code == 0, result.output
    line = next(line for line in result.stdout.splitlines() if line.startswith("note_judge") and "valence" in line)
    assert line.split()[-2:] == ["yes", "yes"]
    assert result.stdout.splitlines()[-1] == "error: in SD; below 0 is nearer"
    plain = json.loads(run("compare", tmp_path / "blind", output, "--json").stdout)
    assert plain["note_judge"]["valence"]["better"] is False


def test_ways_stand_side_by_side(folder, tmp_path):
    output, _ = folder
    other = tmp_path / "other"
    other.mkdir()
    (other / "evaluation.json").write_text((output / "evaluation.json").read_text())
    lines = run("table", output, other).stdout.splitlines()
    assert lines[0] == "| way | marked by | dimension | r | slope | ratio | cross | error |"
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert [row[:3] for row in cells[:3]] == [
        ["out", "oracle", "arousal"],
        ["other", "oracle", "arousal"],
        ["out", "oracle", "valence"],
    ]
    stored = json.loads((output / "evaluation.json").read_text())["findings"]["marks"]["note_judge"]["marks"]["valence"]
    row = next(row for row in cells if row[1:3] == ["note_judge", "valence"])
    assert row[3].startswith(f"{stored['r']['value']:+.2f} [")
    assert cells[0][5] == "-"  # the oracle knows no slope on ratings


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("compare", "nowhere", "nowhere"), RunFolderError),
        (("--loudness", "loud", "-o", "unused"), SystemExit),
        (("--judge", "nobody", "-o", "unused"), UnknownNameError),
        (("--score", "nothing", "-o", "unused"), UnknownNameError),
    ],
)
def test_what_cannot_be_done_is_said(arguments, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isinstance(run(*arguments).exception, error)
    assert not (tmp_path / "unused").exists()


def test_a_folder_that_is_no_evaluation_is_told_in_words(tmp_path):
    (tmp_path / "evaluation.json").mkdir()
    for name, words in (("nowhere", "does not exist; expected the folder of a finished evaluation"), (".", "is a directory")):
        message = str(run("table", tmp_path / name).exception)
        assert words in message and "Errno" not in message


def test_a_folder_that_is_taken_is_refused(folder, config):
    assert isinstance(run(config, "-o", folder[0]).exception, UsageError)


def test_help_names_what_there_is():
    text = run("--help").output
    assert all(word in text for word in ("compare", "run", "table", "need not be named"))
    assert "orchestra evaluate run --help" in text
    assert "--baseline" in run("run", "--help").output


def test_the_bar_tells_the_step_of_the_pieces_of_the_moment():
    console = Console(force_terminal=True, width=120, file=io.StringIO())
    with Bar(console) as bar, get_registry().registered(bar, "bar"):
        bar.show("composing", 2, 8)
        Pipeline(instrument="sines", oracle="pulse", schedule="still", score="tones").compose(valence=0, arousal=0, duration=0.5)
        bar._progress.refresh()
    shown = console.file.getvalue()
    assert "composing" in shown and "2/8" in shown
    assert "still of 1 steps, step 1" in shown


def test_an_interrupted_evaluation_says_how_to_go_on(config, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        (tmp_path / "cut").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestra_battery.evaluation.evaluate", interrupted)
    result = run(config, "-o", tmp_path / "cut")
    assert result.exit_code != 0
    assert "--resume" in result.stderr and str(tmp_path / "cut") in result.stderr

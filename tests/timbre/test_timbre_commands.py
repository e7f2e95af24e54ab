"""``orchestra timbre`` trains, evaluates and reads; listing the command imports no torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from timbre_data import noise

from orchestra_core import write_wav
from orchestra_core.cli.app import orchestra
from orchestra_core.errors import OrchestraError
from orchestra_timbre.cli import timbre
from orchestra_timbre.oracle import TimbreCNN


def run(*arguments):
    return CliRunner().invoke(timbre, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(tones_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    options = ["--data", tones_folder, "--part", "all", "-o", folder]
    result = run("train", *options, "--epochs", 4, "--batch", 8, "--seed", 3, "--note", "a test")
    assert result.exit_code == 0, result.output + repr(result.exception)
    return folder, options, result


def test_training_writes_weights_that_an_oracle_reads_with(trained):
    folder, _, result = trained
    card = TimbreCNN(weights=folder / "log_mel.safetensors").card
    assert (card.note, card.part, card.training["seed"]) == ("a test", "all", 3)
    assert card.split["train"] == {"sounds": 24, "sources": 24, "kinds": {"synthesised": 24}}
    assert set(card.metrics) == {"validation", "test", "published"}
    assert (folder / "log.csv").is_file()
    assert "8 test" in result.output
    assert "Best of 4 epochs" in result.output


def test_a_second_training_needs_resume_and_gives_the_same_weights(trained):
    folder, options, _ = trained
    (folder / "log_mel.safetensors").read_bytes()
    again = run("train", *options, "--epochs", 4, "--batch", 8, "--seed", 3)
    assert isinstance(again.exception, OrchestraError)
    assert "--resume" in str(again.exception)


def test_evaluate_gives_the_marks_of_the_card(trained):
    folder, options, _ = trained
    result = run("evaluate", *options, "--weights", folder / "log_mel.safetensors", "--json")
    assert result.exit_code == 0, repr(result.exception)
    marks = json.loads(result.stdout)
    card = TimbreCNN(weights=folder / "log_mel.safetensors").card
    for name in ("validation", "test", "published"):
        for descriptor, error in card.metrics[name]["mae"].items():
            assert marks[name]["mae"][descriptor] == pytest.approx(error, abs=1e-3)


def test_evaluate_marks_shipped_weights_in_a_table(trained):
    _, options, _ = trained
    result = run("evaluate", *options, "--weights", "judge")
    assert result.exit_code == 0, repr(result.exception)
    assert "3 published" in result.output
    assert result.output.count("brightness") == 3


def test_a_part_learns_from_its_sources_only(tones_folder, tmp_path):
    result = run(
        "train", "--data", tones_folder, "--part", "judge", "-o", tmp_path, "--epochs", 1, "--batch", 2, "--model", "small"
    )
    assert result.exit_code == 0, result.output + repr(result.exception)
    card = json.loads((tmp_path / "small.json").read_text())
    assert card["part"] == "judge"
    assert 0 < card["split"]["train"]["sources"] < 24


def test_more_folders_add_training_sounds(tones_folder, tmp_path):
    data = ["--data", tones_folder, "--data", tones_folder, "--part", "all"]
    result = run("train", *data, "-o", tmp_path, "--epochs", 1, "--batch", 8, "--model", "small")
    assert result.exit_code == 0, repr(result.exception)
    split = json.loads((tmp_path / "small.json").read_text())["split"]
    assert (split["train"]["sounds"], split["test"]["sounds"]) == (48, 8)


def test_read_prints_the_seven_descriptors_with_their_rank(tmp_path):
    write_wav(tmp_path / "hat.wav", noise(low=5000), 16_000)
    result = run("read", tmp_path / "hat.wav")
    assert result.exit_code == 0, repr(result.exception)
    lines = result.output.splitlines()
    assert len(lines) == 8
    assert "10,246 percussive sounds" in lines[0]
    values = json.loads(run("read", tmp_path / "hat.wav", "--json").output)
    assert values["brightness"] > 60 > 30 > values["boominess"]
    assert f"{values['brightness']:.1f}" in next(line for line in lines if line.startswith("brightness"))


def test_a_file_that_is_no_recording_is_refused_without_a_traceback(tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    done = subprocess.run(
        [sys.executable, "-m", "orchestra_core.cli", "timbre", "read", str(tmp_path / "text.wav")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_group_is_found_and_lists_its_commands_without_torch():
    assert "timbre" in CliRunner().invoke(orchestra, ["--help"]).output
    code = "import sys, orchestra_timbre.cli, orchestra_timbre.plugin; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert all(name in run("--help").output for name in ("train", "evaluate", "read"))

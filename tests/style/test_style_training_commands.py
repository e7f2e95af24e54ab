"""``orchestra style train`` and ``evaluate`` from the outside: what they write, print and refuse."""

import json
import shutil

import pytest
from click.testing import CliRunner

from orchestra_core.errors import OrchestraError, UsageError, WeightsError
from orchestra_style.cli import style
from orchestra_style.cli_training import table
from orchestra_style.evaluation import Evaluation, Mark
from orchestra_style.weights import load_weights

RECIPE = ("--seconds", 1, "--epochs", 2, "--batch", 8, "--float32", "--seed", 3, "--note", "a test")


def run(*arguments):
    return CliRunner().invoke(style, [str(argument) for argument in arguments], catch_exceptions=True)


@pytest.fixture(scope="module")
def data(emotify_folder, tmp_path_factory):
    return ("--data", emotify_folder, "--cache", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    return folder, run("train", *data, "-o", folder, *RECIPE)


def test_training_writes_weights_whose_card_says_where_they_come_from(trained):
    folder, result = trained
    assert result.exit_code == 0, result.output + repr(result.exception)
    network, card = load_weights(folder / "style_cnn.safetensors")
    assert network.classes == ("classical", "rock")
    assert "research-only data (Emotify)" in card.license
    assert "Aljanaki" in card.citation
    assert card.seconds == card.training["seconds"] == 1.0
    assert card.training["seed"] == 3
    assert card.training["epochs_run"] == 2
    assert card.training["epoch_kept"] in (1, 2)
    assert card.note == "a test"
    assert len(card.split["test"]) == len(card.split["validation"]) == 2
    assert (folder / "log.csv").read_text().startswith("epoch,training_loss,validation_loss,validation_accuracy\n1,")
    assert str(folder / "style_cnn.safetensors") in result.output
    assert "majority" in result.output


def test_a_second_training_needs_resume_and_gives_the_same_file(trained, data):
    folder, _ = trained
    before = (folder / "style_cnn.safetensors").read_bytes()
    again = run("train", *data, "-o", folder, *RECIPE)
    assert isinstance(again.exception, UsageError)
    assert "--resume" in str(again.exception)
    assert run("train", *data, "-o", folder, *RECIPE, "--resume").exit_code == 0
    assert (folder / "style_cnn.safetensors").read_bytes() == before


def test_evaluate_gives_the_marks_of_the_card(trained, data):
    weights = trained[0] / "style_cnn.safetensors"
    result = run("evaluate", *data, "--weights", weights, "--json")
    assert result.exit_code == 0, repr(result.exception)
    assert json.loads(result.output) == load_weights(weights)[1].metrics["test"]
    assert run("evaluate", *data, "--weights", weights, "--part", "train").output.split()[5:] != result.output.split()[5:]


def test_the_control_that_lets_segments_leak_is_in_its_card(data, tmp_path):
    result = run("train", *data, "-o", tmp_path, *RECIPE, "--split", "segment", "--grid")
    assert result.exit_code == 0, repr(result.exception)
    split = load_weights(tmp_path / "style_cnn.safetensors")[1].split
    assert split["unit"] == "segment"
    assert set(split["test"]) & set(split["validation"])


def test_songs_that_were_left_out_are_named(data, tmp_path, emotify_folder):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "audio").symlink_to(emotify_folder / "audio")
    (folder / "bad.wav").write_bytes(b"no audio")
    table = (emotify_folder / "labels.csv").read_text()
    (folder / "labels.csv").write_text(table + "bad.wav,rock,99\n")
    result = run("train", "--data", folder, "--cache", data[3], "-o", tmp_path / "out", *RECIPE, "--epochs", 1)
    assert result.exit_code == 0, repr(result.exception)
    assert "left out: bad:" in result.output


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["evaluate", "--weights", "absent.safetensors"], WeightsError, "does not exist"),
        (["evaluate", "--dataset", "gtzan", "--weights", "style_cnn.safetensors"], UsageError, "expected genres/"),
        (["train", "-o", "out", "--dataset", "fma"], UsageError, r"tracks\.csv does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, error, message, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(trained[0] / "style_cnn.safetensors", tmp_path)
    (tmp_path / "data").mkdir()
    result = run(*arguments, "--data", "data", "--cache", "cache")
    assert isinstance(result.exception, OrchestraError), result.output
    with pytest.raises(error, match=message):
        raise result.exception


def test_the_table_shows_accuracies_beside_the_baseline_and_what_was_taken_for_what():
    mark, base = Mark(0.75, 0.5, 0.9, 8), Mark(0.5, 0.3, 0.7, 8)
    text = table(Evaluation(("pop", "rock"), mark, mark, base, base, ((3, 1), (1, 3)), ((1, 0), (0, 1))))
    lines = text.splitlines()
    assert lines[1].split() == ["segments", "0.750", "0.500", "..", "0.900", "8"]
    assert lines[2].split()[:2] == ["majority", "0.500"]
    assert lines[-2].split() == ["pop", "1", "0"]

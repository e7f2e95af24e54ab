"""``orchestra deam train`` and ``evaluate`` work end to end on a small data set; listing imports no torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from orchestra_core.errors import OrchestraError
from orchestra_deam.cli import deam
from orchestra_deam.oracle import DeamCNN
from orchestra_deam.weights import RESEARCH_ONLY

NOTE = ("--note", "a test")


def run(*arguments):
    return CliRunner().invoke(deam, [str(argument) for argument in arguments], catch_exceptions=True)


@pytest.fixture(scope="module")
def trained(vgmidi_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    options = ["--data", vgmidi_folder, "--renderer", "piano", "--variants", 2, "--windows", 2, "--workers", 0, "-o", folder]
    result = run("train", *options, "--epochs", 2, "--batch", 16, "--seed", 3, *NOTE)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return folder, options, result


def test_training_writes_weights_that_an_oracle_reads_with(trained):
    folder, _, result = trained
    oracle = DeamCNN(weights=str(folder / "three_conv.safetensors"))
    card = oracle.card
    assert card.license == RESEARCH_ONLY
    assert card.split["trained_on"] == ["Banjo-Kazooie", "Final Fantasy VII", "Secret of Mana", "Star Fox"]
    assert card.split["held_out"] == ["Chrono Trigger", "Xenogears"]
    assert card.training["seed"] == 3
    assert card.note == "a test"
    assert oracle.dimensions[0].mean == pytest.approx(0.0)
    assert "2 pieces" in result.output
    assert "mean baseline" in result.output


def test_a_second_training_needs_resume_and_gives_the_same_weights(trained):
    folder, options, _ = trained
    before = (folder / "three_conv.safetensors").read_bytes()
    again = run("train", *options, "--epochs", 2, "--batch", 16, "--seed", 3)
    assert isinstance(again.exception, OrchestraError)
    assert "--resume" in str(again.exception)
    assert run("train", *options, "--epochs", 2, "--batch", 16, "--seed", 3, *NOTE, "--resume").exit_code == 0
    assert (folder / "three_conv.safetensors").read_bytes() == before


def test_evaluate_gives_the_marks_of_the_card(trained):
    folder, options, _ = trained
    result = run("evaluate", *options, "--seed", 3, "--weights", folder / "three_conv.safetensors", "--json")
    assert result.exit_code == 0, repr(result.exception)
    marks = json.loads(result.stdout)
    card = DeamCNN(weights=str(folder / "three_conv.safetensors")).card.metrics
    assert set(marks) == {"all renderings", "piano, plain"}
    for dimension in ("arousal", "valence"):
        assert marks["all renderings"]["clips"][dimension] == pytest.approx(card["all renderings"]["clips"][dimension], abs=1e-6)


def test_evaluate_marks_the_shipped_weights(trained):
    _, options, _ = trained
    result = run("evaluate", *options, "--seed", 3)
    assert result.exit_code == 0, repr(result.exception)
    assert "piano, plain" in result.output


def test_fluidsynth_needs_a_soundfont(vgmidi_folder, tmp_path):
    result = run("train", "--data", vgmidi_folder, "--renderer", "fluidsynth", "-o", tmp_path)
    assert result.exit_code == 2
    assert "--soundfont" in result.output


def test_a_folder_without_the_data_set_is_named(tmp_path):
    result = run("train", "--data", tmp_path, "--renderer", "piano", "-o", tmp_path / "o")
    assert isinstance(result.exception, OrchestraError)
    assert "vgmidi_raw_1.json is missing" in str(result.exception)


HEAVY = "torch", "torchaudio", "nnAudio", "librosa", "pandas", "matplotlib"


@pytest.mark.parametrize("module", ["orchestra_deam", "orchestra_deam.plugin", "orchestra_deam.config", "orchestra_deam.cli"])
def test_listing_imports_no_heavy_library(module):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_plugin_describes_its_oracle_and_command():
    from orchestra_deam import plugin
    from orchestra_deam.oracle import DeamCNN

    (oracle,), (command,) = plugin.orchestra_oracles(), plugin.orchestra_commands()
    assert (oracle.name, oracle.default, oracle.target) == ("deam_cnn", True, "orchestra_deam.oracle:DeamCNN")
    assert oracle.capabilities == DeamCNN.capabilities
    assert "trained on research-only data (VGMIDI)" in oracle.license
    assert command.name == "deam"

"""``orchestra deam prepare``, ``train`` and ``evaluate`` work end to end on small data sets; listing imports no torch."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from deam_stripes import stripes

from orchestra_core.errors import OrchestraError
from orchestra_deam.cli import deam
from orchestra_deam.cli_train import few_songs
from orchestra_deam.corpora.emotify import VOTES
from orchestra_deam.corpora.partition import read_partition
from orchestra_deam.oracle import DeamCNN
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.weights import RESEARCH_ONLY

RECIPE = ("--preset", "three_conv", "--epochs", 2, "--batch", 16, "--windows", 4, "--frames", 64, "--seed", 3, "--note", "a test")
REFERENCE = ("--preset", "reference", "--model", "two_conv", "--epochs", 1)


def run(*arguments):
    return CliRunner().invoke(deam, [str(argument) for argument in arguments], catch_exceptions=True)


def done(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result


@pytest.fixture(scope="module")
def vgmidi(vgmidi_folder, tmp_path_factory):
    """Six pieces, played and prepared."""
    folder = tmp_path_factory.mktemp("prepared")
    done("prepare", vgmidi_folder, "-o", folder, "--variants", 2, "--windows", 2, "--workers", 0, "--features", "mel")
    return folder


@pytest.fixture(scope="module")
def trained(vgmidi, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    return folder, done("train", vgmidi, "-o", folder, *RECIPE)


def test_training_writes_weights_that_an_oracle_reads_with(trained):
    folder, result = trained
    oracle = DeamCNN(model="three_conv", weights=str(folder / "three_conv.safetensors"))
    card = oracle.card
    assert card.license == RESEARCH_ONLY
    assert card.split["trained_on"] == ["Banjo-Kazooie", "Final Fantasy VII", "Secret of Mana", "Star Fox"]
    assert card.split["held_out"] == ["Chrono Trigger", "Xenogears"]
    assert card.training["seed"] == 3
    assert card.note == "a test"
    assert oracle.dimensions[0].mean == pytest.approx(0.0)
    assert "2 pieces" in result.output
    assert "mean baseline" in result.output
    assert {"log.csv", "curves.png", "checkpoint.pt"} <= {path.name for path in folder.iterdir()}


def test_a_second_training_needs_resume_and_gives_the_same_weights(trained, vgmidi):
    folder, _ = trained
    before = (folder / "three_conv.safetensors").read_bytes()
    again = run("train", vgmidi, "-o", folder, *RECIPE)
    assert isinstance(again.exception, OrchestraError)
    assert not again.output  # no empty line of a progress bar
    assert "--resume" in str(again.exception)
    done("train", vgmidi, "-o", folder, *RECIPE, "--resume")
    assert (folder / "three_conv.safetensors").read_bytes() == before


def test_evaluate_gives_the_marks_of_the_card_and_everything_beside(trained, vgmidi, tmp_path):
    folder, _ = trained
    weights = ("--model", "three_conv", "--weights", folder / "three_conv.safetensors")
    marks = json.loads(done("evaluate", vgmidi, *weights, "--json", "-o", tmp_path, "--draws", 50).stdout)["vgmidi"]
    card = DeamCNN(model="three_conv", weights=str(folder / "three_conv.safetensors")).card.metrics
    assert set(card) == {"all renderings", "piano, plain"}
    for dimension in ("arousal", "valence"):
        ours, theirs = (own["clips"][dimension] for own in (marks["all"], card["all renderings"]))
        assert ours == pytest.approx(theirs, abs=1e-6)
    assert marks["all"]["cluster_count"] == 2
    assert set(marks) == {"all", "features", "renderings", "quadrants", "calibration"}
    assert json.loads((tmp_path / "metrics.json").read_text())["vgmidi"] == marks
    page = (tmp_path / "marks.md").read_text()
    for words in ("the oracle", "plain feature baseline", "mean baseline", "partial r", "quadrant", "slope", "judges"):
        assert words in page
    assert {"vgmidi_scatter.png", "vgmidi_calibration.png"} <= {path.name for path in tmp_path.iterdir()}


def test_evaluate_marks_the_shipped_weights(vgmidi):
    assert "piano, plain" in done("evaluate", vgmidi, "--model", "three_conv", "--draws", 0).output


def test_final_needs_a_word_more(vgmidi):
    result = run("evaluate", vgmidi, "--part", "final")
    assert isinstance(result.exception, OrchestraError)
    assert "--open-final" in str(result.exception)
    opened = run("evaluate", vgmidi, "--model", "three_conv", "--part", "final", "--open-final")
    assert "lacks songs" in str(opened.exception) or "no prepared clips" in str(opened.exception)


def test_any_emotion_oracle_is_marked_on_kept_audio(vgmidi_folder, tmp_path):
    prepared = ("-o", tmp_path, "--variants", 1, "--windows", 1, "--workers", 0, "--features", "audio")
    done("prepare", vgmidi_folder, *prepared)
    oracle = json.dumps({"name": "deam_cnn", "config": {"model": "three_conv"}})
    by_audio = json.loads(done("evaluate", tmp_path, "--oracle", oracle, "--json", "--draws", 0).stdout)["vgmidi"]["all"]
    done(
        "prepare", vgmidi_folder, *(tmp_path / "mel" if one is tmp_path else "mel" if one == "audio" else one for one in prepared)
    )
    by_mel = json.loads(done("evaluate", tmp_path / "mel", "--model", "three_conv", "--json", "--draws", 0).stdout)["vgmidi"][
        "all"
    ]
    for dimension in ("arousal", "valence"):
        assert by_audio["pieces"][dimension]["rmse"] == pytest.approx(by_mel["pieces"][dimension]["rmse"], abs=5e-3)
    refused = run("evaluate", tmp_path / "mel", "--oracle", "deam_cnn")
    assert "--features audio" in str(refused.exception)


def test_the_reference_recipe_runs_on_a_deam_folder(deam_layout, tmp_path):
    done("prepare", deam_layout.root, "-o", tmp_path / "deam", "--workers", 0, "--features", "mel")
    out = tmp_path / "out"
    assert "recordings" in done("train", tmp_path / "deam", "-o", out, *REFERENCE, "--tensorboard").output
    weights = ("--model", "two_conv", "--weights", out / "two_conv.safetensors")
    marks = json.loads(done("evaluate", tmp_path / "deam", *weights, "--json", "-o", tmp_path / "marks").stdout)["deam"]["all"]
    # Six songs: a fifth of them, rounded up, is held out.
    assert (marks["piece_count"], marks["cluster"]) == (2, "song")
    card = DeamCNN(model="two_conv", weights=str(out / "two_conv.safetensors")).card
    assert card.split["unit"] == "song"
    assert card.training["rate"] == 1e-3
    assert "DEAM" in card.license
    assert list((out / "tensorboard").iterdir())


@pytest.mark.parametrize(("judged", "said"), [(20, []), (19, ["19 songs of one to mark are"]), (1, ["1 song of one to mark is"])])
def test_few_songs_are_said_where_marks_mean_nothing(judged, said):
    rows = [("one", "oracle", n) for n in range(20)] + [("one", "judges", 20 + n) for n in range(judged)]
    table = pd.DataFrame([row for row in rows for _ in range(3)], columns=["corpus", "part", "song"])
    told = [f"{words} too few for marks that mean anything; expected at least 20." for words in said]
    assert list(few_songs(PreparedCorpora({}, table))) == told


def test_several_corpora_give_weights_of_a_scale_each(tmp_path):
    stores = [stripes(tmp_path / name, name=name, songs=8) for name in ("one", "other")]
    result = done("train", *stores, "-o", tmp_path / "out", *RECIPE)
    assert "one: recordings" in result.output
    paths = sorted(path.name for path in (tmp_path / "out").glob("*.safetensors"))
    assert paths == ["three_conv-one.safetensors", "three_conv-other.safetensors"]


def test_cross_validation_marks_every_song_out_of_fold(tmp_path):
    store = stripes(tmp_path / "stripes")
    result = done("train", store, "-o", tmp_path / "out", *RECIPE, "--folds", 3)
    assert "9 pieces" in result.output  # of twelve songs three are held out
    assert "9 songs of deam to learn from are too few" in result.output
    assert {"fold-1", "fold-2", "fold-3", "marks.md", "metrics.json"} <= {path.name for path in (tmp_path / "out").iterdir()}
    few = run("train", store, "-o", tmp_path / "few", *RECIPE, "--folds", 20)
    assert "at least as many as folds" in str(few.exception)


def test_an_untrained_control_is_written_too(tmp_path):
    store = stripes(tmp_path / "stripes")
    done("train", store, "-o", tmp_path / "out", *RECIPE, "--epochs", 0)
    assert DeamCNN(model="three_conv", weights=str(tmp_path / "out" / "three_conv.safetensors")).card.training["epochs"] == 0


def test_fluidsynth_needs_a_soundfont_that_exists(vgmidi_folder, tmp_path):
    result = run("prepare", vgmidi_folder, "-o", tmp_path / "out", "--soundfont", tmp_path / "none.sf2")
    assert isinstance(result.exception, OrchestraError)


def test_a_folder_that_was_not_prepared_is_named(tmp_path):
    result = run("train", tmp_path, "-o", tmp_path / "o")
    assert isinstance(result.exception, OrchestraError)
    assert "run `orchestra deam prepare`" in str(result.exception)


HEAVY = "torch", "torchaudio", "nnAudio", "librosa", "pandas", "matplotlib"


@pytest.mark.parametrize("module", ["orchestra_deam", "orchestra_deam.plugin", "orchestra_deam.config", "orchestra_deam.cli"])
def test_listing_imports_no_heavy_library(module):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_plugin_describes_its_oracle_and_command():
    from orchestra_deam import plugin
    from orchestra_deam.oracle import DeamCNN

    (oracle,), (command,) = plugin.orchestra_oracles(), plugin.orchestra_commands()
    assert (oracle.name, oracle.default, oracle.target) == ("deam_cnn", True, "orchestra_deam.oracle:DeamCNN")
    assert oracle.capabilities == DeamCNN.capabilities
    card = DeamCNN().card  # of the shipped weights, which the listing must not contradict
    assert oracle.license.endswith(card.license.partition("weights trained on ")[2])
    assert oracle.citation == card.citation
    assert command.name == "deam"


@pytest.fixture(scope="module")
def emotify_folder(tmp_path_factory):
    """Five songs of 10 s whose names have parts in the partition: three to learn from, two held out."""
    folder = tmp_path_factory.mktemp("emotify")
    parts = read_partition("emotify")
    names = [
        name for part, count in (("oracle", 3), ("judges", 2)) for name in [n for n, p in parts.items() if p == part][:count]
    ]
    rows = ["file,genre,song,raters," + ",".join(VOTES)]
    for index, name in enumerate(names):
        genre, number = name.split("_")
        time = np.arange(10 * 22_050) / 22_050
        soundfile.write(folder / f"{name}.wav", 0.3 * np.sin(2 * np.pi * (220 + 110 * index) * time), 22_050)
        rows.append(f"{name}.wav,{genre},{int(number)},20," + ",".join(str(round(0.1 * ((index + i) % 4), 1)) for i in range(9)))
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_recordings_with_votes_go_all_the_way(emotify_folder, tmp_path):
    done("prepare", emotify_folder, "-o", tmp_path / "e", "--workers", 0)  # by default for the default recipe
    refused = run("train", tmp_path / "e", "-o", tmp_path / "out")
    assert "groups to learn from; expected at least as many as folds: 5. Take fewer folds" in str(refused.exception)
    assert not (tmp_path / "out").exists()  # before anything was trained
    result = done("train", tmp_path / "e", "-o", tmp_path / "out", "--calibrate", 0)
    assert "2 pieces" in result.output
    assert "2 songs of emotify to mark are too few for marks that mean anything; expected at least 20.\n" in result.output
    assert not result.stderr
    weights = tmp_path / "out" / "cues.safetensors"
    marks = json.loads(done("evaluate", tmp_path / "e", "--weights", weights, "--json", "--draws", 20).stdout)["emotify"]
    assert (marks["all"]["piece_count"], marks["all"]["clip_count"]) == (2, 4)
    oracle = DeamCNN(model="cues", weights=str(weights), head="emotify")
    assert oracle.card.training["corpora"] == ["emotify"]
    assert oracle.dimensions[0].sd == oracle.card.sd["emotify/arousal"]
    assert DeamCNN(model="cues", weights=str(weights)).dimensions[0].sd is None  # nobody taught it the other scale

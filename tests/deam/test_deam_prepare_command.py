"""``orchestra deam prepare`` recognises a data set, says what is missing and where to get it, and prepares the rest."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from orchestra_core.errors import OrchestraError, UsageError
from orchestra_deam.cli import deam
from orchestra_deam.corpora.emotify import VOTES
from orchestra_deam.corpora.partition import read_partition
from orchestra_deam.models import make_model
from orchestra_deam.preparation.store import open_prepared
from orchestra_deam.reading import front_end_of
from orchestra_deam.training.settings import PRESETS


def run(*arguments):
    return CliRunner().invoke(deam, ["prepare", *(str(argument) for argument in arguments)])


@pytest.fixture
def copied(deam_layout, tmp_path):
    shutil.copytree(deam_layout.root, tmp_path / "deam")
    return tmp_path / "deam"


def test_without_an_output_folder_it_only_checks(deam_layout):
    result = run(deam_layout.root)
    assert result.exit_code == 0, repr(result.exception)
    assert "rated songs: 6; with a file to hear: 6; clips: 37" in result.output
    assert "complete" in result.output
    assert "Add -o FOLDER" in result.output


def test_it_prepares_and_resumes(deam_layout, tmp_path):
    out = tmp_path / "out"
    first = run(deam_layout.root, "-o", out, "--workers", 0, "--labels", "static", "--window", 10)
    assert first.exit_code == 0, repr(first.exception)
    assert "Prepared 18 clips of 6 songs" in first.output
    assert set(open_prepared(out).clips["duration"]) == {10.0}
    again = run(deam_layout.root, "-o", out, "--workers", 0, "--labels", "static", "--window", 10)
    assert "(6 recordings were there already)" in again.output


def test_missing_songs_are_said_and_the_others_prepared(copied, tmp_path):
    next(copied.rglob("3.mp3")).unlink()
    next(copied.rglob("2.mp3")).write_bytes(b"no audio at all" * 100)
    result = run(copied, "-o", tmp_path / "out", "--workers", 0, "--lag", 1)
    assert result.exit_code == 0, repr(result.exception)
    assert "missing: the audio of 1 of 6 rated songs: 3" in result.output
    assert "download DEAM_audio.zip from https://cvml.unige.ch/databases/DEAM/" in result.output
    assert "Prepared 22 clips of 4 songs" in result.output
    assert "could not be read as audio" in result.output


def test_missing_labels_are_an_error_that_says_where_to_get_them(copied):
    next(path for path in copied.rglob("arousal.csv")).unlink()
    result = run(copied, "--dataset", "deam")
    assert isinstance(result.exception, OrchestraError)
    assert "arousal.csv" in result.output
    assert "download DEAM_Annotations.zip from" in str(result.exception)


def test_a_folder_without_any_data_set_is_refused(tmp_path):
    result = run(tmp_path)
    assert isinstance(result.exception, OrchestraError)
    assert "expected DEAM" in str(result.exception)


def test_notes_are_played_by_the_default_instrument(vgmidi_folder, tmp_path):
    result = run(vgmidi_folder, "-o", tmp_path, "--variants", 1, "--windows", 1, "--workers", 0)
    assert result.exit_code == 0, repr(result.exception)
    assert "Prepared 6 clips of 6 songs" in result.output


def test_what_is_kept_by_default_is_what_the_default_recipe_learns_from():
    (features,) = (option for option in deam.commands["prepare"].params if option.name == "features")
    assert features.default == front_end_of(make_model(PRESETS["default"].model))


def emotify_of(folder, parts):
    """Write a silent Emotify with songs of some parts of the partition, as many of each as are named."""
    known = read_partition("emotify")
    names = [name for part in sorted(set(parts)) for name in [n for n, p in known.items() if p == part][: parts.count(part)]]
    rows = ["file,genre,song,raters," + ",".join(VOTES)]
    for name in names:
        genre, number = name.split("_")
        (folder / f"{name}.wav").write_bytes(b"")
        rows.append(f"{name}.wav,{genre},{int(number)},20," + ",".join("0.1" for _ in VOTES))
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.mark.parametrize(
    ("parts", "asked", "words"),
    [
        (["final"] * 2, [], "All 2 songs belong to the part final; nothing was prepared: name it with --part final."),
        (["final"], [], "The only song belongs to the part final; nothing was prepared: name it with --part final."),
        (
            ["oracle", "judges"],
            ["--part", "final"],
            "All 2 songs belong to the parts oracle and judges; nothing was prepared: "
            "name them with --part oracle --part judges.",
        ),
    ],
)
def test_a_folder_without_a_song_of_the_parts_is_refused(tmp_path, parts, asked, words):
    result = run(emotify_of(tmp_path, parts), "-o", tmp_path / "out", *asked)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == words
    assert not (tmp_path / "out").exists()


def test_the_parts_that_are_prepared_are_said(tmp_path):
    folder = emotify_of(tmp_path, ["oracle", "judges", "final"])
    both = run(folder, "-o", tmp_path / "both", "--workers", 0)
    assert "Preparing the parts oracle and judges: 2 of 3 songs." in both.stdout
    assert not both.stderr  # no empty line of a progress bar
    one = run(folder, "-o", tmp_path / "one", "--workers", 0, "--part", "final")
    assert "Preparing the part final: 1 of 3 songs." in one.stdout


def test_the_modules_of_the_command_import_nothing_heavy():
    heavy = "torch", "librosa", "pandas", "soundfile"
    modules = (
        "orchestra_deam.cli, orchestra_deam.preparation.prepare, orchestra_deam.corpora.deam, orchestra_deam.corpora.emotify"
    )
    code = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_real_folders_are_recognised(shared_data):
    rated = run(shared_data / "deam")
    assert "rated songs: 744" in rated.output
    assert "DEAM_audio.zip" in str(rated.exception)
    assert "rated songs: 400; with a file to hear: 400; clips: 2,400" in run(shared_data / "emotify").output
    assert "rated songs: 200; with a file to hear: 200; clips: 200" in run(shared_data / "vgmidi").output

"""Every script of the gallery runs by itself, leaves what it says, and shows what it is there to show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "examples" / "gallery"
RUN = ("audio.wav", "notes.mid", "run.json", "report.html")

#: Files that each script leaves, and a line of what it says.
SCRIPTS = {
    "two_oracles_pulling_apart": (
        ["weight_0/audio.wav", "weight_1/audio.wav", "weight_30/audio.wav"],
        r"weight of brightness +30",
    ),
    "freezing_groups": ([f"{name}/audio.wav" for name in ("timbre_only", "rhythm_only", "rhythm_frozen")], r"frozen: timing "),
    "midi_file_as_score": (
        ["tune.mid", *(f"{word}/{name}" for word in ("tender", "angry") for name in RUN)],
        r"as written: \[64, 62,",
    ),
    "custom_stage_list": ([f"staged/{name}" for name in RUN], r"polish +\d+"),
    "callbacks": (["story.txt"], r"stage expression, at most 60 steps"),
    "batch_of_seeds": (["batch.csv", *(f"batch/00{row}/audio.wav" for row in range(4))], r"are the same bytes: True"),
    "own_torch_module_as_oracle": ([f"own/{name}" for name in RUN], r"warmth +starts at"),
}


def run(script, folder):
    command = [sys.executable, str(GALLERY / f"{script}.py"), str(folder)]
    done = subprocess.run(
        command, cwd=folder.parent, capture_output=True, text=True, timeout=500, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_every_script_is_run_here():
    assert {path.stem for path in GALLERY.glob("*.py")} == set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_leaves_what_it_says(script, tmp_path):
    files, line = SCRIPTS[script]
    said = run(script, tmp_path / "out")
    assert re.search(line, said), said
    assert [name for name in files if not (tmp_path / "out" / name).is_file()] == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    SHOWS.get(script, str)(said)


def _brightness_rises_with_its_weight(said):
    read = [float(value) for value in re.findall(r"brightness (\d\.\d+) kHz", said)]
    assert read == sorted(read) and read[-1] > 1.5 * read[0]


def _the_frozen_groups_are_all_but_the_free_ones(said):
    frozen = [set(names.split(", ")) for names in re.findall(r"frozen: (.*?) +off by", said)]
    every = {"dynamics", "envelope", "timbre", "timing"}
    assert frozen == [every - {"timbre"}, every - {"timing"}, {"timing"}]


def _the_network_hears_what_was_asked(said):
    for start, asked, reads in re.findall(r"starts at (\S+), asked (\S+), reads (\S+)", said):
        assert abs(float(reads) - float(asked)) < 0.5 * abs(float(start) - float(asked))


#: What each script shows beside.
SHOWS = {
    "two_oracles_pulling_apart": _brightness_rises_with_its_weight,
    "freezing_groups": _the_frozen_groups_are_all_but_the_free_ones,
    "own_torch_module_as_oracle": _the_network_hears_what_was_asked,
}

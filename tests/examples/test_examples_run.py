"""Every example runs by itself, in a folder of its own, and leaves what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN = ("audio.wav", "notes.mid", "run.json", "report.html")

#: Files that each script leaves.
LEAVES = {
    "01_compose_a_word.py": [f"happy/{name}" for name in RUN],
    "02_compose_in_code.py": [f"{folder}/{name}" for folder in ("one", "batch/000", "batch/001") for name in RUN],
    "03_swap_a_part.py": [f"{folder}/{name}" for folder in ("melody", "scale", "sine", "by_hand") for name in RUN],
    "04_read_a_file.py": ["recording.wav", "readings.csv"],
    "05_plugin_inside_a_script.py": [f"{folder}/audio.wav" for folder in ("by_name", "as_object")],
    "06_piano_and_drums.py": [f"{folder}/{name}" for folder in ("excited", "calm") for name in RUN],
    "08_lend_a_sound.py": [
        f"{name}-{strength}/{file}"
        for name in ("rain", "drone")
        for strength in (0.5, 1.0)
        for file in ("result.wav", "report.html", "transfer.json")
    ],
    "09_piece_in_bars.py": [f"{folder}/{name}" for folder in ("happy", "sad", "calm") for name in RUN],
    "10_agreeing_oracles.py": [f"{folder}/{name}" for folder in ("match", "consensus", "robust") for name in RUN],
    "11_layers.py": [f"{folder}/{name}" for folder in ("tender", "angry") for name in (*RUN, "stems/bass.wav", "stems/pad.wav")],
    "07_sound_design.py": ["thump.wav", "pattern.wav", *(f"{folder}/audio.wav" for folder in ("bright", "like", "both"))],
}


def test_every_script_is_run_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(LEAVES)


@pytest.mark.parametrize("script", LEAVES)
def test_a_script_runs_and_leaves_what_it_says(script, tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), str(tmp_path / "out")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and "Traceback" not in done.stderr
    assert [name for name in LEAVES[script] if not (tmp_path / "out" / name).is_file()] == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

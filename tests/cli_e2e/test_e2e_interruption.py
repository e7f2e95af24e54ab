"""A run that is killed or interrupted at any moment goes on, and ends with the same bits as one that was not."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

# One worker for all of them: they share what takes long to make.
pytestmark = pytest.mark.xdist_group("interruption")

# Long enough that a checkpoint is written well before the end, on fast machines too.
LONG = """
preset = "reference"

[pipeline.schedule]
name = "staged"
config = { search = 2, stages = [{ name = "long", steps = 300 }] }

[canvas]
duration = 1.0
"""
ASKED = ("compose", "--valence", "0.3", "--arousal", "0.2", "--seed", "4", "--config", "long.toml")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, command: list[str]) -> bytes:
    folder = tmp_path_factory.mktemp("uninterrupted")
    (folder / "long.toml").write_text(LONG)
    subprocess.run([*command, *ASKED, "-o", "whole"], cwd=folder, check=True, timeout=500, capture_output=True)
    return (folder / "whole" / "audio.wav").read_bytes()


def stopped_after_a_checkpoint(command: list[str], folder: Path, how: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Start a run, wait for its first checkpoint, send a signal, and return what it left on its standard streams."""
    (folder / "long.toml").write_text(LONG)
    process = subprocess.Popen(
        [*command, *ASKED, "-o", "run"],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell starts what it puts in the background with SIGINT ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads are running here
    )
    while process.poll() is None and not (folder / "run" / "checkpoint.pt").exists():
        time.sleep(0.02)
    process.send_signal(how)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_a_killed_run_is_resumed_to_the_same_bits(orchestra, command, tmp_path, uninterrupted):
    stopped = stopped_after_a_checkpoint(command, tmp_path, signal.SIGKILL)
    assert stopped.returncode == -signal.SIGKILL
    assert json.loads((tmp_path / "run" / "run.json").read_text())["finished"] is False
    assert not (tmp_path / "run" / "audio.wav").exists()
    orchestra(*ASKED, "--resume", "-o", "run")
    assert (tmp_path / "run" / "audio.wav").read_bytes() == uninterrupted
    assert json.loads((tmp_path / "run" / "run.json").read_text())["finished"] is True
    assert not list((tmp_path / "run").glob(".*")) and not (tmp_path / "run" / "checkpoint.pt").exists()


def test_ctrl_c_leaves_a_folder_that_goes_on_by_itself(orchestra, command, tmp_path, uninterrupted):
    stopped = stopped_after_a_checkpoint(command, tmp_path, signal.SIGINT)
    assert stopped.returncode == 130
    assert "Traceback" not in stopped.stderr
    assert "orchestra compose --resume -o run" in stopped.stderr
    assert not list((tmp_path / "run").glob(".*"))
    refused = orchestra(*ASKED, "-o", "run", code=2)
    assert "--resume" in refused.stderr
    (tmp_path / "long.toml").unlink()
    orchestra("compose", "--resume", "-o", "run")
    assert (tmp_path / "run" / "audio.wav").read_bytes() == uninterrupted
    assert "finished" in orchestra("compose", "--resume", "-o", "run", code=2).stderr

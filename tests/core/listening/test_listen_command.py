"""The command ``orchestra listen``."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from orchestra_core import Descriptor, hookimpl
from orchestra_core.cli.app import run as orchestra
from orchestra_core.cli.listen import listen
from orchestra_core.io.audio import read_audio
from orchestra_core.registry import get_registry

from small_oracles import Brightness  # isort: skip


class Plugin:
    @hookimpl
    def orchestra_oracles(self):
        return [
            Descriptor("brightness_khz", "small_oracles:Brightness", "Spectral centroid."),
            Descriptor("feeling", "small_oracles:Feeling", "Valence and arousal in two lines."),
        ]


@pytest.fixture
def run():
    def invoke(*arguments):
        with get_registry().registered(Plugin()):
            return CliRunner().invoke(listen, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def recording(tmp_path):
    def write(seconds, name="a.wav", rate=16_000):
        soundfile.write(tmp_path / name, 0.4 * np.sin(np.arange(round(seconds * rate)) ** 1.2 / 30), rate)
        return tmp_path / name

    return write


def test_the_mean_and_the_readings_over_time_are_shown(run, recording):
    path = recording(3.0)
    done = run(path, "--oracle", "brightness_khz")
    audio, rate = read_audio(path)
    assert done.exit_code == 0, done.output
    assert f"{path}: brightness {float(Brightness().read(audio, rate)['brightness']):+.3f}  (3.0 s)" in done.stdout
    assert "0.0 to 1.0" in done.stdout and "2.0 to 3.0" in done.stdout


def test_json_alone_is_on_the_standard_output(run, recording, tmp_path):
    first, second = recording(2.5), recording(0.5, "b.flac")
    done = run(first, tmp_path / "gone.mp3", second, "--oracle", "feeling", "--hop", "0.5", "--json")
    content = json.loads(done.stdout)
    assert [file["path"] for file in content["files"]] == [str(first), str(second)]
    long, short = content["files"]
    assert long["start"] == [0, 0.5, 1.0, 1.5] and long["duration"] == 2.5 and long["zero_padding"] == 0
    assert set(long["mean"]) == {"arousal", "valence"} and len(long["values"]["valence"]) == 4
    assert short["zero_padding"] == 0.5
    assert "gone.mp3 does not exist" in content["errors"][0]["error"] and "gone.mp3 does not exist" in done.stderr
    assert done.exit_code == 2


def test_a_bad_file_among_many_is_reported_and_the_others_are_read(run, recording, tmp_path):
    (tmp_path / "text.wav").write_text("not audio")
    done = run(tmp_path / "text.wav", recording(1.0), tmp_path, "--oracle", "brightness_khz")
    assert done.exit_code == 2
    assert "a.wav: brightness" in done.stdout
    assert "text.wav could not be read as audio" in done.stderr and "is a directory" in done.stderr


def test_of_run_folders_and_batches_the_audio_is_read(run, recording, tmp_path):
    folders = [tmp_path / "alone", tmp_path / "batch" / "000", tmp_path / "batch" / "001"]
    for folder in folders:
        folder.mkdir(parents=True)
        recording(1.0).rename(folder / "audio.wav")
    done = run(tmp_path / "alone", tmp_path / "batch", "--oracle", "brightness_khz", "--json")
    assert done.exit_code == 0, done.output
    assert [file["path"] for file in json.loads(done.stdout)["files"]] == [str(folder / "audio.wav") for folder in folders]


def test_a_file_shorter_than_a_clip_is_said_to_be_padded(run, recording):
    done = run(recording(0.4), "--oracle", "brightness_khz")
    assert "Shorter than the 1 s that the oracle hears: 0.60 s of zeros were appended" in done.stdout


def test_a_long_table_is_thinned_and_says_so(run, recording):
    done = run(recording(70.0, rate=8_000), "--oracle", "brightness_khz")
    assert "35 of 70 windows are shown; --json has all." in done.stdout


@pytest.mark.parametrize(("oracle", "name"), [("feeling", "plot.png"), ("brightness_khz", "plot.svg"), ("feeling", "plot.pdf")])
def test_the_plot_is_a_picture_of_its_kind(run, recording, tmp_path, oracle, name):
    done = run(recording(3.0), recording(0.5, "b.wav"), "--oracle", oracle, "--plot", tmp_path / name)
    assert done.exit_code == 0, done.output
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert (tmp_path / name).read_bytes().startswith(begins[name[-3:]])


def test_the_plot_of_an_emotion_oracle_has_the_plane_and_every_file(run, recording, tmp_path):
    run(recording(3.0), recording(2.0, "b.wav"), "--oracle", "feeling", "--plot", tmp_path / "plot.svg")
    picture = (tmp_path / "plot.svg").read_text()
    for text in ("a.wav", "b.wav", "valence (reading)", "arousal (reading)", "time (s)"):
        assert text in picture


@pytest.mark.parametrize(("options", "said"), [
    (("--hop", "0"), "--hop is 0 s"),
    (("--hop", "-1"), "--hop is -1 s"),
    (("--plot", "plot.txt"), "ends in .png, .svg or .pdf"),
    (("--plot", "/no/such/folder/plot.png"), "/no/such/folder does not"),
    (("--device", "tpu9"), "The device 'tpu9' cannot be used here"),
    (("--oracle", "brightnes_khz"), "brightness_khz"),
])  # fmt: skip
def test_a_wrong_option_is_refused_before_anything_is_read(run, recording, options, said):
    done = run(recording(1.0), *options)
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)


def test_the_number_of_threads_is_set(run, recording):
    import torch

    before = torch.get_num_threads()
    try:
        assert run(recording(1.0), "--oracle", "brightness_khz", "--threads", "1").exit_code == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_help_imports_no_torch():
    program = (
        "import sys; from orchestra_core.cli.listen import listen\n"
        "listen.main(['--help'], standalone_mode=False)\n"
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0 and b"--json" in done.stdout


def test_orchestra_exits_with_2_after_a_bad_file(capsys):
    with get_registry().registered(Plugin()):
        assert orchestra(["listen", "gone.wav", "--oracle", "brightness_khz", "--json"]) == 2
    assert "gone.wav does not exist" in capsys.readouterr().err


def test_silence_is_said_to_mean_nothing(run, tmp_path, recording):
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 8_000)
    assert "Silent: its reading means nothing." in run(tmp_path / "silent.wav", "--oracle", "brightness_khz").stdout
    assert "Silent" not in run(recording(1.0), "--oracle", "brightness_khz").stdout

"""A transfer keeps rate, length and channels, can be resumed, and says what it cannot use."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner
from style_sounds import RATE, pulses, tune, written

from orchestra_core.errors import AudioFileError, OrchestraError, ParameterError, RunFolderError
from orchestra_style.cli import style as group
from orchestra_style.transfer import TransferSettings, transfer
from orchestra_style.transfer_config import transfer_schedule

FEW = {"steps": 2, "window": 2.0, "overlap": 0.4}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    rate = 32_000
    sides = np.stack([tune(3.0, rate), 0.5 * tune(3.0, rate)], axis=1)
    return {
        "content": written(folder / "content.wav", sides, rate),
        "style": written(folder / "style.flac", pulses()),
        "silent": written(folder / "silent.wav", np.zeros(2 * RATE)),
        "short": written(folder / "short.wav", tune(0.2)),
    }


@pytest.fixture(scope="module")
def done(files, tmp_path_factory):
    settings = TransferSettings(files["content"], files["style"], **FEW)
    seen = []
    folder = tmp_path_factory.mktemp("transfer") / "out"
    return settings, transfer(settings, folder, progress=lambda *args: seen.append(args)), seen


def test_the_result_has_the_rate_length_and_channels_of_the_content(files, done):
    _, result, _ = done
    content, info = soundfile.info(files["content"]), soundfile.info(result.directory / "result.wav")
    assert (info.samplerate, info.channels, info.frames) == (content.samplerate, content.channels, content.frames)
    assert info.subtype == "PCM_24"
    audio, _ = soundfile.read(result.directory / "result.wav", always_2d=True)
    np.testing.assert_allclose(audio.T, result.audio.numpy(), atol=1e-6)
    assert np.abs(audio).max() <= 1


def test_the_sound_changes_and_the_image_stays(files, done):
    content, _ = soundfile.read(files["content"])
    audio = done[1].audio.numpy().T
    assert np.mean((audio - content) ** 2) > 1e-6 * np.mean(content**2)
    ratio = np.mean(audio[:, 1] ** 2) / np.mean(audio[:, 0] ** 2)
    assert ratio == pytest.approx(0.25, abs=0.05)


def test_no_offset_is_added(files, done):
    content, _ = soundfile.read(files["content"])
    assert np.abs(done[1].audio.numpy().mean(axis=1) - content.mean(axis=0)).max() < 1e-4


def test_every_window_is_a_run_of_the_ordinary_pipeline(done):
    settings, result, seen = done
    assert [run.name for run in result.runs] == ["000", "001"]
    for run in result.runs:
        record = json.loads((run / "run.json").read_text())
        assert record["finished"]
        instrument = record["recipe"]["pipeline"]["instrument"]
        assert instrument["name"] == "waveform"
        assert instrument["config"]["texture"].startswith("input:style")
        assert (run / "history.csv").exists()
    assert seen[0] == (0, 2, 0, settings.steps)
    assert seen[-1] == (1, 2, settings.steps, settings.steps)


def test_the_report_has_players_pictures_and_measures(done):
    folder = done[1].directory
    page = (folder / "report.html").read_text()
    for name in ("content.wav", "style.flac", "result.wav"):
        assert f'src="{name}"' in page
        assert (folder / name).exists()
    assert page.count("<svg") == 2
    assert "of the way" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_finished_transfer_resumed_computes_nothing_again_and_gives_the_same_bytes(done):
    settings, result, _ = done
    before = (result.directory / "result.wav").read_bytes()
    times = [(run / "run.json").stat().st_mtime_ns for run in result.runs]
    transfer(settings, result.directory, resume=True)
    assert (result.directory / "result.wav").read_bytes() == before
    assert [(run / "run.json").stat().st_mtime_ns for run in result.runs] == times


def test_a_finished_transfer_resumed_says_so(done):
    settings, result, _ = done
    again = transfer(settings, result.directory, resume=True)
    assert "already finished" in again.messages[-1]
    torch.testing.assert_close(again.audio, result.audio, atol=1e-6, rtol=0)
    assert again.runs == result.runs
    other = TransferSettings(settings.content, settings.style, seed=5, **FEW)
    with pytest.raises(RunFolderError, match="seed was 0 and is now 5"):
        transfer(other, result.directory, resume=True)


def test_a_result_that_was_deleted_is_joined_again(done, tmp_path):
    settings, result, _ = done
    folder = tmp_path / "copy"
    shutil.copytree(result.directory, folder)
    (folder / "result.wav").unlink()
    transfer(settings, folder, resume=True)
    assert (folder / "result.wav").read_bytes() == (result.directory / "result.wav").read_bytes()


def test_steps_are_told_over_all_stages(files, tmp_path):
    seen = []
    settings = TransferSettings(files["content"], files["style"], steps=4)
    transfer(settings, tmp_path / "out", progress=lambda *args: seen.append(args[2]))
    assert seen == sorted(seen)
    assert seen[-1] == 4


def test_the_schedule_takes_smaller_steps_towards_the_end():
    for steps in (1, 2, 3, 150):
        stages = transfer_schedule(0.1, steps)["config"]["stages"]
        rates = [stage["learning_rate"] for stage in stages]
        assert sum(stage["steps"] for stage in stages) == steps
        assert rates == sorted(rates, reverse=True)


def test_an_interrupted_transfer_goes_on_to_the_same_bytes(files, done, tmp_path):
    settings, whole, _ = done

    class Stop(Exception):
        pass

    def stop(window, windows, step, steps):
        if window == 1:
            raise Stop

    with pytest.raises(Stop):
        transfer(settings, tmp_path / "out", progress=stop)
    assert not json.loads((tmp_path / "out" / "transfer.json").read_text())["finished"]
    again = transfer(settings, tmp_path / "out", resume=True)
    assert (again.directory / "result.wav").read_bytes() == (whole.directory / "result.wav").read_bytes()


def test_a_folder_of_something_else_is_left_alone(done, tmp_path):
    settings, result, _ = done
    with pytest.raises(RunFolderError, match="--resume"):
        transfer(settings, result.directory)
    other = TransferSettings(settings.content, settings.style, seed=5, **FEW)
    with pytest.raises(RunFolderError, match="seed was 0 and is now 5"):
        transfer(other, result.directory, resume=True)
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="holds no transfer"):
        transfer(settings, tmp_path, resume=True)


def test_strength_0_returns_the_content(files, tmp_path):
    result = transfer(TransferSettings(files["content"], files["style"], strength=0.0), tmp_path / "out")
    content, _ = soundfile.read(files["content"], dtype="float32")
    np.testing.assert_array_equal(result.audio.numpy().T, content)
    assert not result.runs


def test_the_content_as_its_own_style_changes_nothing(files, tmp_path):
    content, _ = soundfile.read(files["content"], dtype="float32")
    found = transfer(TransferSettings(files["content"], files["content"]), tmp_path / "out").audio.numpy().T
    np.testing.assert_array_equal(found, content)


def test_a_silent_window_stays_silent(files, tmp_path):
    audio = np.concatenate([np.zeros(2 * RATE), tune(1.5)])
    result = transfer(TransferSettings(written(tmp_path / "c.wav", audio), files["style"], **FEW), tmp_path / "out")
    assert [run.name for run in result.runs] == ["001", "002"]
    assert float(result.audio[0, :RATE].abs().max()) < 1e-4


@pytest.mark.parametrize(("role", "bad", "message"), [("content", "silent", "is silent"), ("style", "short", "lasts 0.20 s")])
def test_recordings_that_cannot_be_used_are_refused_before_anything_is_written(files, tmp_path, role, bad, message):
    paths = {"content": files["content"], "style": files["style"], role: files[bad]}
    with pytest.raises(AudioFileError, match=message):
        transfer(TransferSettings(**paths), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_there_are_refused_before_anything_is_written(files, tmp_path):
    with pytest.raises(OrchestraError, match="nothing"):
        transfer(TransferSettings(files["content"], files["style"], weights="nothing"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 2.0}, "strength is 2.0"),
        ({"instrument": "drum"}, "drum"),
        ({"steps": 0}, "steps 0"),
        ({"overlap": 6.0}, "less than half"),
    ],
)
def test_settings_out_of_range_are_refused(files, options, message):
    with pytest.raises(ParameterError, match=message):
        TransferSettings(files["content"], files["style"], **options)


def test_the_command_writes_a_result_with_the_spectrogram(files, tmp_path):
    arguments = ["--content", files["content"], "--style", files["style"], "-o", tmp_path / "out", "--instrument", "spectrogram"]
    found = CliRunner().invoke(group, ["transfer", *map(str, arguments), "--steps", "1"])
    assert found.exit_code == 0, found.output + repr(found.exception)
    assert "result.wav: 3.0 s" in found.output
    assert found.stderr.count("window 1 of 1: step 1 of 1") == 1  # no terminal: lines
    assert soundfile.info(tmp_path / "out" / "result.wav").channels == 2


def test_a_file_that_is_no_audio_is_refused_in_words(files, tmp_path):
    from orchestra_core.cli.app import run

    (tmp_path / "text.ogg").write_text("no audio")
    code = run(
        [
            "style",
            "transfer",
            "--content",
            str(tmp_path / "text.ogg"),
            "--style",
            str(files["style"]),
            "-o",
            str(tmp_path / "out"),
        ]
    )
    assert code == 2

"""``orchestra compose`` from the shell: what it leaves, and that it leaves the same again."""

import json
from pathlib import Path

import mido
import pytest
import soundfile

FILES = {"audio.wav", "notes.mid", "report.html", "run.json", "history.csv", "parameters.csv"}


def audio_of(folder: Path) -> bytes:
    return (folder / "audio.wav").read_bytes()


def test_a_word_leaves_a_complete_folder_that_alone_makes_the_same_bits_again(orchestra, tmp_path):
    done = orchestra("compose", "happy", "--config", "quick.toml", "--seed", 3, "-o", "happy")
    assert "happy: " in done.stdout and "valence" in done.stdout and "target" in done.stdout
    assert {path.name for path in (tmp_path / "happy").iterdir()} == FILES
    info = soundfile.info(tmp_path / "happy" / "audio.wav")
    assert (info.samplerate, info.frames, info.channels, info.subtype) == (44_100, 220_500, 1, "PCM_24")
    assert json.loads((tmp_path / "happy" / "run.json").read_text())["finished"] is True
    (tmp_path / "quick.toml").unlink()
    orchestra("compose", "--config", "happy", "-o", "again")
    assert audio_of(tmp_path / "again") == audio_of(tmp_path / "happy")


def test_seeds_write_numbered_folders_whose_items_are_those_of_each_seed_alone(orchestra, tmp_path):
    asked = ("compose", "--valence", 0.2, "--arousal", -0.4, "--config", "quick.toml", "--duration", 1.5)
    orchestra(*asked, "--seed", 5, "--seeds", 3, "-o", "batch")
    folders = {path.name for path in (tmp_path / "batch").iterdir() if path.is_dir()}
    assert folders == {"000", "001", "002"}
    assert all({path.name for path in (tmp_path / "batch" / name).iterdir()} >= FILES for name in folders)
    assert len({audio_of(tmp_path / "batch" / name) for name in folders}) == 3
    orchestra(*asked, "--seed", 6, "-o", "alone")
    assert audio_of(tmp_path / "alone") == audio_of(tmp_path / "batch" / "001")


def test_a_midi_file_is_played_and_kept_in_the_folder(orchestra, tmp_path):
    track = mido.MidiTrack()
    for pitch in (60, 64, 67, 72):
        track += [mido.Message("note_on", note=pitch, velocity=90), mido.Message("note_off", note=pitch, time=240)]
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(tmp_path / "tune.mid")
    orchestra("compose", "calm", "--config", "quick.toml", "--score", "tune.mid", "--duration", 2, "-o", "calm")
    played = {message.note for message in mido.MidiFile(tmp_path / "calm" / "notes.mid") if message.type == "note_on"}
    assert played == {60, 64, 67, 72}
    (tmp_path / "tune.mid").unlink()
    (tmp_path / "quick.toml").unlink()
    orchestra("compose", "--config", "calm", "-o", "again")
    assert audio_of(tmp_path / "again") == audio_of(tmp_path / "calm")


def test_options_go_before_the_configuration_file(orchestra, tmp_path):
    orchestra("compose", "sad", "--config", "quick.toml", "--duration", 1, "--score", "scale", "--scale", "reading", "-o", "sad")
    recipe = json.loads((tmp_path / "sad" / "run.json").read_text())["recipe"]
    assert recipe["canvas"]["duration"] == 1
    assert recipe["pipeline"]["score"]["name"] == "scale"
    assert recipe["pipeline"]["schedule"]["config"]["stages"][0]["steps"] == 6
    assert recipe["scale"] == "reading"


def test_a_budget_ends_the_search_and_the_stages_of_every_piece(orchestra, tmp_path):
    orchestra("compose", "sad", "--config", "quick.toml", "--duration", 1, "--seeds", 2, "--budget", 4, "-o", "sads")
    for item in ("000", "001"):
        record = json.loads((tmp_path / "sads" / item / "run.json").read_text())
        assert record["finished"] and record["recipe"]["budget"] == 4
        steps = (tmp_path / "sads" / item / "history.csv").read_text().splitlines()[1:]
        assert len(steps) == 4  # two choices and two of the six steps


def test_what_is_composed_reads_the_same_through_listen(orchestra, tmp_path):
    orchestra("compose", "--valence", 0.3, "--arousal", 0.1, "--config", "quick.toml", "-o", "piece")
    reached = json.loads((tmp_path / "piece" / "run.json").read_text())["item"]["readings"]
    heard = json.loads(orchestra("listen", "piece/audio.wav", "--json").stdout)
    files = heard.get("files", [heard])
    assert files[0]["mean"] == pytest.approx(reached, abs=1e-4)


def test_a_target_that_is_not_reached_is_said_with_the_value_reached(orchestra):
    done = orchestra("compose", "--valence", -1, "--arousal", 1, "--config", "quick.toml", "--duration", 1, "-o", "far")
    assert "was not reached: the result reads" in done.stderr


def test_a_folder_that_holds_something_is_left_alone(orchestra, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    done = orchestra("compose", "happy", "--config", "quick.toml", "-o", "mine", code=2)
    assert "diary.txt" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["diary.txt"]

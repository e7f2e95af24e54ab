"""The Freesound one-shots are read as mirdata downloads them; without mirdata the error says what to do."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest
from timbre_data import tone

from orchestra_core import write_wav
from orchestra_core.errors import UsageError
from orchestra_timbre.freesound import LOADER, is_freesound, read_freesound, split_of
from orchestra_timbre.workflow import read_folder

LABELS = {"hardness": 63.758, "depth": 44.405, "brightness": 72.839, "roughness": 69.522, "warmth": 35.066, "sharpness": 61.042}


@pytest.fixture
def downloaded(tmp_path):
    """Three sounds in the layout of the set: folders of the first digits, one file of analysis each."""
    for number, boominess in ((183, 23.632), (188, 15.921), (190, None)):
        audio = tmp_path / "one_shot_percussive_sounds" / "1" / f"{number}.wav"
        analysis = tmp_path / "analysis" / "1" / f"{number}_analysis.json"
        for path in (audio, analysis):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(audio, tone(number), 16_000)
        analysis.write_text(json.dumps({"id": number, **LABELS, "boominess": boominess, "reverb": False}))
    return tmp_path


@pytest.fixture
def mirdata(monkeypatch):
    """What mirdata's loader gives: tracks by id, with paths and the uploader."""

    class Dataset:
        def __init__(self, home):
            self.home = home

        def load_tracks(self):
            return {str(number): self._track(number) for number in (190, 188, 183)}

        def _track(self, number):
            return SimpleNamespace(
                track_id=str(number),
                audio_path=f"{self.home}/one_shot_percussive_sounds/1/{number}.wav",
                file_metadata_path=f"{self.home}/analysis/1/{number}_analysis.json",
                username="plagasul",
            )

    def initialize(name, data_home):
        assert name == LOADER
        return Dataset(data_home)

    monkeypatch.setitem(sys.modules, "mirdata", SimpleNamespace(initialize=initialize))


def test_sounds_have_the_labels_of_their_analysis(downloaded, mirdata):
    sounds = read_freesound(downloaded)
    assert [sound.file.name for sound in sounds] == ["183.wav", "188.wav"]  # the third has no boominess
    assert sounds[0].labels == (*LABELS.values(), 23.632)
    assert all(sound.file.is_file() for sound in sounds)


def test_the_sounds_of_an_uploader_lie_in_one_split(downloaded, mirdata):
    sounds = read_freesound(downloaded)
    assert {sound.source for sound in sounds} == {"freesound/plagasul"}
    assert {sound.split for sound in sounds} == {split_of("freesound/plagasul")}


def test_eight_tenths_of_the_uploaders_are_to_learn_from():
    splits = [split_of(f"freesound/{k}") for k in range(2000)]
    assert splits.count("train") == pytest.approx(1600, abs=80)
    assert splits.count("validation") == pytest.approx(200, abs=50)
    assert splits.count("test") == pytest.approx(200, abs=50)


def test_a_folder_is_read_in_the_layout_that_it_has(downloaded, mirdata, tones_folder):
    assert is_freesound(downloaded)
    assert not is_freesound(tones_folder)
    assert len(read_folder(downloaded)) == 2
    assert len(read_folder(tones_folder)) == 40


def test_without_mirdata_the_error_says_how_to_get_it(downloaded, monkeypatch):
    monkeypatch.setitem(sys.modules, "mirdata", None)
    with pytest.raises(UsageError, match="needs mirdata, which is not installed: pip install mirdata"):
        read_freesound(downloaded)


def test_an_incomplete_download_is_refused_in_plain_words(downloaded, mirdata):
    (downloaded / "analysis" / "1" / "183_analysis.json").unlink()
    with pytest.raises(UsageError, match="mirdata could not read"):
        read_freesound(downloaded)

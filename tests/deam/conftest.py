"""Small data for the tests of orchestra_deam: a synthetic data set in VGMIDI's layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deam_data import melody
from deam_layout import small_deam

from orchestra_deam.midi import write_midi

GAMES = ("Banjo-Kazooie", "Secret of Mana", "Final Fantasy VII", "Star Fox", "Xenogears", "Chrono Trigger")


@pytest.fixture(scope="session")
def vgmidi_folder(tmp_path_factory):
    """Six pieces of 12 s, four to train on and two held out: the busier, the more aroused; the higher, the more valent."""
    folder = tmp_path_factory.mktemp("vgmidi")
    (folder / "midi").mkdir()
    pieces, annotations = {}, {}
    for index, game in enumerate(GAMES):
        name = f"Series_X_{game}_Piece.mid"
        write_midi(melody(notes_per_second=1 + index % 3, lowest=48 + 4 * index), folder / "midi" / name)
        pieces[f"piece{index}"] = {"midi": name, "name": "Piece", "measures": 3, "duration": 12}
        arousal, valence = (index % 3 - 1) * 0.4, index / 5 - 0.5
        for rater, offset in enumerate((-0.1, 0.0, 0.1)):
            rating = {"arousal": [arousal + offset] * 3, "valence": [valence + offset] * 3}
            annotations[f"piece{index}_{rater}"] = rating
    halves = (list(pieces)[:3], list(pieces)[3:])
    for number, keys in enumerate(halves, start=1):
        record = {
            "pieces": {key: pieces[key] for key in keys},
            "annotations": {key: value for key, value in annotations.items() if key.rsplit("_", 1)[0] in keys},
        }
        (folder / f"vgmidi_raw_{number}.json").write_text(json.dumps(record))
    return folder


@pytest.fixture(scope="session")
def shared_data():
    """The development data, beside the repository."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data ../shared/data is absent")
    return folder


@pytest.fixture(scope="session")
def deam_layout(tmp_path_factory):
    """A small DEAM in the official layout; tests that change it copy it first."""
    return small_deam(tmp_path_factory.mktemp("deam"))

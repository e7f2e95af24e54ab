"""VGMIDI is read with its faults dropped, and the committed partition splits it by game."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from orchestra_core.errors import ConfigurationError, UsageError
from orchestra_deam.vgmidi import PARTS, label_table, pieces_of, read_partition, read_vgmidi


def edited(folder, target, change):
    copy = target / "vgmidi"
    shutil.copytree(folder, copy)
    record = json.loads((copy / "vgmidi_raw_1.json").read_text())
    change(record)
    (copy / "vgmidi_raw_1.json").write_text(json.dumps(record))
    return copy


def test_labels_are_means_over_raters_and_measures(vgmidi_folder):
    pieces = {piece.game: piece for piece in read_vgmidi(vgmidi_folder)}
    assert len(pieces) == 6
    assert pieces["Secret of Mana"].arousal == pytest.approx(0.0)
    assert pieces["Chrono Trigger"].labels == pytest.approx((0.4, 0.5))
    assert pieces["Chrono Trigger"].raters == 3


def test_ratings_without_a_record_and_of_odd_length_are_dropped(vgmidi_folder, tmp_path):
    def spoil(record):
        record["annotations"]["piece81_0"] = {"arousal": [1.0], "valence": [1.0]}
        record["annotations"]["piece1_3"] = {"arousal": [1.0, 1.0], "valence": [1.0, 1.0]}

    pieces = read_vgmidi(edited(vgmidi_folder, tmp_path, spoil))
    assert pieces == tuple(
        type(piece)(**{**vars(piece), "midi": tmp_path / "vgmidi" / "midi" / piece.midi.name})
        for piece in read_vgmidi(vgmidi_folder)
    )


def test_a_missing_midi_file_is_named(vgmidi_folder, tmp_path):
    folder = edited(vgmidi_folder, tmp_path, lambda record: record["pieces"]["piece0"].update(midi="A_B_C_lost.mid"))
    with pytest.raises(UsageError, match=r"misses 1 MIDI files, such as midi/A_B_C_lost\.mid"):
        read_vgmidi(folder)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), ("{", "is not a VGMIDI record"), ("[]", "is not a VGMIDI record")]
)
def test_a_folder_that_is_not_vgmidi_is_refused(vgmidi_folder, tmp_path, content, message):
    shutil.copytree(vgmidi_folder, tmp_path / "v")
    path = tmp_path / "v" / "vgmidi_raw_2.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(UsageError, match=message):
        read_vgmidi(tmp_path / "v")


def test_every_game_of_the_partition_has_one_part():
    partition = read_partition()
    assert len(partition) == 30
    assert set(partition.values()) == set(PARTS)


def test_a_game_without_a_part_is_named(vgmidi_folder):
    with pytest.raises(ConfigurationError, match="'Banjo-Kazooie'"):
        pieces_of(read_vgmidi(vgmidi_folder), "oracle", {})


def test_the_real_data_set_has_the_known_statistics_and_every_piece_a_part(shared_data):
    pieces = read_vgmidi(shared_data / "vgmidi")
    labels = label_table(pieces)
    assert len(pieces) == 200
    # ../shared/data/README.md
    np.testing.assert_allclose(labels.mean(0), [0.052, 0.163], atol=1e-3)
    np.testing.assert_allclose(labels.std(0), [0.245, 0.221], atol=1e-3)
    np.testing.assert_allclose(labels.min(0), [-0.44, -0.31], atol=5e-3)
    np.testing.assert_allclose(labels.max(0), [0.59, 0.55], atol=5e-3)
    partition = read_partition()
    assert sum(len(pieces_of(pieces, part, partition)) for part in PARTS) == 200
    assert {piece.game for piece in pieces} == set(partition)

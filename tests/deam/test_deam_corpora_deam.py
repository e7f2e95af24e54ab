"""DEAM is read by name from whatever nesting, cut into windows with the right labels, and what it lacks is said exactly."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from deam_layout import SONGS, rating

from orchestra_core.errors import ParameterError, UsageError
from orchestra_deam.corpora.deam import DeamLabels, check_deam, read_deam
from orchestra_deam.corpora.deam_files import find_deam, ranges

STATIC = "static_annotations_averaged_songs_1_2000.csv"
EXCERPTS = [song for song, *_ in SONGS if song < 2001]


@pytest.fixture
def copied(deam_layout, tmp_path):
    """A copy to spoil: the label files, and audio files as links."""
    shutil.copytree(deam_layout.root, tmp_path / "deam", copy_function=shutil.copy)
    return tmp_path / "deam"


def one(folder, name):
    return next(path for path in folder.rglob(name) if "each rater" not in str(path))


def expected(song, start, dimension, window=5.0, lag=0.0):
    """The mean of the window's dynamic samples, written out."""
    times = [round(1000 * (start + lag)) + 500 * index for index in range(round(2 * window))]
    return float(np.mean([rating(song, time, dimension) for time in times]))


def test_a_window_has_the_mean_of_its_ten_dynamic_samples(deam_layout):
    songs = read_deam(deam_layout.root).songs()
    for song in EXCERPTS:
        clips = songs[str(song)]
        assert [clip.start for clip in clips] == [15, 20, 25, 30, 35, 40]
        for clip in clips:
            assert clip.duration == 5.0
            assert clip.arousal == pytest.approx(expected(song, clip.start, "arousal"))
            assert clip.valence == pytest.approx(expected(song, clip.start, "valence"))


def test_full_songs_have_windows_as_far_as_both_files_rate_them(deam_layout):
    starts = [clip.start for clip in read_deam(deam_layout.root).songs()["2001"]]
    # valence ends with the sample at 50.5 s: the window 45..50 is complete, 50..55 is not
    assert starts == [15, 20, 25, 30, 35, 40, 45]


def test_a_lag_takes_later_samples_and_drops_windows_that_lack_some(deam_layout):
    clips = read_deam(deam_layout.root, DeamLabels(lag=2.0)).songs()["2"]
    assert [clip.start for clip in clips] == [15, 20, 25, 30, 35]
    assert clips[0].arousal == pytest.approx(expected(2, 15, "arousal", lag=2.0))
    assert clips[0].arousal != pytest.approx(expected(2, 15, "arousal"), abs=1e-3)


def test_windows_of_ten_seconds_have_twenty_samples(deam_layout):
    clips = read_deam(deam_layout.root, DeamLabels(window=10.0)).songs()["10"]
    assert [clip.start for clip in clips] == [15, 25, 35]
    assert clips[1].valence == pytest.approx(expected(10, 25, "valence", window=10.0))


def test_static_labels_are_rescaled_and_given_to_every_window(deam_layout):
    songs = read_deam(deam_layout.root, DeamLabels("static")).songs()
    assert len(songs["3"]) == 6
    assert {(round(c.arousal, 6), round(c.valence, 6)) for c in songs["3"]} == {
        (round((6 - 0.3 - 5) / 4, 6), round((4 + 0.3 - 5) / 4, 6))
    }
    # The second file has other columns; arousal is its sixth, not its fourth.
    full = songs["2001"]
    assert (full[0].arousal, full[0].valence) == (-0.5, 0.5)
    assert [clip.start for clip in full] == [15, 20, 25, 30, 35, 40, 45]


def test_the_variance_between_raters_is_that_of_the_song(deam_layout):
    clip = read_deam(deam_layout.root).songs()["2"][0]
    assert clip.arousal_variance == pytest.approx((0.8 / 4) ** 2)
    assert clip.valence_variance == pytest.approx((1.2 / 4) ** 2)


def test_files_are_found_whatever_their_nesting(deam_layout, copied):
    flat = copied.parent / "flat"
    flat.mkdir()
    for name in ("arousal.csv", "valence.csv", *(path.name for path in deam_layout.static.iterdir())):
        shutil.copy(one(copied, name), flat / name)
    for path in deam_layout.audio.glob("*.mp3"):
        shutil.copy(path, flat / path.name)
    nested, moved = read_deam(copied).clips, read_deam(flat).clips
    assert [(clip.song, clip.start, clip.arousal) for clip in nested] == [(clip.song, clip.start, clip.arousal) for clip in moved]
    assert moved[0].source == "2.mp3"
    assert nested[0].source == "DEAM_audio/MEMD_audio/2.mp3"


def test_what_other_programs_leave_behind_is_no_audio(deam_layout):
    files = find_deam(deam_layout.root)
    assert sorted(files.audio) == [song for song, *_ in SONGS]
    assert all(not path.name.startswith(".") for path in files.audio.values())


def test_a_complete_download_lacks_nothing(deam_layout):
    corpus, lacks = check_deam(deam_layout.root)
    assert lacks == ()
    assert len(corpus.songs()) == len(SONGS)


def test_missing_songs_are_named_with_the_archive_that_has_them(copied):
    for song in (3, 4):
        one(copied, f"{song}.mp3").unlink()
    one(copied, "10.mp3").write_bytes(b"")
    _, lacks = check_deam(copied)
    assert [lack.what for lack in lacks] == [
        "the audio of 2 of 6 rated songs: 3..4",
        "content in 1 audio files of 0 bytes: 10",
    ]
    assert all("https://cvml.unige.ch/databases/DEAM/" in lack.remedy and "DEAM_audio.zip" in lack.remedy for lack in lacks)
    assert not any(lack.vital for lack in lacks)


def test_an_archive_that_was_not_unpacked_is_pointed_out(copied):
    shutil.rmtree(copied / "DEAM_audio")
    (copied / "DEAM_audio.zip").write_bytes(b"PK")
    _, lacks = check_deam(copied)
    assert [(lack.kind, lack.vital, lack.remedy) for lack in lacks] == [("audio", True, "DEAM_audio.zip lies there: unpack it")]


def test_missing_labels_are_vital_only_if_they_are_wanted(copied):
    one(copied, "valence.csv").unlink()
    _, dynamic = check_deam(copied)
    _, static = check_deam(copied, DeamLabels("static"))
    assert [lack.vital for lack in dynamic if lack.kind == "labels"] == [True]
    assert [lack.vital for lack in static] == [False]
    with pytest.raises(UsageError, match=r"valence\.csv.*download DEAM_Annotations\.zip"):
        read_deam(copied)


def test_songs_without_dynamic_ratings_are_named(copied):
    for name in ("arousal.csv", "valence.csv"):
        path = one(copied, name)
        path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("1001,")))
    _, lacks = check_deam(copied)
    assert [lack.what for lack in lacks] == ["the ratings at 2 Hz of 1 songs that have ratings of the whole song: 1001"]
    assert "--labels static" in lacks[0].remedy


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("arousal.csv", lambda text: text.replace("song_id", "id"), "no column 'song_id'"),
        ("arousal.csv", lambda text: text + text.splitlines()[1] + "\n", "name song 2 twice"),
        ("valence.csv", lambda text: text.replace("\n3,", "\nthree,"), "song_id that is no number"),
        ("valence.csv", lambda text: text.replace(",0.", ",zero.", 1), "a rating that is no number"),
        ("valence.csv", lambda text: text.replace("sample_", "s"), "no columns such as 'sample_15000ms'"),
        (
            "static_annotations_averaged_songs_1_2000.csv",
            lambda text: text.replace("arousal_mean", "a"),
            "no column 'arousal_mean'",
        ),
    ],
)
def test_a_broken_label_file_is_refused_with_its_name(copied, name, change, message):
    path = one(copied, name)
    path.write_text(change(path.read_text()))
    with pytest.raises(UsageError, match=message) as caught:
        read_deam(copied)
    assert "csv" in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"kind": "both"}, {"window": 0.1}, {"lag": -1.0}, {"first": float("nan")}, {"window": float("inf")}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ParameterError, match="expected"):
        DeamLabels(**options)


def test_ranges_draw_runs_together():
    assert ranges([9, 2, 5, 6, 7, 8, 12, 2]) == "2, 5..9, 12"


def test_the_real_labels_have_the_published_numbers(shared_data):
    corpus = read_deam(shared_data / "deam")
    songs = corpus.songs()
    assert len(songs) == 744
    assert len(corpus.clips) == 744 * 6
    assert max(map(int, songs)) == 1000
    assert all(-1 <= value <= 1 for clip in corpus.clips for value in (clip.arousal, clip.valence))
    static = read_deam(shared_data / "deam", DeamLabels("static"))
    labels = {clip.song: (clip.arousal, clip.valence) for clip in static.clips}
    assert len(labels) == 1802
    # Mean and deviation of the 1..9 ratings: arousal 4.814 and 1.282, valence 4.904 and 1.174.
    ratings = np.array(list(labels.values())) * 4 + 5
    np.testing.assert_allclose(ratings.mean(0), [4.814, 4.904], atol=5e-4)
    np.testing.assert_allclose(ratings.std(0, ddof=1), [1.282, 1.174], atol=5e-4)
    assert labels["2001"] == pytest.approx((0.4, -0.45))  # 6.6 and 3.2 in the file


def test_a_real_window_is_the_mean_of_the_cells_in_its_file(shared_data):
    clip = read_deam(shared_data / "deam").songs()["2"][1]
    path = one(shared_data / "deam", "arousal.csv")
    header, first = (line.split(",") for line in path.read_text().splitlines()[:2])
    assert first[0] == "2"
    row = dict(zip(header, first, strict=True))
    cells = [float(row[f"sample_{time}ms"]) for time in range(20_000, 25_000, 500)]
    assert len(cells) == 10
    assert clip.arousal == pytest.approx(sum(cells) / 10)

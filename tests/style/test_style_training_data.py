"""Readers of data sets, the partition by song, the cache and the segments."""

import csv

import numpy as np
import pytest
import soundfile
import torch
from style_genres import RATE, write_emotify, write_song

from orchestra_core import read_audio
from orchestra_core.errors import UsageError
from orchestra_style.corpus import Corpus, band_scale, divided, frames_in
from orchestra_style.emotify import read_emotify
from orchestra_style.features import default_cache, power, prepare
from orchestra_style.folders import read_fma, read_gtzan
from orchestra_style.mel import MelPower
from orchestra_style.songs import Song, partition

GENRES = ("rock", "pop", "classical", "electronic")


def songs(count=100, genres=GENRES):
    return [Song(f"{genre}_{number}", genre, f"{genre}_{number}.ogg") for number in range(count) for genre in genres]


@pytest.fixture(scope="module")
def corpus(emotify_folder, tmp_path_factory):
    return Corpus.of(prepare(read_emotify(emotify_folder), tmp_path_factory.mktemp("cache")).songs, frames_in(1.0))


class TestPartition:
    def test_every_song_is_in_one_part_and_every_genre_is_dealt_out_alike(self):
        parts = partition(songs())
        assert sorted(song.name for part in parts.values() for song in part) == sorted(song.name for song in songs())
        for part, count in {"train": 70, "validation": 15, "test": 15}.items():
            assert [sum(song.genre == genre for song in parts[part]) for genre in GENRES] == [count] * 4

    def test_it_follows_from_names_and_seed_and_not_from_the_order(self):
        backwards = partition(songs()[::-1])
        assert all(set(part) == set(backwards[name]) for name, part in partition(songs()).items())
        assert partition(songs(), 1)["test"] != partition(songs(), 0)["test"]

    def test_a_song_stays_in_its_part_when_others_of_another_genre_are_added(self):
        fewer = [song for song in songs() if song.genre != "pop"]
        assert [song for song in partition(songs())["test"] if song.genre != "pop"] == list(partition(fewer)["test"])

    def test_parts_of_the_data_set_itself_are_kept(self):
        given = [Song(f"{genre}{part}", genre, "x", part) for genre in GENRES for part in ("train", "validation", "test")]
        assert all({song.part for song in found} == {part} for part, found in partition(given).items())

    @pytest.mark.parametrize(("given", "message"), [(songs(2), "Too few songs of rock"), (songs(9, ["rock"]), "two genres")])
    def test_too_few_songs_are_refused(self, given, message):
        with pytest.raises(UsageError, match=message):
            partition(given)

    def test_emotifys_test_songs_are_sixty_of_the_four_genres(self, shared_data):
        parts = partition(read_emotify(shared_data / "emotify"))
        assert [len(parts[part]) for part in ("train", "validation", "test")] == [280, 60, 60]
        assert [sum(song.genre == genre for song in parts["test"]) for genre in GENRES] == [15] * 4


class TestEmotify:
    def test_songs_have_names_genres_and_files(self, emotify_folder):
        found = read_emotify(emotify_folder)
        assert len(found) == 16
        assert found[0] == Song("rock_000", "rock", emotify_folder / "audio/rock_000.wav")

    def test_a_missing_table_column_or_file_is_said(self, tmp_path):
        with pytest.raises(UsageError, match=r"labels\.csv does not exist"):
            read_emotify(tmp_path)
        (tmp_path / "labels.csv").write_text("file,song\na.ogg,1\n")
        with pytest.raises(UsageError, match="expected the columns file and genre"):
            read_emotify(tmp_path)
        (tmp_path / "labels.csv").write_text("file,genre\naudio/a.ogg,rock\n")
        with pytest.raises(UsageError, match=r"1 of the 1 songs .* no audio file, such as .*a\.ogg"):
            read_emotify(tmp_path)


class TestGtzan:
    @pytest.mark.parametrize("inside", ["genres", "genres_original", "."])
    def test_genre_folders_are_read_wherever_they_lie(self, tmp_path, inside):
        for genre in ("blues", "metal"):
            for number in range(2):
                file = tmp_path / inside / genre / f"{genre}.{number:05d}.wav"
                file.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(file, np.zeros(100), RATE)
            (tmp_path / inside / genre / ".DS_Store").write_text("")
        found = read_gtzan(tmp_path)
        assert [(song.name, song.genre) for song in found][::3] == [
            ("blues/blues.00000.wav", "blues"),
            ("metal/metal.00001.wav", "metal"),
        ]
        assert all(song.path.is_file() for song in found)

    def test_a_folder_without_songs_is_refused(self, tmp_path):
        for folder in (tmp_path, tmp_path / "absent"):
            with pytest.raises(UsageError, match=r"expected genres/<genre>/\*\.wav"):
                read_gtzan(folder)


def write_fma(folder, rows, header=None):
    header = header or [
        ["", "artist", "set", "set", "track", "track"],
        ["", "id", "split", "subset", "genre_top", "title"],
        ["track_id", "", "", "", "", ""],
    ]
    (folder / "fma_metadata").mkdir()
    with (folder / "fma_metadata" / "tracks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([*header, *rows])
    (folder / "fma_small" / "000").mkdir(parents=True)
    return folder


class TestFma:
    ROWS = (
        [2, 1, "training", "small", "Hip-Hop", "a title\nin two lines, quoted"],
        [5, 1, "test", "small", "Rock", "b"],
        [10, 6, "validation", "medium", "Pop", "c"],
        [20, 4, "training", "large", "Pop", "d"],
        [140, 4, "training", "small", "", "no top genre"],
    )

    def test_tracks_come_with_fmas_own_parts(self, tmp_path):
        write_fma(tmp_path, self.ROWS)
        for name in ("000002", "000005"):
            (tmp_path / "fma_small" / "000" / f"{name}.mp3").write_bytes(b"")
        audio = tmp_path / "fma_small" / "000"
        assert read_fma(tmp_path) == (
            Song("000002", "Hip-Hop", audio / "000002.mp3", "train"),
            Song("000005", "Rock", audio / "000005.mp3", "test"),
        )

    def test_medium_holds_the_tracks_of_small_too(self, tmp_path):
        write_fma(tmp_path, self.ROWS)
        (tmp_path / "fma_small").rename(tmp_path / "fma_medium")
        for name in ("000002", "000005", "000010"):
            (tmp_path / "fma_medium" / "000" / f"{name}.mp3").write_bytes(b"")
        assert [song.part for song in read_fma(tmp_path, "medium")] == ["train", "test", "validation"]

    def test_what_is_missing_is_said(self, tmp_path):
        with pytest.raises(UsageError, match=r"tracks\.csv does not exist; expected what FMA's fma_metadata\.zip"):
            read_fma(tmp_path)
        write_fma(tmp_path, self.ROWS)
        with pytest.raises(UsageError, match=r"2 of 2 tracks have no file, such as .*000002\.mp3"):
            read_fma(tmp_path)
        (tmp_path / "fma_small" / "000").rmdir()
        (tmp_path / "fma_small").rmdir()
        with pytest.raises(UsageError, match=r"fma_small does not exist; expected what FMA's fma_small\.zip"):
            read_fma(tmp_path)

    def test_another_table_is_refused(self, tmp_path):
        write_fma(tmp_path, [], header=[["", "track"], ["", "title"]])
        with pytest.raises(UsageError, match="has no column set subset"):
            read_fma(tmp_path)


class TestFeatures:
    def test_what_comes_out_of_the_cache_is_the_power_that_transfer_hears(self, corpus):
        cached = corpus.songs[0]
        mel = MelPower()(read_audio(cached.song.path, RATE)[0])[0]
        # Half precision of a root: one part in a thousand of power.
        torch.testing.assert_close(power(cached.load()), mel / mel.mean(), rtol=2e-3, atol=1e-9)

    def test_a_second_preparation_reads_no_audio(self, tmp_path, monkeypatch):
        given = read_emotify(write_emotify(tmp_path / "data", 1, 1.0))
        first = prepare(given, tmp_path / "cache")
        monkeypatch.setattr("orchestra_style.features.features_of", None)
        assert prepare(given, tmp_path / "cache") == first

    def test_a_changed_file_is_prepared_anew(self, tmp_path):
        given = read_emotify(write_emotify(tmp_path / "data", 1, 1.0))
        before = prepare(given, tmp_path / "cache").songs[0]
        write_song(given[0].path, "classical", 1.5, 7)
        after = prepare(given, tmp_path / "cache").songs[0]
        assert after.path != before.path
        assert len(after.load()) > len(before.load())

    def test_songs_that_cannot_be_read_or_are_silent_are_left_out_with_the_reason(self, tmp_path):
        given = read_emotify(write_emotify(tmp_path, 2, 1.0))
        given[0].path.write_bytes(b"no audio")
        soundfile.write(given[1].path, np.zeros(RATE), RATE)
        calls = []
        prepared = prepare(given, tmp_path / "cache", progress=lambda done, total: calls.append((done, total)))
        assert [name for name, _ in prepared.failures] == [given[0].name, given[1].name]
        assert "silent" in prepared.failures[1][1]
        assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
        assert len(prepared.songs) == 2

    def test_damaged_features_are_said(self, tmp_path):
        cached = prepare(read_emotify(write_emotify(tmp_path, 1, 1.0)), tmp_path / "cache").songs[0]
        cached.path.write_bytes(cached.path.read_bytes()[:50])
        with pytest.raises(UsageError, match="damaged"):
            cached.load()

    def test_the_cache_is_the_users(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert default_cache() == tmp_path / "orchestra" / "style"


class TestSegments:
    @pytest.mark.parametrize(("seconds", "frames"), [(5.0, 430), (3.0, 258)])
    def test_about_five_and_three_seconds_are_what_the_network_was_published_with(self, seconds, frames):
        assert frames_in(seconds) == frames

    def test_the_grid_is_end_to_end(self, corpus):
        firsts = [segment.first for segment in corpus.grid(0)]
        assert firsts == [0, 86, 172]
        assert len(corpus.songs[0].load()) == 259
        heard = corpus.power(corpus.grid(0))
        assert heard.shape == (3, 384, 86)
        torch.testing.assert_close(torch.cat(list(heard), dim=1), power(corpus.songs[0].load())[:, :258])

    def test_labels_are_places_in_the_sorted_genres(self, corpus):
        assert corpus.classes == ("classical", "rock")
        assert corpus.labels([corpus.grid(0)[0], corpus.grid(1)[0]]).tolist() == [1, 0]

    def test_by_song_no_song_is_in_two_parts_and_by_segment_most_are(self, corpus):
        def shared(unit):
            parts = [{segment.song for segment in part} for part in divided(corpus, unit, 0).values()]
            return parts[0] & (parts[1] | parts[2])

        assert not shared("song")
        assert len(shared("segment")) > 8
        every = sorted((segment.song, segment.first) for part in divided(corpus, "segment", 0).values() for segment in part)
        assert every == sorted((segment.song, segment.first) for song in range(16) for segment in corpus.grid(song))

    def test_jitter_stays_in_the_song(self, corpus):
        generator = torch.Generator().manual_seed(0)
        places = [corpus.jittered(corpus.grid(2)[0], generator) for _ in range(200)]
        assert {place.song for place in places} == {2}
        assert min(p.first for p in places) >= 0
        assert max(p.first for p in places) <= 259 - 86
        assert len({p.first for p in places}) > 50

    def test_songs_shorter_than_a_segment_are_left_out(self, corpus):
        with pytest.raises(UsageError, match=r"None of the 16 songs is as long as a segment \(5\.0 s\)"):
            Corpus.of(corpus.songs, 430)

    def test_the_scale_of_bands_is_mean_and_deviation_of_scaled_power(self, corpus):
        segments = [segment for song in range(3) for segment in corpus.grid(song)]
        heard = corpus.power(segments).double()
        heard = (heard / heard.mean(dim=(1, 2), keepdim=True)).transpose(0, 1).flatten(1)
        mean, sd = band_scale(corpus, segments)
        torch.testing.assert_close(mean, heard.mean(dim=1), rtol=1e-5, atol=1e-12)
        torch.testing.assert_close(sd, heard.std(dim=1, correction=0), rtol=1e-4, atol=1e-6)

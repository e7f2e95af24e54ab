"""All corpora give rows of one table; their partitions are committed, and can be drawn again."""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
import pytest
import soundfile

from orchestra_core.errors import ConfigurationError, UnknownNameError, UsageError
from orchestra_deam.corpora.deam import read_deam
from orchestra_deam.corpora.eerola import LEVELS, read_eerola, read_settings
from orchestra_deam.corpora.emotify import VOTES, read_emotify
from orchestra_deam.corpora.partition import (
    EMOTIFY_SEED,
    EMOTIFY_SHARES,
    PARTS,
    draw_partition,
    parts_of,
    published_split,
    read_partition,
)
from orchestra_deam.corpora.table import COLUMNS, label_array, song_statistics, standardised, table
from orchestra_deam.corpora.vgmidi import read_vgmidi_corpus
from orchestra_deam.vgmidi import read_vgmidi, reliability


@pytest.fixture
def votes_folder(tmp_path):
    """Emotify's official layout: a row per listener, names with leading blanks, songs in folders by genre."""
    header = "track id, genre, " + ", ".join(VOTES) + ", mood, liked, disliked, age, gender, mother tongue\n"
    none = dict.fromkeys(VOTES, 0)

    def row(track, genre, **chosen):
        return f"{track},{genre}," + ",".join(str((none | chosen)[name]) for name in VOTES) + ",3,0,0,20,1,Dutch\n"

    rows = [
        row(1, "classical", calmness=1),
        row(1, "classical", calmness=1, tenderness=1),
        row(101, "rock", power=1, tension=1),
    ]
    (tmp_path / "data.csv").write_text(header + "".join(rows))
    for name in ("classical/1.mp3", "rock/1.mp3"):
        (tmp_path / "emotifymusic" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "emotifymusic" / name, np.zeros(8000), 8000, format="MP3")
    return tmp_path


def test_votes_become_proxies_with_their_variance(votes_folder):
    songs = read_emotify(votes_folder).songs()
    calm, loud = songs["classical_001"][0], songs["rock_001"][0]
    # calmness, and calmness with tenderness: arousal -1 and -2, valence 1 and 2
    assert (calm.arousal, calm.valence, calm.raters) == (-1.5, 1.5, 2)
    assert (calm.arousal_variance, calm.valence_variance) == (0.5, 0.5)
    assert (loud.arousal, loud.valence) == (2.0, -2.0)
    assert math.isnan(loud.arousal_variance)
    assert (calm.source, loud.source) == ("emotifymusic/classical/1.mp3", "emotifymusic/rock/1.mp3")


def test_a_song_of_emotify_has_windows_side_by_side(votes_folder):
    clips = read_emotify(votes_folder, window=10.0).songs()["rock_001"]
    assert [(clip.start, clip.duration) for clip in clips] == [(0, 10), (10, 10), (20, 10)]
    assert {clip.stratum for clip in clips} == {"rock"}


def test_a_folder_without_emotify_says_where_to_get_it(tmp_path):
    with pytest.raises(UsageError, match=r"neither data\.csv nor labels\.csv.*uu\.nl"):
        read_emotify(tmp_path)


def test_the_proxies_are_those_published_with_the_means(shared_data):
    import pandas as pd

    published = pd.read_csv(shared_data / "emotify" / "labels.csv")
    songs = read_emotify(shared_data / "emotify").songs()
    assert len(songs) == 400
    for row in published.itertuples():
        clip = songs[f"{row.genre}_{row.song:03d}"][0]
        # The published proxies are made of votes before they were rounded to four digits.
        assert clip.arousal == pytest.approx(row.arousal_proxy, abs=5e-4)
        assert clip.valence == pytest.approx(row.valence_proxy, abs=5e-4)
        assert clip.raters == row.raters


def eerola_folder(folder, design="1\t4\t1\t4\t4\t2\t2\t4\n2\t6\t2\t5\t1\t4\t3\t1\n", ratings="2\t6\t2\t3\t1\n1\t1\t5\t2\t3\n"):
    (folder / "design_matrix.tab").write_text("Nro\tRegister\tMode\tTempo\tSoundlevel\tArticulation\tTimbre\tMelody\n" + design)
    (folder / "mean_emotion_ratings.tab").write_text("Nro\tScary\tHappy\tSad\tPeaceful\n" + ratings)
    return folder


def test_settings_have_levels_as_played_and_their_own_ratings(tmp_path):
    first, second = read_settings(eerola_folder(tmp_path))
    assert (first.register, first.mode, first.tempo, first.level) == (71.0, "major", 4.4, 5.0)
    assert (first.articulation, first.timbre, first.melody) == (0.75, "flute", "peaceful")
    assert (first.arousal, first.valence) == (0.5, 2.5)  # (5 + 1 - 2 - 3) / 2, (5 + 3 - 2 - 1) / 2
    assert (second.mode, second.scary, second.melody) == ("minor", 6.0, "sad")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"design": "1\t7\t1\t4\t4\t2\t2\t4\n", "ratings": "1\t1\t5\t2\t3\n"}, "level 7 of register"),
        ({"ratings": "1\t1\t5\t2\t3\n"}, "2 settings and the ratings 1"),
        ({"ratings": "2\t6\t2\t3\t1\n2\t1\t5\t2\t3\n"}, "expected the same, each once"),
    ],
)
def test_a_broken_design_is_refused(tmp_path, changes, message):
    with pytest.raises(UsageError, match=message):
        read_settings(eerola_folder(tmp_path, **changes))


def test_the_real_settings_are_the_published_design(shared_data):
    settings = read_settings(shared_data / "eerola2013")
    assert [setting.number for setting in settings] == list(range(1, 201))
    for cue, levels in LEVELS.items():
        assert {getattr(setting, cue) for setting in settings} == set(levels)
    assert all(1 <= rating <= 7 for s in settings for rating in (s.scary, s.happy, s.sad, s.peaceful))
    clips = read_eerola(shared_data / "eerola2013").clips
    assert {clip.kind for clip in clips} == {"none"}
    assert len({clip.group for clip in clips}) == 4


def test_pieces_of_vgmidi_are_grouped_by_game(vgmidi_folder):
    corpus = read_vgmidi_corpus(vgmidi_folder)
    clip = corpus.songs()["Series_X_Secret of Mana_Piece"][0]
    assert (clip.group, clip.kind, clip.raters) == ("Secret of Mana", "midi", 3)
    assert clip.source == "midi/Series_X_Secret of Mana_Piece.mid"
    assert clip.arousal_variance == pytest.approx(0.01)  # raters at -0.1, 0 and 0.1 from the mean


def test_the_reliability_of_vgmidi_is_the_published_one(shared_data):
    found = reliability(read_vgmidi(shared_data / "vgmidi"))
    assert found == pytest.approx({"arousal": 0.94, "valence": 0.925}, abs=1e-3)


def test_one_table_holds_all_corpora(votes_folder, deam_layout, vgmidi_folder, tmp_path):
    corpora = [read_emotify(votes_folder), read_vgmidi_corpus(vgmidi_folder), read_deam(deam_layout.root)]
    corpora.append(read_eerola(eerola_folder(tmp_path)))
    frame = table(corpora)
    assert list(frame.columns) == [*COLUMNS, "scale"]
    assert len(frame) == sum(len(corpus.clips) for corpus in corpora)
    assert frame.groupby("corpus")["scale"].unique().map(list).to_dict() == {
        "deam": ["va"],
        "eerola2013": ["eerola2013"],
        "emotify": ["emotify"],
        "vgmidi": ["va"],
    }


def test_standardised_labels_have_mean_0_and_sd_1_per_scale_over_songs(votes_folder, deam_layout):
    frame = table([read_emotify(votes_folder), read_deam(deam_layout.root)])
    result = standardised(frame)
    for _, rows in result.groupby("scale"):
        songs = rows.groupby("song")[["arousal", "valence"]].mean()
        np.testing.assert_allclose(songs.mean(), 0, atol=1e-12)
        np.testing.assert_allclose(songs.std(ddof=0), 1, atol=1e-12)
    # Variances are squares of labels: their ratio to the labels' variance stays.
    before, after = (f[f["scale"] == "va"] for f in (frame, result))
    ratio = before["arousal_variance"] / before.groupby("song")["arousal"].mean().var(ddof=0)
    np.testing.assert_allclose(after["arousal_variance"], ratio, rtol=1e-9)


def test_songs_count_alike_in_statistics(deam_layout):
    clips = read_deam(deam_layout.root).clips
    means = np.array([label_array(song).mean(0) for song in read_deam(deam_layout.root).songs().values()])
    assert song_statistics(clips)["arousal"] == pytest.approx({"mean": means[:, 0].mean(), "sd": means[:, 0].std()})


def test_the_partition_of_emotify_is_stratified_and_comes_from_its_seed():
    partition = read_partition("emotify")
    assert len(partition) == 400
    for genre in ("classical", "electronic", "pop", "rock"):
        parts = [part for song, part in partition.items() if song.startswith(genre)]
        assert {part: parts.count(part) for part in PARTS} == {"oracle": 60, "judges": 20, "final": 20}
    drawn = draw_partition({song: song.split("_")[0] for song in partition}, EMOTIFY_SHARES, EMOTIFY_SEED)
    committed = json.loads(resources.files("orchestra_deam").joinpath("partitions", "emotify.json").read_text())
    assert {part: list(songs) for part, songs in drawn.items()} == committed["parts"]


def test_the_partition_covers_the_real_songs(shared_data):
    corpus = read_emotify(shared_data / "emotify")
    parts = [set(corpus.of_parts([part]).songs()) for part in PARTS]
    assert [len(part) for part in parts] == [240, 80, 80]
    assert len(set.union(*parts)) == 400


def test_a_draw_does_not_depend_on_the_order_of_groups():
    groups = {f"g{index}": "ab"[index % 2] for index in range(20)}
    backwards = dict(reversed(groups.items()))
    shares = {"one": 0.5, "two": 0.5}
    assert draw_partition(groups, shares, 1) == draw_partition(backwards, shares, 1)
    assert draw_partition(groups, shares, 1) != draw_partition(groups, shares, 2)
    with pytest.raises(ConfigurationError, match="sum to 1"):
        draw_partition(groups, {"one": 0.5}, 1)


def test_unknown_partitions_and_groups_are_named(votes_folder):
    with pytest.raises(UnknownNameError, match=r"'deam'.*emotify, vgmidi"):
        read_partition("deam")
    with pytest.raises(ConfigurationError, match="'elsewhere'"):
        parts_of("emotify", {"song": "elsewhere"})


def test_a_corpus_without_a_partition_is_split_as_published():
    from sklearn.model_selection import train_test_split

    songs = [str(number) for number in range(2, 60)]
    learned, held_out = train_test_split(songs, test_size=0.2, random_state=42)
    assert published_split(reversed(songs)) == (tuple(learned), tuple(held_out))
    parts = parts_of("deam", {song: song for song in songs})
    assert {song for song, part in parts.items() if part == "judges"} == set(held_out)
    assert set(parts.values()) == {"oracle", "judges"}

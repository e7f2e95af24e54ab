"""The preparation gives the front end's features of the right windows, goes on where it stopped, and stops for nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import tracemalloc
from dataclasses import dataclass, replace
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch
from deam_layout import SONGS, music

from orchestra_core.errors import AudioFileError, ConfigurationError, ParameterError, UsageError
from orchestra_core.registry import build
from orchestra_deam.corpora.deam import DeamLabels, read_deam
from orchestra_deam.corpora.vgmidi import read_vgmidi_corpus
from orchestra_deam.front_end import FrontEnd
from orchestra_deam.preparation.computing import MelFeatures, make_features
from orchestra_deam.preparation.decoding import LeftOut, native_rate, read_windows
from orchestra_deam.preparation.pool import run_jobs
from orchestra_deam.preparation.prepare import FEATURES, PreparationSettings, prepare_corpus
from orchestra_deam.preparation.store import ArrayWriter, open_prepared
from orchestra_deam.rendering import InstrumentRenderer

RATES = (22_050, 44_100)
STARTS = (15.0, 20.0, 25.0, 30.0, 35.0, 40.0)


@pytest.fixture(scope="module")
def corpus(deam_layout):
    return read_deam(deam_layout.root)


@pytest.fixture(scope="module")
def prepared(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    return prepare_corpus(corpus, folder, workers=0), open_prepared(folder)


def decoded(path):
    """The samples of a file, mono; opened so that macOS's file beside it does not confuse libsndfile."""
    audio, rate = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32", always_2d=True)
    return audio.mean(axis=1), rate


def windows(path, starts=STARTS, **options):
    return list(read_windows(path, starts, 5.0, RATES, **options))


# Windows


@pytest.mark.parametrize(("song", "rate"), [(2, 44_100), (3, 22_050), (1001, 44_100)])
def test_windows_are_the_samples_of_decoding_from_the_beginning(deam_layout, song, rate):
    path = deam_layout.audio / f"{song}.mp3"
    whole, _ = decoded(path)
    for window in windows(path):
        first = round(window.start * rate)
        assert window.rate == rate
        assert window.begin == window.start
        np.testing.assert_allclose(window.audio, whole[first : first + 5 * rate], atol=1e-6)


@pytest.mark.parametrize(("song", "rate"), [(4, 22_050), (10, 44_100)])
def test_other_rates_are_resampled_as_librosa_does(deam_layout, song, rate):
    path = deam_layout.audio / f"{song}.mp3"
    whole, _ = librosa.load(path, sr=rate)
    for window in windows(path)[:5]:
        first = round(window.start * rate)
        assert window.rate == rate
        # The very first samples are a beginning to the one and amid the song to the other.
        np.testing.assert_allclose(window.audio[100:-100], whole[first + 100 : first + 5 * rate - 100], atol=2e-4)


@pytest.mark.parametrize(("rate", "native"), [(16_000, 22_050), (22_050, 22_050), (32_000, 44_100), (48_000, 44_100)])
def test_the_native_rate_is_the_oracles(rate, native):
    from orchestra_deam.oracle import DeamCNN

    assert native_rate(rate, RATES) == native == DeamCNN().native_rate(rate)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_other_formats_give_the_same_samples(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, music(7, 22_050, 1, 66.0), 22_050)
    whole, rate = decoded(path)
    for window in windows(path, (*STARTS, 45.0, 50.0, 60.0)):  # more than one block
        first = round(window.start * rate)
        np.testing.assert_allclose(window.audio, whole[first : first + 110_250], atol=1e-6)


@pytest.mark.parametrize(("quality", "most"), [(0.0, 330_000), (0.7, 64_000), (0.9, 40_000)])
def test_mp3_of_any_bit_rate_gives_the_same_samples(tmp_path, quality, most):
    path = tmp_path / "a.mp3"
    soundfile.write(path, music(7, 22_050, 2, 66.0), 22_050, format="MP3", bitrate_mode="CONSTANT", compression_level=quality)
    assert path.stat().st_size * 8 / 66 < most
    whole, rate = decoded(path)
    for window in windows(path, (*STARTS, 45.0, 50.0, 60.0)):
        first = round(window.start * rate)
        np.testing.assert_allclose(window.audio, whole[first : first + 110_250], atol=1e-6)


def test_a_last_window_that_is_cut_short_ends_with_the_audio(deam_layout):
    path = deam_layout.audio / "4.mp3"  # 44.6 s at 16 kHz
    end = librosa.get_duration(path=path)
    last = windows(path)[-1]
    assert last.start == 40.0
    assert last.begin + 5.0 == pytest.approx(end, abs=1e-3)
    padded = windows(path, short="pad")[-1]
    assert padded.begin == 40.0
    assert np.abs(padded.audio[-round((44.99 - end) * 22_050) :]).max() == 0
    np.testing.assert_allclose(
        padded.audio[: -round((45 - end) * 22_050)], last.audio[-len(padded.audio) + round((45 - end) * 22_050) :]
    )
    dropped = windows(path, short="drop")[-1]
    assert isinstance(dropped, LeftOut)
    assert f"ends at {end:.2f} s" in dropped.reason


def test_a_window_that_lacks_more_than_a_second_is_left_out(tmp_path):
    soundfile.write(tmp_path / "a.wav", music(1, 22_050, 1, 33.0), 22_050)
    found = windows(tmp_path / "a.wav")
    assert [isinstance(window, LeftOut) for window in found] == [False, False, False, True, True, True]
    assert found[3].reason == "the audio ends at 33.00 s"


def test_long_songs_are_read_in_bounded_memory(tmp_path):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 22_050, 2) as file:
        for _ in range(20):
            file.write(music(1, 22_050, 2, 30.0))
    starts = [5.0 * index for index in range(119)]
    tracemalloc.start()
    count = sum(len(window.audio) == 110_250 for window in read_windows(path, starts, 5.0, RATES))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 119
    assert most < 30e6  # the whole would be 106 MB


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"", "empty file of 0 bytes"), (b"<html>not found</html>" * 50, "could not be read as audio")],
)
def test_files_that_are_no_audio_are_named(tmp_path, content, message):
    path = tmp_path / "x.mp3"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioFileError, match=message):
        windows(path)


def test_samples_that_are_not_finite_are_refused(tmp_path):
    audio = music(1, 22_050, 1, 45.0)
    audio[22_050 * 30] = np.nan
    soundfile.write(tmp_path / "a.wav", audio, 22_050, subtype="FLOAT")
    with pytest.raises(AudioFileError, match="NaN or infinite"):
        windows(tmp_path / "a.wav")


# Features


@pytest.mark.parametrize("rate", RATES)
def test_features_are_the_front_ends(rate):
    clips = [music(seed, rate, 1, 5.0)[:, 0] for seed in (1, 2, 3)]
    # A strong partial leaves the others near the floor, where single precision shows first.
    clips.append(np.sin(2 * np.pi * 440 * np.arange(5 * rate) / rate).astype(np.float32))
    found = MelFeatures().compute(clips, rate)["mel"].astype(np.float32)
    exact = FrontEnd().decibels(torch.from_numpy(np.stack(clips)), rate).numpy()
    assert found.shape == (4, 128, 431)
    np.testing.assert_allclose(found, exact, atol=0.05)  # float16 resolves 0.03 dB at -80 dB


def test_features_are_librosas(deam_layout, prepared):
    audio, _ = decoded(deam_layout.audio / "2.mp3")
    clip = audio[20 * 44_100 : 25 * 44_100]
    mel = librosa.feature.melspectrogram(y=clip, sr=44_100, n_fft=2048, hop_length=512, n_mels=128, fmax=8000)
    rows = prepared[1].clips.query("song == '2' and start == 20").index
    np.testing.assert_allclose(prepared[1].features(rows)["mel"][0], librosa.power_to_db(mel, ref=np.max), atol=0.05)


def test_audio_can_be_kept_in_the_place_of_features(corpus, deam_layout, tmp_path):
    one = replace(corpus, clips=tuple(clip for clip in corpus.clips if clip.song == "3"))
    prepare_corpus(one, tmp_path, PreparationSettings(features="audio"), workers=0)
    opened = open_prepared(tmp_path)
    whole = soundfile.read(deam_layout.audio / "3.mp3", dtype="float32")[0]
    np.testing.assert_allclose(opened.features([1])["audio"][0], whole[20 * 22_050 : 25 * 22_050], atol=3e-4)


def test_unknown_settings_are_refused():
    for options in ({"features": "mfcc"}, {"short": "stretch"}):
        with pytest.raises(ParameterError, match="expected"):
            PreparationSettings(**options)
    with pytest.raises(ParameterError, match="'mfcc'"):
        make_features("mfcc")


# The corpus


def test_every_clip_has_its_features_and_labels(corpus, prepared):
    report, opened = prepared
    assert (report.songs, report.clips, report.missing) == (len(SONGS), len(corpus.clips), ())
    labels = {(clip.song, clip.start): (clip.arousal, clip.valence) for clip in corpus.clips}
    for row in opened.clips.itertuples():
        assert (row.arousal, row.valence) == pytest.approx(labels[row.song, row.start])
        features = opened.load(row.file, "mel")[row.row]
        assert features.shape == (128, 431)
        assert features.max() == 0
        assert features.min() >= -80
    assert opened.arrays == ("mel",)
    assert opened.features(range(3))["mel"].shape == (3, 128, 431)


def test_the_manifest_says_what_it_is(prepared):
    manifest = prepared[1].manifest
    assert (manifest["songs"], manifest["left_out"]) == (len(SONGS), 0)
    assert manifest["corpus"]["scale"] == "va"
    assert "PLoS ONE" in manifest["corpus"]["citation"]
    assert manifest["settings"]["features"] == "mel"
    assert set(manifest["versions"]) == {"orchestra-music", "numpy", "torch", "soundfile"}
    assert set(manifest["labels"]) == {"arousal", "valence"}


def test_processes_make_the_same_bytes(corpus, prepared, tmp_path):
    prepare_corpus(corpus, tmp_path, workers=2)
    ours = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.npy"))
    assert len(ours) == len(SONGS)
    for path in ours:
        assert (tmp_path / path).read_bytes() == (prepared[1].folder / path).read_bytes()
    assert (tmp_path / "clips.csv").read_text() == (prepared[1].folder / "clips.csv").read_text()


def test_an_interrupted_preparation_goes_on_where_it_stopped(corpus, prepared, tmp_path):
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_corpus(corpus, tmp_path, workers=0, progress=stop)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert len(made) == 3
    with pytest.raises(UsageError, match=r"manifest\.json is missing"):
        open_prepared(tmp_path)
    with (tmp_path / "journal.jsonl").open("a") as journal:
        journal.write('{"song": "10", "vari')  # killed while it wrote
    seen = []
    report = prepare_corpus(corpus, tmp_path, workers=0, progress=lambda *counts: seen.append(counts))
    assert report.resumed == 3
    assert seen == [(3, 6), (4, 6), (5, 6), (6, 6)]
    assert all(path.stat().st_mtime_ns == time for path, time in made.items())
    assert (tmp_path / "clips.csv").read_text() == (prepared[1].folder / "clips.csv").read_text()
    assert not list(tmp_path.rglob("*.part"))


def test_features_that_were_lost_or_cut_are_made_again(corpus, tmp_path):
    prepare_corpus(corpus, tmp_path, workers=0)
    first, second = sorted(tmp_path.rglob("*.npy"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:1000])
    report = prepare_corpus(corpus, tmp_path, workers=0)
    assert report.resumed == len(SONGS) - 2
    assert second.stat().st_size > 1000


def test_other_labels_of_the_same_windows_need_no_new_features(deam_layout, corpus, tmp_path):
    prepare_corpus(corpus, tmp_path, workers=0)
    later = read_deam(deam_layout.root, DeamLabels(lag=2.0))
    report = prepare_corpus(later, tmp_path, workers=0)
    assert report.resumed == len(SONGS)
    assert report.clips == len(later.clips) < len(corpus.clips)
    opened = open_prepared(tmp_path)
    assert opened.clips["arousal"].iloc[0] == pytest.approx(later.songs()[opened.clips["song"].iloc[0]][0].arousal)


def test_other_settings_need_another_folder(corpus, tmp_path):
    one = replace(corpus, clips=corpus.clips[:1])
    prepare_corpus(one, tmp_path, workers=0)
    with pytest.raises(ConfigurationError, match="use another folder"):
        prepare_corpus(one, tmp_path, PreparationSettings(short="pad"), workers=0)


def test_unreadable_files_are_reported_and_stop_nothing(deam_layout, tmp_path):
    root = tmp_path / "deam"
    shutil.copytree(deam_layout.root, root)
    audio = root / "DEAM_audio" / "MEMD_audio"
    (audio / "2.mp3").write_bytes(b"")
    (audio / "3.mp3").write_bytes(b"<html>404</html>" * 100)
    (audio / "4.mp3").unlink()
    soundfile.write(audio / "10.mp3", np.zeros(45 * 22_050), 22_050, format="MP3")
    report = prepare_corpus(read_deam(root), tmp_path / "out", workers=2)
    assert report.songs == 2
    reasons = {missing.song: missing.reason for missing in report.missing}
    assert "0 bytes" in reasons["2"]
    assert "could not be read as audio" in reasons["3"]
    assert reasons["4"] == "there is no audio file"
    assert reasons["10"] == "there is only silence"
    assert len((tmp_path / "out" / "left_out.csv").read_text().splitlines()) == 1 + 1 + 1 + 1 + 6
    # What was mended is read the next time.
    shutil.copy(deam_layout.audio / "2.mp3", audio / "2.mp3")
    assert prepare_corpus(read_deam(root), tmp_path / "out", workers=0).songs == 3


def test_a_file_cut_off_gives_the_windows_before_the_cut(deam_layout, tmp_path):
    root = tmp_path / "deam"
    shutil.copytree(deam_layout.root, root)
    path = root / "DEAM_audio" / "MEMD_audio" / "2.mp3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    corpus = read_deam(root)
    one = replace(corpus, clips=tuple(clip for clip in corpus.clips if clip.song == "2"))
    report = prepare_corpus(one, tmp_path / "out", workers=0)
    assert report.clips == 3
    assert [missing.start for missing in report.missing] == [30.0, 35.0, 40.0]
    assert "ends at 30" in report.missing[0].reason


@dataclass(frozen=True)
class Deadly:
    """Ends the process it is worked on in, or gives its number."""

    number: int


def work(job: Deadly) -> str:
    if job.number == 3:
        os._exit(1)  # as a fault in a decoder would
    return f"done {job.number}"


def test_a_job_that_kills_its_process_is_named_and_the_others_are_done():
    results = sorted(run_jobs(work, [Deadly(number) for number in range(12)], 2, lambda job: f"died {job.number}"))
    assert results == sorted([*(f"done {number}" for number in range(12) if number != 3), "died 3"])


def test_arrays_are_written_row_by_row_and_appear_when_complete(tmp_path):
    writer = ArrayWriter(tmp_path / "a" / "x.npy")
    rows = np.arange(24, dtype=np.float16).reshape(6, 2, 2)
    for part in (rows[:4], rows[4:5], rows[5:]):
        writer.append(part)
        assert not writer.path.exists()
    size = writer.close()
    np.testing.assert_array_equal(np.load(writer.path), rows)
    assert writer.path.stat().st_size == size
    abandoned = ArrayWriter(tmp_path / "a" / "y.npy")
    abandoned.append(rows)
    abandoned.abandon()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.npy"]


def test_notes_are_played_in_variants_with_the_labels_of_their_piece(vgmidi_folder, tmp_path):
    corpus = read_vgmidi_corpus(vgmidi_folder)
    two = replace(corpus, clips=corpus.clips[:2])
    renderer = InstrumentRenderer(build("instrument", "piano_adsr").component)
    settings = PreparationSettings(variants=2, windows=2, seed=1)
    report = prepare_corpus(two, tmp_path / "a", settings, renderers=[renderer], workers=0)
    assert (report.songs, report.missing) == (2, ())
    clips = open_prepared(tmp_path / "a").clips
    assert set(clips["variant"]) == {"piano-0", "piano-1"}
    assert clips.groupby(["song", "variant"]).size().tolist() == [2, 2, 2, 2]
    assert set(clips["arousal"]) == {clip.arousal for clip in two.clips}
    prepare_corpus(two, tmp_path / "b", settings, renderers=[renderer], workers=0)
    for path in (tmp_path / "a" / "features").rglob("*.npy"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    with pytest.raises(ParameterError, match="a renderer that plays them"):
        prepare_corpus(two, tmp_path / "c", settings, workers=0)


def test_versions_of_a_rendering_differ_in_pitch_alone(vgmidi_folder, tmp_path):
    corpus = read_vgmidi_corpus(vgmidi_folder)
    two = replace(corpus, clips=corpus.clips[:2])
    assert [clip.group for clip in two.clips] == ["Banjo-Kazooie", "Chrono Trigger"]  # to learn from, and held out
    renderer = InstrumentRenderer(build("instrument", "piano_adsr").component)
    settings = PreparationSettings(features="audio", variants=2, windows=2, seed=1, versions=True)
    prepare_corpus(two, tmp_path, settings, renderers=[renderer], workers=0)
    opened = open_prepared(tmp_path)
    assert opened.clips.groupby("version").size().to_dict() == {"": 8, "parallel": 4, "semitone": 4}
    clips = opened.clips[opened.clips["group"] == "Banjo-Kazooie"]
    places = {version: own.set_index(["variant", "start"]).sort_index() for version, own in clips.groupby("version")}
    assert places[""].index.equals(places["semitone"].index)
    assert places[""].index.equals(places["parallel"].index)
    # The pieces are broken chords of C or E major: the parallel mode moves the third alone.
    assert (places[""]["mode"] >= 0).all()
    pitches = {version: heard(opened, own.iloc[:1]) for version, own in places.items()}
    assert pitches["semitone"] == pytest.approx(pitches[""] + 1, abs=0.3)


def heard(opened, clip):
    """The strongest pitch of the first second of a clip, as a MIDI number."""
    audio = opened.load(clip["file"].iloc[0], "audio")[clip["row"].iloc[0]].astype(np.float32)[2000:20_000]
    strongest = np.argmax(np.abs(np.fft.rfft(audio * np.hanning(len(audio))))) * 22_050 / len(audio)
    return 69 + 12 * np.log2(strongest / 440)


def test_a_third_is_lowered_in_the_parallel_minor_near_its_window_alone():
    from orchestra_deam.midi import NoteTable
    from orchestra_deam.parallel import Key
    from orchestra_deam.preparation.sources import _parallel

    onset = np.arange(0.0, 20.0, 1.0)
    notes = NoteTable(np.full(20, 64.0), onset, np.ones(20), np.ones(20))
    changed = _parallel(notes, np.array([0.0, 12.0]), [Key(0, True, 1.0), Key(4, True, 1.0)])
    assert changed.pitch[:5].tolist() == [63.0] * 5  # the third of C
    assert changed.pitch[12:].tolist() == [64.0] * 8  # the tonic of E


def test_every_front_end_can_be_prepared(corpus, tmp_path):
    from orchestra_deam.front_ends import FRONT_ENDS

    assert set(FEATURES) == {*FRONT_ENDS, "audio"}
    one = replace(corpus, clips=tuple(clip for clip in corpus.clips if clip.song == "3")[:2])
    prepare_corpus(one, tmp_path, PreparationSettings(features="cues"), workers=0)
    opened = open_prepared(tmp_path)
    assert opened.arrays == ("cues",)
    cues = opened.features([0, 1])["cues"]
    assert cues.dtype == np.float32
    window = windows(corpus.folder / one.clips[0].source, (15.0, 20.0))[1]
    expected = FRONT_ENDS["cues"]("auto").arrays(torch.from_numpy(window.audio.copy())[None], window.rate)["cues"]
    np.testing.assert_allclose(cues[1], expected[0].numpy(), rtol=1e-4, atol=1e-4)


def test_a_folder_of_another_format_is_refused(corpus, prepared, tmp_path):
    shutil.copytree(prepared[1].folder, tmp_path / "old")
    manifest = tmp_path / "old" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(UsageError, match=r"format 1, expected 2; run `orchestra deam prepare`"):
        open_prepared(tmp_path / "old")
    assert prepare_corpus(corpus, tmp_path / "old", workers=0).resumed == len(SONGS)
    assert len(open_prepared(tmp_path / "old").clips) == len(corpus.clips)


def test_damaged_features_are_named(prepared):
    opened = prepared[1]
    with pytest.raises(UsageError, match="are damaged"):
        opened.load("none.npy", "mel")
    assert json.loads((opened.folder / "settings.json").read_text())["corpus"] == "deam"
    assert Path(opened.clips["file"].iloc[0]).suffix == ".npy"

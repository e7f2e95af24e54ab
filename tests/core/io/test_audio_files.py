"""Reading and writing of audio files."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

from orchestra_core.contracts.oracle import window_starts
from orchestra_core.contracts.resample import resample
from orchestra_core.errors import AudioFileError, ParameterError
from orchestra_core.io.audio import audio_info, read_audio, stream_windows, write_wav


def tone(seconds, rate, frequency=440.0):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32) * 0.5


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.wav", "PCM_16"), ("a.flac", "PCM_24"), ("a.wav", "FLOAT"), ("a.aiff", "PCM_24")]
)
def test_lossless_formats_are_read_as_soundfile_reads_them(tmp_path, name, subtype):
    soundfile.write(tmp_path / name, tone(0.3, 16_000), 16_000, subtype=subtype)
    audio, rate = read_audio(tmp_path / name)
    expected, _ = soundfile.read(tmp_path / name, dtype="float32")
    assert rate == 16_000 and audio.dtype == torch.float32
    np.testing.assert_array_equal(audio[0].numpy(), expected)


@pytest.mark.parametrize(
    ("name", "form", "subtype"), [("a.mp3", "MP3", "MPEG_LAYER_III"), ("a.ogg", "OGG", "VORBIS"), ("b.ogg", "OGG", "OPUS")]
)
def test_lossy_formats_keep_the_pitch_and_level_of_a_tone(tmp_path, name, form, subtype):
    rate = 48_000
    soundfile.write(tmp_path / name, tone(1.0, rate, 1000.0), rate, format=form, subtype=subtype)
    audio, read_rate = read_audio(tmp_path / name)
    assert read_rate == rate and abs(audio.shape[1] - rate) < 3_000
    middle = audio[0, rate // 4 : 3 * rate // 4].numpy()
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(1000, abs=3)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_channels_are_averaged(tmp_path):
    left, right = tone(0.1, 8_000), tone(0.1, 8_000, 660.0)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 8_000, subtype="FLOAT")
    audio, _ = read_audio(tmp_path / "a.wav")
    np.testing.assert_allclose(audio[0].numpy(), (left + right) / 2, atol=1e-7)


def test_reading_at_another_rate_equals_resampling_the_whole(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1.0, 22_050), 22_050, subtype="FLOAT")
    audio, rate = read_audio(tmp_path / "a.wav", 44_100)
    expected = resample(read_audio(tmp_path / "a.wav")[0], 22_050, 44_100)
    assert rate == 44_100
    torch.testing.assert_close(audio, expected, atol=1e-6, rtol=0)


def test_info_says_what_the_file_is_without_reading_it(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((4_000, 2)), 8_000, subtype="PCM_16")
    info = audio_info(tmp_path / "a.wav")
    assert (info.sample_rate, info.channels, info.frames, info.format, info.duration) == (8_000, 2, 4_000, "WAV PCM_16", 0.5)


def written(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


def bad_files(folder):
    soundfile.write(folder / "none.wav", np.zeros(0), 8_000)
    soundfile.write(folder / "nan.wav", np.array([0.0, np.nan, 0.0]), 8_000, subtype="FLOAT")
    soundfile.write(folder / "inf.wav", np.array([np.inf, 0.0]), 8_000, subtype="DOUBLE")
    (folder / "folder.wav").mkdir()
    return {
        "does not exist": folder / "missing.wav",
        "is a directory": folder / "folder.wav",
        "empty file of 0 bytes": written(folder, "empty.wav", b""),
        "could not be read as audio": written(folder, "text.wav", b"not audio at all" * 10),
        "holds no samples": folder / "none.wav",
        "NaN or infinite samples, first at 0.000 s": folder / "nan.wav",
        "NaN or infinite": folder / "inf.wav",
        "could not be opened": folder / ("x" * 300 + ".wav"),
    }


@pytest.mark.parametrize("reason", range(8))
def test_a_bad_file_is_named_with_what_was_seen_and_what_was_expected(tmp_path, reason):
    said, path = list(bad_files(tmp_path).items())[reason]
    with pytest.raises(AudioFileError) as caught:
        read_audio(path)
    assert said in str(caught.value) and str(path) in str(caught.value) and "expected" in str(caught.value)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_truncated_file_is_read_in_part_or_refused_and_never_a_traceback(tmp_path, name, share):
    soundfile.write(tmp_path / name, tone(2.0, 44_100), 44_100)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    try:
        audio, _ = read_audio(tmp_path / name)
    except AudioFileError as error:
        assert name in str(error)
    else:
        assert 0 < audio.shape[1] <= 2 * 44_100 and torch.isfinite(audio).all()


def test_damaged_bytes_are_read_in_part_or_refused_and_never_a_traceback(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        soundfile.write(tmp_path / name, tone(0.5, 22_050), 22_050)
        whole = np.frombuffer((tmp_path / name).read_bytes(), dtype=np.uint8)
        for _ in range(15):
            damaged = whole.copy()
            damaged[generator.integers(0, len(whole), 20)] = generator.integers(0, 256, 20)
            (tmp_path / name).write_bytes(damaged.tobytes())
            try:
                audio, _ = read_audio(tmp_path / name)
                assert audio.shape[1] > 0
            except AudioFileError as error:
                assert name in str(error)


def whole_windows(path, window, hop, rate):
    audio, _ = read_audio(path, rate)
    length = round(window * rate)
    starts = window_starts(audio.shape[1], length, max(round(hop * rate), 1))
    return starts, torch.stack([audio[0, start : start + length] for start in starts])


@pytest.mark.parametrize(("seconds", "window", "hop", "chunk", "rate"), [
    (47.3, 5.0, 5.0, 8, 8_000),
    (47.3, 5.0, 1.3, 3, 8_000),
    (47.3, 5.0, 9.0, 2, 8_000),
    (45.0, 5.0, 5.0, 4, 8_000),
    (47.3, 5.0, 2.5, 8, 11_025),
    (47.3, 25.0, 0.7, 5, 6_000),
    (5.0, 5.0, 1.0, 8, 8_000),
    (2.0, 5.0, 1.0, 8, 16_000),
])  # fmt: skip
def test_streamed_windows_equal_those_of_the_whole_recording(tmp_path, seconds, window, hop, chunk, rate):
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, round(seconds * 8_000))
    soundfile.write(tmp_path / "a.wav", noise, 8_000, subtype="FLOAT")
    streamed = list(stream_windows(tmp_path / "a.wav", window, hop, chunk, rate))
    starts, expected = whole_windows(tmp_path / "a.wav", window, hop, rate)
    assert [start for windows in streamed for start in windows.start] == starts
    assert all(len(windows.start) <= chunk + 1 for windows in streamed)
    torch.testing.assert_close(torch.cat([windows.audio for windows in streamed]), expected, atol=2e-6, rtol=0)


_MEASURE = """
import resource, sys
from orchestra_core.io.audio import stream_windows
def peak(path):
    count = sum(len(windows.start) for windows in stream_windows(path, 5.0, 5.0, 4))
    return count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
short, long = peak(sys.argv[1]), peak(sys.argv[2])
sys.stdout.write(f"{long[0]} {long[1] - short[1]}")
"""


def test_streaming_a_long_recording_takes_memory_of_a_few_windows_only(tmp_path):
    for name, half_minutes in (("short.wav", 2), ("long.wav", 60)):
        with soundfile.SoundFile(tmp_path / name, "w", 8_000, 1, subtype="PCM_16") as file:
            for _ in range(half_minutes):
                file.write(np.tile(tone(1.0, 8_000), 30))
    command = [sys.executable, "-c", _MEASURE, str(tmp_path / "short.wav"), str(tmp_path / "long.wav")]
    windows, kilobytes = map(int, subprocess.run(command, capture_output=True, check=True).stdout.split())
    assert windows == 360
    assert kilobytes < 30_000  # the whole recording is 58 MB as float32


@pytest.mark.parametrize("arguments", [(0.0, 1.0), (1.0, 0.0), (1.0, -1.0), (1.0, float("nan"))])
def test_windows_of_no_length_are_refused(tmp_path, arguments):
    with pytest.raises(ParameterError, match="expected positive"):
        next(stream_windows(tmp_path / "a.wav", *arguments))


def test_a_written_file_is_24_bit_mono_and_within_half_a_step_of_the_samples(tmp_path):
    samples = np.random.default_rng(0).uniform(-1, 1, 5_000).astype(np.float32)
    write_wav(tmp_path / "a.wav", samples, 44_100)
    info = audio_info(tmp_path / "a.wav")
    assert (info.format, info.channels, info.sample_rate) == ("WAV PCM_24", 1, 44_100)
    back, _ = soundfile.read(tmp_path / "a.wav", dtype="float64")
    assert np.abs(back - samples).max() <= 0.5 / 2**23 + 1e-12


def test_full_scale_is_written_without_wrapping(tmp_path):
    write_wav(tmp_path / "a.wav", np.array([1.0, -1.0, 1 + 5e-7]), 8_000)
    back, _ = soundfile.read(tmp_path / "a.wav", dtype="float64")
    np.testing.assert_allclose(back, [1, -1, 1], atol=2 / 2**23)


def test_the_same_samples_give_the_same_bytes(tmp_path):
    audio = torch.from_numpy(tone(0.2, 8_000))[None]
    first, second = write_wav(tmp_path / "a.wav", audio, 8_000), write_wav(tmp_path / "b.wav", audio, 8_000)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("audio", "said"), [
    (np.array([0.0, 1.2]), "1.6 dB over full scale"),
    (np.array([0.0, np.nan]), "NaN"),
    (np.zeros(0), "shape"),
    (np.zeros((2, 10)), "mono"),
])  # fmt: skip
def test_audio_that_cannot_be_written_faithfully_is_refused(tmp_path, audio, said):
    with pytest.raises(ParameterError, match=said):
        write_wav(tmp_path / "a.wav", audio, 8_000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
def test_an_mp3_longer_than_a_block_is_what_it_is_in_one_piece(tmp_path, rate):
    noise = np.random.default_rng(7).standard_normal(45 * rate)
    path = tmp_path / "long.mp3"
    soundfile.write(path, 0.1 * noise, rate, format="MP3", compression_level=0.99)
    whole, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(read_audio(path)[0][0].numpy(), whole, atol=1e-6)

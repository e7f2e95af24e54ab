"""Listening to recordings of any length."""

import numpy as np
import pytest
import soundfile
import torch
from small_oracles import Brightness, Refusing, WholeClip

from orchestra_core.errors import AudioFileError, ParameterError
from orchestra_core.io.audio import read_audio
from orchestra_core.listening import listen

RATE = 16_000


@pytest.fixture
def recording(tmp_path):
    def write(seconds, rate=RATE, name="a.wav"):
        time = np.arange(round(seconds * rate)) / rate
        sweep = 0.5 * np.sin(2 * np.pi * (200 * time + 30 * time**2))
        soundfile.write(tmp_path / name, sweep, rate, subtype="PCM_16")
        return tmp_path / name

    return write


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0, 7.3, 45.2])
@pytest.mark.parametrize("rate", [16_000, 8_000, 22_050])
def test_the_mean_is_the_oracles_reading_of_the_whole(recording, seconds, rate):
    path, oracle = recording(seconds, rate), Brightness()
    audio, _ = read_audio(path)
    expected = {name: float(value) for name, value in oracle.read(audio, rate).items()}
    assert listen(path, oracle).mean == pytest.approx(expected, rel=1e-5)


def test_the_mean_of_one_clip_is_exactly_the_oracles_reading(recording):
    path, oracle = recording(1.0), Brightness()
    audio, rate = read_audio(path)
    assert listen(path, oracle).mean == {name: float(value) for name, value in oracle.read(audio, rate).items()}


@pytest.mark.parametrize("hop", [0.3, 1.0, 2.5])
def test_readings_over_time_are_the_oracles_windows_of_the_whole(recording, hop):
    path, oracle = recording(23.4), Brightness()
    audio, rate = read_audio(path)
    expected, heard = oracle.read_windows(audio, rate, hop), listen(path, oracle, hop)
    np.testing.assert_allclose(heard.start, expected.start.numpy())
    np.testing.assert_allclose(heard.end, expected.end.numpy())
    np.testing.assert_allclose(heard.values["brightness"], expected.values["brightness"][0].numpy(), rtol=1e-5)
    assert heard.mean["brightness"] == pytest.approx(heard.values["brightness"].mean(), rel=1e-5)


def test_a_rising_sweep_reads_brighter_and_brighter(recording):
    heard = listen(recording(20.0), Brightness())
    assert (np.diff(heard.values["brightness"]) > 0).all()
    assert heard.duration == pytest.approx(20.0) and heard.padding == 0


def test_zeros_appended_to_a_short_recording_are_reported(recording):
    heard = listen(recording(0.4), Brightness())
    assert heard.padding == pytest.approx(0.6)
    assert (heard.duration, heard.start.tolist(), heard.end.tolist()) == (0.4, [0.0], [0.4])


def test_an_oracle_that_refuses_short_audio_refuses_the_file_by_name(recording):
    with pytest.raises(AudioFileError, match=r"short\.wav: Refusing was given 0\.40 s"):
        listen(recording(0.4, name="short.wav"), Refusing())


def test_an_oracle_of_any_length_reads_windows_of_five_seconds(recording):
    heard = listen(recording(12.0), WholeClip())
    assert heard.start.tolist() == [0.0, 5.0, 7.0] and heard.padding == 0
    assert listen(recording(3.0), WholeClip()).end.tolist() == [3.0]


def test_progress_is_told_in_seconds_up_to_the_end(recording):
    seen = []
    listen(recording(30.0), Brightness(), progress=seen.append)
    assert seen == sorted(seen) and len(seen) >= 3 and seen[-1] == pytest.approx(30.0)


def test_listening_builds_no_graph_and_leaves_gradients_on(recording):
    class Tracing(Brightness):
        tracked = None

        def _read(self, clips, sample_rate):
            type(self).tracked = torch.is_grad_enabled()
            return super()._read(clips, sample_rate)

    listen(recording(1.0), Tracing())
    assert Tracing.tracked is False and torch.is_grad_enabled()


@pytest.mark.parametrize("hop", [0.0, -1.0, float("nan")])
def test_a_hop_that_does_not_advance_is_refused(recording, hop):
    with pytest.raises(ParameterError, match="expected positive"):
        listen(recording(2.0), Brightness(), hop)

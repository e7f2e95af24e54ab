"""Features are computed once, kept in a file, and are those that the oracle computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly
from timbre_data import tone

from orchestra_core import write_wav
from orchestra_core.errors import AudioFileError, UsageError
from orchestra_timbre.corpus import prepare, read_clip
from orchestra_timbre.models import make_model
from orchestra_timbre.sounds import Sound, of_split, read_sounds


@pytest.fixture(scope="module")
def sounds(tones_folder):
    return of_split(read_sounds(tones_folder), "test")


def test_a_corpus_holds_what_the_front_end_gives_and_labels_over_100(sounds, tmp_path):
    model = make_model("log_mel")
    corpus = prepare(sounds, model, tmp_path)
    assert corpus.features.shape == (8, 192, 63)
    expected = model.front_end(read_clip(sounds[2].file)[None])[0]
    np.testing.assert_allclose(corpus.features[2], expected, atol=4e-3)  # half precision
    np.testing.assert_allclose(corpus.labels[2], np.array(sounds[2].labels) / 100, rtol=1e-6)


def test_the_published_networks_keep_the_waveform(sounds, tmp_path):
    corpus = prepare(sounds, make_model("small"), tmp_path)
    assert corpus.features.dtype == np.float32
    np.testing.assert_array_equal(corpus.features[1], read_clip(sounds[1].file))


def test_features_that_are_there_are_not_computed_again(sounds, tmp_path):
    calls = []
    for _ in range(2):
        prepare(sounds, make_model("log_mel"), tmp_path, lambda done, total: calls.append((done, total)))
    assert calls == [(8, 8)]
    prepare(sounds[:3], make_model("log_mel"), tmp_path, lambda done, total: calls.append((done, total)))
    assert calls[1:] == [(3, 3)]
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_features_are_mapped_and_not_loaded(sounds, tmp_path):
    assert isinstance(prepare(sounds, make_model("small"), tmp_path).features, np.memmap)


def test_batches_follow_the_order_that_is_asked_for(sounds, tmp_path):
    corpus = prepare(sounds, make_model("small"), tmp_path)
    order = torch.tensor([5, 0, 3])
    batches = list(corpus.batches(order, 2))
    assert [len(labels) for _, labels in batches] == [2, 1]
    assert torch.equal(torch.cat([labels for _, labels in batches]), corpus.labels[order])
    np.testing.assert_array_equal(batches[1][0][0], corpus.features[3])


def test_a_clip_is_the_first_second_at_16_khz(tmp_path):
    audio = resample_poly(tone(300), 441, 160)
    write_wav(tmp_path / "long.wav", np.concatenate([audio, audio]) * 0.9, 44_100)
    clip = read_clip(tmp_path / "long.wav")
    assert clip.shape == (16_000,)
    np.testing.assert_allclose(clip[100:-100], 0.9 * tone(300)[100:-100], atol=2e-3)
    write_wav(tmp_path / "short.wav", tone(300)[:1_000], 16_000)
    short = read_clip(tmp_path / "short.wav")
    assert short[:1_000].abs().max() > 0.1
    assert torch.equal(short[1_000:], torch.zeros(15_000))


def test_nothing_to_prepare_and_unreadable_files_are_refused(tmp_path):
    with pytest.raises(UsageError, match="There are no sounds"):
        prepare((), make_model("small"), tmp_path)
    (tmp_path / "broken.wav").write_bytes(b"nothing")
    with pytest.raises(AudioFileError):
        prepare((Sound(tmp_path / "broken.wav", "a", (1.0,) * 7),), make_model("small"), tmp_path)
    assert not list(tmp_path.glob("*.npy"))

"""The feature cache is complete, resumable, the same in any number of processes, and stops for no bad piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orchestra_core.errors import ConfigurationError, UsageError
from orchestra_core.registry import build
from orchestra_deam.features import Preparation, prepare
from orchestra_deam.rendering import InstrumentRenderer
from orchestra_deam.vgmidi import read_vgmidi

SETTINGS = Preparation(variants=2, windows=2, seed=1)


@pytest.fixture(scope="module")
def renderer():
    return InstrumentRenderer(build("instrument", "piano_adsr").component)


@pytest.fixture(scope="module")
def pieces(vgmidi_folder):
    return read_vgmidi(vgmidi_folder)[:3]


@pytest.fixture(scope="module")
def prepared(pieces, renderer, tmp_path_factory):
    return prepare(pieces, [renderer], tmp_path_factory.mktemp("cache"), SETTINGS, workers=0)


def test_every_piece_is_rendered_in_every_variant(prepared, pieces):
    assert len(prepared.renderings) == 6
    assert {(r.piece, r.variant) for r in prepared.renderings} == {(piece, variant) for piece in pieces for variant in (0, 1)}
    for rendering in prepared.renderings:
        windows = rendering.load()
        assert windows.shape == (2, 128, 431)
        assert windows.dtype == np.float16
        assert windows.max() == 0
        assert windows.min() >= -80


def test_features_are_those_of_the_front_end(prepared, renderer):
    from orchestra_deam.front_end import FrontEnd
    from orchestra_deam.midi import read_notes

    first = prepared.renderings[0]
    starts = [0.0]
    clip = renderer.clips(read_notes(first.piece.midi), np.array(starts), np.random.default_rng(0), varied=False)
    fresh = FrontEnd().decibels(clip, 22_050)[0].numpy()
    cached = first.load()[0].astype(np.float32)
    # Another window of the same even melody: the same notes, so nearly the same mean spectrum.
    assert np.corrcoef(fresh.mean(1), cached.mean(1))[0, 1] > 0.95


def test_processes_make_the_same_features(prepared, pieces, renderer, tmp_path):
    parallel = prepare(pieces, [renderer], tmp_path, SETTINGS, workers=2)
    for ours, theirs in zip(prepared.renderings, parallel.renderings, strict=True):
        np.testing.assert_allclose(ours.load().astype(np.float32), theirs.load().astype(np.float32), atol=0.07)


def test_an_interrupted_preparation_goes_on_where_it_stopped(pieces, renderer, tmp_path):
    calls = []

    def stop_after_three(done, total):
        calls.append((done, total))
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(pieces, [renderer], tmp_path, SETTINGS, workers=0, progress=stop_after_three)
    calls.clear()
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert len(made) == 3
    prepare(pieces, [renderer], tmp_path, SETTINGS, workers=0, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(4, 6), (5, 6), (6, 6)]
    assert all(path.stat().st_mtime_ns == time for path, time in made.items())
    assert not list(tmp_path.rglob("*.part"))


def test_a_bad_piece_is_reported_and_stops_nothing(pieces, renderer, tmp_path):
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"MThd")
    prepared = prepare([replace(pieces[0], name="bad", midi=bad), pieces[1]], [renderer], tmp_path / "cache", SETTINGS, workers=0)
    assert {rendering.piece.name for rendering in prepared.renderings} == {pieces[1].name}
    assert {name for name, _ in prepared.failures} == {"bad"}
    assert "bad.mid" in prepared.failures[0][1]


def test_a_cache_made_with_other_settings_is_refused(prepared, pieces, renderer):
    folder = prepared.renderings[0].path.parents[1]
    with pytest.raises(ConfigurationError, match="use another folder"):
        prepare(pieces, [renderer], folder, replace(SETTINGS, windows=5), workers=0)


def test_damaged_features_are_named(prepared, tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(prepared.renderings[0].path.read_bytes()[:5000])
    with pytest.raises(UsageError, match=r"a\.npy are damaged"):
        replace(prepared.renderings[0], path=path).load()

"""Pieces on instruments and in files: who plays what, what MIDI keeps, and how a whole composition of 16 s goes."""

import mido
import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Pipeline
from orchestra_core.io.midi import read_midi, write_midi
from orchestra_core.io.midi_grid import quantized
from orchestra_ensemble import BandScore
from orchestra_ensemble.routing import route
from orchestra_percussion import PatternScore, Percussion
from orchestra_piano import PianoAdsr
from orchestra_song import RulesScore, SongScore
from orchestra_song.checks import gates

ALL = ("melody", "harmony", "bass", "pad", "drums")
AS_WRITTEN = {"name": "staged", "config": {"search": 0, "stages": [{"name": "none", "groups": ["all"], "steps": 0}]}}


def write(source, seed=0, duration=16.0, choice=None):
    brief = Brief(Canvas(duration=duration), {}, torch.tensor([seed]))
    return source.write(brief, choice or {}, np.random.default_rng(seed))


def test_a_piano_and_drums_share_a_piece_and_named_voices_play_their_parts():
    score = write(SongScore(parts=ALL))
    heard = {
        name: {note.part.name for note in own.notes}
        for name, own in route(score, {"keys": PianoAdsr(), "kit": Percussion()}).items()
    }
    assert heard == {"keys": {"melody", "harmony", "bass", "pad"}, "kit": {"drums"}}
    own = route(score, {"rest": PianoAdsr(), "melody": PianoAdsr(), "bass": PianoAdsr(), "drums": Percussion()})
    assert {name: {note.part.name for note in part.notes} for name, part in own.items()} == {
        "melody": {"melody"},
        "bass": {"bass"},
        "rest": {"harmony", "pad"},
        "drums": {"drums"},
    }


def test_a_pattern_follows_a_song_in_a_band_and_the_band_lasts_as_long():
    band = BandScore(sources={"piano": SongScore(), "drums": PatternScore()})
    score = write(band)
    assert band.duration == SongScore().duration == 16.0
    assert score.tempo == pytest.approx(write(SongScore()).tempo, rel=0.01)
    hits = [note.onset for note in score.notes if note.part.drums]
    step = 15 / score.tempo
    assert max(abs(onset / step - round(onset / step)) for onset in hits) < 1e-6


@pytest.mark.parametrize("metre", ["4/4", "3/4", "6/8"])
@pytest.mark.parametrize("mode", ["lydian", "dorian", "minor", "mixture"])
def test_a_file_keeps_the_piece(tmp_path, metre, mode):
    for seed in range(3):
        score = write(SongScore(parts=ALL, key="Eb", humanise=0.025), seed, choice={"metre": metre, "mode": mode})
        back = read_midi(write_midi(tmp_path / "a.mid", score, quantize=True))
        expected, found = (
            sorted(one.notes, key=lambda note: (round(note.onset * score.tempo / 15), note.pitch, note.part.name))
            for one in (quantized(score), back)
        )
        assert [(n.pitch, n.part) for n in found] == [(n.pitch, n.part) for n in expected]
        tick = 60 / score.tempo / 480
        np.testing.assert_allclose([n.onset for n in found], [n.onset for n in expected], atol=tick)
        np.testing.assert_allclose([n.duration for n in found], [n.duration for n in expected], atol=1.01 * tick)
        np.testing.assert_allclose([n.velocity for n in found], [n.velocity for n in expected], atol=0.5 / 127 + 1e-9)
        assert (back.key, back.metre) == (score.key, score.metre)
        assert back.tempo == pytest.approx(score.tempo, rel=1e-5)
        assert not [name for name, gate in gates(back).items() if not gate.passed]


def test_a_file_lies_on_the_grid_of_its_bars(tmp_path):
    file = mido.MidiFile(write_midi(tmp_path / "a.mid", write(SongScore(humanise=0.025)), quantize=True))
    for track in file.tracks[1:]:
        ticks = np.cumsum([message.time for message in track])
        assert all(t % 120 == 0 for t, m in zip(ticks, track, strict=True) if m.type == "note_on")
    assert [track.name for track in file.tracks[1:]] == ["harmony", "melody", "bass"]


def test_the_whole_path_composes_16_seconds_and_leaves_a_piece_that_passes_every_gate(tmp_path):
    quick = {
        "name": "staged",
        "config": {"stages": [{"name": "touch", "groups": ["dynamics", "timbre"], "steps": 2}], "search": 2},
    }
    result = Pipeline(score="song", schedule=quick).compose("sad", seed=3, directory=tmp_path / "sad")
    assert (result.canvas.duration, len(result.audio)) == (16.0, 16 * 44_100)
    assert {note.part.name for note in result.notes.notes} == {"melody", "harmony", "bass"}
    assert not [name for name, gate in gates(result.notes).items() if not gate.passed]
    assert not [name for name, gate in gates(read_midi(tmp_path / "sad" / "notes.mid")).items() if not gate.passed]
    assert np.abs(result.audio[-50:]).max() < 0.01 < np.abs(result.audio[:44_100]).max()


def test_rules_in_an_ensemble_write_from_the_request_of_a_word():
    band = {"name": "rules", "config": {"key": "C", "parts": ["melody", "harmony", "bass", "drums"]}}
    pipeline = Pipeline(instrument="ensemble", score=band, schedule=AS_WRITTEN)
    sad, happy = (pipeline.compose(word, seed=1, duration=8.0).notes for word in ("sad", "happy"))
    assert (sad.key, happy.key) == ("C minor", "C major")
    assert {note.part.name for note in happy.notes} == {"melody", "harmony", "bass", "drums"}
    assert RulesScore().duration == 16.0

"""An arranged piece: each of its parts is played by the voice of its name, and what is not there costs nothing."""

from dataclasses import replace

import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Part, Pipeline, Score, build
from orchestra_core.testing import check_component

CANVAS = Canvas(duration=2.0, sample_rate=22_050, level="as_is")
ALL = ("melody", "harmony", "bass", "pad", "drums")
PITCHES = {"melody": 72, "harmony": 60, "bass": 40, "pad": 64, "drums": 38}
#: Nothing is moved: results are where parameters start.
AS_WRITTEN = {"name": "staged", "config": {"search": 0, "stages": [{"name": "as written", "groups": ["all"], "steps": 0}]}}


def arranged(*parts):
    notes = [Note(PITCHES[name], 0.3 * i, 1.0, part=Part(name, drums=name == "drums")) for i, name in enumerate(parts)]
    return Score(tuple(notes))


def parameters_of(*parts, cues=None):
    hints = {name: torch.tensor([size]) for name, size in (cues or {}).items()}
    brief = Brief(CANVAS, {}, torch.tensor([1]), (arranged(*parts),), cues=hints)
    return {p.name: p for p in build("instrument", "ensemble").component.parameters(brief)}


@pytest.mark.parametrize(
    ("parts", "voices"),
    [
        (("melody",), {"piano"}),
        (("melody", "harmony", "bass"), {"piano", "bass"}),
        (("melody", "pad"), {"piano", "pad"}),
        (("harmony", "drums"), {"piano", "drums"}),
        (ALL, {"piano", "bass", "pad", "drums"}),
    ],
)
def test_there_are_parameters_of_the_voices_that_the_parts_need_and_of_no_others(parts, voices):
    names = parameters_of(*parts)
    assert {name.removeprefix("mix.") for name in names if name.startswith("mix.")} == voices
    assert {name.split(".")[0] for name in names} == voices | {"mix"}


def test_each_part_is_played_by_the_voice_of_its_name_and_the_rest_by_the_piano():
    played = {
        name.split(".")[0]: p.initial.tolist() for name, p in parameters_of(*ALL).items() if name.endswith((".pitch", ".drum"))
    }
    assert played["piano"] == [[72.0, 60.0]]
    assert played["bass"] == [[40.0]] and played["pad"] == [[64.0]]
    sound = build("instrument", "ensemble").component.stems(
        {name: p.initial for name, p in parameters_of(*ALL).items()}, Brief(CANVAS, {}, torch.tensor([1]), (arranged(*ALL),))
    )
    assert list(sound) == ["piano melody", "piano harmony", "bass", "pad", "drums"]
    assert all(float(stem.abs().max()) > 0.01 for stem in sound.values())


def test_an_optimisation_moves_no_layer_off_the_beat_of_a_score_that_has_one():
    score = replace(arranged(*ALL), microtiming=0.01)
    brief = Brief(CANVAS, {}, torch.tensor([1]), (score,))
    ensemble = build("instrument", "ensemble").component
    parameters = {p.name: p for p in ensemble.parameters(brief)}
    assert {name for name, p in parameters.items() if p.group == "timing" and not p.fixed} == {
        *(f"{voice}.shift" for voice in ("piano", "bass", "pad", "drums")),
        *(f"{voice}.duration" for voice in ("piano", "bass", "pad")),
    }
    late = {name: p.initial + p.upper if name.endswith(".shift") else p.initial for name, p in parameters.items()}
    (played,) = ensemble.notes(late, CANVAS)
    written = {note.pitch: note.onset for note in score.notes}
    away = {note.part.name: note.onset - written[note.pitch] for note in played.notes}
    assert away == {name: pytest.approx(0.013 if name == "drums" else 0.01, abs=1e-6) for name in away}


def test_the_hints_of_a_word_reach_every_voice():
    plain, angry = parameters_of(*ALL), parameters_of(*ALL, cues={"brightness": 0.5, "attack": 0.5, "roughness": 1.0})
    moved = {name for name, p in angry.items() if not torch.equal(p.initial, plain[name].initial)}
    voices = ("bass", "pad")
    assert moved == {"piano.brightness", "piano.attack"} | {
        f"{voice}.{cue}" for voice in voices for cue in ("brightness", "attack", "roughness")
    }


def test_a_song_of_five_parts_is_composed_by_name_with_a_track_and_a_stem_for_each(tmp_path):
    import mido

    score = {"name": "song", "config": {"key": "D", "parts": list(ALL), "modes": ["major"], "bars": 2, "tempo": 120.0}}
    pipeline = Pipeline(instrument="ensemble", score=score, schedule=AS_WRITTEN)
    result = pipeline.compose("happy", seed=1, stems=True, directory=tmp_path / "piece")
    assert {path.stem for path in (tmp_path / "piece" / "stems").iterdir()} == {
        "piano_melody",
        "piano_harmony",
        "bass",
        "pad",
        "drums",
    }
    file = mido.MidiFile(tmp_path / "piece" / "notes.mid")
    assert {track.name for track in file.tracks if track.name} == set(ALL)
    torch.testing.assert_close(torch.as_tensor(sum(result.stems.values())), torch.as_tensor(result.audio), rtol=0, atol=1e-4)


def test_voices_that_double_a_piano_conform():
    config = {"voices": {"piano": "piano_adsr", "bass": "bass", "pad": "pad"}, "doubles": ["bass", "pad"]}
    report = check_component({"name": "ensemble", "config": config}, "instrument")
    assert report.ok, str(report)

"""Loops and stems from the request to the files: what is asked, what is refused, and what sums to the piece."""

import json
import struct

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Instrument, Note, Parameter, Part, Pipeline, Score
from orchestra_core.cli.compose import compose
from orchestra_core.errors import ContractError, IncompatibleError
from orchestra_core.io.audio import audio_info, read_audio
from orchestra_core.pipeline.export import export_stems
from orchestra_core.pipeline.finishing import describe_loop
from orchestra_core.pipeline.settings import Settings, load_settings
from orchestra_core.registry import get_registry
from orchestra_core.runs.files import stem_files

CANVAS = Canvas(duration=1.5, sample_rate=8_000)
MELODY, BASS = Part("melody"), Part("Bass (low)", 32)
SCORE = Score(
    (Note(72, 0.1, 0.4, part=MELODY), Note(48, 0.5, 0.5, part=BASS), Note(74, 1.2, 0.4, part=MELODY)), tempo=120.0, metre=(3, 4)
)


class Strings(Instrument):
    """Decaying sines, whose brightness is their level."""

    capabilities = frozenset({"differentiable", "notes", "rate_free"})

    def _parameters(self, brief):
        notes = brief.notes()
        return (
            Parameter("level", "dynamics", torch.full((len(brief),), 0.5), "1", 0.0, 1.0, "How loud"),
            Parameter("onset", "score", notes.onset, fixed=True),
            Parameter("pitch", "score", notes.pitch, fixed=True),
            Parameter("mask", "score", notes.mask, fixed=True),
        )

    def _render(self, values, canvas):
        time = torch.arange(canvas.samples) / canvas.sample_rate
        since = (time - values["onset"][..., None]).clamp_min(0.0)
        tone = torch.sin(2 * np.pi * 440 * 2 ** ((values["pitch"][..., None] - 69) / 12) * since) * torch.exp(-4 * since)
        return values["level"][:, None] * 0.3 * (values["mask"][..., None] * tone).sum(dim=1)

    def _stems(self, values, brief):
        return {name: self._render({**values, "mask": own}, brief.canvas) for name, own in brief.parts().items()}


@pytest.fixture
def pipeline(registry):
    schedule = {"name": "descent", "config": {"steps": 2}}
    return Pipeline(registry=registry, instrument=Strings(), score=SCORE, schedule=schedule)


ASK = {"targets": {"centroid": 0.1}, "canvas": CANVAS}


def test_stems_have_the_names_of_the_parts_and_sum_to_the_piece(pipeline):
    result = pipeline.compose(**ASK, stems=True)
    assert list(result.stems) == ["melody", "Bass (low)"]
    assert np.abs(sum(result.stems.values()) - result.audio).max() < 1e-6
    assert np.abs(result.stems["Bass (low)"][: round(0.49 * 8_000)]).max() < 1e-9 < np.abs(result.stems["melody"]).max()


def test_stems_change_nothing_of_the_piece_and_are_not_there_unasked(pipeline):
    without, with_stems = pipeline.compose(**ASK), pipeline.compose(**ASK, stems=True)
    assert not without.stems
    assert np.array_equal(without.audio, with_stems.audio)


@pytest.mark.parametrize("loop", [False, True])
def test_the_files_of_stems_sum_to_the_file_of_the_piece(pipeline, tmp_path, loop):
    pipeline.compose(**ASK, stems=True, loop=loop, directory=tmp_path / "run")
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert said["item"]["stems"] == {"melody": "stems/melody.wav", "Bass (low)": "stems/Bass_low.wav"}
    assert said["recipe"]["stems"] is True
    parts = [read_audio(tmp_path / "run" / file)[0] for file in said["item"]["stems"].values()]
    assert float((sum(parts) - read_audio(tmp_path / "run" / "audio.wav")[0]).abs().max()) < 1e-4


def test_an_instrument_without_parts_has_one_stem(registry):
    result = Pipeline(registry=registry).compose(**ASK, stems=True, budget=2)
    assert list(result.stems) == ["mix"]
    assert np.array_equal(result.stems["mix"], result.audio)


def test_stems_that_do_not_sum_to_the_piece_are_refused(pipeline):
    class Forgets(Strings):
        def _stems(self, values, brief):
            return {"melody": super()._stems(values, brief)["melody"]}

    with pytest.raises(ContractError, match=r"stems of Forgets \(melody\) sum to something .* away from the whole"):
        pipeline.replace(instrument=Forgets()).compose(**ASK, stems=True)


@pytest.mark.parametrize("stems", [{}, {"a": torch.zeros(1, 3)}, {"a": torch.full((1, CANVAS.samples), torch.nan)}])
def test_stems_of_the_wrong_kind_are_refused(stems):
    class Wrong(Strings):
        def _stems(self, values, brief):
            return stems

    brief = Brief(CANVAS, {}, torch.tensor([1]), scores=(SCORE,))
    with pytest.raises(ContractError, match="Wrong"):
        Wrong().stems({p.name: p.initial for p in Wrong().parameters(brief)}, brief)


def test_stems_that_would_exceed_full_scale_are_softer_all_together_and_that_is_said():
    tone = torch.tensor([[2.0, -1.0]])
    stems, said = export_stems({"a": tone, "b": 0.1 - tone}, torch.tensor([1.5]))
    assert max(float(stem.abs().max()) for stem in stems.values()) == pytest.approx(1.0)
    total = sum(stems.values())
    torch.testing.assert_close(total, torch.full_like(total, 0.15 / 3.0))
    assert said == ("The stems are 9.5 dB softer than the piece: one of them would exceed full scale by itself.",)


def test_parts_get_different_files_whatever_their_names():
    files = stem_files(["Lead 2", "Lead", "lead", "../lead", "Pad/Strings", "\N{MUSIC SHARP SIGN}"])
    assert len({file.lower() for file in files.values()}) == 6
    assert all(file.startswith("stems/") and file.count("/") == 1 for file in files.values())


def test_what_rings_at_the_end_of_a_loop_is_heard_at_its_beginning(pipeline):
    plain, loop = pipeline.compose(**ASK), pipeline.compose(**ASK, loop=True)
    assert not np.abs(plain.audio[: round(0.09 * 8_000)]).any()
    early = loop.audio[: round(0.09 * 8_000)]
    last = plain.audio[-round(0.02 * 8_000) :]
    assert np.abs(early).max() > 0.5 * np.abs(last).max() > 0
    bend = np.abs(np.diff(np.concatenate([loop.audio, loop.audio]), 2))
    seam, inside = bend[CANVAS.samples - 2 : CANVAS.samples].max(), np.abs(np.diff(loop.audio, 2)).max()
    assert seam <= inside


def test_the_readings_of_a_loop_are_those_of_what_is_wrapped(pipeline):
    result = pipeline.compose(**ASK, loop=True)
    heard = pipeline.parts.objective.read(torch.from_numpy(result.audio)[None], 8_000)
    assert result.readings["centroid"] == pytest.approx(float(heard["centroid"]), rel=1e-4)


@pytest.mark.parametrize(
    ("duration", "said"), [(1.5, ""), (3.0, ""), (2.0, r"1.33 bars of its score (3/4, tempo 120); 1 would last 1.5 s")]
)
def test_a_loop_that_is_no_whole_number_of_bars_is_said_with_what_would_be(pipeline, duration, said):
    messages = pipeline.compose(targets={"centroid": 0.1}, duration=duration, loop=True).messages
    assert any("bars" in message for message in messages) == bool(said)
    assert not said or any(said in message for message in messages)


def test_the_advised_duration_of_a_loop_is_long_enough_for_its_bars():
    bar = 4 * 60 / 115.0
    score = Score((Note(60, 0.0, 8 * bar),), tempo=115.0)
    for asked in (16.0, 17.0):
        (message,) = describe_loop(torch.zeros(1, 8_000), Brief(Canvas(asked, 8_000), {}, torch.tensor([1]), scores=(score,)))
        advised = float(message.split("would last ")[1].split(" s")[0])
        assert 0 <= advised - 8 * bar < 0.001


def test_a_loop_whose_score_ends_before_it_is_said_with_the_bars_that_would_fit(pipeline):
    messages = pipeline.compose(targets={"centroid": 0.1}, duration=4.5, loop=True).messages
    gap = "The score ends 2.9 s before its loop of 4.5 s does, and nothing is played there; 2 bars would last 3 s (--duration)."
    assert gap in messages


def test_a_rest_within_the_last_bar_of_a_loop_is_the_score_s_own():
    score = Score((Note(60, 0.0, 2.5),), tempo=60.0)
    assert describe_loop(torch.zeros(1, 8_000), Brief(Canvas(4.0, 8_000), {}, torch.tensor([1]), scores=(score,))) == ()


def test_a_tail_that_is_cut_is_said(pipeline):
    class Endless(Strings):
        def _render(self, values, canvas):
            return super()._render(values, canvas) + 0.01 * torch.cos(torch.arange(canvas.samples) / 30)

    messages = pipeline.replace(instrument=Endless()).compose(**ASK, loop=True).messages
    assert any("still sounds 5 s after its end" in message for message in messages)


def test_a_loop_of_what_plays_no_notes_is_refused_before_anything_is_written(registry, tmp_path):
    with pytest.raises(IncompatibleError, match="Tone plays no notes"):
        Pipeline(registry=registry).compose(**ASK, loop=True, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_file_of_a_loop_marks_it_for_samplers(pipeline, tmp_path):
    pipeline.compose(**ASK, loop=True, directory=tmp_path / "loop")
    pipeline.compose(**ASK, directory=tmp_path / "once")
    content = (tmp_path / "loop" / "audio.wav").read_bytes()
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    position = 12
    chunks = {}
    while position < len(content):
        name, size = struct.unpack("<4sI", content[position : position + 8])
        chunks[name] = content[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    loops, kind, first, last = (struct.unpack("<15I", chunks[b"smpl"])[i] for i in (7, 10, 11, 12))
    assert (loops, kind, first, last) == (1, 0, 0, CANVAS.samples - 1)
    assert audio_info(tmp_path / "loop" / "audio.wav").frames == CANVAS.samples
    assert b"smpl" not in (tmp_path / "once" / "audio.wav").read_bytes()


def test_a_folder_makes_its_loop_and_stems_again(registry, tmp_path):
    (tmp_path / "a.mid").write_bytes(_midi())
    settings = Settings(pipeline={"instrument": "piano_adsr", "score": str(tmp_path / "a.mid")}, budget=2)
    asked = settings.with_options(word="calm", duration=1.0, loop=True, stems=True)
    asked.perform(get_registry(), tmp_path / "first")
    load_settings(tmp_path / "first").perform(get_registry(), tmp_path / "again")
    names = sorted(path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*.wav"))
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def _midi():
    import io

    import mido

    file = mido.MidiFile(type=1)
    for channel, pitch in ((0, 72), (1, 50)):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=f"part {channel}")])
        track += [
            mido.Message("note_on", channel=channel, note=pitch, velocity=80, time=0),
            mido.Message("note_off", channel=channel, note=pitch, time=240),
        ]
        file.tracks.append(track)
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def test_the_command_knows_loops_and_stems():
    options = {option.name for option in compose.params}
    assert {"loop", "stems", "variations", "loudness"} <= options

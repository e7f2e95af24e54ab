"""An ensemble is the sum of its voices at their levels, with their parameters, groups and notes under their names."""

import pytest
import torch

from orchestra_core import Brief, Canvas, Dimension, Instrument, Note, Oracle, Parameter, Part, Pipeline, Score
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_ensemble import Ensemble
from orchestra_percussion import Percussion
from orchestra_piano import PianoAdsr

CANVAS = Canvas(duration=1.0, sample_rate=16_000, level="as_is")
DRUMS = Part("drums", drums=True)
KEYS = (Note(60, 0.1, 0.3), Note(64, 0.4, 0.3))
BEATS = (Note(36, 0.0, 0.1, part=DRUMS), Note(42, 0.5, 0.1, part=DRUMS))
TOGETHER = Score((*KEYS, *BEATS), tempo=90.0)


def duo(**gains):
    return Ensemble(voices={"piano": PianoAdsr(), "drums": Percussion()}, gains=gains)


def brief_of(*scores):
    return Brief(CANVAS, {}, torch.arange(1, len(scores) + 1), scores)


def values_of(instrument, brief):
    return {p.name: p.initial for p in instrument.parameters(brief)}


class Hum(Instrument):
    """A tone that needs no score, has no gradient and holds for one rate only."""

    def _parameters(self, brief):
        return (Parameter("level", "timbre", torch.full((len(brief),), 0.5), "1", 0.0, 1.0, "Level"),)

    def _render(self, values, canvas):
        return values["level"][:, None] * torch.sin(torch.arange(canvas.samples) / 10)

    def _finish(self, values, canvas):
        return 2 * self._render(values, canvas)


def test_the_sound_is_the_sum_of_the_voices():
    ensemble, brief = duo(), brief_of(TOGETHER)
    mixed = ensemble.render(values_of(ensemble, brief), CANVAS)
    alone = [
        voice.render(values_of(voice, brief_of(Score(notes))), CANVAS)
        for voice, notes in ((PianoAdsr(), KEYS), (Percussion(), BEATS))
    ]
    torch.testing.assert_close(mixed, sum(alone), atol=1e-6, rtol=0)


def test_levels_are_decibels_and_start_where_the_configuration_says():
    ensemble, brief = duo(drums=-20.0), brief_of(TOGETHER)
    values = values_of(ensemble, brief)
    assert values["mix.piano"].tolist() == [0.0] and values["mix.drums"].tolist() == [-20.0]
    full = duo().render(values_of(duo(), brief), CANVAS)
    less = ensemble.render(values, CANVAS)
    drums = Percussion().render(values_of(Percussion(), brief_of(Score(BEATS))), CANVAS)
    torch.testing.assert_close(full - less, 0.9 * drums, atol=1e-6, rtol=0)


def test_parameters_have_the_voice_s_name_before_theirs_and_keep_their_groups():
    parameters = {p.name: p for p in duo().parameters(brief_of(TOGETHER))}
    for name, voice in duo().voices.items():
        notes = KEYS if name == "piano" else BEATS
        for own in voice.parameters(brief_of(Score(notes))):
            stated = parameters[f"{name}.{own.name}"]
            assert (stated.group, stated.unit, stated.lower, stated.upper, stated.scale, stated.fixed) == (
                own.group,
                own.unit,
                own.lower,
                own.upper,
                own.scale,
                own.fixed,
            )
    assert parameters["mix.drums"].group == "mix" and parameters["mix.drums"].unit == "dB"


def test_the_notes_of_all_voices_are_told_with_a_part_for_each(tmp_path):
    import mido

    from orchestra_core.io.midi import write_midi

    ensemble, brief = duo(), brief_of(TOGETHER)
    (score,) = ensemble.notes(values_of(ensemble, brief), CANVAS)
    assert [(note.part.name, note.pitch) for note in score.notes] == [
        ("drums", 36.0),
        ("piano", 60.0),
        ("piano", 64.0),
        ("drums", 42.0),
    ]
    file = mido.MidiFile(write_midi(tmp_path / "both.mid", score))
    channels = {
        track.name: {message.channel for message in track if message.type == "note_on"} for track in file.tracks if track.name
    }
    assert channels == {"piano": {0}, "drums": {9}}


def test_a_voice_without_notes_is_left_out_with_all_its_parameters():
    parameters = duo().parameters(brief_of(Score(KEYS)))
    assert not any("drums" in p.name for p in parameters)
    values = {p.name: p.initial for p in parameters}
    piano = PianoAdsr().render(values_of(PianoAdsr(), brief_of(Score(KEYS))), CANVAS)
    torch.testing.assert_close(duo().render(values, CANVAS), piano)


def test_items_that_have_other_voices_are_refused_in_words():
    with pytest.raises(ScoreError, match=r"item 1 has no notes for the voice 'drums'"):
        duo().parameters(brief_of(TOGETHER, Score(KEYS)))


def test_a_score_for_nobody_is_refused_in_words():
    with pytest.raises(ScoreError, match=r"no notes for any voice of the ensemble \(drums\)"):
        Ensemble(voices={"drums": Percussion()}).parameters(brief_of(Score(KEYS)))
    with pytest.raises(ScoreError, match="band"):
        duo().parameters(Brief(CANVAS, {}, torch.tensor([1])))


def test_a_missing_value_is_named_in_full():
    values = values_of(duo(), brief_of(TOGETHER))
    del values["piano.onset"]
    with pytest.raises(ParameterError, match=r"piano\.onset"):
        duo().render(values, CANVAS)


def test_an_ensemble_can_do_what_all_or_any_of_its_voices_can():
    assert duo().capabilities == {"differentiable", "notes", "pitched", "rate_free"}
    assert Ensemble(voices={"piano": PianoAdsr(), "hum": Hum()}).capabilities == {"notes", "pitched"}
    assert Ensemble(voices={"hum": Hum()}).capabilities == frozenset()


def test_a_voice_that_plays_no_notes_sounds_beside_those_that_do_and_is_finished_in_its_own_way():
    ensemble, brief = Ensemble(voices={"piano": PianoAdsr(), "hum": Hum()}), brief_of(Score(KEYS))
    values = values_of(ensemble, brief)
    difference = ensemble.finish(values, CANVAS) - ensemble.render(values, CANVAS)
    torch.testing.assert_close(difference, Hum().render({"level": torch.tensor([0.5])}, CANVAS), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("names", "gains", "match"),
    [
        ((), {}, "no voices"),
        (("mix",), {}, "named 'mix'"),
        (("a.b",), {}, "named 'a.b'"),
        (("piano",), {"flute": 0.0}, "gain of the ensemble is for 'flute'"),
        (("piano",), {"piano": 40.0}, "gain of 'piano' is 40.0 dB"),
    ],
)
def test_names_and_gains_that_cannot_be_used_are_refused_in_words(names, gains, match):
    with pytest.raises(ParameterError, match=match):
        Ensemble(voices={name: PianoAdsr() for name in names}, gains=gains)


def test_a_double_that_is_no_voice_is_refused_in_words():
    with pytest.raises(ParameterError, match="double of the ensemble is for 'flute'"):
        Ensemble(voices={"piano": PianoAdsr()}, doubles=("flute",))


class Balance(Oracle):
    """The level below and above 1 kHz, in dB re each other."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (16_000,)
    dimensions = (Dimension("balance", -40.0, 40.0, "dB"),)

    def _read(self, clips, sample_rate):
        power = torch.fft.rfft(clips).abs().square()
        split = round(1_000 * clips.shape[1] / sample_rate)
        return {"balance": 10 * torch.log10(power[:, split:].sum(1) / power[:, :split].sum(1))}


def test_the_first_stage_of_the_default_schedule_moves_every_voice():
    pipeline = Pipeline(instrument=duo(), oracle=Balance(), score=TOGETHER, schedule="staged")
    result = pipeline.compose(targets={"balance": 4.0}, canvas=CANVAS, budget=25)
    stages = [stage for stage in dict.fromkeys(result.history["stage"]) if stage != "search"]
    assert stages[0] == "expression"
    moved = {p.name for p in result.parameters if not p.fixed and abs(p.final - p.initial).max() > 1e-6}
    assert {"piano.brightness", "drums.noise_centre"} <= moved
    assert result.readings["balance"] == pytest.approx(4.0, abs=2.0)
    assert result.readings["balance"] > float(result.history["reading.balance"].iloc[0])


def test_by_its_name_it_is_piano_and_drums_with_a_score_for_both():
    result = Pipeline(instrument="ensemble").compose("happy", canvas=Canvas(duration=2.0, sample_rate=22_050), budget=2)
    assert {note.part.name for note in result.notes.notes} == {"piano", "drums"}
    assert set(result.choice) >= {"piano.mode", "drums.style"}


def test_voices_are_named_in_a_configuration():
    low = {"name": "piano_adsr", "config": {"partials": 3}}
    config = {"voices": {"low": low, "high": "piano_adsr"}, "gains": {"low": -3.0}, "doubles": ["high"]}
    pipeline = Pipeline(instrument={"name": "ensemble", "config": config}, score=Score(KEYS))
    written = pipeline.parts.plain["instrument"]["config"]
    assert written["voices"]["low"]["config"]["partials"] == 3 and written["gains"] == {"low": -3.0}
    brief = brief_of(Score(KEYS))
    assert values_of(pipeline.parts.instrument, brief)["high.pitch"].tolist() == [[60.0, 64.0]]


def test_an_ensemble_that_can_do_less_is_made_by_its_name_too():
    pipeline = Pipeline(instrument={"name": "ensemble", "config": {"voices": {"drums": "percussion"}}}, score="pattern")
    assert pipeline.parts.instrument.capabilities == {"differentiable", "notes", "rate_free"}

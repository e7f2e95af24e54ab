"""The instrument: drums of a score, kits, what is heard at both ends of every range, and gradients that reach a target."""

import math

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Dimension, Note, Oracle, Part, Pipeline, Score
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_percussion import OneShotScore, Percussion
from orchestra_percussion.controls import CONTROLS
from orchestra_percussion.kits import DRUMS, GENERAL_MIDI, KINDS, drum_of

DRUMS_PART = Part("drums", drums=True)
SECOND = Canvas(duration=1.0, sample_rate=16_000, level="as_is")


def hit(pitch, onset=0.0, velocity=0.9, kit=0):
    return Note(pitch, onset, 0.1, velocity, Part("drums", kit, drums=True))


def brief_of(*scores, canvas=SECOND, seeds=None):
    return Brief(canvas, {}, torch.tensor(seeds or range(1, len(scores) + 1)), tuple(Score(notes) for notes in scores))


def values_of(brief, instrument=None):
    return {p.name: p.initial for p in (instrument or Percussion()).parameters(brief)}


def sound(*notes, canvas=SECOND, seed=1, **changes):
    brief = brief_of(notes, canvas=canvas, seeds=[seed])
    values = values_of(brief)
    values |= {name: torch.full_like(values[name], value) for name, value in changes.items()}
    return Percussion().render(values, canvas)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kit", [0, 1, 2])
def test_a_hit_has_no_offset_no_click_at_its_ends_and_does_not_clip(kind, kit):
    audio = sound(hit(GENERAL_MIDI[kind], kit=kit), canvas=Canvas(duration=1.0, level="as_is"))
    peak = float(audio.abs().max())
    assert 0.03 < peak < 1.2
    assert abs(float(audio.mean())) < 1e-5 * peak
    assert float(audio[-1].abs()) < 1e-5 * peak
    assert float(audio[0].abs()) < 1e-2 * peak


@pytest.mark.parametrize(("duration", "rate"), [(0.001, 44_100), (0.3333, 11_025), (2.5, 4_001), (1.0, 96_000)])
def test_canvases_of_any_length_and_rate_are_filled(duration, rate):
    canvas = Canvas(duration=duration, sample_rate=rate, level="as_is")
    for kind in KINDS:
        audio = sound(hit(GENERAL_MIDI[kind]), canvas=canvas)
        assert audio.shape == (canvas.samples,) and bool(torch.isfinite(audio).all())


@pytest.mark.parametrize("kind", KINDS)
def test_a_hit_is_the_same_at_every_rate(kind):
    spectra = []
    for rate in (16_000, 44_100):
        audio = sound(hit(GENERAL_MIDI[kind], onset=0.1, kit=1), canvas=Canvas(duration=1.0, sample_rate=rate, level="as_is"))
        spectra.append(torch.fft.rfft(audio.double())[:7_000] / rate)
    low, high = spectra
    assert 10 * math.log10(float((low - high).abs().square().sum() / low.abs().square().sum())) < -38


def test_kinds_are_ordered_by_their_spectral_centroid():
    def centroid(kind):
        power = torch.fft.rfft(sound(hit(GENERAL_MIDI[kind]))).abs().square()
        return float((power * torch.arange(len(power))).sum() / power.sum())

    found = {kind: centroid(kind) for kind in KINDS}
    assert found["kick"] < found["tom"] < found["snare"] < found["hat"]
    assert found["kick"] < 150 and found["hat"] > 4_000


def test_every_kind_states_every_control_inside_its_range():
    names = {control.name for control in CONTROLS}
    for preset in KINDS.values():
        assert set(preset) == names
        assert all(control.lower < preset[control.name] < control.upper for control in CONTROLS)


def test_every_drum_of_general_midi_starts_inside_the_ranges():
    for pitch in range(21, 109):
        Percussion().parameters(brief_of((hit(pitch),)))  # the contract refuses a start on a bound
    assert all(drum.kind in KINDS for drum in DRUMS.values())


def test_drums_without_an_entry_are_tuned_by_their_number():
    low, high = drum_of(60), drum_of(72)
    assert high.factors["pitch"] == pytest.approx(2 * low.factors["pitch"])


def test_a_drum_of_a_score_is_a_lane_with_controls_of_its_own():
    brief = brief_of((hit(36), hit(42, 0.25), hit(42, 0.5), hit(38, 0.5)))
    values = values_of(brief)
    assert values["pitch"].shape == (1, 3) and values["amplitude"].shape == (1, 4)
    before = Percussion().render(values, SECOND)[0]
    changed = {**values, "noise_level": values["noise_level"].clone()}
    changed["noise_level"][0, 2] = -60.0  # lanes lie in the order of their note numbers: 36, 38, 42
    after = Percussion().render(changed, SECOND)[0]
    moved = (after - before).abs()
    assert float(moved[:3_990].max()) < 1e-3  # up to the first hat at 0.25 s
    assert float(moved[4_000:].max()) > 0.01


def test_both_ends_of_every_range_and_silence_have_finite_gradients():
    brief = brief_of((hit(36), hit(42, 0.3)))
    parameters = [p for p in Percussion().parameters(brief) if not p.fixed]
    start = values_of(brief)
    ends = [{p.name: getattr(p, end)} for p in parameters for end in ("lower", "upper")]
    silence = dict.fromkeys(("body_level", "noise_level", "click_level"), -60.0) | {"burst_level": -48.0}
    shortest = {p.name: p.lower for p in parameters if p.group == "envelope"}
    for case in (*ends, silence, shortest, {p.name: p.lower for p in parameters}, {p.name: p.upper for p in parameters}):
        leaves = {p.name: torch.full_like(start[p.name], case[p.name]) if p.name in case else start[p.name] for p in parameters}
        leaves = {name: value.clone().requires_grad_() for name, value in leaves.items()}
        audio = Percussion().render({**start, **leaves}, SECOND)
        (audio / audio.abs().max().clamp_min(1e-5)).square().sum().backward()
        bad = [name for name, leaf in leaves.items() if not torch.isfinite(leaf.grad).all()]
        assert not bad, case


def test_kit_0_is_the_same_for_every_seed_and_other_kits_are_seeded():
    def start(kit, seed):
        brief = brief_of((hit(38, kit=kit),), seeds=[seed])
        return torch.stack([p.initial[0, 0] for p in Percussion().parameters(brief) if p.name in {c.name for c in CONTROLS}])

    assert torch.equal(start(0, 1), start(0, 2))
    assert torch.equal(start(3, 1), start(3, 1))
    assert not torch.allclose(start(3, 1), start(3, 2)) and not torch.allclose(start(3, 1), start(4, 1))


def test_without_variation_every_kit_is_the_plain_one():
    brief = brief_of((hit(38, kit=5),), (hit(38),))
    for parameter in Percussion(variation=0.0).parameters(brief):
        if parameter.name in {control.name for control in CONTROLS}:
            torch.testing.assert_close(parameter.initial[0], parameter.initial[1])


def test_a_later_shift_moves_a_hit_and_the_very_first_stays():
    values = values_of(brief_of((hit(37), hit(37, 0.5))))
    late = {**values, "shift": torch.full_like(values["shift"], 0.01)}
    first, second = Percussion().notes(late, SECOND)[0].notes
    assert (first.onset, second.onset) == pytest.approx((0.0, 0.51))
    onsets = []
    for given in (values, late):
        power = Percussion().render(given, SECOND)[0].square()
        onsets.append((int(power[:4_000].argmax()), 4_000 + int(power[4_000:].argmax())))
    assert onsets[1][0] == onsets[0][0]
    assert onsets[1][1] - onsets[0][1] == pytest.approx(160, abs=1)


def test_without_groove_hits_are_fixed_where_they_are_written():
    parameters = {p.name: p for p in Percussion(groove=0.0).parameters(brief_of((hit(36),)))}
    assert parameters["shift"].fixed
    assert "timing" not in {p.group for p in parameters.values() if not p.fixed}


def test_melodic_notes_beside_drums_are_left_out_and_alone_are_taken_as_drums():
    melody = Note(60, 0.2, 0.1)
    assert values_of(brief_of((hit(36), melody)))["drum"].tolist() == [[36.0]]
    assert values_of(brief_of((melody,)))["drum"].tolist() == [[60.0]]


def test_the_notes_it_tells_lie_on_the_drum_channel_with_their_kit(tmp_path):
    import mido

    values = values_of(brief_of((hit(36, kit=24), hit(42, 0.25, 0.5, kit=24))))
    score = Percussion().notes(values, SECOND)[0]
    assert [(note.pitch, note.part.drums, note.part.program) for note in score.notes] == [(36.0, True, 24), (42.0, True, 24)]
    from orchestra_core.io.midi import write_midi

    file = mido.MidiFile(write_midi(tmp_path / "drums.mid", score))
    played = [message for track in file.tracks for message in track if message.type == "note_on"]
    assert {message.channel for message in played} == {9} and [message.note for message in played] == [36, 42]


def test_a_score_without_a_drum_on_the_canvas_is_refused_in_words():
    with pytest.raises(ScoreError, match=r"no drum that starts before the canvas ends, at 1 s"):
        Percussion().parameters(brief_of((hit(36, 2.0),)))
    with pytest.raises(ScoreError, match="one_shot"):
        Percussion().parameters(Brief(SECOND, {}, torch.tensor([1])))


@pytest.mark.parametrize(("name", "value"), [("modes", 0), ("variation", -1.0), ("groove", 0.2), ("quietest", 1.0)])
def test_settings_out_of_range_are_refused_with_their_value(name, value):
    with pytest.raises(ParameterError, match=f"{name} of percussion is {value}"):
        Percussion(**{name: value})


class Centroid(Oracle):
    """The spectral centroid in octaves above 100 Hz."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (16_000,)
    clip_duration = 1.0
    dimensions = (Dimension("centroid", 0.0, 8.0, "octave"),)

    def _read(self, clips, sample_rate):
        power = torch.fft.rfft(clips).abs().square()[:, 1:]
        frequency = torch.arange(1, power.shape[1] + 1, device=clips.device)
        return {"centroid": torch.log2((power * frequency).sum(1) / power.sum(1) / 100)}


def test_a_drum_is_found_from_the_best_starting_point_with_no_score_or_schedule_named():
    pipeline = Pipeline(instrument="percussion", oracle=Centroid())
    assert isinstance(pipeline.parts.score, OneShotScore)
    result = pipeline.compose(targets={"centroid": 4.6}, seed=3, budget=75)
    assert result.canvas.duration == 1.0
    assert len(result.audio) == 44_100 and float(np.abs(result.audio).max()) == pytest.approx(0.9, abs=1e-3)
    assert result.readings["centroid"] == pytest.approx(4.6, abs=0.1)
    assert set(result.choice) == {"kind", "kit"}

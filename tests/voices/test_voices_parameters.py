"""Parameters of bass and pad: where they start, what the hints of a word do to them, notes, stems, and what is refused."""

import dataclasses
import inspect
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import torch
from voice_values import brief_of, sound, values_of

from orchestra_core import Brief, Canvas, Dimension, Note, Oracle, Part, Pipeline, Score
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_voices import Bass, BassConfig, Pad, PadConfig, plugin
from orchestra_voices.controls import CONTROLS

VOICES = {"bass": (Bass, BassConfig), "pad": (Pad, PadConfig)}
CANVAS = Canvas(duration=1.0, sample_rate=22_050, level="as_is")
NOTES = [(45, 0.0, 0.3, 0.7), (48, 0.4, 0.3, 0.6)]
PAGE = (Path(__file__).parents[2] / "docs" / "voices.md").read_text(encoding="utf-8")


def starts(voice, cues=None, items=1):
    parameters = voice.parameters(brief_of(*[NOTES] * items, canvas=CANVAS, cues=cues))
    return {p.name: p.initial for p in parameters if p.name in {control.name for control in CONTROLS}}


@pytest.mark.parametrize("name", VOICES)
def test_controls_start_where_the_configuration_says_with_bounds_units_and_layout_of_the_table(name):
    voice, config = VOICES[name]
    parameters = {p.name: p for p in voice(brightness=-5.0).parameters(brief_of(NOTES))}
    for control in CONTROLS:
        stated = parameters[control.name]
        assert (stated.lower, stated.upper) == getattr(control, name)
        assert (stated.group, stated.unit, stated.scale) == (control.group, control.unit, control.scale)
        expected = -5.0 if control.name == "brightness" else getattr(config(), control.name)
        assert stated.initial.tolist() == [pytest.approx(expected)]


@pytest.mark.parametrize("descriptor", plugin.orchestra_instruments(), ids=lambda d: d.name)
def test_descriptors_and_configurations_are_those_of_the_classes(descriptor):
    module, attribute = descriptor.target.split(":")
    kind = getattr(import_module(module), attribute)
    assert descriptor.capabilities == kind.capabilities
    fields = {f.name: getattr(descriptor.config(), f.name) for f in dataclasses.fields(descriptor.config)}
    taken = {p.name: p.default for p in inspect.signature(kind).parameters.values()}
    assert fields == taken


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"partials": 1}, r"partials of \w+ is 1; expected a value in \[2, 32\]"),
        ({"copies": 4}, "copies of .* is 4; expected 3 or 5"),
        ({"groove": -0.1}, "groove"),
        ({"quietest": 0.95}, "quietest"),
        ({"hardness": 30.0}, "hardness"),
        ({"attack": 9.0}, r"attack of \w+ starts at 9.0 s; expected inside"),
        ({"roughness": 0.0}, "roughness .* starts at 0.0"),
        ({"brightness": float("nan")}, "brightness"),
    ],
)
def test_values_out_of_range_are_refused_in_words(name, wrong, match):
    with pytest.raises(ParameterError, match=match):
        VOICES[name][0](**wrong)


@pytest.mark.parametrize("name", VOICES)
def test_the_hints_of_a_word_move_where_brightness_attack_and_roughness_start(name):
    voice = VOICES[name][0]()
    plain = starts(voice)
    hinted = starts(voice, {"brightness": [0.5], "attack": [0.5], "roughness": [0.5], "level": [1.0]})
    moved = {key for key, start in hinted.items() if not torch.equal(start, plain[key])}
    assert moved == {"brightness", "attack", "roughness"}
    assert float(hinted["brightness"] - plain["brightness"]) == pytest.approx(2.0)
    assert float(hinted["attack"] / plain["attack"]) == pytest.approx(0.5)
    assert float(hinted["roughness"] - plain["roughness"]) == pytest.approx(0.3)


@pytest.mark.parametrize("name", VOICES)
def test_voices_start_brighter_and_sharper_the_more_arousal_is_asked(name):
    found = []
    for arousal in (-0.5, 0.0, 0.5):
        brief = replace(brief_of(NOTES, canvas=CANVAS), requests={"arousal": torch.tensor([arousal])})
        found.append({p.name: float(p.initial) for p in VOICES[name][0]().parameters(brief) if p.initial.shape == (1,)})
    plain = {key: float(start) for key, start in starts(VOICES[name][0]()).items()}
    assert {key: found[1][key] for key in plain} == plain
    assert found[0]["brightness"] < plain["brightness"] < found[2]["brightness"]
    assert found[0]["attack"] > plain["attack"] > found[2]["attack"]
    assert found[0]["roughness"] == found[2]["roughness"] == plain["roughness"]


@pytest.mark.parametrize("name", VOICES)
def test_an_item_without_hints_starts_to_the_bit_where_it_does_without_any_word(name):
    plain, mixed = starts(VOICES[name][0]()), starts(VOICES[name][0](), {"brightness": [0.0, -1.0], "attack": [0.0, 1.0]}, 2)
    assert all(torch.equal(start[:1], plain[key]) for key, start in mixed.items())
    assert mixed["brightness"][1] < mixed["brightness"][0] and mixed["attack"][1] < mixed["attack"][0]


@pytest.mark.parametrize("size", [-1.0, 1.0])
@pytest.mark.parametrize("name", VOICES)
def test_the_strongest_hints_start_inside_the_bounds_and_sound(name, size):
    names = ("brightness", "attack", "roughness")
    voice, brief = VOICES[name][0](), brief_of(NOTES, canvas=CANVAS, cues={key: [size] for key in names})
    values = {p.name: p.initial for p in voice.parameters(brief)}  # the contract refuses a start on a bound
    assert float(voice.render(values, CANVAS).abs().max()) > 0.01


def test_a_pad_hinted_bright_and_sharp_is_brighter_and_begins_faster():
    shared = {"decay": 7.0, "roughness": 0.01}
    plain, hinted = ({**starts(Pad(), cues), **shared} for cues in (None, {"brightness": [1.0], "attack": [1.0]}))
    canvas = Canvas(duration=1.0, sample_rate=22_050)
    dull, bright = (sound(Pad(), NOTES[:1], canvas, **{key: float(v) for key, v in one.items()}) for one in (plain, hinted))
    power = [torch.fft.rfft(torch.as_tensor(audio)).abs().square() for audio in (dull, bright)]
    centroid = [float((p * torch.arange(len(p))).sum() / p.sum()) for p in power]
    assert centroid[1] > 1.2 * centroid[0]
    assert abs(bright[:1_500]).max() > 2 * abs(dull[:1_500]).max()


@pytest.mark.parametrize("name", VOICES)
def test_notes_are_told_where_they_are_played_and_none_before_the_beginning(name):
    voice = VOICES[name][0](groove=0.02)
    values = values_of(voice, NOTES, CANVAS) | {"shift": torch.tensor([[-0.5, 0.75]])}
    (played,) = voice.notes(values, CANVAS)
    assert [(note.pitch, note.onset) for note in played.notes] == [(45, 0.0), (48, pytest.approx(0.415))]
    (still,) = (p for p in VOICES[name][0](groove=0.0).parameters(brief_of(NOTES)) if p.name == "shift")
    assert still.fixed


@pytest.mark.parametrize("name", VOICES)
def test_notes_reach_as_far_as_the_voice_says_else_their_score_else_a_little(name):
    free, bound = Score((Note(45, 0.0, 0.3),)), Score((Note(45, 0.0, 0.3),), microtiming=0.004)
    brief = Brief(CANVAS, {}, torch.tensor([1, 2]), (free, bound))
    for groove, expected in ((None, [0.013, 0.004]), (0.03, [0.03, 0.03])):
        (reach,) = (p for p in VOICES[name][0](groove=groove).parameters(brief) if p.name == "reach")
        assert reach.fixed and reach.initial.tolist() == pytest.approx(expected)


def test_a_stem_is_the_piece_with_the_notes_of_its_part_alone():
    upper, lower, drum = Part("melody"), Part("bass", 32), Part("kit", drums=True)
    notes = (Note(60, 0.0, 0.3, part=upper), Note(40, 0.2, 0.3, part=lower), Note(36, 0.1, 0.1, part=drum))
    brief = Brief(CANVAS, {}, torch.tensor([1, 2]), (Score(notes), Score(notes[:1])))
    voice = Bass()
    values = {p.name: p.initial for p in voice.parameters(brief)}
    stems = voice.stems(values, brief)
    assert list(stems) == ["melody", "bass"] and not stems["bass"][1].any()
    torch.testing.assert_close(sum(stems.values()), voice.finish(values, CANVAS), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", VOICES)
def test_drums_alone_and_a_score_that_begins_too_late_are_refused_in_words(name):
    for note in (Note(36, 0.0, 0.1, part=Part("kit", drums=True)), Note(40, 3.0, 1.0)):
        with pytest.raises(ScoreError, match=f"no pitched note for the {name}"):
            VOICES[name][0]().parameters(Brief(CANVAS, {}, torch.tensor([1]), (Score((note,)),)))


def test_an_item_sounds_the_same_alone_and_beside_others():
    voice, brief = Pad(), brief_of(NOTES, NOTES[:1], canvas=CANVAS)
    values = {p.name: p.initial for p in voice.parameters(brief)}
    both = voice.render(values, CANVAS)
    alone = voice.render({name: value[1:] for name, value in values.items()}, CANVAS)
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-6)


class Centroid(Oracle):
    """Reads the spectral centroid in Hz."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (22_050,)
    dimensions = (Dimension("centroid", 0.0, 500.0, "Hz"),)

    def _read(self, clips, sample_rate):
        power = torch.fft.rfft(clips).abs().square()
        frequency = torch.fft.rfftfreq(clips.shape[1], 1 / sample_rate)
        return {"centroid": (power * frequency).sum(1) / power.sum(1).clamp_min(1e-12)}


@pytest.mark.parametrize(("name", "target"), [("bass", 200.0), ("pad", 300.0)])
def test_a_gradient_leads_to_a_brightness_that_is_asked(name, target):
    score = Score(tuple(Note(*note) for note in NOTES))
    result = Pipeline(instrument=name, oracle=Centroid(), score=score).compose(
        targets={"centroid": target}, canvas=CANVAS, budget=60
    )
    first = float(result.history["reading.centroid"].iloc[0])
    assert abs(first - target) > 50
    assert result.readings["centroid"] == pytest.approx(target, abs=10)


def test_the_page_has_the_table_of_controls_and_where_they_start():
    table = PAGE.partition("<!-- controls -->")[2].partition("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    layouts = {"linear": "even", "log": "ratios"}
    expected = []
    for c in CONTROLS:
        spans = [
            f"{lower:g} to {upper:g}, {getattr(config(), c.name):g}"
            for (lower, upper), (_, config) in zip((c.bass, c.pad), VOICES.values(), strict=True)
        ]
        expected.append([f"`{c.name}`", c.group, c.unit, *spans, layouts[c.scale], c.description])
    assert rows == expected

"""From scores to the piano's parameters, back to notes, and performances of longer scores."""

import math

import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Part, Score
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_piano import Adsr, PianoAdsr, published_envelope

SCORE = Score((Note(60, 0.0, 0.5), Note(64, 1.25, 0.3, 0.6), Note(67, 4.9, 0.05, 1.0)))
GROUPS = {
    "onset": "timing",
    "duration": "timing",
    "amplitude": "dynamics",
    "attack": "envelope",
    "decay": "envelope",
    "sustain": "envelope",
    "release": "envelope",
    "brightness": "timbre",
    "partial_decay": "timbre",
}


def brief_of(*scores, canvas=None):
    return Brief(canvas or Canvas(), {}, torch.arange(len(scores)), scores=scores)


def parameters_of(piano, brief):
    return {parameter.name: parameter for parameter in piano.parameters(brief)}


def initial(piano, brief):
    return {name: parameter.initial for name, parameter in parameters_of(piano, brief).items()}


def test_groups_and_fixed_parameters():
    parameters = parameters_of(PianoAdsr(), brief_of(SCORE, SCORE))
    assert {name: p.group for name, p in parameters.items() if not p.fixed} == GROUPS
    assert {name for name, p in parameters.items() if p.fixed} == {"pitch", "mask"}
    assert {tuple(p.initial.shape) for p in parameters.values()} == {(2, 3), (2,)}


def test_one_partial_has_no_parameters_of_the_spectrum():
    # They would have no effect and take part in every norm of the gradient.
    assert not {"brightness", "partial_decay"} & parameters_of(PianoAdsr(partials=1), brief_of(SCORE)).keys()


def test_notes_start_as_written_but_for_the_margin_of_the_bounds():
    values = initial(PianoAdsr(), brief_of(SCORE))
    assert values["onset"][0].tolist() == pytest.approx([0.0, 1.25, 4.75], abs=0.011)
    assert values["duration"][0].tolist() == pytest.approx([0.5, 0.3, 0.1], abs=0.003)
    assert values["amplitude"][0].tolist() == pytest.approx([0.8, 0.6, 1.0], abs=0.003)


def test_a_start_survives_the_way_to_free_coordinates_and_back():
    for parameter in PianoAdsr().parameters(brief_of(SCORE)):
        if not parameter.fixed:
            back = parameter.to_value(parameter.to_coordinate(parameter.initial))
            torch.testing.assert_close(back, parameter.initial, atol=1e-5, rtol=1e-5)


def test_bounds_follow_from_the_canvas_and_not_from_the_scores():
    early, late = Score((Note(60, 0.1, 0.5),)), Score((Note(60, 4.6, 0.3),))
    bounds = {parameters_of(PianoAdsr(), brief_of(*scores))["onset"].upper for scores in ((early,), (late,), (early, late))}
    assert bounds == {4.75}


def test_published_start_takes_the_score_as_values_before_the_reparameterisation():
    envelope = Adsr(**vars(published_envelope()))
    piano = PianoAdsr(partials=1, envelope=envelope, edges="literal", start="published")
    parameters = parameters_of(piano, brief_of(Score((Note(60, 0.0, 0.3, 0.8), Note(62, 3.5, 0.3, 0.8)))))
    start = {name: parameter.initial[0].tolist() for name, parameter in parameters.items()}

    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    assert parameters["onset"].upper == 4.0
    assert start["onset"] == pytest.approx([4 * sigmoid(0), 4 * sigmoid(3.5)], abs=1e-5)
    assert start["duration"] == pytest.approx([math.log1p(math.exp(0.3)) + 0.1] * 2, abs=1e-5)
    assert start["amplitude"] == pytest.approx([sigmoid(0.8)] * 2, abs=1e-5)
    expected = (0.099 * sigmoid(0.01) + 0.001, 0.49 * sigmoid(0.15) + 0.01, 0.6 * sigmoid(0.7) + 0.3, 0.95 * sigmoid(0.3) + 0.05)
    assert [start[name] for name in ("attack", "decay", "sustain", "release")] == pytest.approx(expected, abs=1e-6)


def test_notes_beyond_the_canvas_are_left_out():
    brief = brief_of(SCORE, canvas=Canvas(duration=2.0))
    assert initial(PianoAdsr(), brief)["mask"].tolist() == [[True, True, False]]


def test_a_score_with_no_note_on_the_canvas_is_refused():
    with pytest.raises(ScoreError, match="item 1"):
        PianoAdsr().parameters(brief_of(SCORE, Score((Note(60, 3.0, 0.5),)), canvas=Canvas(duration=2.0)))


def test_drums_are_not_played_on_a_piano():
    drums = Score((Note(38, 0.1, 0.2, part=Part("drums", drums=True)), Note(60, 0.5, 0.2)))
    assert initial(PianoAdsr(), brief_of(drums, SCORE))["mask"].tolist() == [[False, True, False], [True, True, True]]
    assert not PianoAdsr().perform(drums, Canvas(duration=0.4)).any()


def test_a_brief_without_scores_is_refused():
    with pytest.raises(ScoreError, match="score"):
        PianoAdsr().parameters(Brief(Canvas(), {}, torch.tensor([1])))


def test_notes_are_those_of_the_values_in_order():
    brief = brief_of(SCORE, Score((Note(72, 2.0, 0.4),)))
    values = initial(PianoAdsr(), brief)
    values["onset"] = values["onset"].clone()
    values["onset"][0] = torch.tensor([3.0, 1.0, 5.0])  # the last one is gone
    first, second = PianoAdsr().notes(values, brief.canvas)
    assert [(n.pitch, n.onset) for n in first.notes] == [(64.0, 1.0), (60.0, 3.0)]
    assert [n.pitch for n in second.notes] == [72.0]
    assert first.notes[1].velocity == pytest.approx(0.8)


def test_notes_that_all_moved_off_the_canvas_are_an_error():
    brief = brief_of(SCORE)
    values = initial(PianoAdsr(), brief)
    with pytest.raises(ScoreError, match="item 0"):
        PianoAdsr().notes(values | {"onset": values["onset"] + 10}, brief.canvas)


def test_a_performance_of_a_part_is_that_part_of_the_whole():
    score = Score(tuple(Note(48 + 3 * index, 0.3 * index, 0.5) for index in range(10)))
    piano = PianoAdsr(partials=1)
    # With whole periods of every pitch before the part, the carriers, which run with the canvas, agree as well.
    notes = [Note(69 + 12 * math.log2((200 + 50 * i) / 440), note.onset, 0.5) for i, note in enumerate(score.notes)]
    start, tuned = 1.0, Score(tuple(notes))
    whole = piano.perform(tuned, Canvas(duration=3.0))
    part = piano.perform(tuned, Canvas(duration=1.0), start=start)
    assert (part - whole[44_100:88_200]).abs().max() < 1e-3 * whole.abs().max()
    assert part[:2000].abs().max() > 0.01  # notes that began before it are heard


def test_a_performance_of_silence_is_silent():
    assert not PianoAdsr().perform(SCORE, Canvas(duration=1.0), start=100.0).any()


def test_settings_change_a_performance():
    canvas = Canvas(duration=1.0)
    plain, bright = (PianoAdsr().perform(SCORE, canvas, settings=settings) for settings in (None, {"brightness": -3.0}))
    assert (plain - bright).abs().max() > 0.01


def test_an_unknown_setting_is_refused():
    with pytest.raises(ParameterError, match="loudness"):
        PianoAdsr().perform(SCORE, Canvas(duration=1.0), settings={"loudness": 1.0})


@pytest.mark.parametrize(
    "config",
    (
        {"partials": 0},
        {"edges": "hard"},
        {"start": "now"},
        {"renderer": "slow"},
        {"inharmonicity": -1.0},
        {"alpha": 0.0},
        {"gain": 0.0},
        {"hardness": math.nan},
        {"brightness": -2.0},
        {"partial_decay": 0.0},
    ),
)
def test_values_out_of_range_are_refused_by_name_at_once(config):
    with pytest.raises(ParameterError, match=next(iter(config))):
        PianoAdsr(**config)


def test_no_note_can_be_optimised_away_but_in_the_published_form():
    quiet = brief_of(Score((Note(60, 0.5, 0.2, 0.01),)))
    assert parameters_of(PianoAdsr(), quiet)["amplitude"].lower == 0.2
    assert parameters_of(PianoAdsr(quietest=0.05), quiet)["amplitude"].lower == 0.05
    assert parameters_of(PianoAdsr(start="published"), quiet)["amplitude"].lower == 0.0


def test_a_score_of_drums_alone_is_refused_for_what_it_is():
    drums = Score((Note(38, 0.1, 0.2, part=Part("drums", drums=True)),))
    with pytest.raises(ScoreError, match="All of its notes are on the drum channel"):
        PianoAdsr().parameters(brief_of(drums))

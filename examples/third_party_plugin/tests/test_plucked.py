"""The instrument: what it sounds like, and what an optimisation needs of it."""

import math

import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Score
from orchestra_core.errors import ParameterError
from orchestra_plucked.instrument import Plucked

CANVAS = Canvas(duration=1.5, sample_rate=22_050)
SCORE = Score((Note(60, 0.2, 0.5), Note(64, 0.5, 0.4), Note(67, 0.8, 0.6, 0.4)))


def brief_of(*scores: Score, canvas: Canvas = CANVAS) -> Brief:
    return Brief(canvas, {}, torch.arange(len(scores)), scores=scores)


def values_of(plucked: Plucked, brief: Brief) -> dict[str, torch.Tensor]:
    return {parameter.name: parameter.initial for parameter in plucked.parameters(brief)}


def test_it_is_silent_before_the_first_note_and_loud_after():
    audio = Plucked().render(values_of(Plucked(), brief_of(SCORE)), CANVAS)[0]
    onset = round(0.2 * CANVAS.sample_rate)
    assert audio[:onset].abs().max() == 0
    assert audio[onset : onset + 2_000].abs().max() > 0.05
    assert audio.abs().max() < 1


def test_one_mode_is_a_fading_sine_of_the_right_pitch():
    plucked = Plucked(modes=1, decay=1.0)
    audio = plucked.render(values_of(plucked, brief_of(Score((Note(69, 0.1, 1.2, 0.9),)))), CANVAS)[0].double()
    time = torch.arange(CANVAS.samples, dtype=torch.float64) / CANVAS.sample_rate
    fading = torch.exp(-math.log(1000) * 2 ** (9 / 24) * (time - 0.1))
    expected = 0.25 * 0.9 * fading * torch.sin(2 * math.pi * 440 * time)
    middle = (time > 0.12) & (time < 1.2)
    torch.testing.assert_close(audio[middle], expected[middle], atol=1e-4, rtol=0)


def test_note_edges_do_not_click():
    # A click is broadband: nothing of a string of middle C with one mode may lie far above it.
    plucked = Plucked(modes=1)
    audio = plucked.render(values_of(plucked, brief_of(Score((Note(60, 0.3, 0.2), Note(60, 0.9, 2.0))))), CANVAS)[0]
    power = torch.fft.rfft(audio * torch.hann_window(len(audio))).abs().square()
    frequency = torch.fft.rfftfreq(len(audio), 1 / CANVAS.sample_rate)
    assert power[frequency > 2_000].sum() < 1e-6 * power.sum()


def test_a_string_plucked_in_its_middle_has_no_even_modes():
    plucked = Plucked(modes=4, position=0.4999, brightness=0.999, decay=5.9)
    audio = plucked.render(values_of(plucked, brief_of(Score((Note(69, 0.1, 1.3),)))), CANVAS)[0]
    power = torch.fft.rfft(audio * torch.hann_window(len(audio))).abs().square()
    frequency = torch.fft.rfftfreq(len(audio), 1 / CANVAS.sample_rate)
    first, second, third = (power[(frequency - k * 440).abs() < 20].sum() for k in (1, 2, 3))
    assert second < 1e-4 * first
    assert third > 1e-2 * first / 9


def test_the_sound_is_the_same_at_another_rate():
    score, double = brief_of(SCORE), CANVAS.at(44_100)
    values = values_of(Plucked(), score)
    low, high = Plucked().render(values, CANVAS), Plucked().render(values, double)
    torch.testing.assert_close(high[:, ::2], low, atol=2e-4, rtol=0)


def test_gradients_are_finite_and_reach_every_free_parameter():
    plucked, brief = Plucked(), brief_of(SCORE, Score((Note(50, 0.0, 3.0),)))
    parameters = plucked.parameters(brief)
    leaves = {p.name: p.initial.clone().requires_grad_(not p.fixed and p.initial.is_floating_point()) for p in parameters}
    plucked.render(leaves, CANVAS).square().sum().backward()
    for parameter in parameters:
        if not parameter.fixed:
            gradient = leaves[parameter.name].grad
            assert torch.isfinite(gradient).all() and gradient.abs().sum() > 0, parameter.name


def test_gradients_are_those_of_finite_differences():
    plucked, canvas = Plucked(modes=3), Canvas(duration=0.05, sample_rate=8_000)
    score = Score((Note(60, 0.0103, 0.06, 0.5),))  # edges beside samples: the ramps have corners in their slope
    values = {
        n: v.double() if v.is_floating_point() else v for n, v in values_of(plucked, brief_of(score, canvas=canvas)).items()
    }
    names = ("onset", "duration", "amplitude", "decay", "brightness", "position")

    def render(*moved: torch.Tensor) -> torch.Tensor:
        return plucked.render({**values, **dict(zip(names, moved, strict=True))}, canvas)

    assert torch.autograd.gradcheck(render, tuple(values[name].clone().requires_grad_() for name in names), atol=1e-6)


def test_an_item_sounds_the_same_alone_as_in_a_batch():
    shorter = Score((Note(50, 0.1, 0.3),))
    together = Plucked().render(values_of(Plucked(), brief_of(SCORE, shorter)), CANVAS)
    alone = Plucked().render(values_of(Plucked(), brief_of(shorter)), CANVAS)
    torch.testing.assert_close(together[1:], alone, atol=1e-6, rtol=0)


def test_it_tells_the_notes_it_plays():
    (score,) = Plucked().notes(values_of(Plucked(), brief_of(SCORE)), CANVAS)
    assert [note.pitch for note in score.notes] == [60, 64, 67]
    assert [note.onset for note in score.notes] == pytest.approx([0.2, 0.5, 0.8])
    assert score.notes[0].part.program == 24


@pytest.mark.parametrize("wrong", [{"modes": 0}, {"decay": 9.0}, {"brightness": 1.0}, {"position": 0.01}])
def test_a_start_outside_its_range_is_refused(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Plucked(**wrong)

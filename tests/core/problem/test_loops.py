"""Loops: what sounds after the end is heard from the beginning."""

import math

import pytest
import torch
from workshop import Squared

from orchestra_core import Brief, Canvas, Instrument, Parameter
from orchestra_core.errors import ParameterError
from orchestra_core.problem import Evaluator
from orchestra_core.problem.loop import on_canvas, tail_left, wrap

LOOP = Canvas(duration=0.5, sample_rate=8_000, level="as_is", loop=True)


def decay(canvas, rate):
    """Return an exponential decay from the beginning of a canvas, shape (1, samples)."""
    return torch.exp(-rate * torch.arange(canvas.samples, dtype=torch.float64) / canvas.sample_rate)[None]


class Decay(Instrument):
    """A sound that dies away from the beginning."""

    capabilities = frozenset({"differentiable", "rate_free"})

    def _parameters(self, brief):
        return (Parameter("rate", "timbre", torch.full((len(brief),), 2.0, dtype=torch.float64), "1/s", 1.0, 20.0),)

    def _render(self, values, canvas):
        time = torch.arange(canvas.samples, dtype=torch.float64) / canvas.sample_rate
        return torch.exp(-values["rate"][:, None] * time)


@pytest.mark.parametrize("rate", [2.0, 8.0])
def test_a_decay_becomes_the_sum_of_all_its_periods(rate):
    looped = on_canvas(lambda values, canvas: decay(canvas, rate), {}, LOOP)
    # sum over k of exp(-r (t + k T)), up to the 5 s of the tail: a geometric series
    periods = 11
    ratio = math.exp(-rate * 0.5)
    expected = decay(LOOP, rate) * (1 - ratio**periods) / (1 - ratio)
    torch.testing.assert_close(looped, expected)


def test_a_loop_goes_on_where_it_repeats_as_it_goes_on_elsewhere():
    def tone(values, canvas):
        time = torch.arange(canvas.samples, dtype=torch.float64) / canvas.sample_rate
        after = (time - 0.3).clamp_min(0.0)  # begins late and rings far beyond the end of the loop
        return (after * torch.exp(-3 * after) * torch.sin(2 * math.pi * 317.3 * after))[None]

    looped, cut = on_canvas(tone, {}, LOOP), tone({}, LOOP)
    for audio, seamless in ((looped, True), (cut, False)):
        bend = torch.cat([audio, audio], dim=1).diff(n=2).abs()[0]
        seam, inside = bend[LOOP.samples - 2 : LOOP.samples].max(), audio.diff(n=2).abs().max()
        assert (seam <= inside) == seamless


def test_a_canvas_that_is_no_loop_is_rendered_as_it_is():
    canvas = Canvas(duration=0.5, sample_rate=8_000)
    assert torch.equal(on_canvas(lambda values, canvas: decay(canvas, 2.0), {}, canvas), decay(canvas, 2.0))


@pytest.mark.parametrize(("samples", "expected"), [(2, [9.0, 6.0]), (5, [1.0, 2, 3, 4, 5]), (7, [1.0, 2, 3, 4, 5, 0, 0])])
def test_wrapping_keeps_every_sample_at_its_place_in_the_period(samples, expected):
    assert wrap(torch.arange(1.0, 6.0)[None], samples).tolist() == [expected]


def test_what_an_objective_hears_while_it_is_optimised_is_the_loop_with_its_gradient():
    brief = Brief(LOOP, {"level": torch.zeros(1, dtype=torch.float64)}, torch.tensor([1]))
    rate = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    evaluator = Evaluator(Decay(), Squared())
    for hear in (evaluator.hear, evaluator.hear_unchecked):
        heard = hear({"rate": rate, "coarse": torch.zeros(1)}, brief, brief.generator("x"))
        assert float(heard.take.audio[0, 0]) == pytest.approx(1 / (1 - math.exp(-1.0)), rel=1e-4)
    assert torch.autograd.gradcheck(lambda rate: on_canvas(Decay()._render, {"rate": rate}, LOOP)[:, ::400], (rate,))


def test_how_loud_a_tail_is_where_it_is_cut_is_measured():
    assert tail_left(decay(LOOP.with_tail(), 2.0), 8_000) == pytest.approx(math.exp(-2.0 * (5.5 - 0.04)), rel=0.01)
    assert tail_left(torch.zeros(1, 800), 8_000) == 0.0


def test_a_loop_leaves_room_for_its_tail_on_the_longest_canvas():
    assert Canvas(duration=3_595.0, loop=True).with_tail() == Canvas(duration=3_600.0)
    with pytest.raises(ParameterError, match=r"expected a value in \[0.001, 3595\] s"):
        Canvas(duration=3_596.0, loop=True)

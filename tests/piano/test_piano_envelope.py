"""The envelope adsr: both forms against their equations written out, bounds, continuity, gradients."""

import itertools
import math

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas
from orchestra_core.errors import ParameterError
from orchestra_piano import Adsr

BOUNDS = {"attack": (0.001, 0.1), "decay": (0.01, 0.5), "sustain": (0.3, 0.9), "release": (0.05, 1.0)}
DURATIONS = (0.1, 0.15, 0.4, 0.9, 3.0)


def values_of(corner, dtype=torch.float64):
    return {name: torch.tensor([value], dtype=dtype) for name, value in zip(BOUNDS, corner, strict=True)}


def levels(envelope, time, duration, values):
    return envelope.levels(
        torch.as_tensor(time, dtype=torch.float64)[None, None], torch.tensor([[duration]], dtype=torch.float64), values
    )[0, 0]


def corners():
    return list(itertools.product(*BOUNDS.values()))


def literal_by_hand(t, d, a, decay, s, r):
    """The published equations for one time, in plain Python."""
    if 0 <= t < a:
        return t / a
    if a <= t < a + decay:
        return 1 - (1 - s) * (t - a) / decay
    if a + decay <= t < d - r:
        return s * math.exp(-1.5 * (t - (a + decay)) / (d - a - decay - r))
    if d - r <= t < d:
        return s * math.exp(-1.5 * (t - (d - r)) / r)
    return 0.0


def test_literal_form_is_the_published_equation():
    shape = (0.05, 0.2, 0.7, 0.3)
    time = np.linspace(-0.1, 1.2, 1301)
    heard = levels(Adsr(form="literal"), time, 1.0, values_of(shape))
    np.testing.assert_allclose(heard.numpy(), [literal_by_hand(t, 1.0, *shape) for t in time], atol=1e-12)


def test_literal_form_keeps_its_jump_and_its_cut():
    shape = values_of((0.05, 0.2, 0.7, 0.3))
    before, after, last, gone = levels(Adsr(form="literal"), [0.7 - 1e-9, 0.7 + 1e-9, 1 - 1e-9, 1.0], 1.0, shape).tolist()
    assert before == pytest.approx(0.7 * math.exp(-1.5), abs=1e-6)
    assert after == pytest.approx(0.7, abs=1e-6)
    assert last == pytest.approx(0.7 * math.exp(-1.5), abs=1e-6)
    assert gone == 0


def test_literal_form_is_not_finite_where_its_sustained_part_vanishes():
    values = values_of((0.1, 0.5, 0.7, 0.4), torch.float32)
    duration = torch.tensor([[0.9999]], requires_grad=True)
    heard = Adsr(form="literal").levels(torch.linspace(0, 1.1, 500)[None, None], duration, values)
    assert not torch.isfinite(torch.autograd.grad(heard.sum(), duration)[0]).all()


@pytest.mark.parametrize("duration", DURATIONS)
def test_continuous_form_follows_the_documented_pieces(duration):
    a, decay, s, r = shape = (0.05, 0.2, 0.7, 0.3)

    def held(t):
        if t < a:
            return t / a
        if t < a + decay:
            return 1 - (1 - s) * (t - a) / decay
        return s * math.exp(-1.5 * (t - a - decay))

    time = np.linspace(0, duration + r, 700)
    expected = [held(t) if t < duration else held(duration) * (1 - (t - duration) / r) ** 3 for t in time]
    np.testing.assert_allclose(levels(Adsr(), time, duration, values_of(shape)).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("duration", DURATIONS)
@pytest.mark.parametrize("corner", corners())
def test_continuous_form_has_no_jump_for_any_note(corner, duration):
    attack, decay, sustain, release = corner
    end = duration + release
    seams = [0, attack, attack + decay, duration, end]
    near = [seam + np.linspace(-1e-4, 1e-4, 201) for seam in seams]
    time = np.unique(np.concatenate([np.linspace(-0.01, end + 0.01, 2001), *near]))
    heard = levels(Adsr(), time, duration, values_of(corner)).numpy()
    assert heard.min() >= 0 and heard.max() <= 1
    # The steepest slope of any piece; a jump would be far above it.
    steepest = max(1 / attack, (1 - sustain) / decay, 3 / release) + 1.5
    assert np.all(np.abs(np.diff(heard)) <= steepest * np.diff(time) * 1.01 + 1e-12)
    first, last, after = levels(Adsr(), [0.0, end, end + 1.0], duration, values_of(corner)).tolist()
    assert first == last == after == 0


@pytest.mark.parametrize("duration", (0.1, 0.35, 1.0))
@pytest.mark.parametrize("corner", corners())
def test_continuous_form_has_finite_gradients_at_every_corner(corner, duration):
    values = {name: value.float().requires_grad_() for name, value in values_of(corner).items()}
    length = torch.tensor([[duration]], requires_grad=True)
    heard = Adsr().levels(torch.linspace(-0.1, 2.5, 4001)[None, None], length, values)
    gradients = torch.autograd.grad(heard.square().sum(), [*values.values(), length])
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("form", ("continuous", "literal"))
@pytest.mark.parametrize("duration", (0.8, 1.3))
def test_gradients_are_those_of_finite_differences(form, duration):
    # Away from the corners of the contour, where a finite difference means nothing.
    time = torch.tensor([[[0.013, 0.04, 0.11, 0.2, 0.31, 0.42, 0.57, 0.69, 0.78, 0.93, 1.21, 1.4]]], dtype=torch.float64)
    inputs = [value.requires_grad_() for value in values_of((0.052, 0.153, 0.61, 0.33)).values()]
    length = torch.tensor([[duration]], dtype=torch.float64, requires_grad=True)

    def contour(duration, *values):
        return Adsr(form=form).levels(time, duration, dict(zip(BOUNDS, values, strict=True)))

    assert torch.autograd.gradcheck(contour, (length, *inputs))


@pytest.mark.parametrize("form", ("continuous", "literal"))
def test_span_is_where_the_level_has_gone(form):
    values = values_of((0.02, 0.1, 0.5, 0.25))
    envelope = Adsr(form=form)
    span = float(envelope.span(torch.tensor([[0.9]], dtype=torch.float64), values))
    just_before, at_end = levels(envelope, [span - 1e-3, span], 0.9, values).tolist()
    assert at_end == 0
    assert just_before > 0


def test_each_item_of_a_batch_has_its_own_shape():
    corners_ = [(0.01, 0.1, 0.5, 0.2), (0.09, 0.4, 0.8, 0.7)]
    both = {name: torch.cat([values_of(c)[name] for c in corners_]) for name in BOUNDS}
    time = torch.linspace(0, 1.5, 300, dtype=torch.float64).expand(2, 3, -1)
    duration = torch.tensor([[0.3, 0.6, 0.9]] * 2, dtype=torch.float64)
    together = Adsr().levels(time, duration, both)
    for item, corner in enumerate(corners_):
        alone = Adsr().levels(time[:1], duration[:1], values_of(corner))
        assert torch.equal(together[item], alone[0])


def test_parameters_start_inside_their_bounds_in_one_group():
    brief = Brief(Canvas(), {}, torch.arange(3))
    parameters = Adsr(attack=0.02, decay=0.3, sustain=0.4, release=0.5).parameters(brief)
    assert {p.name: (p.lower, p.upper) for p in parameters} == BOUNDS
    assert {p.group for p in parameters} == {"envelope"}
    assert [p.initial.tolist() for p in parameters] == [pytest.approx([v] * 3) for v in (0.02, 0.3, 0.4, 0.5)]


@pytest.mark.parametrize(
    "config", ({"form": "linear"}, {"attack": 0.2}, {"decay": 0.01}, {"sustain": 1.0}, {"release": math.nan}, {"beta": -1.0})
)
def test_values_out_of_range_are_refused_by_name(config):
    with pytest.raises(ParameterError, match=next(iter(config))):
        Adsr(**config)

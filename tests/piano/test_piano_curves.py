"""Curves whose derivatives are written by hand: against their equations under autograd, and finite differences."""

import itertools

import pytest
import torch

from orchestra_piano.adsr import continuous
from orchestra_piano.curves import adsr_level, smooth_step

ENDS = ((0.001, 0.1), (0.01, 0.5), (0.3, 0.9), (0.05, 1.0))
CORNERS = list(itertools.product(*ENDS))


def plain_step(position):
    x = position.clamp(0.0, 1.0)
    return x * x * x * (x * (6 * x - 15) + 10)


def given(corners, dtype):
    """Return times around notes of 0.02 to 1.5 s, for every corner an item of three notes."""
    generator = torch.Generator().manual_seed(0)
    shape = torch.tensor(corners, dtype=dtype).T[:, :, None, None]
    duration = torch.tensor([0.02, 0.31, 1.5], dtype=dtype)[None, :, None].expand(len(corners), 3, 1)
    time = torch.rand(len(corners), 3, 40, generator=generator, dtype=torch.float64).to(dtype) * (duration + 1.2) - 0.1
    return [time, duration.clone(), *shape]


def gradients(level, tensors, beta):
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    values = level(leaves[0], leaves[1], tuple(leaves[2:]), beta)
    weights = torch.randn(values.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(values.dtype)
    return values.detach(), torch.autograd.grad((values * weights).sum(), leaves)


@pytest.mark.parametrize(("dtype", "tolerance"), ((torch.float32, 1e-4), (torch.float64, 1e-12)))
@pytest.mark.parametrize("beta", (0.0, 1.5))
def test_level_and_gradients_equal_the_equations_at_the_ends_of_every_range(beta, dtype, tolerance):
    tensors = given(CORNERS, dtype)
    (fast, fast_gradients), (plain, plain_gradients) = (gradients(level, tensors, beta) for level in (adsr_level, continuous))
    torch.testing.assert_close(fast, plain, rtol=0, atol=tolerance / 10)
    for ours, theirs in zip(fast_gradients, plain_gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance * float(theirs.abs().max()))


def test_gradients_of_the_level_are_those_of_finite_differences():
    tensors = [tensor.requires_grad_() for tensor in given([(0.03, 0.2, 0.6, 0.3)], torch.float64)]
    assert torch.autograd.gradcheck(lambda t, d, *shape: adsr_level(t, d, shape, 1.5), tensors)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64))
def test_smooth_step_equals_its_polynomial_in_value_and_gradient(dtype):
    position = torch.linspace(-0.5, 1.5, 201, dtype=dtype)
    ours, theirs = position.clone().requires_grad_(), position.clone().requires_grad_()
    torch.testing.assert_close(smooth_step(ours), plain_step(theirs), rtol=0, atol=1e-6)
    smooth_step(ours).sum().backward()
    plain_step(theirs).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)


def test_a_time_that_is_not_a_number_is_not_silent():
    time, duration, *shape = given([(0.03, 0.2, 0.6, 0.3)], torch.float64)
    assert adsr_level(time * torch.nan, duration, tuple(shape), 1.5).isnan().all()

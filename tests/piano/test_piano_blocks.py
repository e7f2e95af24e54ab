"""The fast renderer at the ends of every range, in batches and both precisions; its sum of blocks against autograd."""

import itertools
import math

import pytest
import torch
from piano_values import FREE, batch_of, random_notes, values_of

from orchestra_core import Canvas
from orchestra_piano import PianoAdsr
from orchestra_piano.blocks import sum_blocks

RANGES = {
    "attack": (0.001, 0.1),
    "decay": (0.01, 0.5),
    "sustain": (0.3, 0.9),
    "release": (0.05, 1.0),
    "brightness": (-24.0, -2.0),
    "partial_decay": (0.05, 6.0),
}
#: Every range at both ends, once beside the ends of the same side and once beside those of the other.
CORNERS = [
    {name: ends[side ^ (name == odd)] for name, ends in RANGES.items()} for side, odd in itertools.product((0, 1), ("", *RANGES))
]


def decibels(difference, whole):
    return 20 * math.log10(float(difference.norm() / whole.norm()) + 1e-30)


def both(values, canvas, **config):
    return (PianoAdsr(renderer=renderer, **config).render(values, canvas) for renderer in ("fast", "exact"))


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64))
@pytest.mark.parametrize("partials", (1, 8, 24))
def test_fast_equals_exact_below_sixty_decibels_at_the_ends_of_every_range(partials, dtype):
    items = [values_of(random_notes(3, 0.4, seed), dtype, **corner) for seed, corner in enumerate(CORNERS)]
    fast, exact = both(batch_of(items), Canvas(duration=0.6, sample_rate=22_050), partials=partials)
    assert fast.dtype == dtype
    assert max(decibels(*pair) for pair in zip(fast - exact, exact, strict=True)) < -60


@pytest.mark.parametrize("note", ((36, 0.0, 0.1, 1.0), (84, 0.59, 0.1, 0.2), (60, 0.3, 9.0, 1.0), (108, 0.0, 0.1, 0.2)))
def test_fast_equals_exact_at_the_ends_of_the_canvas(note):
    fast, exact = both(values_of([note], torch.float64), Canvas(duration=0.6, sample_rate=22_050))
    assert decibels(fast - exact, exact) < -60


def test_fast_gradients_of_a_smooth_loss_equal_the_exact_ones_at_the_ends_of_every_range():
    canvas = Canvas(duration=0.6, sample_rate=8000)
    window = torch.hann_window(512, dtype=torch.float64)

    def gradients(renderer):
        values = batch_of([values_of(random_notes(3, 0.4, seed), torch.float64, **c) for seed, c in enumerate(CORNERS)])
        free = [values[name].requires_grad_() for name in FREE]
        audio = PianoAdsr(partials=3, renderer=renderer).render(values, canvas)
        power = torch.stft(audio, 512, 128, window=window, return_complex=True).abs().square()
        return torch.autograd.grad(power.mean(dim=2).add(1e-4).log().mul(torch.linspace(-1, 1, 257)[:, None].T).sum(), free)

    for name, fast, exact in zip(FREE, gradients("fast"), gradients("exact"), strict=True):
        assert float((fast - exact).norm() / exact.norm()) < 0.02, name


def test_sum_of_blocks_has_the_gradient_of_finite_differences():
    torch.manual_seed(0)
    tiles, blocks, partials, block = 3, 2, 2, 4

    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64)

    carrier, basis = (draw(tiles, blocks, partials), draw(tiles, blocks, partials)), draw(tiles, 4 * partials, block)
    at, bent = torch.tensor([0, 1, 0]), torch.tensor([1, 4])
    given = (draw(2, blocks * block), draw(tiles, blocks, partials), draw(tiles, blocks, partials), draw(2, block))

    def summed(audio, first, last, level):
        return sum_blocks(audio, at, (first, last), carrier, basis, level, bent)

    assert torch.autograd.gradcheck(summed, tuple(tensor.requires_grad_() for tensor in given))


def test_sum_of_blocks_is_the_sum_of_waves_written_out():
    torch.manual_seed(1)
    rate, block, frequency = 8000, 8, 440.0
    start = 2 * math.pi * frequency * torch.arange(2, dtype=torch.float64) * block / rate
    within = 2 * math.pi * frequency * torch.arange(block, dtype=torch.float64) / rate
    rising = torch.arange(block, dtype=torch.float64) / block
    basis = torch.stack([within.cos() * (1 - rising), within.sin() * (1 - rising), within.cos() * rising, within.sin() * rising])
    edges = torch.tensor([[[0.2], [0.6]]], dtype=torch.float64), torch.tensor([[[0.6], [1.0]]], dtype=torch.float64)
    shaped = torch.rand(1, block, dtype=torch.float64)
    audio = sum_blocks(
        torch.ones(1, 2 * block, dtype=torch.float64),
        torch.tensor([0]),
        edges,
        (start.sin()[None, :, None], start.cos()[None, :, None]),
        basis[None],
        shaped,
        torch.tensor([1]),
    )
    level = torch.linspace(0.2, 1.0, 2 * block + 1, dtype=torch.float64)[:-1]
    level[block:] *= shaped[0]
    wave = torch.sin(2 * math.pi * frequency * torch.arange(2 * block, dtype=torch.float64) / rate)
    torch.testing.assert_close(audio[0], 1 + level * wave)

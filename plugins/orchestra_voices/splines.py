"""The renderer: levels of partials are cubic splines with a knot every 3 ms, and each tile of the canvas a matrix product.

The pitch of a note is fixed. Around a knot at t a partial is

    sin(w (t + v)) = sin(w t) cos(w v) + cos(w t) sin(w v),

where the functions of v are the same at every knot of every note of that pitch. The level of the partial multiplies them: its
value at the knot times a cubic B-spline, which reaches two knots to each side. So the values at the knots are all that
has to be computed of a note, and whatever they are, its level is smooth: it has two continuous derivatives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core import Canvas
from orchestra_voices.tones import ROUGHEST, Tones, audible_share, chorus, chorus_power, partial_levels, starting_phases

_KNOT_SECONDS = 128 / 44_100
#: Blocks, from knot to knot, per tile.
_BLOCKS = 32
#: Knots that a block hears.
_TAPS = 4


@dataclass(frozen=True)
class Grid:
    """The canvas cut into tiles of `_BLOCKS` blocks of `block` samples each."""

    rate: int
    samples: int
    block: int

    @classmethod
    def of(cls, canvas: Canvas) -> Grid:
        """Return the grid of a canvas."""
        return cls(canvas.sample_rate, canvas.samples, max(round(_KNOT_SECONDS * canvas.sample_rate), 1))

    @property
    def tile(self) -> int:
        """Samples per tile."""
        return _BLOCKS * self.block

    @property
    def tiles(self) -> int:
        """Tiles that cover the canvas."""
        return -(-self.samples // self.tile)

    @property
    def seconds(self) -> float:
        """Time from knot to knot."""
        return self.block / self.rate


def render(tones: Tones, copies: int, canvas: Canvas, batch: int) -> Tensor:
    """Return the sum of the notes of each item, shape (batch, canvas.samples).

    Notes begin two knots after their onset, where their spline leaves 0: nothing sounds before. An item's samples do not
    depend on the other items: its tiles are summed in the order of its own notes.
    """
    grid = Grid.of(canvas)
    note, place = _occupied(tones, grid)
    knots = _knots(tones.rows(note), grid, place, copies)
    heard = torch.cat([knots[:, tap : tap + _BLOCKS] for tap in range(_TAPS)], dim=2)
    pitches, which = torch.unique(tones.frequency, dim=0, return_inverse=True)
    sound = _by_pitch(heard, which[note], _basis(pitches, grid, knots.dtype))
    at = tones.item[note] * grid.tiles + place
    audio = knots.new_zeros(batch * grid.tiles, grid.tile).index_add(0, at, sound)
    return audio.view(batch, -1)[:, : canvas.samples]


@torch.no_grad()
def _occupied(tones: Tones, grid: Grid) -> tuple[Tensor, Tensor]:
    """Return all pairs of a note and a tile that it sounds in: row of the note and number of the tile, shape (tiles,)."""
    seconds = grid.tile / grid.rate
    # A value that is not finite sounds everywhere, so that it is heard (and found) instead of breaking the indices.
    begin = torch.nan_to_num(tones.onset.double() / seconds, 0.0)
    end = torch.nan_to_num(begin + (tones.end.double() + 4 * grid.seconds) / seconds, math.inf)
    first = begin.floor().clamp(0, grid.tiles).long()
    count = (end.ceil().clamp(0, grid.tiles).long() - first).clamp_min(0)
    note = torch.repeat_interleave(torch.arange(len(first), device=first.device), count)
    skipped = (count.cumsum(0) - count)[note]
    return note, torch.arange(len(note), device=note.device) - skipped + first[note]


def _knots(tones: Tones, grid: Grid, place: Tensor, copies: int) -> Tensor:
    """Return what multiplies cosines and sines around each knot, shape (tiles, knots, 2 * partials)."""
    number = place[:, None] * _BLOCKS + torch.arange(-1, _BLOCKS + 2, device=place.device)
    time = number.double() * grid.seconds
    since = (time - 2 * grid.seconds - tones.onset.double()[:, None]).to(tones.onset.dtype)
    turns = time[:, :, None] * tones.frequency[:, None, :] + starting_phases(tones.frequency.shape[1], time.device)
    angle = _radians(turns, since.dtype)
    sine, cosine = angle.sin(), angle.cos()
    for swing, phase in chorus(tones, since, copies):
        sine, cosine = sine + swing * (angle + phase).sin(), cosine + swing * (angle + phase).cos()
    level = partial_levels(tones, since, 1 / _passed(ROUGHEST * grid.seconds)) * chorus_power(copies) ** -0.5
    return torch.cat([level * sine, level * cosine], dim=2)


@torch.no_grad()
def _basis(frequency: Tensor, grid: Grid, dtype: torch.dtype) -> Tensor:
    """Return what a block hears of its four knots, shape (pitches, taps * 2 * partials, block)."""
    sample = torch.arange(grid.block, dtype=torch.float64, device=frequency.device)
    tap = torch.arange(_TAPS, dtype=torch.float64, device=frequency.device)
    since_knot = sample - (tap[:, None] - 1) * grid.block
    spline = _cubic(since_knot / grid.block)
    angle = _radians(frequency[:, None, :, None] / grid.rate * since_knot[:, None], dtype)
    audible = audible_share(frequency, grid.rate)[:, None, None, :, None]
    waves = torch.stack([angle.cos(), angle.sin()], dim=2) * (spline[:, None, None] * audible).to(dtype)
    return waves.flatten(1, 3)


def _cubic(position: Tensor) -> Tensor:
    """Return the cubic B-spline at a distance in knots."""
    far = position.abs()
    near = 2 / 3 - far.square() * (1 - far / 2)
    return torch.where(far < 1, near, (2 - far).clamp_min(0.0) ** 3 / 6)


def _passed(cycles: float) -> float:
    """Return what the spline leaves of something that turns so many times from knot to knot."""
    return (math.sin(math.pi * cycles) / (math.pi * cycles)) ** _TAPS


def _by_pitch(heard: Tensor, which: Tensor, basis: Tensor) -> Tensor:
    """Return the sound of tiles, shape (tiles, samples): a matrix product for each pitch."""
    order = which.argsort(stable=True)
    counts = torch.bincount(which, minlength=len(basis)).tolist()
    groups = torch.split(heard.index_select(0, order), counts)
    sound = [(group.flatten(0, 1) @ own).view(len(group), -1) for group, own in zip(groups, basis, strict=True)]
    return torch.cat(sound).index_select(0, order.argsort())


def _radians(turns: Tensor, dtype: torch.dtype) -> Tensor:
    # Whole turns are taken off in double precision.
    return 2 * math.pi * (turns - turns.floor()).to(dtype)

"""The fast renderer: notes in tiles of the canvas, where each tile is a matrix product.

The pitch of a note is fixed, so within a block of samples that starts at t its partials are

    sin(w (t + u)) = sin(w t) cos(w u) + cos(w t) sin(w u),

where the functions of u are the same in every block of the note. What multiplies them, the level of the partial, is taken
as straight within a block of 1.5 ms. Blocks where the level is not that straight (the edges of notes, corners and sharp
bends of the envelope) are found by probing it, and evaluated exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core import Canvas
from orchestra_piano.contour import Contour
from orchestra_piano.exact import sound_at
from orchestra_piano.voice import Voices, partial_levels

_BLOCK_SECONDS = 64 / 44_100
_BLOCKS = 64
_PROBES = 4

#: A block whose level lies further from the straight line, at amplitude 1, is evaluated exactly.
_TOLERANCE = 1e-4

#: Without gradients, this many tiles are rendered at a time.
_CHUNK = 512


@dataclass(frozen=True)
class Grid:
    """The canvas cut into tiles of `_BLOCKS` blocks of `block` samples each."""

    rate: int
    samples: int
    block: int

    @classmethod
    def of(cls, canvas: Canvas) -> Grid:
        """Return the grid of a canvas, its blocks a power of two of about 1.5 ms."""
        return cls(canvas.sample_rate, canvas.samples, 2 ** round(math.log2(_BLOCK_SECONDS * canvas.sample_rate)))

    @property
    def tile(self) -> int:
        """Samples per tile."""
        return _BLOCKS * self.block

    @property
    def tiles(self) -> int:
        """Tiles that cover the canvas."""
        return -(-self.samples // self.tile)


def render_tiles(voices: Voices, contour: Contour, canvas: Canvas, batch: int) -> Tensor:
    """Return the sum of the notes of each item, shape (batch, canvas.samples).

    An item's samples do not depend on the other items: its tiles are summed in the order of its own notes.
    """
    grid = Grid.of(canvas)
    note, place = _occupied(voices, contour, grid)
    audio = voices.onset.new_zeros(batch * grid.tiles, grid.tile)
    size = len(note) if torch.is_grad_enabled() else _CHUNK
    for notes, places in zip(note.split(max(size, 1)), place.split(max(size, 1)), strict=True):
        tiles = _render(voices, contour, grid, notes, places)
        audio = audio.index_add_(0, voices.item[notes] * grid.tiles + places, tiles)
    return audio.view(batch, -1)[:, : canvas.samples]


@torch.no_grad()
def _occupied(voices: Voices, contour: Contour, grid: Grid) -> tuple[Tensor, Tensor]:
    """Return all pairs of a note and a tile that it sounds in: row of the note and number of the tile, shape (tiles,)."""
    seconds = grid.tile / grid.rate
    # A value that is not finite sounds everywhere, so that it is heard (and found) instead of breaking the indices.
    begin = torch.nan_to_num(voices.onset.double() / seconds, 0.0)
    end = torch.nan_to_num(begin + contour.span(voices).double() / seconds, math.inf)
    first = begin.floor().clamp(0, grid.tiles).long()
    count = (end.ceil().clamp(0, grid.tiles).long() - first).clamp_min(0)
    note = torch.repeat_interleave(torch.arange(len(first), device=first.device), count)
    skipped = (count.cumsum(0) - count)[note]
    return note, torch.arange(len(note), device=note.device) - skipped + first[note]


def _render(voices: Voices, contour: Contour, grid: Grid, note: Tensor, place: Tensor) -> Tensor:
    """Return the sound of notes (tiles,) in tiles (tiles,) of the canvas, shape (tiles, tile)."""
    rows = voices.rows(note)
    edge = place[:, None] * _BLOCKS + torch.arange(_BLOCKS + 1, device=note.device)
    time = edge.double() * (grid.block / grid.rate)
    since = (time - rows.onset.double()[:, None]).to(rows.onset.dtype)
    level = contour.level(rows, since)
    bent = _bent(rows, contour, grid, since, level)
    strength = level[:, :, None] * partial_levels(rows, since)
    tiles = _straight(voices, grid, note, time[:, :-1], strength, bent)
    return _with_bent_blocks(tiles, rows, contour, grid, time, bent)


@torch.no_grad()
def _bent(rows: Voices, contour: Contour, grid: Grid, since: Tensor, level: Tensor) -> Tensor:
    """Return which blocks have a level that is not straight, shape (tiles, blocks)."""
    share = torch.arange(1, _PROBES, device=since.device, dtype=since.dtype) / _PROBES
    probed = contour.level(rows, (since[:, :-1, None] + share * (grid.block / grid.rate)).flatten(1)).view(
        len(since), -1, _PROBES - 1
    )
    straight = torch.lerp(level[:, :-1, None], level[:, 1:, None], share)
    return ((probed - straight).abs() > _TOLERANCE).any(-1)


def _straight(voices: Voices, grid: Grid, note: Tensor, time: Tensor, strength: Tensor, bent: Tensor) -> Tensor:
    """Return the sound of the blocks whose level is straight, shape (tiles, tile)."""
    begin, end = _bases(voices, grid, strength.dtype)
    turns = time[:, :, None] * voices.frequency[note, None, :] + voices.phase
    angle = 2 * math.pi * (turns - turns.floor()).to(strength.dtype)
    # (tiles, blocks, 2, partials): sines and cosines at the start of each block.
    carrier = torch.stack([torch.sin(angle), torch.cos(angle)], 2).masked_fill_(bent[:, :, None, None], 0.0)
    left = (carrier * strength[:, :-1, None, :]).flatten(2)
    right = (carrier * strength[:, 1:, None, :]).flatten(2)
    return torch.baddbmm(torch.bmm(left, begin[note]), right, end[note]).flatten(1)


def _bases(voices: Voices, grid: Grid, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return what falls from 1 to 0 and rises from 0 to 1 over a block, each shape (rows, 2 partials, block)."""
    sample = torch.arange(grid.block, dtype=torch.float64, device=voices.frequency.device)
    angle = 2 * math.pi * voices.frequency[:, :, None] * (sample / grid.rate)
    waves = voices.audible[:, None, :, None].double() * torch.stack([angle.cos(), angle.sin()], 1)
    rising = sample / grid.block
    begin, end = (waves * (1 - rising)).flatten(1, 2), (waves * rising).flatten(1, 2)
    return begin.to(dtype), end.to(dtype)


def _with_bent_blocks(tiles: Tensor, rows: Voices, contour: Contour, grid: Grid, time: Tensor, bent: Tensor) -> Tensor:
    tile, block = bent.nonzero(as_tuple=True)
    sample = torch.arange(grid.block, dtype=torch.float64, device=time.device) / grid.rate
    sound = sound_at(rows.rows(tile), contour, time[tile, block, None] + sample)
    return tiles.view(-1, grid.block).index_add_(0, tile * _BLOCKS + block, sound).view_as(tiles)

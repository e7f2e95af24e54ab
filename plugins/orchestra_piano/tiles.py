"""The fast renderer: notes in tiles of the canvas, where each tile is a matrix product.

The pitch of a note is fixed, so within a block of samples that starts at t its partials are

    sin(w (t + u)) = sin(w t) cos(w u) + cos(w t) sin(w u),

where the functions of u are the same in every block of the note. What multiplies them, the level of the partial, is taken
as straight within a block of 3 ms. Blocks where the level is not that straight (the edges of notes, corners and sharp
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

_BLOCK_SECONDS = 128 / 44_100
_BLOCKS = 32
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
        """Return the grid of a canvas, its blocks a power of two of about 3 ms."""
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
    basis = _basis(voices, grid)
    notes, places = _occupied(voices, contour, grid)
    straight = voices.onset.new_zeros(batch * grid.tiles, grid.tile)
    bent = voices.onset.new_zeros(batch * grid.tiles * _BLOCKS, grid.block)
    size = max(len(notes), 1) if torch.is_grad_enabled() else _CHUNK
    # Two sums, each in the order of the notes: no bit depends on how the tiles are cut into chunks.
    for note, place in zip(torch.split(notes, size), torch.split(places, size), strict=True):
        tiles = _cut(voices.rows(note), contour, grid, place)
        at = voices.item[note] * grid.tiles + place
        straight = straight.index_add(0, at, _straight_blocks(tiles, basis[note]))
        bent = bent.index_add(0, at[tiles.bent[0]] * _BLOCKS + tiles.bent[1], _bent_blocks(tiles, contour, grid))
    return (straight.flatten() + bent.flatten()).view(batch, -1)[:, : canvas.samples]


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


@dataclass(frozen=True, eq=False)
class _Tiles:
    """Notes in the tiles of the canvas that they sound in.

    Parameters
    ----------
    voices : Voices
        The note of each tile.
    time : Tensor [shape=(tiles, blocks + 1), dtype=float64]
        Of the edges of the blocks, seconds on the canvas.
    strength : Tensor [shape=(tiles, blocks + 1, partials)]
        Amplitude of the partials there.
    bent : (Tensor, Tensor) [shape=(bent blocks,), dtype=int64]
        Tile and block where the level is not straight.
    """

    voices: Voices
    time: Tensor
    strength: Tensor
    bent: tuple[Tensor, ...]


def _cut(voices: Voices, contour: Contour, grid: Grid, place: Tensor) -> _Tiles:
    edge = place[:, None] * _BLOCKS + torch.arange(_BLOCKS + 1, device=place.device)
    time = edge.double() * (grid.block / grid.rate)
    since = (time - voices.onset.double()[:, None]).to(voices.onset.dtype)
    level = contour.level(voices, since)
    strength = level[:, :, None] * partial_levels(voices, since)
    bent = _bent_level(voices, contour, grid, since, level) | _bent_partials(voices, grid, strength)
    return _Tiles(voices, time, strength, bent.nonzero(as_tuple=True))


@torch.no_grad()
def _bent_level(voices: Voices, contour: Contour, grid: Grid, since: Tensor, level: Tensor) -> Tensor:
    """Return which blocks have a level that is not straight, shape (tiles, blocks)."""
    share = torch.arange(1, _PROBES, device=since.device, dtype=since.dtype) / _PROBES
    between = since[:, :-1, None] + share * (grid.block / grid.rate)
    probed = contour.level(voices, between.flatten(1)).view_as(between)
    straight = torch.lerp(level[:, :-1, None], level[:, 1:, None], share)
    # Written so that a level that is not finite counts as bent.
    return ~((probed - straight).abs() <= _TOLERANCE).all(-1)


@torch.no_grad()
def _bent_partials(voices: Voices, grid: Grid, strength: Tensor) -> Tensor:
    """Return in which blocks partials fade too fast, shape (tiles, blocks).

    An exponential exp(-c t) lies (c h)^2 / 8 of itself off its chord over a block of length h.
    """
    share = (voices.fading * (grid.block / grid.rate)).square() / 8
    return torch.bmm(strength[:, :-1].abs(), share[:, :, None]).squeeze(2) > _TOLERANCE


def _straight_blocks(tiles: _Tiles, basis: Tensor) -> Tensor:
    """Return the sound of tiles, shape (tiles, tile), silent in the blocks that are bent."""
    voices, strength = tiles.voices, tiles.strength
    turns = tiles.time[:, :-1, None] * voices.frequency[:, None, :] + voices.phase
    angle = 2 * math.pi * (turns - turns.floor()).to(strength.dtype)
    carrier = torch.stack([torch.sin(angle), torch.cos(angle)], 2)
    carrier[tiles.bent] = 0.0
    edges = torch.stack([strength[:, :-1], strength[:, 1:]], 2)
    return torch.bmm((edges[:, :, :, None] * carrier[:, :, None]).flatten(2), basis).flatten(1)


def _basis(voices: Voices, grid: Grid) -> Tensor:
    """Return the waves of a block that fall from 1 to 0 and rise from 0 to 1, shape (rows, 2 * 2 * partials, block)."""
    sample = torch.arange(grid.block, dtype=torch.float64, device=voices.frequency.device)
    angle = 2 * math.pi * voices.frequency[:, :, None] * (sample / grid.rate)
    waves = voices.audible[:, None, :, None].double() * torch.stack([angle.cos(), angle.sin()], 1)
    rising = sample / grid.block
    return torch.stack([waves * (1 - rising), waves * rising], 1).flatten(1, 3).to(voices.onset.dtype)


def _bent_blocks(tiles: _Tiles, contour: Contour, grid: Grid) -> Tensor:
    """Return the exact sound of the blocks that are bent, shape (bent blocks, block)."""
    tile, block = tiles.bent
    sample = torch.arange(grid.block, dtype=torch.float64, device=tile.device) / grid.rate
    return sound_at(tiles.voices.rows(tile), contour, tiles.time[tile, block, None] + sample)

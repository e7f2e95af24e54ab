"""The fast renderer: notes in tiles of the canvas, where each tile is a matrix product.

The pitch of a note is fixed, so within a block of samples that starts at t its partials are

    sin(w (t + u)) = sin(w t) cos(w u) + cos(w t) sin(w u),

where the functions of u are the same in every block of the note. What multiplies them, the level of a partial, is taken as
straight within a block of 3 ms. Where the level of the note is not that straight (its edges, corners and sharp bends of the
envelope), which is found by probing it, it is evaluated for every sample, and its partials still as above. Where partials
fade too fast for that, everything is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core import Canvas
from orchestra_piano.blocks import sum_blocks
from orchestra_piano.contour import Contour
from orchestra_piano.exact import sound_at
from orchestra_piano.voice import Voices, partial_levels

_BLOCK_SECONDS = 128 / 44_100
_BLOCKS = 32
_PROBES = 4

#: A level, or the sum of partials, at amplitude 1 may lie so far from a straight line within a block.
_TOLERANCE = 3e-5

#: Without gradients, this many tiles are rendered at a time; with gradients that many, because larger blocks of memory (more
#: than 32 MB) would be mapped anew at every step.
_CHUNK, _CHUNK_WITH_GRADIENTS = 512, 2048


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

    @property
    def seconds(self) -> float:
        """Length of a block."""
        return self.block / self.rate


def render_tiles(voices: Voices, contour: Contour, canvas: Canvas, batch: int) -> Tensor:
    """Return the sum of the notes of each item, shape (batch, canvas.samples).

    An item's samples do not depend on the other items: its tiles are summed in the order of its own notes.
    """
    grid = Grid.of(canvas)
    waves = _Waves.of(voices, grid)
    notes, places = _occupied(voices, contour, grid)
    audio = voices.onset.new_zeros(batch * grid.tiles, grid.tile)
    rest: Tensor | None = None
    size = _CHUNK_WITH_GRADIENTS if torch.is_grad_enabled() else _CHUNK
    # Two sums, each in the order of the notes: no bit depends on how the tiles are cut into chunks.
    for note, place in zip(torch.split(notes, size), torch.split(places, size), strict=True):
        tiles = _cut(voices.rows(note), contour, grid, place)
        at = voices.item[note] * grid.tiles + place
        audio = _add_blocks(audio, at, tiles, contour, grid, waves, note)
        rest = _add_fading_blocks(rest, len(audio) * _BLOCKS, at, tiles, contour, grid)
    whole = audio if rest is None else audio + rest.view_as(audio)
    return whole.view(batch, -1)[:, : canvas.samples]


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
class _Waves:
    """What the tiles of a note share, because its pitch is fixed.

    Parameters
    ----------
    angle : Tensor [shape=(rows, blocks, partials)]
        How far partials have turned at the blocks of a tile, since its beginning.
    basis : Tensor [shape=(rows, 4 * partials, block)]
        Waves of a block: cosines and sines that fall from 1 to 0, and that rise from 0 to 1.
    """

    angle: Tensor
    basis: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, voices: Voices, grid: Grid) -> _Waves:
        dtype, per_sample = voices.onset.dtype, voices.frequency / grid.rate
        sample = torch.arange(grid.block, dtype=torch.float64, device=per_sample.device)
        start = torch.arange(0, grid.tile, grid.block, dtype=torch.float64, device=per_sample.device)
        within = _radians(per_sample[:, :, None] * sample, dtype)
        waves = voices.audible[:, None, :, None] * torch.stack([within.cos(), within.sin()], 1)
        rising = (sample / grid.block).to(dtype)
        basis = torch.stack([waves * (1 - rising), waves * rising], 1).flatten(1, 3)
        return cls(_radians(per_sample[:, None, :] * start[:, None], dtype), basis)


@dataclass(frozen=True, eq=False)
class _Tiles:
    """Notes in the tiles of the canvas that they sound in.

    Parameters
    ----------
    voices : Voices
        The note of each tile.
    time : Tensor [shape=(tiles, blocks), dtype=float64]
        Of the beginning of the blocks, seconds on the canvas.
    since : Tensor [shape=(tiles, blocks + 1)]
        Of the edges of the blocks, seconds since the onset.
    level : Tensor [shape=(tiles, blocks + 1)]
        Of the note there.
    partials : Tensor [shape=(tiles, blocks + 1, partials)]
        Of the partials there, beside it.
    fading : Tensor [shape=(tiles, blocks), dtype=bool]
        Whether partials fade too fast to be taken as straight.
    bent : Tensor [shape=(tiles, blocks), dtype=bool]
        Whether the level is not straight, where the partials are.
    """

    voices: Voices
    time: Tensor
    since: Tensor
    level: Tensor
    partials: Tensor
    fading: Tensor
    bent: Tensor


def _cut(voices: Voices, contour: Contour, grid: Grid, place: Tensor) -> _Tiles:
    edge = place[:, None] * _BLOCKS + torch.arange(_BLOCKS + 1, device=place.device)
    time = edge.double() * grid.seconds
    since = (time - voices.onset.double()[:, None]).to(voices.onset.dtype)
    level = contour.level(voices, since)
    # From a block before the onset, so that partials have no corner in the block that the note begins in.
    partials = partial_levels(voices, since, earliest=-grid.seconds)
    fading = _fades_fast(voices, grid, level, partials)
    bent = _is_bent(voices, contour, grid, since, level) & ~fading
    return _Tiles(voices, time[:, :-1], since, level, partials, fading, bent)


@torch.no_grad()
def _is_bent(voices: Voices, contour: Contour, grid: Grid, since: Tensor, level: Tensor) -> Tensor:
    """Return which blocks have a level that is not straight, shape (tiles, blocks)."""
    share = torch.arange(1, _PROBES, device=since.device, dtype=since.dtype) / _PROBES
    between = since[:, :-1, None] + share * grid.seconds
    probed = contour.level(voices, between.flatten(1)).view_as(between)
    straight = torch.lerp(level[:, :-1, None], level[:, 1:, None], share)
    # Written so that a level that is not finite counts as bent.
    return ~((probed - straight).abs() <= _TOLERANCE).all(-1)


@torch.no_grad()
def _fades_fast(voices: Voices, grid: Grid, level: Tensor, partials: Tensor) -> Tensor:
    """Return in which blocks partials fade too fast, shape (tiles, blocks).

    An exponential exp(-c t) lies (c h)^2 / 8 of itself off its chord over a block of length h.
    """
    if partials.shape[2] == 1:
        return torch.zeros_like(level[:, 1:], dtype=torch.bool)  # the first partial does not fade
    share = (voices.fading * grid.seconds).square() / 8
    loudest = torch.maximum(level[:, :-1].abs(), level[:, 1:].abs())
    return torch.bmm(partials[:, :-1], share[:, :, None]).squeeze(2) * loudest > _TOLERANCE


def _add_blocks(audio: Tensor, at: Tensor, tiles: _Tiles, contour: Contour, grid: Grid, waves: _Waves, note: Tensor) -> Tensor:
    """Return the sum of tiles at their places, without the blocks whose partials fade too fast."""
    start = _radians(tiles.time[:, :1] * tiles.voices.frequency + tiles.voices.phase, audio.dtype)
    angle = waves.angle.index_select(0, note) + start[:, None]
    # The level of bent blocks is left out here, and multiplied in sample by sample.
    first, last = (_where(tiles, edges) for edges in (tiles.level[:, :-1], tiles.level[:, 1:]))
    bent = tiles.bent.flatten().nonzero()[:, 0]
    level = _bent_levels(tiles, contour, grid, bent)
    partials = tiles.partials
    edges = first[:, :, None] * partials[:, :-1], last[:, :, None] * partials[:, 1:]
    return sum_blocks(audio, at, edges, (angle.sin(), angle.cos()), waves.basis.index_select(0, note), level, bent)


def _where(tiles: _Tiles, level: Tensor) -> Tensor:
    return torch.where(tiles.bent, 1.0, torch.where(tiles.fading, 0.0, level))


def _bent_levels(tiles: _Tiles, contour: Contour, grid: Grid, bent: Tensor) -> Tensor:
    """Return the level of every sample of the blocks that are bent, shape (bent blocks, block)."""
    since = tiles.since[:, :-1].flatten().index_select(0, bent)
    sample = torch.arange(grid.block, device=since.device, dtype=since.dtype) / grid.rate
    return contour.level(tiles.voices.rows(bent // _BLOCKS), since[:, None] + sample)


def _add_fading_blocks(
    audio: Tensor | None, places: int, at: Tensor, tiles: _Tiles, contour: Contour, grid: Grid
) -> Tensor | None:
    """Return the sum of the exact sound of the blocks whose partials fade too fast, at their places; None for silence."""
    tile, block = tiles.fading.nonzero(as_tuple=True)
    if not len(tile):
        return audio
    sample = torch.arange(grid.block, dtype=torch.float64, device=tile.device) / grid.rate
    sound = sound_at(tiles.voices.rows(tile), contour, tiles.time[tile, block, None] + sample)
    silence = sound.new_zeros(places, grid.block) if audio is None else audio
    return silence.index_add(0, at[tile] * _BLOCKS + block, sound)


def _radians(turns: Tensor, dtype: torch.dtype) -> Tensor:
    # Whole turns are taken off in double precision.
    return 2 * math.pi * (turns - turns.floor()).to(dtype)

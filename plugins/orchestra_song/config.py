"""Configurations of the score sources: plain values, importable without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SongConfig:
    """Configuration of the score source ``song``: what is fixed, and what may be chosen, the defaults first.

    A list of one value fixes that choice; it is then not offered to a search.

    Parameters
    ----------
    key : str
        A tonic (``"D"``), with a mode (``"D dorian"``) where that is fixed too; empty for a tonic by the seed.
    tempo : float, 0 or in [20, 400]
        Quarter notes per minute, kept exactly; 0 to fit the bars to the canvas near one of `tempos`.
    bars : int, in [0, 512]
        Number of bars; 0 for as many as fit, eight being preferred.
    modes : tuple of str
        lydian, major, mixolydian, dorian, minor, phrygian, mixture.
    registers : tuple of float, each in [45, 88]
        MIDI numbers that the melody moves around.
    densities : tuple of float, each in [0.25, 12]
        Notes of the melody per second.
    articulations : tuple of float, each in [0.15, 1]
        Sounding share of the time between onsets: 0.25 is staccatissimo, 0.98 legato.
    levels : tuple of float, each in [0.25, 0.95]
        Velocities of the melody.
    textures : tuple of str
        block, arpeggio, broken, sustained.
    tempos : tuple of float, each in [20, 400]
        Quarter notes per minute that bars are fitted near.
    contours : tuple of str
        arch, flat, crescendo, diminuendo.
    progressions : tuple of str
        functional, loop, pedal.
    metres : tuple of str
        4/4, 3/4, 6/8.
    beats : tuple of str
        steady, sparse, driving: what the drums play, where there are any.
    themes : int, in [1, 64]
        How many pieces of one seed, with other motifs and chords, are there to choose from; with a `lock` there is one.
    parts : tuple of str
        Any of melody, harmony, bass, pad, drums, the melody among them.
    humanise : float, in [0, 0.025]
        Largest deviation of an onset from the grid, in s.
    variation : int, >= 0
        0 is the piece that the seed makes; each other number varies it.
    lock : tuple of str
        What a variation leaves alone: any of melody, rhythm, harmony, timing.
    origin : int, >= 0, or None
        Seed of the piece whose locked parts are kept; None for that of the item itself.
    draws : int, in [0, 1024]
        0 offers every choice by itself. Otherwise there is one choice, the number of a draw of all of them from a fixed
        distribution, whatever the target: the blind prior.
    """

    key: str = ""
    tempo: float = 0.0
    bars: int = 0
    modes: tuple[str, ...] = ("major", "minor", "lydian", "mixolydian", "dorian", "phrygian", "mixture")
    registers: tuple[float, ...] = (67.0, 61.0, 73.0, 55.0, 79.0, 49.0, 85.0, 64.0, 70.0, 58.0, 76.0)
    densities: tuple[float, ...] = (2.0, 1.0, 4.0, 8.0, 0.5, 1.4, 2.8, 0.7, 5.7)
    articulations: tuple[float, ...] = (0.75, 0.98, 0.45, 0.25, 0.6, 0.88)
    levels: tuple[float, ...] = (0.6, 0.4, 0.8, 0.3, 0.5, 0.7, 0.9)
    textures: tuple[str, ...] = ("block", "arpeggio", "broken", "sustained")
    tempos: tuple[float, ...] = (120.0, 66.0, 180.0, 96.0, 144.0)
    contours: tuple[str, ...] = ("arch", "flat", "crescendo", "diminuendo")
    progressions: tuple[str, ...] = ("functional", "loop", "pedal")
    metres: tuple[str, ...] = ("4/4", "3/4", "6/8")
    beats: tuple[str, ...] = ("steady", "sparse", "driving")
    themes: int = 4
    parts: tuple[str, ...] = ("melody", "harmony", "bass")
    humanise: float = 0.012
    variation: int = 0
    lock: tuple[str, ...] = ()
    origin: int | None = None
    draws: int = 0


@dataclass(frozen=True)
class RulesConfig:
    """Configuration of the score source ``rules``.

    Parameters
    ----------
    key : str
        A tonic (``"D"``); empty for one by the seed.
    tempo : float, 0 or in [20, 400]
        Quarter notes per minute, kept exactly; 0 to fit the bars to the canvas.
    bars : int, in [0, 512]
        Number of bars; 0 for as many as fit, eight being preferred.
    metres : tuple of str
        4/4, 3/4, 6/8, the default first.
    parts : tuple of str
        Any of melody, harmony, bass, pad, drums, the melody among them.
    humanise : float, in [0, 0.025]
        Largest deviation of an onset from the grid, in s.
    variation : int, >= 0
        0 is the piece that the seed makes; each other number varies it.
    lock : tuple of str
        What a variation leaves alone: any of melody, rhythm, harmony, timing.
    origin : int, >= 0, or None
        Seed of the piece whose locked parts are kept; None for that of the item itself.
    draws : int, in [1, 1024]
        1 writes what the rules say. More offer a choice ``draw``: 0 is what the rules say, every other number something near
        it, which makes the rules the prior of a search.
    """

    key: str = ""
    tempo: float = 0.0
    bars: int = 0
    metres: tuple[str, ...] = ("4/4",)
    parts: tuple[str, ...] = ("melody", "harmony", "bass")
    humanise: float = 0.012
    variation: int = 0
    lock: tuple[str, ...] = ()
    origin: int | None = None
    draws: int = 1

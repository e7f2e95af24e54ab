"""Configurations of the drums and their scores: plain values, importable without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PercussionConfig:
    """Configuration of the instrument ``percussion``.

    Parameters
    ----------
    modes : int, in [1, 16]
        Modes of the membrane.
    variation : float, in [0, 3]
        How far the kits 1, 2, ... lie from the plain kit 0: standard deviation of their parameters, in free coordinates.
    groove : float, in [0, 0.05]
        How far, in seconds, hits may be moved from where they are written; 0 holds them there.
    quietest : float, in [0, 0.9]
        Least amplitude of a hit, so that no hit of a score is optimised away.
    """

    modes: int = 6
    variation: float = 0.8
    groove: float = 0.02
    quietest: float = 0.2


@dataclass(frozen=True)
class OneShotConfig:
    """Configuration of the score source ``one_shot``: what may be chosen, the defaults first.

    Parameters
    ----------
    kinds : tuple of str
        kick, snare, tom, hat, clap, bell.
    kits : tuple of int, each in [0, 127]
        0 is the plain kit; each other number is a seeded variation of it.
    """

    kinds: tuple[str, ...] = ("kick", "snare", "tom", "hat", "clap", "bell")
    kits: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)


@dataclass(frozen=True)
class PatternConfig:
    """Configuration of the score source ``pattern``: what may be chosen, the defaults first.

    Parameters
    ----------
    styles : tuple of str
        rock, house, hip_hop, breakbeat, bossa, waltz, sparse.
    tempos : tuple of float, each in [30, 300]
        Quarter notes per minute; where the brief has a score already, its tempo is followed instead.
    kits : tuple of int, each in [0, 127]
        0 is the plain kit; each other number is a seeded variation of it.
    swing : float, in [0, 0.5]
        By which share of a step every second step comes late.
    loose : float, in [0, 1]
        How much velocities vary and how often soft steps are left out.
    steps : mapping of str to str
        A pattern of your own instead of the styles: a row of steps by kind, four steps per quarter note; ``X`` is an accent,
        ``x`` a hit, ``o`` a soft hit that is sometimes left out, anything else a rest, as in
        ``{"kick": "X...x...", "hat": "x.x.x.x."}``.
    """

    styles: tuple[str, ...] = ("rock", "house", "hip_hop", "breakbeat", "bossa", "waltz", "sparse")
    tempos: tuple[float, ...] = (100.0, 75.0, 125.0, 160.0)
    kits: tuple[int, ...] = (0, 1, 2, 3)
    swing: float = 0.0
    loose: float = 0.5
    steps: Mapping[str, str] = field(default_factory=dict)

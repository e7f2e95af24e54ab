"""Configurations of the objectives `match`, `consensus` and `robust`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestra_core import Ref

Units = Literal["corpus", "range"]


@dataclass(frozen=True)
class MatchConfig:
    """Configuration of `match`.

    Parameters
    ----------
    oracle : Ref
        What hears.
    scale : float, > 0
        Errors are multiplied by it before they are squared.
    """

    oracle: Ref = Ref("oracle", "")
    scale: float = 10.0


@dataclass(frozen=True)
class ConsensusConfig:
    """Configuration of `consensus`.

    Parameters
    ----------
    oracles : tuple of Ref
        What hears, at least one; requests are made on the scale of the first.
    caution : float, >= 0
        Weight of the disagreement: a term is the mean loss over the oracles plus so many standard deviations.
    units : {"corpus", "range"}
        What makes readings of two oracles equal: as many standard deviations from the mean of their corpora, or the same place
        in the range of their scales.
    scale : float, > 0
        Errors are multiplied by it before they are squared.
    """

    oracles: tuple[Ref, ...] = (Ref("oracle", ""),)
    caution: float = 0.5
    units: Units = "corpus"
    scale: float = 10.0


@dataclass(frozen=True)
class RobustConfig:
    """Configuration of `robust`.

    Parameters
    ----------
    objective : Ref
        What judges each transformed take.
    draws : int, >= 1
        Transforms drawn per step, which the gradient follows.
    validation : int, >= 0
        Transforms of the fixed set that losses are measured on, beside the take as it is.
    seed : int
        Of the fixed set.
    shift : float, in [0, 1]
        Largest shift in s, to either side.
    tilt : float, in [0, 12]
        Largest spectral tilt in dB per octave, to either side.
    noise : float, in [-200, 0]
        Loudest white noise in dB re the take; the softest is 20 dB below.
    reverb : float, in [-200, 0]
        Loudest reverberation in dB re the take; the softest is 15 dB below.
    bandwidth : float, in (0, 1]
        Least share of the band that is kept, as by resampling to a lower rate and back.
    """

    objective: Ref = Ref("objective", "match")
    draws: int = 1
    validation: int = 3
    seed: int = 0
    shift: float = 0.05
    tilt: float = 1.0
    noise: float = -30.0
    reverb: float = -12.0
    bandwidth: float = 0.5

"""Configurations of the ensemble and its score: plain values, importable without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestra_core import Ref


def _voices() -> Mapping[str, Ref]:
    return {
        "piano": Ref("instrument", "piano_adsr"),
        "bass": Ref("instrument", "bass"),
        "pad": Ref("instrument", "pad"),
        # As near the beat as the others are held by pieces in bars.
        "drums": Ref("instrument", "percussion", {"groove": 0.013}),
    }


def _sources() -> Mapping[str, Ref]:
    return {
        "piano": Ref("score", "melody"),
        "drums": Ref("score", "pattern", {"tempos": [100.0], "kits": [0]}),
    }


@dataclass(frozen=True)
class EnsembleConfig:
    """Configuration of the instrument ``ensemble``.

    Parameters
    ----------
    voices : mapping of str to Ref
        Instruments by the name of their voice: who a part of that name is for. The first pitched one plays all other parts, and
        the first one without pitch all other drums. Voices that have nothing to play cost nothing.
    gains : mapping of str to float, each in (-40, 12)
        Where the level of a voice starts, in dB; 0 for those that are not named, at which those of the default balance.
    doubles : tuple of str
        Voices that play along with the first of their kind.
    """

    voices: Mapping[str, Ref] = field(default_factory=_voices)
    gains: Mapping[str, float] = field(default_factory=dict)
    doubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class BandConfig:
    """Configuration of the score source ``band``.

    Parameters
    ----------
    sources : mapping of str to Ref
        Score sources by the name of the voice that plays what they write. The first one leads: it sets tempo, metre and key,
        and the others see its score.
    """

    sources: Mapping[str, Ref] = field(default_factory=_sources)

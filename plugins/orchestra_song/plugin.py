"""What this plugin provides: pieces in bars, and the rules."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_song.config import RulesConfig, SongConfig

_CITATION = "Rohrmeier, Towards a generative syntax of tonal harmony, 2011; Caplin, Classical Form, 1998"
_RULES = "Eerola, Friberg and Bresin, Emotional expression in music, Frontiers in Psychology 4, 487, 2013"


@hookimpl
def orchestra_scores() -> Iterable[Descriptor]:
    """Return the score sources."""
    return [
        Descriptor(
            name="song",
            target="orchestra_song.source:SongScore",
            summary="A piece in bars: phrases, a motif that returns, a cadence; choices from mode to texture",
            config=SongConfig,
            default=True,
            license="MIT",
            citation=_CITATION,
        ),
        Descriptor(
            name="rules",
            target="orchestra_song.rules:RulesScore",
            summary="What rules make of valence and arousal: mode, register, density, level, staccato",
            config=RulesConfig,
            license="MIT",
            citation=_RULES,
        ),
    ]

"""What this plugin provides: the drums, and the scores they can be played with."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_percussion.config import OneShotConfig, PatternConfig, PercussionConfig

_CITATION = "Rossing, Science of Percussion Instruments, World Scientific, 2000 (modes of membranes)"


@hookimpl
def orchestra_instruments() -> Iterable[Descriptor]:
    """Return the drums."""
    return [
        Descriptor(
            name="percussion",
            target="orchestra_percussion.instrument:Percussion",
            summary="Kick, snare, tom, hat and clap as one voice: swept modes, noise, click, saturation",
            config=PercussionConfig,
            capabilities=frozenset({"differentiable", "notes", "rate_free"}),
            license="MIT",
            citation=_CITATION,
        )
    ]


@hookimpl
def orchestra_scores() -> Iterable[Descriptor]:
    """Return the score sources."""
    return [
        Descriptor(
            name="one_shot",
            target="orchestra_percussion.one_shot:OneShotScore",
            summary="A single hit, for sound design; choices: kind, kit",
            config=OneShotConfig,
            license="MIT",
        ),
        Descriptor(
            name="pattern",
            target="orchestra_percussion.pattern:PatternScore",
            summary="A drum pattern in steps; choices: style, tempo, kit",
            config=PatternConfig,
            license="MIT",
        ),
    ]

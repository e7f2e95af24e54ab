"""What this plugin provides: read whenever plugins are listed, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_plucked.config import EvolutionConfig, PluckedConfig


@hookimpl
def orchestra_instruments() -> Iterable[Descriptor]:
    """Return the instrument ``plucked``."""
    return [
        Descriptor(
            name="plucked",
            target="orchestra_plucked.instrument:Plucked",
            summary="A plucked string: modes that ring and fade, plucked anywhere along it",
            config=PluckedConfig,
            capabilities=frozenset({"differentiable", "notes", "pitched", "rate_free"}),
            license="MIT",
            citation="Fletcher and Rossing, The Physics of Musical Instruments, 2nd ed., 1998, chapter 2",
        )
    ]


@hookimpl
def orchestra_schedules() -> Iterable[Descriptor]:
    """Return the schedule ``evolution``."""
    return [
        Descriptor(
            name="evolution",
            target="orchestra_plucked.evolution:Evolution",
            summary="An evolution strategy: needs no gradient, so any instrument and any oracle will do",
            config=EvolutionConfig,
            license="MIT",
            citation="Hansen and Ostermeier, Completely derandomized self-adaptation in evolution strategies, 2001",
        )
    ]

"""What this plugin provides: the ensemble, and the score that several sources write."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_ensemble.config import BandConfig, EnsembleConfig


@hookimpl
def orchestra_instruments() -> Iterable[Descriptor]:
    """Return the ensemble."""
    return [
        Descriptor(
            name="ensemble",
            target="orchestra_ensemble.instrument:Ensemble",
            summary="Layers any instruments under one mix; piano, bass, pad and percussion by default",
            config=EnsembleConfig,
            capabilities=frozenset({"differentiable", "notes", "pitched", "rate_free"}),
            license="MIT",
        )
    ]


@hookimpl
def orchestra_scores() -> Iterable[Descriptor]:
    """Return the score source."""
    return [
        Descriptor(
            name="band",
            target="orchestra_ensemble.band:BandScore",
            summary="What several sources write, one for each voice, at the tempo of the first; their choices",
            config=BandConfig,
            license="MIT",
        )
    ]

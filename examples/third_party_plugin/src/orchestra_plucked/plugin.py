"""What this plugin provides: read whenever plugins are listed, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_plucked.config import CmaEsConfig, MatchWithPriorConfig, PercussiveConfig, PluckedConfig


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
def orchestra_envelopes() -> Iterable[Descriptor]:
    """Return the envelope ``percussive``."""
    return [
        Descriptor(
            name="percussive",
            target="orchestra_plucked.percussive:Percussive",
            summary="A curved attack and an exponential decay, damped at the end of the note",
            config=PercussiveConfig,
            capabilities=frozenset({"differentiable", "rate_free"}),
            license="MIT",
        )
    ]


@hookimpl
def orchestra_oracles() -> Iterable[Descriptor]:
    """Return the oracle ``librosa_features``."""
    return [
        Descriptor(
            name="librosa_features",
            target="orchestra_plucked.features:LibrosaFeatures",
            summary="Spectral centroid, level and flux as librosa measures them; without a gradient",
            license="MIT",
            citation="McFee et al., librosa: audio and music signal analysis in Python, SciPy 2015",
        )
    ]


@hookimpl
def orchestra_objectives() -> Iterable[Descriptor]:
    """Return the objective ``match_with_prior``."""
    return [
        Descriptor(
            name="match_with_prior",
            target="orchestra_plucked.prior:MatchWithPrior",
            summary="Readings near their targets, onsets near the score, amplitudes near each other",
            config=MatchWithPriorConfig,
            capabilities=frozenset({"differentiable"}),
            license="MIT",
        )
    ]


@hookimpl
def orchestra_schedules() -> Iterable[Descriptor]:
    """Return the schedule ``cma_es``."""
    return [
        Descriptor(
            name="cma_es",
            target="orchestra_plucked.cma_es:CmaEs",
            summary="CMA-ES: needs no gradient, so any instrument and any oracle will do",
            config=CmaEsConfig,
            license="MIT",
            citation="Hansen, The CMA evolution strategy: a tutorial, arXiv:1604.00772, 2016",
        )
    ]

"""What this plugin provides."""

from __future__ import annotations

from orchestra_core import Descriptor, hookimpl
from orchestra_match.config import ConsensusConfig, MatchConfig, RobustConfig


@hookimpl
def orchestra_objectives() -> tuple[Descriptor, ...]:
    """Provide `match`, `consensus` and `robust`."""
    return (
        Descriptor(
            name="match",
            target="orchestra_match.match:Match",
            summary="Squared distance between an oracle's reading and the target, one term per dimension.",
            config=MatchConfig,
            capabilities=frozenset({"differentiable"}),
            default=True,
            license="MIT",
        ),
        Descriptor(
            name="consensus",
            target="orchestra_match.consensus:Consensus",
            summary="Several oracles at once: the mean of their losses plus k standard deviations.",
            config=ConsensusConfig,
            capabilities=frozenset({"differentiable"}),
            license="MIT",
        ),
        Descriptor(
            name="robust",
            target="orchestra_match.robust:Robust",
            summary="Expectation of another objective over small random transforms of the sound.",
            config=RobustConfig,
            capabilities=frozenset({"differentiable", "stochastic"}),
            license="MIT",
        ),
    )

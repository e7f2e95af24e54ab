"""What this plugin provides."""

from __future__ import annotations

from orchestra_core import Descriptor, hookimpl
from orchestra_match.config import MatchConfig


@hookimpl
def orchestra_objectives() -> tuple[Descriptor, ...]:
    """Provide `match`."""
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
    )

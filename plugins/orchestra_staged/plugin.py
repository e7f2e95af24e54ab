"""What this plugin provides."""

from __future__ import annotations

from orchestra_core import Descriptor, hookimpl
from orchestra_staged.config import SearchConfig, StagedConfig


@hookimpl
def orchestra_schedules() -> tuple[Descriptor, ...]:
    """Provide `staged` and `search`."""
    return (
        Descriptor(
            name="staged",
            target="orchestra_staged.staged:Staged",
            summary="Tries score choices, then moves groups of parameters by gradient in declared stages.",
            config=StagedConfig,
            capabilities=frozenset({"differentiable"}),
            license="MIT",
        ),
        Descriptor(
            name="search",
            target="orchestra_staged.searching:Search",
            summary="Searches score choices by successive halving from a prior, then moves the best by gradient.",
            config=SearchConfig,
            capabilities=frozenset({"differentiable"}),
            default=True,
            license="MIT",
        ),
    )

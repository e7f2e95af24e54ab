"""What this plugin provides."""

from __future__ import annotations

from orchestra_core import Descriptor, hookimpl
from orchestra_staged.config import StagedConfig


@hookimpl
def orchestra_schedules() -> tuple[Descriptor, ...]:
    """Provide `staged`."""
    return (
        Descriptor(
            name="staged",
            target="orchestra_staged.staged:Staged",
            summary="Tries score choices, then moves groups of parameters by gradient in declared stages.",
            config=StagedConfig,
            capabilities=frozenset({"differentiable"}),
            default=True,
            license="MIT",
        ),
    )

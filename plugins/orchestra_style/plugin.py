"""What orchestra_style provides: the command ``style``."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Command, hookimpl


@hookimpl
def orchestra_commands() -> Iterable[Command]:
    """Return the command group ``style``."""
    return [Command("style", "orchestra_style.cli:style", "Lend music the sound of an ambience; train the feature network.")]

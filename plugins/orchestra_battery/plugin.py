"""What orchestra_battery provides: the command ``evaluate``."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Command, hookimpl


@hookimpl
def orchestra_commands() -> Iterable[Command]:
    """Return the command ``evaluate``."""
    return [Command("evaluate", "orchestra_battery.cli:evaluate", "Hold a way of composing against oracle, judges and cues.")]

"""What orchestra_battery provides: the commands ``evaluate`` and ``stimuli``."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Command, hookimpl


@hookimpl
def orchestra_commands() -> Iterable[Command]:
    """Return the commands."""
    return [
        Command("evaluate", "orchestra_battery.cli:evaluate", "Hold a way of composing against oracle, judges and cues."),
        Command("stimuli", "orchestra_battery.cli_stimuli:stimuli", "Make sets of stimuli for experiments."),
    ]

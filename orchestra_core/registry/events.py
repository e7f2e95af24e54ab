"""Tell plugins what goes on: typed wrappers around the life-cycle hooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestra_core.registry.manager import PluginManager

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result
    from orchestra_core.pipeline.run import Run
    from orchestra_core.problem.history import Row


class Events:
    """The life-cycle hooks of all plugins; a plugin that fails is switched off with a warning and never stops a run."""

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager

    def run_started(self, run: Run) -> None:
        """Say that an optimisation begins, or goes on after an interruption."""
        self._manager.notify("orchestra_run_started", run=run)

    def stage_started(self, run: Run, stage: str, steps: int) -> None:
        """Say that a stage of at most `steps` steps begins or goes on."""
        self._manager.notify("orchestra_stage_started", run=run, stage=stage, steps=steps)

    def steps_finished(self, run: Run, rows: Sequence[Row]) -> None:
        """Say what the last steps gave, one row per step and item."""
        self._manager.notify("orchestra_steps_finished", run=run, rows=rows)

    def run_finished(self, run: Run, results: Sequence[Result]) -> None:
        """Say that an optimisation is finished."""
        self._manager.notify("orchestra_run_finished", run=run, results=results)

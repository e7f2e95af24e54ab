"""What a problem tells the world while it goes on."""

from __future__ import annotations

from collections.abc import Sequence

from orchestra_core.problem.history import Row


class Listener:
    """Is told of stages and rows; this one does nothing with them."""

    def stage_started(self, stage: str, steps: int) -> None:
        """Be told that a stage of at most `steps` steps begins or goes on."""

    def steps_finished(self, rows: Sequence[Row]) -> None:
        """Be told what the last steps gave: one row per step and item."""

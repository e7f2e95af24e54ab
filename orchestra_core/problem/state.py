"""What a run knows of itself: history, stages done, and the checkpoint that resumes it to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import torch

from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_core.problem.history import Row
from orchestra_core.problem.stage import Stage
from orchestra_core.problem.step import Step

if TYPE_CHECKING:
    from orchestra_core.problem.problem import Problem

# Rows are delivered to listeners every so many steps, so that nothing waits for the device at each.
_DELIVERY = 5


class ProblemState:
    """Counts stages, collects the history, saves and restores checkpoints.

    Parameters
    ----------
    problem : Problem
        Whose state this is; it is restored from the checkpoint at once, if there is one.
    checkpoint : CheckpointFile, or None
        Where it is saved.
    """

    def __init__(self, problem: Problem, checkpoint: CheckpointFile | None) -> None:
        self.problem = problem
        self.rows: list[Row] = []
        self._checkpoint = checkpoint
        self._stages = 0
        self._pending: list[Step] = []
        self._resumed: dict[str, Any] = (checkpoint.load() if checkpoint else None) or {}
        if self._resumed:
            self._restore_problem(self._resumed)

    @property
    def resumed(self) -> bool:
        """Whether an earlier run goes on."""
        return bool(self._resumed)

    def next_stage(self, stage: Stage) -> Stage:
        """Return the stage with what a resumed run had done of it."""
        saved = self._resumed.get("stage", {})
        if self._resumed and self._stages < saved["index"]:
            stage.step = stage.steps
        elif self._resumed and self._stages == saved["index"]:
            self._restore_stage(stage, saved)
        self._stages += 1
        return stage

    def step_done(self, stage: Stage, step: Step) -> None:
        """Collect a step; deliver and save when due."""
        self._pending.append(step)
        if len(self._pending) >= _DELIVERY or stage.step >= stage.steps:
            self.deliver()
        if self._checkpoint and not self._pending:
            self._checkpoint.save_if_due(lambda: self._snapshot(stage))

    def deliver(self) -> None:
        """Deliver the steps that are collected."""
        rows = [row for step in self._pending for row in step.rows()]
        self._pending = []
        if rows:
            self.rows += rows
            self.problem.listener.steps_finished(rows)

    def _snapshot(self, stage: Stage) -> dict[str, Any]:
        problem = self.problem
        return {
            "values": dict(problem.values),
            "choices": [dict(choice) for choice in problem.choices],
            "scores": [asdict(score) for score in problem.brief.scores or ()],
            "generator": problem.generator.state(),
            "hearing": problem.hearing.state(),
            "evaluations": problem.meter.counts,
            "rows": [asdict(row) for row in self.rows],
            "stage": {
                "index": self._stages - 1,
                "step": stage.step,
                "coordinates": {name: leaf.detach() for name, leaf in stage.coordinates.items()},
                "best": dict(stage.best),
                "best_loss": stage.best_loss,
                "rate": stage.rate,
                "caution": stage.caution,
                "recoveries": stage.recoveries,
                "kept": {name: kept.state_dict() for name, kept in stage.kept.items()},
            },
        }

    def _restore_problem(self, saved: Mapping[str, Any]) -> None:
        problem = self.problem
        problem.choices = tuple(saved["choices"])
        scores = tuple(_score(plain) for plain in saved["scores"]) or None
        problem.set_brief(replace(problem.brief, scores=scores))
        problem.values = {name: value.to(problem.brief.device) for name, value in saved["values"].items()}
        problem.generator.restore(saved["generator"])
        problem.hearing.restore(saved["hearing"])
        problem.meter.counts = saved["evaluations"]
        self.rows = [Row(**row) for row in saved["rows"]]

    def _restore_stage(self, stage: Stage, saved: Mapping[str, Any]) -> None:
        device = self.problem.brief.device
        stage.step = saved["step"]
        with torch.no_grad():
            for name, leaf in stage.coordinates.items():
                leaf.copy_(saved["coordinates"][name])
        stage.best = {name: value.to(device) for name, value in saved["best"].items()}
        stage.best_loss = saved["best_loss"].to(device)
        stage.rate = saved["rate"].to(device)
        stage.caution = saved["caution"].to(device)
        stage.recoveries = saved["recoveries"].to(device)
        stage.restored = saved["kept"]


def _score(plain: Mapping[str, Any]) -> Score:
    notes = tuple(Note(**{**note, "part": Part(**note["part"])}) for note in plain["notes"])
    return Score(**{**plain, "notes": notes, "metre": tuple(plain["metre"])})

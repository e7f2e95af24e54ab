"""The progress of a run on the terminal: a listener of the life-cycle hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from orchestra_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from orchestra_core.pipeline.run import Run
    from orchestra_core.problem.history import Row


class ProgressBar:
    """A bar per stage on standard error, with the readings of the moment; shows nothing where that is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        columns = (TextColumn("{task.description:10}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(
            *columns, TextColumn("{task.fields[readings]}"), console=console, disable=not console.is_terminal
        )
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @hookimpl
    def orchestra_run_started(self, run: Run) -> None:
        """Say that an interrupted run goes on."""
        if run.resumed and not self._progress.disable:
            self._progress.console.print(f"Going on with the run in {run.directory}.", highlight=False)

    @hookimpl
    def orchestra_stage_started(self, stage: str, steps: int) -> None:
        """Begin a bar."""
        self._end_task()
        self._task = self._progress.add_task(stage, total=steps, readings="")

    @hookimpl
    def orchestra_steps_finished(self, run: Run, rows: Sequence[Row]) -> None:
        """Move the bar and show the readings of the last step."""
        if self._task is not None and rows:
            last = [row for row in rows if row.step == rows[-1].step]
            self._progress.update(self._task, completed=rows[-1].step + 1, readings=describe_rows(last, run.targets))

    @hookimpl
    def orchestra_run_finished(self) -> None:
        """End the last bar."""
        self._end_task()

    def _end_task(self) -> None:
        if self._task is not None:  # a stage may stop before its last step
            self._progress.update(self._task, total=self._progress.tasks[self._task].completed or 1)
            self._progress.stop_task(self._task)


def describe_rows(rows: Sequence[Row], targets: Sequence[Mapping[str, float]]) -> str:
    """Return the readings of a step in a line: beside the targets for one item, as mean errors for several."""
    asked = [targets[row.item] for row in rows]
    if not rows[0].readings:
        return f"loss {fmean(row.loss for row in rows):.3g}"
    if len(rows) == 1:
        return "  ".join(f"{n} {v:+.2f}" + _asked(asked[0], n) for n, v in rows[0].readings.items())
    errors = {n: fmean(abs(row.readings[n] - a[n]) for row, a in zip(rows, asked, strict=True)) for n in asked[0]}
    return "mean error  " + "  ".join(f"{name} {error:.2f}" for name, error in errors.items())


def _asked(targets: Mapping[str, float], name: str) -> str:
    return f" (target {targets[name]:+.2f})" if name in targets else ""

"""The hooks: a row in the log for each item at each event of a run's life. There is no state between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestra_core import hookimpl
from orchestra_run_logger.log import append, entry, path_of

if TYPE_CHECKING:
    from orchestra_core import Result, Row, Run


@hookimpl
def orchestra_run_started(run: Run) -> None:
    """Log what is asked."""
    event = "resumed" if run.resumed else "started"
    append(path_of(run), [entry(run, event, item) for item in range(len(run.requests))])


@hookimpl
def orchestra_steps_finished(run: Run, rows: Sequence[Row]) -> None:
    """Log the last of these steps, for each item."""
    last = {row.item: row for row in rows}
    append(
        path_of(run),
        [entry(run, "steps", item, row.readings, stage=row.stage, step=row.step, loss=row.loss) for item, row in last.items()],
    )


@hookimpl
def orchestra_run_finished(run: Run, results: Sequence[Result]) -> None:
    """Log what was reached."""
    append(path_of(run), [entry(run, "finished", item, result.readings) for item, result in enumerate(results)])

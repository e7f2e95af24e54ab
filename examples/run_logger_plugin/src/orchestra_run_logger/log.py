"""The log: its columns, its rows, and appending them to a file."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestra_core import Run

COLUMNS = ("time", "run", "event", "item", "seed", "word", "stage", "step", "loss", "targets", "readings")
#: The environment variable with the path of one log for all runs.
VARIABLE = "ORCHESTRA_RUN_LOG"
NAME = "run_log.csv"


def path_of(run: Run) -> Path | None:
    """Return where a run is logged: where the environment says, else in its folder; None where there is neither."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    return run.directory / NAME if run.directory else None


def entry(
    run: Run,
    event: str,
    item: int,
    readings: Mapping[str, float] | None = None,
    *,
    stage: str = "",
    step: int | None = None,
    loss: float | None = None,
) -> dict[str, object]:
    """Return one row of the log.

    Parameters
    ----------
    run : Run
        What is asked.
    event : str
        ``started``, ``resumed``, ``steps`` or ``finished``.
    item : int
        Which item of the batch.
    readings : mapping of str to float, or None
        In the oracle's units.
    stage, step, loss : str, int, float
        Where the item stands; empty where it does not matter.

    Returns
    -------
    dict of str to object
        By column.
    """
    request = run.requests[item]
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "run": run.directory or "",
        "event": event,
        "item": item,
        "seed": request.seed,
        "word": request.word,
        "stage": stage,
        "step": "" if step is None else step,
        "loss": "" if loss is None else loss,
        "targets": json.dumps(dict(run.targets[item])),
        "readings": json.dumps(dict(readings or {})),
    }


def append(path: Path | None, rows: Sequence[Mapping[str, object]]) -> None:
    """Append rows to a log, which begins with a line of column names; None is no log.

    Parameters
    ----------
    path : Path, or None
        The file; its folder is made where it is missing.
    rows : sequence of mapping
        From `entry`.
    """
    if path is None or not rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    if not path.exists():
        writer.writeheader()
    writer.writerows(rows)
    # In one write, so that the rows of two runs that log to one file do not mix.
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())

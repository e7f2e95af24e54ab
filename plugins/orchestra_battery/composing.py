"""Compose the pieces of a design in batches, each a run folder that an interrupted evaluation goes on from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestra_battery.design import Piece
from orchestra_core import Pipeline, Request, write_text

Progress = Callable[[int, int], None]

_TIMES = "times.json"


@dataclass(frozen=True)
class Order:
    """How pieces are composed.

    Parameters
    ----------
    scale : {"request", "reading"}
        What requests mean.
    duration : float or None
        Length in s.
    loudness : {"expressive", "matched", "peak"}, float or None
        Of the files.
    budget : int or None
        At most so many evaluations of each piece.
    batch : int, >= 1
        Pieces composed together.
    device : str
        Of torch.
    """

    scale: Literal["request", "reading"] = "request"
    duration: float | None = None
    loudness: Literal["expressive", "matched", "peak"] | float | None = None
    budget: int | None = None
    batch: int = 12
    device: str = "cpu"


def compose(pipeline: Pipeline, pieces: Sequence[Piece], folder: Path, order: Order, progress: Progress) -> dict[int, Path]:
    """Compose what is not there yet.

    Parameters
    ----------
    pipeline : Pipeline
        What composes.
    pieces : sequence of Piece
        What is asked.
    folder : Path
        Holds a run folder for each batch: ``000/``, ``001/``, ...
    order : Order
        How.
    progress : callable
        Called with the number of pieces that are there and that there shall be.

    Returns
    -------
    dict of int to Path
        The folder of every piece by its number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places: dict[int, Path] = {}
    for start in range(0, len(pieces), order.batch):
        batch = pieces[start : start + order.batch]
        where = folder / f"{start // order.batch:03d}"
        progress(start, len(pieces))
        if not is_finished(where):
            _compose_batch(pipeline, batch, where, order)
        rows = enumerate(batch)
        places.update({piece.number: where / f"{row:03d}" if len(batch) > 1 else where for row, piece in rows})
    progress(len(pieces), len(pieces))
    return places


def is_finished(folder: Path) -> bool:
    """Return whether a folder holds a finished run."""
    record = folder / "run.json"
    return record.exists() and bool(json.loads(record.read_text(encoding="utf-8")).get("finished"))


def seconds_per_piece(folder: Path) -> float | None:
    """Return the mean time that a piece took, over the batches that were composed without interruption; None without any."""
    times = _read_times(folder)
    count = sum(pieces for pieces, _ in times.values())
    return sum(seconds for _, seconds in times.values()) / count if count else None


def _compose_batch(pipeline: Pipeline, batch: Sequence[Piece], where: Path, order: Order) -> None:
    resumed, started = where.exists(), time.perf_counter()
    pipeline.compose_many(
        [Request(dict(piece.requests), piece.seed) for piece in batch],
        scale=order.scale,
        duration=order.duration,
        loudness=order.loudness,
        directory=where,
        resume=resumed,
        device=order.device,
        budget=order.budget,
    )
    if not resumed:
        times = {**_read_times(where.parent), where.name: (len(batch), time.perf_counter() - started)}
        write_text(where.parent / _TIMES, json.dumps(times, indent=1) + "\n")


def _read_times(folder: Path) -> Mapping[str, tuple[int, float]]:
    path = folder / _TIMES
    times: dict[str, tuple[int, float]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return times

"""The history of an optimisation: one row per step and item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Row:
    """What one step gave for one item.

    Parameters
    ----------
    item : int
        Row of the batch.
    stage : str
        Name of the stage.
    step : int
        Step within the stage, from 0.
    loss : float
        Weighted sum of the terms under the stage's weights.
    terms : mapping of str to float
        Loss terms before weighting.
    readings : mapping of str to float
        Readings by dimension.
    event : str
        What happened beside the ordinary, such as a recovery from a non-finite loss; empty otherwise.
    """

    item: int
    stage: str
    step: int
    loss: float
    terms: Mapping[str, float]
    readings: Mapping[str, float]
    event: str = ""


def to_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a table with the columns item, stage, step, loss, event, ``term.NAME`` and ``reading.NAME``."""
    import pandas as pd

    return pd.DataFrame([_flat(row) for row in rows])


def _flat(row: Row) -> dict[str, object]:
    flat: dict[str, object] = {"item": row.item, "stage": row.stage, "step": row.step, "loss": row.loss, "event": row.event}
    flat.update({f"term.{name}": value for name, value in row.terms.items()})
    flat.update({f"reading.{name}": value for name, value in row.readings.items()})
    return flat

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
    moves : bool
        Whether the stage moves parameters; one that does not tries candidates, if anything changes at all.
    """

    item: int
    stage: str
    step: int
    loss: float
    terms: Mapping[str, float]
    readings: Mapping[str, float]
    event: str = ""
    moves: bool = True


def to_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a table with the columns item, stage, step, loss, event, moves, ``term.NAME``, ``reading.NAME``."""
    import pandas as pd

    return pd.DataFrame([_flat(row) for row in rows])


def _flat(row: Row) -> dict[str, object]:
    flat: dict[str, object] = {name: getattr(row, name) for name in ("item", "stage", "step", "loss", "event", "moves")}
    flat.update({f"term.{name}": value for name, value in row.terms.items()})
    flat.update({f"reading.{name}": value for name, value in row.readings.items()})
    return flat

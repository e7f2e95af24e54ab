"""The folder of a training: its checkpoint, which resumes it, and its log."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from orchestra_core.errors import ConfigurationError, UsageError
from orchestra_core.io.atomic import write_bytes, write_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Share of a training in which the learning rate rises.
_RISE = 0.05


class TrainingFolder:
    """Where a training keeps what it needs to go on after a kill, and what people look at.

    Parameters
    ----------
    path : Path
        The folder; it is made with the first save.
    settings : dataclass
        The recipe, of plain values. A training is resumed with the same only.

    Examples
    --------
    >>> folder = TrainingFolder(Path("trained"), settings)  # doctest: +SKIP
    >>> saved = folder.restore(resume=True)  # doctest: +SKIP
    """

    def __init__(self, path: Path, settings: DataclassInstance) -> None:
        self.path = path
        self._settings = asdict(settings)

    @property
    def checkpoint(self) -> Path:
        """The file that a training is resumed from."""
        return self.path / "checkpoint.pt"

    @property
    def log(self) -> Path:
        """A table with one row per epoch."""
        return self.path / "log.csv"

    def restore(self, resume: bool) -> dict[str, Any] | None:
        """Return the state that was saved last; None where no training is.

        Parameters
        ----------
        resume : bool
            Whether to go on with a training that is there.

        Raises
        ------
        UsageError
            There is a training and `resume` is not set, or its checkpoint is damaged.
        ConfigurationError
            It was begun with other settings.
        """
        if not self.checkpoint.is_file():
            return None
        if not resume:
            raise UsageError(f"{self.path} holds a training already; add --resume to go on with it, or give another folder.")
        saved = self._read()
        then, now = saved["settings"], self._settings
        changed = {name: then.get(name) for name in {**then, **now} if then.get(name) != now.get(name)}
        if changed:
            raise ConfigurationError(f"{self.path} holds a training with other settings: {changed}; resume with the same.")
        state: dict[str, Any] = saved["state"]
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the checkpoint, whole or not at all.

        Parameters
        ----------
        state : mapping
            Tensors and plain values, such as state dicts.
        """
        buffer = io.BytesIO()
        torch.save({"settings": self._settings, "state": dict(state)}, buffer)
        self.path.mkdir(parents=True, exist_ok=True)
        write_bytes(self.checkpoint, buffer.getvalue())

    def write_log(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Write the log anew, whole or not at all."""
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.log, table.getvalue())

    def _read(self) -> dict[str, Any]:
        try:
            saved = torch.load(self.checkpoint, weights_only=True)
            return {"settings": dict(saved["settings"]), "state": dict(saved["state"])}
        except Exception as error:  # torch raises many types for a damaged file
            raise UsageError(
                f"Checkpoint {self.checkpoint} is damaged ({type(error).__name__}); delete it to begin again."
            ) from error


def rise_and_cosine(share: float) -> float:
    """Return the learning rate at a share of the training, re its highest: a short straight rise, then half a cosine to 0.

    Parameters
    ----------
    share : float, in [0, 1]
        How much of the training is done.

    Returns
    -------
    float

    References
    ----------
    Loshchilov, I., and Hutter, F. (2017). SGDR: Stochastic gradient descent with warm restarts. *ICLR*.

    Examples
    --------
    >>> [round(rise_and_cosine(share), 2) for share in (0.0, 0.025, 0.05, 0.525, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return share / _RISE if share < _RISE else 0.5 * (1 + math.cos(math.pi * (share - _RISE) / (1 - _RISE)))

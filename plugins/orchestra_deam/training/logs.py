"""Curves of a training for TensorBoard, beside the CSV log."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from orchestra_core.errors import PluginError


class TensorBoardLog:
    """Writes the row of each epoch for TensorBoard; a context manager.

    Parameters
    ----------
    folder : Path
        Where the event files go; ``tensorboard --logdir`` shows them.

    Raises
    ------
    PluginError
        The package tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise PluginError(
                f"TensorBoard's logs need the package tensorboard, which is not installed ({error}); expected it: "
                "pip install 'orchestra-music[tensorboard]'."
            ) from error
        self._writer: Any = SummaryWriter(str(folder))

    def __enter__(self) -> TensorBoardLog:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()

    def add(self, row: dict[str, float]) -> None:
        """Write what is known of an epoch."""
        for name, value in row.items():
            if name != "epoch" and math.isfinite(value):
                self._writer.add_scalar(name, value, int(row["epoch"]))
        self._writer.flush()

"""Checkpoints: tensors and plain values, written at step boundaries, read without running any code."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from orchestra_core.errors import RunFolderError
from orchestra_core.io.atomic import write_bytes

#: Changes when the content of a checkpoint does.
FORMAT = 1

State = Mapping[str, Any]


class CheckpointFile:
    """The one checkpoint of a run.

    Parameters
    ----------
    path : Path
        Where it lies.
    fingerprint : str
        Identifies the run; a checkpoint of another run is refused.
    interval : float
        Least time between two writes in seconds.
    """

    def __init__(self, path: Path, fingerprint: str, interval: float = 2.0) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._interval = interval
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the state saved last, or None where there is none.

        Raises
        ------
        RunFolderError
            The file is damaged or belongs to another run.
        """
        if not self._path.exists():
            return None
        try:
            saved: Any = torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many types for a damaged file, with advice that would run its code
            raise RunFolderError(
                f"The checkpoint {self._path} is not readable ({type(error).__name__}): it is damaged, or no checkpoint. "
                "Delete it to begin again."
            ) from error
        if not isinstance(saved, dict) or saved.get("format") != FORMAT or saved.get("fingerprint") != self._fingerprint:
            raise RunFolderError(
                f"The checkpoint {self._path} belongs to another request or version; expected one of this run. "
                "Choose another output folder, or delete it to begin again."
            )
        return dict(saved["state"])

    def save_if_due(self, state: Callable[[], State]) -> None:
        """Write the state if the last write is long enough ago."""
        if time.monotonic() - self._last >= self._interval:
            self.save(state())

    def save(self, state: State) -> None:
        """Write the state, atomically."""
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, "fingerprint": self._fingerprint, "state": dict(state)}, buffer)
        write_bytes(self._path, buffer.getvalue())
        self._last = time.monotonic()

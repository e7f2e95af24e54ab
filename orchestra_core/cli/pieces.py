"""Pieces on the command line: what is in a folder, and what was asked of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_AUDIO = "audio.wav"
_RECORD = "run.json"


def in_batches(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return paths with each folder of a batch replaced by those of its pieces: ``000/``, ``001/``, ...

    Parameters
    ----------
    paths : sequence of Path
        Of files and folders, which need not exist.

    Returns
    -------
    tuple of Path
        In the same order; none twice.
    """
    return tuple(dict.fromkeys(piece for path in paths for piece in (_numbered(path) or [path])))


def sound_of(path: Path) -> Path:
    """Return the recording in a run folder; any other path as it is."""
    return path / _AUDIO if (path / _AUDIO).is_file() else path


def asked_of(folder: Path) -> str:
    """Return what was asked of the piece in a run folder, in the units of its oracle and beside its corpus; empty if unknown."""
    try:
        item = json.loads((folder / _RECORD).read_text(encoding="utf-8"))["item"]
        known = {dimension["name"]: dimension for dimension in item["dimensions"]}
        targets = [f"{name} {beside(value, known[name])}" for name, value in item["targets"].items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # What was asked is only put beside the marks: a record that cannot be read takes none of them away.
        return ""
    return ": ".join(text for text in (item.get("word", ""), ", ".join(targets)) if text)


def beside(value: float, dimension: Mapping[str, Any]) -> str:
    """Return a number and how many standard deviations of a corpus it lies above the corpus' mean, where there is one.

    Examples
    --------
    >>> beside(0.25, {"mean": 0.05, "sd": 0.4})
    '+0.250 (+0.5 SD)'
    >>> beside(0.25, {"mean": None, "sd": None})
    '+0.250'
    """
    distance = in_sd(value, dimension.get("mean"), dimension.get("sd"))
    return f"{value:+.3f}" if distance is None else f"{value:+.3f} ({distance:+z.1f} SD)"


def in_sd(value: float, mean: float | None, sd: float | None) -> float | None:
    """Return how many standard deviations a value lies above a mean; None where there is none."""
    return (value - mean) / sd if mean is not None and sd else None


def _numbered(folder: Path) -> list[Path]:
    if not folder.is_dir() or (folder / _AUDIO).is_file():
        return []
    found = [item for item in folder.iterdir() if item.name.isdecimal() and (item / _AUDIO).is_file()]
    return sorted(found, key=lambda item: int(item.name))

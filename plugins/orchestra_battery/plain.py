"""Evaluations as plain values: JSON without NaN, and reading it back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from orchestra_battery.marking import Record, record_from
from orchestra_core import Component
from orchestra_core.errors import RunFolderError

#: Format and version of the record of an evaluation.
FORMAT = "orchestra-evaluation/1"
RECORD = "evaluation.json"


def plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers that are not finite become null, dataclasses objects, components their names."""
    if isinstance(value, Component):
        return f"{type(value).__module__}.{type(value).__qualname__}"
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def why(error: Exception) -> str:
    """Return what went wrong in words, without the number and the name that the system has for it.

    Examples
    --------
    >>> why(IsADirectoryError(21, "Is a directory", "out"))
    'is a directory'
    """
    return (getattr(error, "strerror", None) or str(error)).lower() if isinstance(error, OSError) else str(error)


def read_record(folder: Path) -> dict[str, Any]:
    """Return the record of a finished evaluation.

    Parameters
    ----------
    folder : Path
        Its folder, or the file itself.

    Raises
    ------
    RunFolderError
        There is none, or it is damaged or of another version.
    """
    path = folder if folder.suffix == ".json" else folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} does not exist; expected the folder of a finished evaluation.") from error
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read ({why(error)}); expected the folder of a finished evaluation.") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        seen = record.get("format") if isinstance(record, dict) else type(record).__name__
        raise RunFolderError(f"{path} has the format {seen!r}; expected {FORMAT!r}.")
    return record


def read_records(record: Mapping[str, Any]) -> tuple[Record, ...]:
    """Return the pieces of the record of an evaluation."""
    return tuple(record_from(piece) for piece in record["pieces"])

"""Plain values: what can be written as JSON and read back the same."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from orchestra_core.errors import ParameterError


def plain(value: Any, where: str = "recipe") -> Any:
    """Return a value with mappings, sequences, paths and NumPy numbers made plain.

    Parameters
    ----------
    value : object
        Mappings with text keys, lists, tuples, sets, paths, text, numbers, booleans and None, nested.
    where : str
        What the value is called in an error.

    Returns
    -------
    object
        Dictionaries, lists, text, numbers, booleans and None.

    Raises
    ------
    ParameterError
        Something else, or NaN or infinity, is in it.

    Examples
    --------
    >>> plain({"size": (2, 3), "file": Path("a.mid")})
    {'size': [2, 3], 'file': 'a.mid'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, frozenset | set):
        return [plain(item, where) for item in sorted(value)]
    return _leaf(value.item() if isinstance(value, np.generic) else value, where)


def _leaf(value: Any, where: str) -> Any:
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ParameterError(
        f"{where} is {value!r} of type {type(value).__name__}; expected text, finite numbers, booleans, lists and mappings, "
        "which run.json can hold."
    )


def finite(value: float) -> float | None:
    """Return a number, or None where it is NaN or infinite, which JSON cannot hold."""
    return float(value) if math.isfinite(value) else None


def to_json(value: Any) -> str:
    """Return a plain value as indented JSON with a line feed at its end; the order of keys is kept."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

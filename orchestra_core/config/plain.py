"""Turn configurations into plain values that JSON can hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from orchestra_core.errors import ConfigurationError


def to_plain(value: Any, path: str = "") -> Any:
    """Return a configuration as dictionaries, lists, strings, numbers, booleans and None.

    Parameters
    ----------
    value : dataclass or any value in one
        What to convert: a configuration, a `Ref`, or a field of one.
    path : str
        Where the value lies, for the message.

    Returns
    -------
    dict, list, str, int, float, bool or None
        `orchestra_core.config.validate` makes the configuration out of it again.

    Raises
    ------
    ConfigurationError
        A value has no plain form.

    Examples
    --------
    >>> from orchestra_core.descriptors import Ref
    >>> to_plain(Ref("envelope", "adsr", {"attack": 0.01}))
    {'kind': 'envelope', 'name': 'adsr', 'config': {'attack': 0.01}}
    """
    if isinstance(value, Enum | PurePath):
        return value.value if isinstance(value, Enum) else str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name), join(path, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, join(path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [to_plain(item, f"{path}[{index}]") for index, item in enumerate(items)]
    raise ConfigurationError(
        f"{path or 'The configuration'} is {value!r}, a {type(value).__name__}; expected a string, number, truth value, list or "
        "table of these."
    )


def join(path: str, name: str) -> str:
    """Return the path of a key below another."""
    return f"{path}.{name}" if path else name

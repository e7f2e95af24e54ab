"""Read configuration files: names and values only, so that reading one can import nothing."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from orchestra_core.errors import ConfigurationError

_RECIPE = "recipe"
_RUN_FILE = "run.json"


def read_config(path: str | Path) -> dict[str, Any]:
    """Return what a configuration file holds.

    Parameters
    ----------
    path : str or Path
        A ``.toml`` or ``.json`` file, a run folder or its ``run.json``; of a run, the recipe is returned.

    Returns
    -------
    dict
        Names and values.

    Raises
    ------
    ConfigurationError
        The file is missing, not readable, of another type, or has a mistake, whose line is named.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "quiet.toml"
    ...     _ = file.write_text('instrument = "piano_adsr"')
    ...     read_config(file)
    {'instrument': 'piano_adsr'}
    """
    file = _file(Path(path))
    text = _text(file)
    if file.suffix.lower() == ".toml":
        return _parse_toml(text, file)
    if file.suffix.lower() == ".json":
        return _recipe(_parse_json(text, file), file)
    raise ConfigurationError(f"{file} is of type {file.suffix or 'unknown'}; expected a .toml or .json file, or a run folder.")


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    if (path / _RUN_FILE).is_file():
        return path / _RUN_FILE
    items = sorted(child.parent.name for child in path.glob(f"*/{_RUN_FILE}"))
    hint = f" It is a batch: name one of its items {', '.join(items)}." if items else ""
    raise ConfigurationError(f"{path} has no {_RUN_FILE}; expected a run folder.{hint}")


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file} does not exist; expected a configuration file or a run folder.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error


def _parse_toml(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}.") from error


def _parse_json(text: str, file: Path) -> dict[str, Any]:
    try:
        data = json.loads(text, object_pairs_hook=_without_twins)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{file} is not valid JSON: {error.msg} (at line {error.lineno}, column {error.colno})."
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {error}") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{file} holds a {type(data).__name__}; expected an object with names and values.")
    return data


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a dictionary; TOML refuses a key that is given twice, JSON would take the last in silence."""
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(f"the key {twice!r} is given twice in one object; expected it once.")
    return data


def _recipe(data: dict[str, Any], file: Path) -> dict[str, Any]:
    recipe = data.get(_RECIPE, data)
    if file.name == _RUN_FILE and _RECIPE not in data:
        raise ConfigurationError(f"{file} has no {_RECIPE!r}; expected the file of a run.")
    if not isinstance(recipe, dict):
        raise ConfigurationError(f"{file} has a {_RECIPE!r} that is a {type(recipe).__name__}; expected an object.")
    return recipe

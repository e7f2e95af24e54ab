"""Validate plain values strictly against the frozen dataclass that a component is configured with."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from orchestra_core.config.plain import to_plain
from orchestra_core.errors import ConfigurationError, PluginError, UsageError
from orchestra_core.names import one_of

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

T = TypeVar("T")


def validate(config: type[T], data: Mapping[str, Any], who: str) -> T:
    """Return a configuration made of plain values.

    Unknown keys are refused at every level. Types are strict, as in JSON: a list stands for a tuple and a whole number for a
    floating-point one, but ``"3"`` is no number and ``1`` no truth value.

    Parameters
    ----------
    config : type
        A frozen dataclass with a default for every field.
    data : mapping
        Values by field; those left out take their defaults.
    who : str
        Whose configuration it is, for the message.

    Raises
    ------
    ConfigurationError
        A key is unknown or a value has the wrong type; the message has every key, the value seen and what was expected.
    PluginError
        The dataclass itself cannot be used.
    """
    model = _model(config, who)
    text = json.dumps({"config": to_plain(data)})
    from pydantic import ValidationError

    try:
        made: T = model.model_validate_json(text).config  # type: ignore[attr-defined]
    except ValidationError as error:
        raise ConfigurationError(_message(error, config, json.loads(text), who)) from error
    except UsageError as error:
        raise ConfigurationError(f"The configuration of {who}: {error}") from error
    return made


def check_config_type(config: type, who: str) -> None:
    """Check that a dataclass can be validated against; raises `PluginError` if not."""
    _model(config, who)


def _model(config: type, who: str) -> type[BaseModel]:
    try:
        return _cached_model(config)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise PluginError(
            f"{config.__name__}, the configuration of {who}, has a field that cannot be validated: {reason}"
        ) from error


@functools.cache
def _cached_model(config: type) -> type[BaseModel]:
    """Return a model around the dataclass: its strictness reaches the dataclass and those nested in it, unlike an adapter's."""
    from pydantic import ConfigDict, create_model

    model = create_model(config.__name__, __config__=ConfigDict(extra="forbid", strict=True), config=(config, ...))
    model.model_rebuild()  # raises where a type is not defined, which is otherwise found at the first use
    return model


def _message(error: ValidationError, config: type, data: Any, who: str) -> str:
    found = [_sentence(detail, config, data) for detail in _most_telling(error.errors())]
    return f"The configuration of {who} cannot be used: {' '.join(dict.fromkeys(found))}"


def _most_telling(details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Yield the errors; unknown keys come first, because another key's absence or type often follows from them."""
    yield from sorted(details, key=lambda detail: detail["type"] != "unexpected_keyword_argument")


def _sentence(detail: ErrorDetails, config: type, data: Any) -> str:
    keys = _walk(detail["loc"], data)
    path = _dotted(keys) or "it"
    if detail["type"] == "unexpected_keyword_argument":
        known = _fields(config, keys[:-1])
        return one_of(str(keys[-1]), known, f"key in {_dotted(keys[:-1])}" if keys[:-1] else "key")
    if detail["type"] == "value_error":
        return f"{path}: {detail['ctx']['error']}."
    expected = detail["msg"].removeprefix("Input should be ")
    return f"{path} is {json.dumps(detail['input'])}; expected {expected}."


def _walk(location: tuple[int | str, ...], data: Any) -> list[int | str]:
    """Return the keys of a location; pydantic puts the names of union members between them, which are left out."""
    keys: list[int | str] = []
    for step in location:
        inside = isinstance(data, dict) and step in data
        if inside or (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            data = data[step]
            keys.append(step)
    return keys[1:]


def _dotted(keys: list[int | str]) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def _fields(config: Any, keys: list[int | str]) -> list[str]:
    """Return the field names of the dataclass at a path below a configuration."""
    from typing import get_args, get_type_hints

    for key in keys:
        candidates = [get_type_hints(config).get(key)] if isinstance(key, str) and dataclasses.is_dataclass(config) else [config]
        config = next((one for one in _flattened(candidates, get_args) if dataclasses.is_dataclass(one)), config)
    return [field.name for field in dataclasses.fields(config)]


def _flattened(types: Sequence[Any], arguments: Any) -> Iterator[Any]:
    for one in types:
        yield one
        yield from _flattened(arguments(one), arguments)

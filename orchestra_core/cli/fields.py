"""Describe the fields of a configuration for people: name, type, default and what it means."""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import dataclass
from typing import Any, get_type_hints

from orchestra_core.config.plain import to_plain


@dataclass(frozen=True)
class FieldDescription:
    """One field of a configuration, its default in plain form."""

    name: str
    type: str
    default: Any
    description: str


def describe_fields(config: type | None) -> list[FieldDescription]:
    """Return what the fields of a configuration are.

    Descriptions come from the metadata of a field, ``field(metadata={"description": ...})``, or from the numpydoc section
    ``Parameters`` of the class.

    Parameters
    ----------
    config : type or None
        A frozen dataclass.

    Returns
    -------
    list of FieldDescription
    """
    if config is None:
        return []
    hints = _hints(config)
    documented = _documented(inspect.getdoc(config) or "")
    return [_describe(field, hints[field.name], documented) for field in dataclasses.fields(config)]


def _hints(config: type) -> dict[str, Any]:
    """Return the types of fields; the names behind aliases are looked up, for the values of a Literal are what people want."""
    try:
        return get_type_hints(config)
    except (NameError, TypeError):  # building reports it; showing goes on with what is written
        return {field.name: field.type for field in dataclasses.fields(config)}


def _describe(field: dataclasses.Field[Any], hint: Any, documented: dict[str, str]) -> FieldDescription:
    default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    description = field.metadata.get("description") or documented.get(field.name, "")
    return FieldDescription(field.name, _type_text(hint), to_plain(default), description)


def _type_text(hint: Any) -> str:
    """Return an annotation as it is written in code, without the modules of its names."""
    written = hint if isinstance(hint, str) else inspect.formatannotation(hint)
    return re.sub(r"(?<!['\"\w.])(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", written)


def _documented(docstring: str) -> dict[str, str]:
    """Return the descriptions in the section ``Parameters`` of a numpydoc docstring; several names may share one."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.group(1).splitlines() if section else []:
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
            found.update(dict.fromkeys(names, ""))
        else:
            found.update({name: f"{found[name]} {line.strip()}".strip() for name in names})
    return found

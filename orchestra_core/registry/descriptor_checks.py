"""Check descriptors: a plugin that states something impossible is refused where it says so, not where it is used."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from orchestra_core.config.plain import to_plain
from orchestra_core.contracts.component import CAPABILITIES
from orchestra_core.descriptors import API_VERSION, PRESET_KEYS, Command, Descriptor, Preset, ReportSection
from orchestra_core.errors import ConfigurationError, PluginError
from orchestra_core.names import one_of

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COMMAND = re.compile(r"[a-z][a-z0-9_-]*")
_PARTS = ("instrument", "oracle", "objective", "schedule", "score")
_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def check_descriptor(kind: str, descriptor: Descriptor) -> None:
    """Check the descriptor of a component.

    Raises
    ------
    PluginError
        With what is wrong, naming the component.
    """
    who = f"{kind} {descriptor.name!r}"
    _check_name(descriptor.name, _NAME, kind, "lower case letters, digits and underscores, a letter first")
    _check_target(descriptor.target, who)
    _check_line(descriptor.summary, "summary", who)
    if descriptor.api_version != API_VERSION:
        raise PluginError(
            f"{who} is written for version {descriptor.api_version!r} of the contracts; this orchestra has version {API_VERSION}:"
            " install versions of the two that go together"
        )
    _check_capabilities(descriptor.capabilities, who)
    _check_config(descriptor.config, who)
    for field, type_ in (("default", bool), ("license", str), ("citation", str)):
        value = getattr(descriptor, field)
        if not isinstance(value, type_):
            raise PluginError(f"{who} has {field}={value!r}; expected a {type_.__name__}")


def check_preset(preset: Preset) -> dict[str, Any]:
    """Check a preset as far as that needs no heavy library, and return its settings as plain values.

    Raises
    ------
    PluginError
        With what is wrong, naming the preset.
    """
    who = f"preset {preset.name!r}"
    _check_name(preset.name, _NAME, "preset", "lower case letters, digits and underscores, a letter first")
    _check_line(preset.summary, "summary", who)
    settings = _table(preset.settings, "settings", who)
    for key in settings:
        if key not in PRESET_KEYS:
            raise PluginError(f"{who}: {one_of(str(key), PRESET_KEYS, 'key in its settings')}")
    for name, part in _table(settings.get("pipeline", {}), "pipeline", who).items():
        if name not in _PARTS:
            raise PluginError(f"{who}: {one_of(str(name), _PARTS, 'part of a pipeline')}")
        if not isinstance(part, str) and not _is_part(_table(part, name, who)):
            raise PluginError(f"{who} has the {name} {part!r}; expected its name, or a table with 'name' and 'config'")
    return settings


def check_command(command: Command) -> None:
    """Check the description of a subcommand; raises `PluginError` with what is wrong."""
    who = f"command {command.name!r}"
    _check_name(command.name, _COMMAND, "command", "lower case letters, digits, hyphens and underscores, a letter first")
    _check_target(command.target, who)
    _check_line(command.summary, "summary", who)


def check_section(section: ReportSection) -> None:
    """Check the description of a section of the report; raises `PluginError` with what is wrong."""
    who = f"report section {section.name!r}"
    _check_name(section.name, _COMMAND, "report section", "lower case letters, digits, hyphens and underscores, a letter first")
    _check_target(section.target, who)
    _check_line(section.title, "title", who)
    if not isinstance(section.order, int):
        raise PluginError(f"{who} has order={section.order!r}; expected an integer")


def _check_name(name: object, pattern: re.Pattern[str], what: str, expected: str) -> None:
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise PluginError(f"the {what} name {name!r} is not allowed; expected {expected}")


def _is_part(part: Mapping[str, Any]) -> bool:
    types: dict[str, type] = {"kind": str, "name": str, "config": Mapping}
    return all(key in types and isinstance(value, types[key]) for key, value in part.items())


def _table(value: object, field: str, who: str) -> dict[str, Any]:
    try:
        plain = to_plain(value, field)
    except ConfigurationError as error:
        raise PluginError(f"{who}: {error}") from error
    if not isinstance(plain, Mapping):
        raise PluginError(f"{who} has {field}={value!r}; expected a table of plain values")
    return dict(plain)


def _check_target(target: object, who: str) -> None:
    if not isinstance(target, str) or not _TARGET.fullmatch(target):
        raise PluginError(f"{who} has the target {target!r}; expected 'package.module:attribute'")


def _check_line(text: object, field: str, who: str) -> None:
    if not isinstance(text, str) or not text.strip() or "\n" in text:
        raise PluginError(f"{who} has the {field} {text!r}; expected one line of text")


def _check_capabilities(capabilities: object, who: str) -> None:
    if not isinstance(capabilities, frozenset):
        raise PluginError(f"{who} has capabilities={capabilities!r}; expected a frozenset of names")
    for name in sorted(capabilities - CAPABILITIES, key=str):
        raise PluginError(f"{who}: {one_of(str(name), CAPABILITIES, 'capability')}")


def _check_config(config: object, who: str) -> None:
    if config is None:
        return
    if not isinstance(config, type) or not dataclasses.is_dataclass(config):
        raise PluginError(f"{who} has config={config!r}; expected a frozen dataclass, the class itself")
    if not config.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # set by the decorator
        raise PluginError(f"{who} has the configuration {config.__name__}, which is not frozen; use @dataclass(frozen=True)")
    for field in dataclasses.fields(config):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise PluginError(f"{who} has no default for {config.__name__}.{field.name}; expected one for every field")
        if not field.init:
            raise PluginError(f"{who} has {config.__name__}.{field.name} with init=False; every field is handed to the target")

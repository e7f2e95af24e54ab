"""Collect what one plugin provides, and check it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from orchestra_core.contracts.component import Kind
from orchestra_core.descriptors import Command, Descriptor, Preset, ReportSection
from orchestra_core.errors import PluginError
from orchestra_core.registry.descriptor_checks import check_command, check_descriptor, check_preset, check_section
from orchestra_core.registry.manager import PluginManager
from orchestra_core.registry.provider import Provider, normalized

T = TypeVar("T")

_KIND_HOOKS: tuple[tuple[Kind, str], ...] = (
    ("instrument", "orchestra_instruments"),
    ("envelope", "orchestra_envelopes"),
    ("oracle", "orchestra_oracles"),
    ("objective", "orchestra_objectives"),
    ("schedule", "orchestra_schedules"),
    ("score", "orchestra_scores"),
    ("judge", "orchestra_judges"),
)


class Named(ABC):
    """Something that a plugin provides under a name, which is qualified where several do."""

    provider: Provider

    @property
    @abstractmethod
    def name(self) -> str:
        """What users type."""

    @property
    def qualified(self) -> str:
        """The name that stays clear when another plugin provides the same: ``distribution:name``."""
        return f"{self.provider.distribution}:{self.name}"

    @property
    def distribution(self) -> str:
        """Name of the distribution it comes from."""
        return self.provider.distribution

    @property
    def version(self) -> str:
        """Version of that distribution."""
        return self.provider.version

    def is_called(self, name: str) -> bool:
        """Return whether a name, qualified or not, means this."""
        distribution, colon, bare = name.rpartition(":")
        return self.name == bare and (not colon or normalized(distribution) == normalized(self.distribution))


@dataclass(frozen=True)
class Entry(Named):
    """A component that can be made by name.

    Parameters
    ----------
    kind : str
        Kind of the component.
    descriptor : Descriptor
        What its plugin says of it.
    provider : Provider
        That plugin.
    """

    kind: Kind
    descriptor: Descriptor
    provider: Provider

    @property
    def name(self) -> str:
        """What users type."""
        return self.descriptor.name

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r} ({self.provider})"


@dataclass(frozen=True)
class PresetEntry(Named):
    """A preset that can be taken by name.

    Parameters
    ----------
    preset : Preset
        Its settings, as plain values.
    provider : Provider
        The plugin that hands it in.
    """

    preset: Preset
    provider: Provider

    @property
    def name(self) -> str:
        """What users type."""
        return self.preset.name

    def __str__(self) -> str:
        return f"preset {self.name!r} ({self.provider})"


@dataclass(frozen=True)
class CommandEntry:
    """A subcommand and the plugin that adds it."""

    command: Command
    provider: Provider


@dataclass(frozen=True)
class SectionEntry:
    """A section of the report and the plugin that adds it."""

    section: ReportSection
    provider: Provider


@dataclass(frozen=True)
class Provision:
    """Everything that one plugin provides."""

    entries: tuple[Entry, ...] = ()
    presets: tuple[PresetEntry, ...] = ()
    commands: tuple[CommandEntry, ...] = ()
    sections: tuple[SectionEntry, ...] = ()


def collect(manager: PluginManager, provider: Provider) -> Provision:
    """Return everything that a registered plugin provides.

    Raises
    ------
    PluginError
        A hook returned something else than descriptors, or a descriptor breaks the rules.
    """
    entries = []
    for kind, hook in _KIND_HOOKS:
        for descriptor in _items(manager, provider, hook, Descriptor):
            check_descriptor(kind, descriptor)
            entries.append(Entry(kind, descriptor, provider))
    presets = _items(manager, provider, "orchestra_presets", Preset)
    commands = _items(manager, provider, "orchestra_commands", Command)
    for command in commands:
        check_command(command)
    sections = _items(manager, provider, "orchestra_report_sections", ReportSection)
    for section in sections:
        check_section(section)
    return Provision(
        tuple(entries),
        # A copy: what the plugin does with its own mapping later changes nothing.
        tuple(PresetEntry(replace(preset, settings=check_preset(preset)), provider) for preset in presets),
        tuple(CommandEntry(command, provider) for command in commands),
        tuple(SectionEntry(section, provider) for section in sections),
    )


def _items(manager: PluginManager, provider: Provider, hook: str, expected: type[T]) -> list[T]:
    items: list[T] = []
    for result in manager.results(provider, hook):
        for item in _iterated(result, hook, expected):
            if not isinstance(item, expected):
                raise PluginError(f"{hook} returned a {type(item).__name__}; expected {expected.__name__} objects")
            items.append(item)
    return items


def _iterated(result: Any, hook: str, expected: type) -> Iterable[object]:
    if not isinstance(result, Iterable):
        seen = "None" if result is None else f"one {type(result).__name__}"
        raise PluginError(f"{hook} returned {seen}; expected a list of {expected.__name__} objects")
    return result

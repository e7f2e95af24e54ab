"""The registry: which components, presets, commands and report sections there are, and who provides them."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import TypeVar

from orchestra_core.contracts.component import KINDS
from orchestra_core.errors import ConflictError, ParameterError, PluginError, UnknownNameError
from orchestra_core.names import one_of
from orchestra_core.registry.collection import CommandEntry, Entry, Named, PresetEntry, Provision, SectionEntry, collect
from orchestra_core.registry.discovery import find_entry_points, unique
from orchestra_core.registry.events import Events
from orchestra_core.registry.manager import Broken, PluginManager
from orchestra_core.registry.provider import IN_CODE, Provider, provider_of

T = TypeVar("T")
N = TypeVar("N", bound=Named)


@dataclass(frozen=True)
class Conflict:
    """A name that several plugins claim, in one sentence."""

    what: str
    providers: tuple[Provider, ...]
    message: str


class Registry:
    """What the installed plugins provide.

    Parameters
    ----------
    entry_points : iterable of EntryPoint, or None
        The plugins; None for those that are installed.
    strict : bool or None
        Raise at the first broken plugin; None to do so when the environment variable ``ORCHESTRA_STRICT`` is 1.

    Raises
    ------
    PluginError
        In strict mode, when a plugin is broken.
    """

    def __init__(self, entry_points: Iterable[EntryPoint] | None = None, *, strict: bool | None = None) -> None:
        self._manager = PluginManager(strict=os.environ.get("ORCHESTRA_STRICT") == "1" if strict is None else strict)
        self._provisions: dict[Provider, Provision] = {}
        points = find_entry_points(self._manager.report) if entry_points is None else unique(entry_points)
        for point in points:
            self._load(point)

    @property
    def hooks(self) -> Events:
        """The life-cycle hooks."""
        return Events(self._manager)

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The plugins that were switched off, and why."""
        return self._manager.broken

    @property
    def heavy(self) -> Mapping[Provider, tuple[str, ...]]:
        """Heavy libraries that plugins imported when they were loaded, which makes every command slow."""
        return self._manager.heavy

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The plugins in working order."""
        return self._manager.providers

    def entries(self, kind: str) -> list[Entry]:
        """Return the components of a kind in the order of their names."""
        _check_kind(kind)
        found = [entry for provision in self._provisions.values() for entry in provision.entries if entry.kind == kind]
        return sorted(found, key=lambda entry: (entry.name, entry.distribution))

    def find(self, kind: str, name: str) -> Entry:
        """Return the component of a kind and name.

        Parameters
        ----------
        kind : str
            One of `KINDS`.
        name : str
            Its name, or ``distribution:name``.

        Raises
        ------
        UnknownNameError
            There is none; the message has close matches, all choices, and what is installed but broken.
        ConflictError
            Several plugins provide it; the message names them and the qualified forms.
        """
        return self._find(kind, name, self.entries(kind))

    def default(self, kind: str) -> Entry:
        """Return the component of a kind that is taken where none is named.

        Raises
        ------
        UnknownNameError
            None is marked as the default.
        ConflictError
            Several are.
        """
        entries = self.entries(kind)
        marked = [entry for entry in entries if entry.descriptor.default]
        if not marked:
            known = ", ".join(entry.name for entry in entries) or "none"
            raise UnknownNameError(f"No {kind} is the default; name one. Known: {known}." + self._broken_sentence())
        if len(marked) > 1:
            raise ConflictError(_defaults_message(kind, marked))
        return marked[0]

    def clear_name(self, entry: Entry | PresetEntry) -> str:
        """Return the shortest name that means this component, or this preset, and no other."""
        others = self.entries(entry.kind) if isinstance(entry, Entry) else self.presets()
        same = [other for other in others if other.name == entry.name]
        return entry.name if len(same) == 1 else entry.qualified

    def presets(self) -> list[PresetEntry]:
        """Return the presets of all plugins in the order of their names."""
        found = [entry for provision in self._provisions.values() for entry in provision.presets]
        return sorted(found, key=lambda entry: (entry.name, entry.distribution))

    def find_preset(self, name: str) -> PresetEntry:
        """Return the preset of a name, or of a ``distribution:name``; raises as `find` does."""
        return self._find("preset", name, self.presets())

    def commands(self) -> list[CommandEntry]:
        """Return the subcommands of all plugins in the order of their names; two may have the same."""
        found = [entry for provision in self._provisions.values() for entry in provision.commands]
        return sorted(found, key=lambda entry: (entry.command.name, entry.provider.distribution))

    def report_sections(self) -> list[SectionEntry]:
        """Return the sections that plugins add to the report in their order; of two with one name, only the first."""
        found = [entry for provision in self._provisions.values() for entry in provision.sections]
        ordered = sorted(found, key=lambda entry: (entry.section.order, entry.section.name, entry.provider.distribution))
        first: dict[str, SectionEntry] = {}
        for entry in ordered:
            first.setdefault(entry.section.name, entry)
        return list(first.values())

    def conflicts(self) -> list[Conflict]:
        """Return what several plugins claim: names of components, defaults, presets, commands and report sections."""
        found = []
        for kind in KINDS:
            entries = self.entries(kind)
            found += _same_names(kind, entries)
            marked = [entry for entry in entries if entry.descriptor.default]
            if len(marked) > 1:
                providers = tuple(entry.provider for entry in marked)
                found.append(Conflict(f"default {kind}", providers, _defaults_message(kind, marked)))
        return found + _same_names("preset", self.presets()) + self._other_conflicts()

    def register(self, plugin: object, name: str | None = None) -> Provider:
        """Add a plugin object of this program, such as a module or an object with hooks; it stays until `unregister`.

        Parameters
        ----------
        plugin : object
            A module, or an object whose methods are decorated with ``@hookimpl``.
        name : str, optional
            What to call it; by default its ``__name__`` or the name of its class.

        Returns
        -------
        Provider
            To be handed to `unregister`.

        Raises
        ------
        PluginError
            It breaks the rules for plugins, or is registered already.
        """
        provider = self._new_provider(name or str(getattr(plugin, "__name__", type(plugin).__name__)))
        try:
            self._register(plugin, provider)
        except Exception as error:
            self._manager.forget(provider)
            raise PluginError(f"The {provider} cannot be registered: {error}") from error
        return provider

    def unregister(self, provider: Provider) -> None:
        """Remove a plugin object that was added by `register`."""
        self._manager.forget(provider)
        self._provisions.pop(provider, None)

    @contextmanager
    def registered(self, plugin: object, name: str | None = None) -> Iterator[Provider]:
        """Add a plugin object for the duration of a block, as `register` does."""
        provider = self.register(plugin, name)
        try:
            yield provider
        finally:
            self.unregister(provider)

    def _load(self, point: EntryPoint) -> None:
        provider = provider_of(point)
        if provider in self.providers:
            self._manager.report(provider, PluginError(f"a second entry point has its name: {point.value}"))
            return
        with self._manager.quarantine(provider):
            self._manager.load(point, provider)
            self._provisions[provider] = collect(self._manager, provider)

    def _register(self, plugin: object, provider: Provider) -> None:
        self._manager.register(plugin, provider)
        self._provisions[provider] = collect(self._manager, provider)

    def _new_provider(self, name: str) -> Provider:
        taken = {provider.plugin for provider in self.providers if provider.distribution == IN_CODE}
        numbered = (name if count == 1 else f"{name}_{count}" for count in range(1, len(taken) + 2))
        return Provider(next(candidate for candidate in numbered if candidate not in taken), IN_CODE)

    def _find(self, what: str, name: str, entries: Sequence[N]) -> N:
        matches = [entry for entry in entries if entry.is_called(name)]
        if not matches:
            raise UnknownNameError(one_of(name, {entry.name for entry in entries}, what) + self._broken_sentence())
        if len(matches) > 1:
            raise ConflictError(_conflict_message(what, name, matches))
        return matches[0]

    def _broken_sentence(self) -> str:
        if not self.broken:
            return ""
        return f" Installed but broken: {'; '.join(str(broken) for broken in self.broken)}."

    def _other_conflicts(self) -> list[Conflict]:
        sections = [entry for provision in self._provisions.values() for entry in provision.sections]
        named = [
            *(("command", entry.command.name, entry.provider) for entry in self.commands()),
            *(("report section", entry.section.name, entry.provider) for entry in sections),
        ]
        found = []
        for what, providers in _grouped((f"{kind} {name}", provider) for kind, name, provider in named):
            message = f"Several plugins provide the {what}: {_listed(providers)}. Uninstall all but one."
            found.append(Conflict(what, tuple(providers), message))
        return found


@functools.cache
def get_registry() -> Registry:
    """Return the registry of the installed plugins; they are loaded at the first call."""
    return Registry()


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ParameterError(one_of(kind, KINDS, "kind of component"))


def _grouped(named: Iterable[tuple[str, T]]) -> list[tuple[str, list[T]]]:
    """Return what shares its name with others, by name."""
    groups: dict[str, list[T]] = {}
    for name, item in named:
        groups.setdefault(name, []).append(item)
    return [(name, items) for name, items in groups.items() if len(items) > 1]


def _same_names(what: str, entries: Sequence[Named]) -> list[Conflict]:
    groups = _grouped((entry.name, entry) for entry in entries)
    return [
        Conflict(f"{what} {name}", tuple(entry.provider for entry in same), _conflict_message(what, name, same))
        for name, same in groups
    ]


def _conflict_message(kind: str, name: str, matches: Sequence[Named]) -> str:
    said = f"Several plugins provide the {kind} {name!r}: {_listed(entry.provider for entry in matches)}."
    qualified = {entry.qualified for entry in matches}
    if len(qualified) < len(matches):
        return f"{said} They are of one distribution: one of them has to be renamed."
    return f"{said} Write {' or '.join(sorted(qualified))} instead."


def _defaults_message(kind: str, marked: list[Entry]) -> str:
    listed = " and ".join(str(entry) for entry in marked)
    return f"Several components call themselves the default {kind}: {listed}. Name the one you want."


def _listed(providers: Iterable[Provider]) -> str:
    return " and ".join(str(provider) for provider in providers)

"""Load plugins through pluggy, one by one, and switch off those that are broken."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from orchestra_core import hookspecs
from orchestra_core.errors import PluginError
from orchestra_core.registry.hook_checks import check_hooks, is_candidate
from orchestra_core.registry.provider import Provider

logger = logging.getLogger("orchestra")

#: What takes long to import, and is no business of a plugin that is only being listed.
_HEAVY = frozenset({"torch", "torchaudio", "nnAudio", "librosa", "scipy", "pandas", "matplotlib", "sklearn", "tensorflow", "jax"})


@dataclass(frozen=True)
class Broken:
    """A plugin that was switched off.

    Parameters
    ----------
    provider : Provider
        The plugin.
    reason : str
        What is wrong with it, in one line.
    traceback : str
        Where it went wrong.
    """

    provider: Provider
    reason: str
    traceback: str

    def __str__(self) -> str:
        return f"{self.provider} ({self.reason})"


class PluginManager:
    """The plugins that are in working order.

    Parameters
    ----------
    strict : bool
        Raise `PluginError` at the first broken plugin, where otherwise it is switched off with one warning.
    """

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._pluggy = _Pluggy(hookspecs.PROJECT)
        self._pluggy.add_hookspecs(hookspecs)
        self._plugins: dict[Provider, object] = {}
        self._broken: list[Broken] = []
        self._heavy: dict[Provider, tuple[str, ...]] = {}

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The plugins in working order."""
        return tuple(self._plugins)

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The plugins that were switched off."""
        return tuple(self._broken)

    @property
    def heavy(self) -> Mapping[Provider, tuple[str, ...]]:
        """The heavy libraries that plugins imported while they were loaded; each library counts for the first that did."""
        return dict(self._heavy)

    def load(self, entry_point: EntryPoint, provider: Provider) -> None:
        """Import what an entry point names, and register it."""
        if not EntryPoint.pattern.match(entry_point.value):
            raise PluginError(
                f"its entry point is {entry_point.value!r}; expected 'package.module' or 'package.module:attribute'"
            )
        absent = _HEAVY.difference(sys.modules)
        plugin = entry_point.load()
        imported = absent.intersection(sys.modules)
        if imported:
            self._heavy[provider] = tuple(sorted(imported))
        self.register(plugin, provider)

    def register(self, plugin: object, provider: Provider) -> None:
        """Register a plugin object.

        Raises
        ------
        PluginError
            Its hooks break the rules, or it is registered already.
        """
        owner = next((known for known, other in self._plugins.items() if other is plugin), None)
        if owner is not None or provider in self._plugins:
            raise PluginError(f"the same plugin is registered already, by {owner or provider}")
        check_hooks(plugin)
        # Before pluggy sees it, so that `forget` undoes a registration that fails halfway.
        self._plugins[provider] = plugin
        self._pluggy.register(plugin, name=_key(provider, plugin))

    def forget(self, provider: Provider) -> None:
        """Unregister a plugin, however far its registration got."""
        plugin = self._plugins.pop(provider, None)
        if plugin is not None and self._pluggy.has_plugin(_key(provider, plugin)):
            self._pluggy.unregister(plugin)

    def results(self, provider: Provider, hook: str) -> list[Any]:
        """Return what one plugin's implementations of a hook without arguments return."""
        plugin = self._plugins[provider]
        return [self._call(one, {}) for one in self._implementations(hook) if one.plugin is plugin]

    def notify(self, hook: str, **arguments: object) -> None:
        """Call a life-cycle hook of every plugin; one that fails is switched off and never stops the others."""
        owners = {id(plugin): provider for provider, plugin in self._plugins.items()}
        for implementation in self._implementations(hook):
            with self.quarantine(owners[id(implementation.plugin)]):
                self._call(implementation, arguments)

    @contextmanager
    def quarantine(self, provider: Provider) -> Iterator[None]:
        """Switch a plugin off if the block fails; a plugin that calls `sys.exit` is no reason to stop either.

        Raises
        ------
        PluginError
            In strict mode, instead of switching it off.
        """
        try:
            yield
        except (Exception, SystemExit) as error:
            self.forget(provider)
            self.report(provider, error)

    def report(self, provider: Provider, error: BaseException) -> None:
        """Note that a plugin is broken and warn of it in one line.

        Raises
        ------
        PluginError
            In strict mode.
        """
        reason = _reason(error)
        if self._strict:
            raise PluginError(f"The {provider} is broken: {reason}. (ORCHESTRA_STRICT is set.)") from error
        self._broken.append(Broken(provider, reason, "".join(traceback.format_exception(error))))
        logger.warning("The %s is switched off: %s. Details: orchestra doctor", provider, reason)

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """Return the implementations of a hook in the order in which pluggy calls them."""
        caller: pluggy.HookCaller = getattr(self._pluggy.hook, hook)
        return caller.get_hookimpls()[::-1]

    @staticmethod
    def _call(implementation: pluggy.HookImpl, arguments: dict[str, object]) -> Any:
        # Not through the hook caller: it stops at the first plugin that fails, and leaves out results that are None.
        return implementation.function(*[arguments[name] for name in implementation.argnames])


class _Pluggy(pluggy.PluginManager):
    """Pluggy, reading no attribute of a plugin but its hooks: others may be slow, raise, or import torch when read."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        return super().parse_hookimpl_opts(plugin, name) if is_candidate(plugin, name) else None


def _key(provider: Provider, plugin: object) -> str:
    """Return a name for pluggy: entry points of two distributions may have the same one."""
    return f"{provider.distribution}:{provider.plugin}:{id(plugin)}"


def _reason(error: BaseException) -> str:
    """Return an error in one line."""
    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, PluginError):
        return text
    name = type(error).__name__
    return f"{name}: {text}" if text else name

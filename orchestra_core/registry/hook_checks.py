"""Check a plugin's hooks before pluggy sees them: what pluggy passes over in silence is an error here."""

from __future__ import annotations

import inspect
from typing import Any

from orchestra_core import hookspecs
from orchestra_core.errors import PluginError
from orchestra_core.names import one_of

#: Reserved for hooks: a function of this prefix that is no hook is a mistake.
PREFIX = "orchestra_"
_MARK = f"{hookspecs.PROJECT}_impl"
_HOOKS = frozenset(name for name in vars(hookspecs) if name.startswith(PREFIX))
_MISSING = object()


def is_candidate(plugin: object, name: str) -> bool:
    """Return whether an attribute may be a hook, without reading it: it is marked as one, or named like one."""
    function = _static(plugin, name)
    return inspect.isroutine(function) and (name.startswith(PREFIX) or _mark(function) is not None)


def check_hooks(plugin: object) -> None:
    """Check that every function of a plugin that looks like a hook is one.

    Raises
    ------
    PluginError
        A function named ``orchestra_...`` lacks its decorator, a hook does not exist, or is a wrapper; or the plugin object
        is None.
    """
    if plugin is None:
        raise PluginError("its entry point names None; expected a module or an object with hooks")
    for name in dir(plugin):
        static = _static(plugin, name)
        if name.startswith(PREFIX) and isinstance(static, property):
            raise PluginError(f"{name} is a property; expected a function decorated with @hookimpl")
        if is_candidate(plugin, name):
            _check_hook(name, _mark(static))


def _check_hook(name: str, options: dict[str, Any] | None) -> None:
    if options is None:
        raise PluginError(
            f"{name} is not decorated with @hookimpl and would never be called; decorate it, or rename it if it is no hook"
        )
    hook = options.get("specname") or name
    if hook not in _HOOKS and not options.get("optionalhook"):
        raise PluginError(one_of(hook, _HOOKS, "hook"))
    if options.get("wrapper") or options.get("hookwrapper"):
        raise PluginError(f"{name} is a hook wrapper; expected a plain hook: each plugin is called by itself")


def _static(plugin: object, name: str) -> object:
    """Return an attribute as it is stored, the function inside a static or class method, without running any code."""
    static = inspect.getattr_static(plugin, name, _MISSING)
    return static.__func__ if isinstance(static, staticmethod | classmethod) else static


def _mark(function: object) -> dict[str, Any] | None:
    return getattr(function, _MARK, None)

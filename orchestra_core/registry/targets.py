"""Import what a descriptor names, late."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from orchestra_core.errors import PluginError


def load_target(target: str, who: str) -> Any:
    """Import ``"package.module:attribute"`` and return the attribute.

    Parameters
    ----------
    target : str
        As in a descriptor that was checked.
    who : str
        What is being loaded and which plugin provides it, for the message.

    Raises
    ------
    PluginError
        The import fails for any reason, `sys.exit` in the module included, or the attribute does not exist.
    """
    module, _, attribute = target.partition(":")
    try:
        loaded: Any = import_module(module)
        for name in attribute.split("."):
            loaded = getattr(loaded, name)
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}".rstrip(": ")
        raise PluginError(f"The {who} cannot be loaded from {target}: {cause}") from error
    return loaded

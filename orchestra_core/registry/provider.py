"""Who provides something: a plugin of a distribution."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint

#: Distribution of plugin objects that were registered in code.
IN_CODE = "in-code"


@dataclass(frozen=True)
class Provider:
    """A plugin and where it comes from.

    Parameters
    ----------
    plugin : str
        Name of the plugin: the name of its entry point.
    distribution : str
        Name of the installed distribution it belongs to.
    version : str
        Version of that distribution; empty where there is none.
    """

    plugin: str
    distribution: str
    version: str = ""

    def __str__(self) -> str:
        return f"plugin {self.plugin!r} of {self.distribution} {self.version}".rstrip()


def provider_of(entry_point: EntryPoint) -> Provider:
    """Return who an entry point belongs to; damaged metadata read as ``unknown``."""
    try:
        dist = entry_point.dist
        # Read as optional: a folder without a METADATA file has neither, whatever the annotations say.
        name, version = (dist.name, dist.version) if dist is not None else (None, None)
    except Exception:
        name, version = None, None
    return Provider(entry_point.name, str(name or "unknown"), str(version or ""))


def normalized(distribution: str) -> str:
    """Return the name of a distribution as package indexes compare it.

    Examples
    --------
    >>> normalized("Orchestra_Music")
    'orchestra-music'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()

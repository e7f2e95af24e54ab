"""Find the entry points of installed plugins, whatever state the metadata around them are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import metadata
from importlib.metadata import Distribution, EntryPoint

from orchestra_core.hookspecs import PROJECT
from orchestra_core.registry.provider import Provider, normalized, provider_of

OnError = Callable[[Provider, Exception], None]


def find_entry_points(on_error: OnError) -> list[EntryPoint]:
    """Return the entry points of all installed plugins, each once.

    Parameters
    ----------
    on_error : callable
        Told of every distribution whose entry points cannot be read; the others are returned all the same.

    Returns
    -------
    list of EntryPoint
        In the order of their names.
    """
    try:
        found: Iterable[EntryPoint] = metadata.entry_points(group=PROJECT)
    except Exception:
        # One malformed entry_points.txt anywhere stops importlib.metadata for everybody: go through them one by one.
        found = [point for dist in metadata.distributions() for point in _entry_points(dist, on_error)]
    return sorted(unique(found), key=lambda point: (point.name, point.value))


def unique(entry_points: Iterable[EntryPoint]) -> list[EntryPoint]:
    """Return entry points without those of a distribution that was already seen, such as an older copy further on the path."""
    kept: dict[tuple[str, str, str], EntryPoint] = {}
    for point in entry_points:
        provider = provider_of(point)
        known = provider.version != ""
        kept.setdefault((normalized(provider.distribution), point.name, "" if known else point.value), point)
    return list(kept.values())


def _entry_points(dist: Distribution, on_error: OnError) -> list[EntryPoint]:
    try:
        return [point for point in dist.entry_points if point.group == PROJECT]
    except Exception as error:
        if PROJECT in _text(dist):
            on_error(_provider(dist), error)
        return []


def _text(dist: Distribution) -> str:
    """Return the raw entry points of a distribution, or nothing where they cannot even be decoded."""
    try:
        return dist.read_text("entry_points.txt") or ""
    except Exception:
        return PROJECT  # cannot tell: better say that it is unreadable than stay silent


def _provider(dist: Distribution) -> Provider:
    try:
        return Provider("entry_points.txt", str(dist.name or "unknown"), str(dist.version or ""))
    except Exception:
        return Provider("entry_points.txt", "unknown")

"""The registry: finds plugins, switches off those that are broken, and makes components by name."""

from orchestra_core.registry.build import Built, build
from orchestra_core.registry.collection import CommandEntry, Entry, PresetEntry, SectionEntry
from orchestra_core.registry.manager import Broken
from orchestra_core.registry.provider import Provider
from orchestra_core.registry.registry import Conflict, Registry, get_registry
from orchestra_core.registry.targets import load_target

__all__ = [
    "Broken",
    "Built",
    "CommandEntry",
    "Conflict",
    "Entry",
    "PresetEntry",
    "Provider",
    "Registry",
    "SectionEntry",
    "build",
    "get_registry",
    "load_target",
]

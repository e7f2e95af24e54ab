"""What plugins hand to the core: frozen descriptors that name their components without importing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestra_core.contracts.component import Kind

#: The version of the contracts that a descriptor is written for.
API_VERSION = 1

#: What a preset may set: the keys of a configuration file that say how music is made, not what is asked or on which machine.
PRESET_KEYS = frozenset({"pipeline", "canvas", "loudness", "loop", "stems", "scale", "budget"})


@dataclass(frozen=True)
class Ref:
    """A component by name and configuration, used as the type of configuration fields that hold other components.

    Parameters
    ----------
    kind : str
        Kind of the component.
    name : str
        Its name, or ``distribution:name`` where two plugins provide the same; empty for the default of its kind.
    config : mapping
        Its configuration fields; those left out take their defaults.
    """

    kind: Kind
    name: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Descriptor:
    """A component that a plugin provides.

    Parameters
    ----------
    name : str
        What users type: lower case, digits and underscores.
    target : str
        ``"package.module:attribute"``; called with the configuration fields as keywords it makes the component.
    summary : str
        One line.
    config : type or None
        A frozen dataclass with a default for every field, in a module that imports no heavy library; None for none.
    api_version : int
        The version of the contracts it is written for.
    capabilities : frozenset of str
        The same as the class declares, so that listing needs no import.
    default : bool
        Whether a pipeline that names no component of this kind takes this one.
    license : str
        SPDX identifier, or a sentence; says so if trained on research-only data.
    citation : str
        What to cite.
    """

    name: str
    target: str
    summary: str
    config: type | None = None
    api_version: int = API_VERSION
    capabilities: frozenset[str] = frozenset()
    default: bool = False
    license: str = ""
    citation: str = ""


@dataclass(frozen=True)
class Preset:
    """Settings with a name: what a user would write into a configuration file, handed in by a plugin.

    Parameters
    ----------
    name : str
        What users type: lower case, digits and underscores.
    summary : str
        One line.
    settings : mapping
        Plain values under the keys of a configuration file: ``pipeline``, ``canvas``, ``loudness``, ``loop``, ``stems``,
        ``scale`` and ``budget``. Parts are named and not imported, so that they may be another plugin's.
    """

    name: str
    summary: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """A subcommand of ``orchestra``.

    Parameters
    ----------
    name : str
        What users type: lower case, digits, hyphens and underscores.
    target : str
        ``"package.module:attribute"`` of a `click.Command`, imported when it is run.
    summary : str
        One line.
    """

    name: str
    target: str
    summary: str


@dataclass(frozen=True)
class ReportSection:
    """A section of the report.

    Parameters
    ----------
    name : str
        Unique; also its anchor in the page.
    target : str
        ``"package.module:attribute"`` of a function ``(result: Result) -> str | None`` that returns an HTML fragment, or
        None where it has nothing to show.
    title : str
        Heading.
    order : int
        Sections are shown in this order; the core's own lie at 100, 200, ...
    """

    name: str
    target: str
    title: str
    order: int = 1000

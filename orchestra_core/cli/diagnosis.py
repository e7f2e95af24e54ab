"""What ``orchestra doctor`` finds out: versions, libraries, plugins, and what is wrong with them."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from traceback import format_exception
from typing import Any

from orchestra_core.cli import probe
from orchestra_core.cli.app import CORE, DISTRIBUTION
from orchestra_core.contracts.component import KINDS
from orchestra_core.errors import OrchestraError, PluginError
from orchestra_core.registry import Entry, PresetEntry, Registry, build, load_target

_RESTRICTED = re.compile(r"research|non-?commercial|\bNC\b|academic", re.IGNORECASE)
#: A crash of a library has to end somewhere; importing all of them takes seconds, on a cold disk up to a minute.
_PROBE_SECONDS = 300


@dataclass(frozen=True)
class Problem:
    """Something that is broken: what, why in a line, and where it happened if that helps."""

    what: str
    message: str
    traceback: str = ""


@dataclass
class Diagnosis:
    """Everything that was found out.

    Attributes
    ----------
    versions : dict
        Version by distribution; None where it is not installed.
    machine : dict
        Facts about the machine.
    plugins : list of str
        Plugins in working order.
    components : list of str
        Components that were made with their default configuration.
    problems : list of Problem
        What is broken.
    notes : list of str
        What is good to know.
    """

    versions: dict[str, str | None] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    plugins: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def diagnose(registry: Registry) -> Diagnosis:
    """Check the libraries, then every plugin, then every component by making it as it is by default."""
    diagnosis = Diagnosis(versions=_versions(), machine=_machine(), plugins=[str(one) for one in registry.providers])
    _check_libraries(diagnosis)
    diagnosis.problems += [Problem(str(one.provider), one.reason, one.traceback) for one in registry.broken]
    diagnosis.problems += [Problem(one.what, one.message) for one in registry.conflicts()]
    if diagnosis.machine.get("torch threads") is None:
        diagnosis.notes.append("Components were not checked: torch cannot be imported.")
    else:
        _check_components(diagnosis, registry)
    diagnosis.notes += list(_notes(registry))
    return diagnosis


def _versions() -> dict[str, str | None]:
    return {name: _version(name) for name in (DISTRIBUTION, *_requirements())}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _requirements() -> dict[str, str]:
    """Return what orchestra needs by name, as it is written for an installer."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return {}
    needed = [text for text in required if "extra ==" not in text]
    return {re.split(r"[^\w.-]", text, maxsplit=1)[0]: text.partition(";")[0].strip() for text in needed}


def _machine() -> dict[str, Any]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": usable,
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
    }


def _check_libraries(diagnosis: Diagnosis) -> None:
    rows, ended = _probed()
    errors = {row["library"]: row["error"] for row in rows if "library" in row}
    diagnosis.machine.update({row["fact"]: row["value"] for row in rows if "fact" in row})
    for name in (library.partition(".")[0] for library in probe.LIBRARIES):
        error = errors.get(name, ended)
        if error is not None:
            diagnosis.problems.append(Problem(name, f"cannot be imported: {error}. {_advice(name)}"))
        if name not in errors:  # it, or one after it, ended the process
            break


def _probed() -> tuple[list[dict[str, Any]], str]:
    """Return what the probe said, and how it ended if it did not reach its end."""
    command = [sys.executable, "-P", str(Path(probe.__file__))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"the check did not finish ({error})"
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return rows, f"it ended the Python process with code {done.returncode}"


def _advice(library: str) -> str:
    requirements = _requirements()
    # torch and torchaudio are built for each other: one alone does not mend the pair.
    names = ("torch", "torchaudio") if library in ("torch", "torchaudio") else (library,)
    wanted = " ".join(f'"{requirements.get(name, name)}"' for name in names)
    return f"Install it with: pip install {wanted}"


def _check_components(diagnosis: Diagnosis, registry: Registry) -> None:
    for entry in (entry for kind in KINDS for entry in registry.entries(kind)):
        if _tried(diagnosis, str(entry), lambda entry=entry: _check_component(diagnosis, entry, registry)):  # type: ignore[misc]
            diagnosis.components.append(str(entry))
    for preset in registry.presets():
        _tried(diagnosis, str(preset), lambda one=preset: _check_preset(one, registry))  # type: ignore[misc]
    for command in registry.commands():
        who = f"command {command.command.name!r} ({command.provider})"
        _tried(diagnosis, who, lambda one=command, who=who: load_target(one.command.target, who))  # type: ignore[misc]
    for section in registry.report_sections():
        who = f"report section {section.section.name!r} ({section.provider})"
        _tried(diagnosis, who, lambda one=section, who=who: load_target(one.section.target, who))  # type: ignore[misc]


def _tried(diagnosis: Diagnosis, what: str, check: Callable[[], object]) -> bool:
    """Run a check and note its failure, with where it came from."""
    try:
        check()
    except Exception as error:
        # What orchestra raises says all there is to say; where another error comes from is in its traceback.
        cause = error.__cause__ if isinstance(error, OrchestraError) else error
        diagnosis.problems.append(Problem(what, str(error), "".join(format_exception(cause)) if cause else ""))
        return False
    return True


def _check_component(diagnosis: Diagnosis, entry: Entry, registry: Registry) -> None:
    from orchestra_core.networks.weights import WeightsCard

    built = build(entry.kind, registry.clear_name(entry), registry)
    declared, found = entry.descriptor.capabilities, built.component.capabilities
    if declared != found:
        raise PluginError(
            f"Its descriptor declares the capabilities {sorted(declared)}, its class {sorted(found)}; expected the same."
        )
    # The weights that were loaded may say more than the descriptor, which was written by hand.
    card = getattr(built.component, "card", None)
    if isinstance(card, WeightsCard) and _RESTRICTED.search(card.license) and card.license != entry.descriptor.license:
        diagnosis.notes.append(f"Licence of the weights of the {entry.kind} {entry.name}: {card.license}")


def _check_preset(entry: PresetEntry, registry: Registry) -> None:
    from orchestra_core.pipeline.setup import check_preset_parts, read_preset

    check_preset_parts(read_preset(registry.clear_name(entry), registry), registry)


def _notes(registry: Registry) -> Iterator[str]:
    for kind in KINDS:
        entries = registry.entries(kind)
        # Every judge marks, unless one is named.
        if entries and kind != "judge" and not any(entry.descriptor.default for entry in entries):
            yield f"No {kind} is the default: one has to be named."
        for entry in entries:
            if _RESTRICTED.search(entry.descriptor.license):
                yield f"Licence of the {entry.kind} {entry.name}: {entry.descriptor.license}"
    for provider, libraries in registry.heavy.items():
        yield f"The {provider} imports {', '.join(libraries)} when it is listed, which makes every command slow."
    for command in registry.commands():
        if command.command.name in {own.name for own in CORE}:
            name = f"{command.provider.distribution}:{command.command.name}"
            yield f"A command of the {command.provider} has the name of one of the core's: it is reached as {name}."

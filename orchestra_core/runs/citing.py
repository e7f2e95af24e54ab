"""How a run is cited: the program, what its parts stand on, their licences, and the seeds that make the pieces again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestra_core.errors import ConflictError, UnknownNameError
from orchestra_core.registry import Registry

#: The same as in CITATION.cff, which is not installed with the program.
TITLE = "orchestra: music that carries a named emotion, by gradient through an instrument and an oracle"
AUTHORS = "The orchestra authors"
LICENSE = "MIT"

_PROGRAM = "orchestra-music"
# One reference as plugins write it: A. Author, B. Author (2019): Title. Venue.
_REFERENCE = re.compile(r"(?P<authors>[^()]+) \((?P<year>\d{4})\): (?P<title>[^.]+)\. (?P<venue>[^()]+?)\.?$")
_SPECIAL = re.compile(r"([&%$#_])")


@dataclass(frozen=True)
class PartCitation:
    """A part of a run and what its plugin asks to cite.

    Parameters
    ----------
    kind, name : str
        Of the component.
    distribution, version : str
        What it came from; empty where that is not known.
    license, citation : str
        As its plugin states them; empty where it states none, or is not installed here.
    installed : bool
        Whether the plugin is here to be asked.
    """

    kind: str
    name: str
    distribution: str
    version: str
    license: str
    citation: str
    installed: bool = True


@dataclass(frozen=True)
class RunCitation:
    """Everything to cite of a run.

    Parameters
    ----------
    version : str
        Of the program that made the run.
    seeds : tuple of int
        Of its pieces.
    asked : str
        What was asked of the first piece, in words.
    parts : tuple of PartCitation
        Its components.
    inputs : tuple of str
        Names of files from outside, whose sources the user knows.
    by_hand : tuple of str
        Parts made in code.
    versions : mapping of str to str
        What the run recorded.
    """

    version: str
    seeds: tuple[int, ...]
    asked: str
    parts: tuple[PartCitation, ...]
    inputs: tuple[str, ...]
    by_hand: tuple[str, ...]
    versions: Mapping[str, str]


def cite_run(recipe: Mapping[str, Any], registry: Registry) -> RunCitation:
    """Return what to cite of a run.

    Parameters
    ----------
    recipe : mapping
        From `load_recipe`.
    registry : Registry
        Asked for what plugins state of their components.

    Returns
    -------
    RunCitation
    """
    versions = dict(recipe.get("versions", {}))
    items = recipe.get("items", [])
    parts = dict.fromkeys(_part(kind, name, versions, registry) for kind, name in _components(recipe.get("pipeline", {})))
    return RunCitation(
        version=versions.get(_PROGRAM, "unknown"),
        seeds=tuple(item.get("seed", 0) for item in items),
        asked=_asked(items[0]) if items else "",
        parts=tuple(parts),
        inputs=tuple(recipe.get("inputs", {})),
        by_hand=tuple(recipe.get("made_by_hand", ())),
        versions=versions,
    )


def as_text(run: RunCitation) -> str:
    """Return a citation for people to read."""
    lines = [f"{AUTHORS}. {TITLE}. Version {run.version}. {LICENSE} licence.", f"  {_how(run)}", ""]
    for part in run.parts:
        licence = part.license if part.installed else "not installed here, so that its licence and citation are not known"
        source = f"{part.distribution} {part.version}".strip()
        facts = "; ".join(fact for fact in (source, licence) if fact)
        lines.append(f"{part.kind} {part.name} ({facts})")
        if part.citation:
            lines.append(f"  {part.citation}")
    if run.by_hand:
        lines.append(f"Made by hand in code, with sources of their own: {', '.join(run.by_hand)}")
    if run.inputs:
        lines.append(f"Made from files with sources of their own: {', '.join(run.inputs)}")
    return "\n".join(lines)


def as_bibtex(run: RunCitation) -> str:
    """Return the program and every part that has something to cite as BibTeX."""
    program = {
        "author": f"{{{AUTHORS}}}",
        "title": f"{{{TITLE}}}",
        "version": run.version,
        "license": LICENSE,
        "note": _how(run),
    }
    cited = [part for part in run.parts if part.citation]
    entries = [_entry("software", "orchestra", program), *(_entry("misc", _key(part), _fields(part)) for part in cited)]
    return "\n\n".join(entries)


def _components(value: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every component in a recipe's pipeline, from the outside in."""
    if isinstance(value, Mapping):
        if isinstance(value.get("kind"), str) and isinstance(value.get("name"), str):
            yield value["kind"], value["name"]
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _components(inner)


def _part(kind: str, name: str, versions: Mapping[str, str], registry: Registry) -> PartCitation:
    try:
        entry = registry.find(kind, name)
    except (UnknownNameError, ConflictError):
        distribution, _, _ = name.rpartition(":")
        return PartCitation(kind, name, distribution, versions.get(distribution, ""), "", "", installed=False)
    version = versions.get(entry.distribution, entry.provider.version)
    return PartCitation(kind, name, entry.distribution, version, entry.descriptor.license, entry.descriptor.citation)


def _asked(item: Mapping[str, Any]) -> str:
    targets = ", ".join(f"{name} {value:g}" for name, value in item.get("targets", {}).items())
    return " ".join(text for text in (item.get("word", ""), f"({targets})" if targets else "") if text)


def _how(run: RunCitation) -> str:
    seeds = f"{'seed' if len(run.seeds) == 1 else 'seeds'} {', '.join(map(str, run.seeds))}"
    others = ", ".join(f"{name} {run.versions[name]}" for name in ("python", "torch") if name in run.versions)
    return "; ".join(text for text in (run.asked, seeds, others) if text)


def _key(part: PartCitation) -> str:
    return f"{part.kind}_{part.name}".replace(":", "_")


def _fields(part: PartCitation) -> dict[str, str]:
    used = f"For the {part.kind} {part.name} of {part.distribution} {part.version}".strip()
    reference = _REFERENCE.match(part.citation)
    if reference is None:
        return {"title": f"{{{part.kind} {part.name}}}", "note": f"{used}: {part.citation}"}
    authors = reference["authors"].replace(", ", " and ").replace(" et al", " and others")
    fields = {"author": authors.rstrip("."), "title": f"{{{reference['title']}}}", "year": reference["year"]}
    return {**fields, "howpublished": reference["venue"], "note": used}


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{_escaped(value)}}}" for name, value in fields.items() if value]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _escaped(value: str) -> str:
    # Braces that protect a whole value are ours; what TeX would take as a command is text, and other braces would not balance.
    ours = value.startswith("{") and value.endswith("}")
    text = _SPECIAL.sub(r"\\\1", value.replace("\\", "/").replace("{", "").replace("}", ""))
    return f"{{{text}}}" if ours else text

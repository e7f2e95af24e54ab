"""``orchestra plugins``: list what is installed, show one of it, check it against the rules, and write a new one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestra_core.cli.check import check
from orchestra_core.cli.fields import FieldDescription, describe_fields
from orchestra_core.cli.new import new
from orchestra_core.contracts.component import KINDS
from orchestra_core.errors import UnknownNameError
from orchestra_core.names import one_of
from orchestra_core.registry import Entry, PresetEntry, Registry, get_registry

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_PRESET = "preset"
_KIND = click.Choice((*KINDS, _PRESET))


@click.group()
def plugins() -> None:
    """List what is installed, show one of it, check it against the rules, and write a new one."""


plugins.add_command(check)
plugins.add_command(new)


@plugins.command("list")
@click.option("--kind", type=_KIND, help="Only what is of this kind.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def list_(kind: str | None, as_json: bool) -> None:
    """List the components, presets, commands and report sections that plugins provide."""
    registry = get_registry()
    if as_json:
        click.echo(json.dumps(_listing(registry, kind), indent=2))
    else:
        click.echo("\n\n".join(_tables(registry, kind)))


def _complete_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    entries = _everything(get_registry(), ctx.params.get("kind"))
    return [CompletionItem(one.name, help=_words(one)) for one in entries if one.name.startswith(incomplete)]


@plugins.command()
@click.argument("name", shell_complete=_complete_names)
@click.option("--kind", type=_KIND, help="Only what is of this kind.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def show(name: str, kind: str | None, as_json: bool) -> None:
    """Show everything about the component or preset called NAME: who provides it, its configuration, licence and citation."""
    registry = get_registry()
    found = [entry for entry in _everything(registry, kind) if entry.is_called(name)]
    if not found:
        names = {entry.name for entry in _everything(registry, kind)}
        broken = f" Installed but broken: {'; '.join(map(str, registry.broken))}." if registry.broken else ""
        raise UnknownNameError(one_of(name, names, kind or "component") + broken)
    if as_json:
        click.echo(json.dumps([_details(entry) if isinstance(entry, Entry) else _preset(entry) for entry in found], indent=2))
    else:
        click.echo("\n\n".join(_page(entry) if isinstance(entry, Entry) else _preset_page(entry) for entry in found))


def _entries(registry: Registry, kind: str | None) -> list[Entry]:
    return [entry for one in ([kind] if kind else KINDS) if one != _PRESET for entry in registry.entries(one)]


def _everything(registry: Registry, kind: str | None) -> list[Entry | PresetEntry]:
    return [*_entries(registry, kind), *(registry.presets() if kind in (None, _PRESET) else ())]


def _words(entry: Entry | PresetEntry) -> str:
    return entry.descriptor.summary if isinstance(entry, Entry) else entry.preset.summary


def _listing(registry: Registry, kind: str | None) -> dict[str, Any]:
    listing: dict[str, Any] = {"components": [_summary(entry) for entry in _entries(registry, kind)]}
    if kind in (None, _PRESET):
        listing["presets"] = [_preset(entry) for entry in registry.presets()]
    if kind is None:
        listing["commands"] = [
            {"name": one.command.name, "summary": one.command.summary, "distribution": one.provider.distribution}
            for one in registry.commands()
        ]
        listing["report_sections"] = [
            {"name": one.section.name, "title": one.section.title, "distribution": one.provider.distribution}
            for one in registry.report_sections()
        ]
    listing["broken"] = [
        {"plugin": one.provider.plugin, "distribution": one.provider.distribution, "reason": one.reason}
        for one in registry.broken
    ]
    return listing


def _summary(entry: Entry) -> dict[str, Any]:
    descriptor = entry.descriptor
    return {
        "kind": entry.kind,
        "name": entry.name,
        "qualified": entry.qualified,
        "summary": descriptor.summary,
        "default": descriptor.default,
        "capabilities": sorted(descriptor.capabilities),
        "plugin": entry.provider.plugin,
        "distribution": entry.distribution,
        "version": entry.version,
    }


def _preset(entry: PresetEntry) -> dict[str, Any]:
    return {
        "kind": _PRESET,
        "name": entry.name,
        "qualified": entry.qualified,
        "summary": entry.preset.summary,
        "settings": entry.preset.settings,
        "plugin": entry.provider.plugin,
        "distribution": entry.distribution,
        "version": entry.version,
    }


def _details(entry: Entry) -> dict[str, Any]:
    descriptor = entry.descriptor
    fields = [
        {"name": one.name, "type": one.type, "default": one.default, "description": one.description}
        for one in describe_fields(descriptor.config)
    ]
    return {**_summary(entry), "config": fields, "license": descriptor.license, "citation": descriptor.citation}


def _tables(registry: Registry, kind: str | None) -> Iterator[str]:
    for one in [kind] if kind else (*KINDS, _PRESET):
        rows = [(f"{entry.name}{_star(entry)}", _words(entry), _source(entry)) for entry in _everything(registry, one)]
        yield _table(f"{one}s", rows or [("none", "", "")])
    if kind is None:
        commands = [(one.command.name, one.command.summary, str(one.provider.distribution)) for one in registry.commands()]
        sections = [(one.section.name, one.section.title, one.provider.distribution) for one in registry.report_sections()]
        yield from (_table(title, rows) for title, rows in (("commands", commands), ("report sections", sections)) if rows)
    yield "* taken where none is named; orchestra plugins show NAME tells more"


def _star(entry: Entry | PresetEntry) -> str:
    return " *" if isinstance(entry, Entry) and entry.descriptor.default else ""


def _source(entry: Entry | PresetEntry) -> str:
    return f"{entry.distribution} {entry.version}".strip()


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([click.style(title, bold=True), *lines])


def _page(entry: Entry) -> str:
    descriptor = entry.descriptor
    rows = [
        ("provided by", str(entry.provider)),
        ("made by", descriptor.target),
        ("default", "yes" if descriptor.default else "no"),
        ("capabilities", ", ".join(sorted(descriptor.capabilities)) or "none"),
        ("licence", descriptor.license or "not stated"),
        ("citation", descriptor.citation or "none"),
    ]
    head = click.style(f"{entry.kind} {entry.name}", bold=True)
    table = "\n".join(f"  {name.ljust(12)}  {value}" for name, value in rows)
    return "\n".join([head, f"  {descriptor.summary}", "", table, "", _configuration(describe_fields(descriptor.config))])


def _preset_page(entry: PresetEntry) -> str:
    head = click.style(f"{_PRESET} {entry.name}", bold=True)
    settings = "\n".join(f"    {line}" for line in json.dumps(entry.preset.settings, indent=2).splitlines())
    return f"{head}\n  {entry.preset.summary}\n\n  provided by   {entry.provider}\n\n  settings\n{settings}"


def _configuration(fields: Sequence[FieldDescription]) -> str:
    if not fields:
        return "  no configuration"
    lines = ["  configuration"]
    for field in fields:
        lines.append(f"    {field.name} : {field.type} = {json.dumps(field.default)}")
        if field.description:
            lines.append(click.formatting.wrap_text(field.description, 100, "      ", "      "))
    return "\n".join(lines)

"""``orchestra doctor``: check the installation and every plugin."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator

import click

from orchestra_core.cli.diagnosis import Diagnosis, Problem, diagnose
from orchestra_core.errors import PluginError
from orchestra_core.registry import Registry


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check the libraries, every plugin and every component; the exit code is 3 when something is broken."""
    # Also with ORCHESTRA_STRICT=1: the first broken plugin would hide the others. They are in the report: no warnings.
    logging.getLogger("orchestra").addFilter(_silent)
    try:
        diagnosis = diagnose(Registry(strict=False))
    finally:
        logging.getLogger("orchestra").removeFilter(_silent)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(diagnosis) | {"ok": not diagnosis.problems}, indent=2))
    else:
        click.echo("\n".join(_report(diagnosis)))
    if diagnosis.problems:
        ctx.exit(PluginError.exit_code)


def _silent(_: logging.LogRecord) -> bool:
    return False


def _report(diagnosis: Diagnosis) -> Iterator[str]:
    yield from _section("versions", [f"{name} {version or 'not installed'}" for name, version in diagnosis.versions.items()])
    yield from _section("machine", [f"{name}: {_words(value)}" for name, value in diagnosis.machine.items()])
    yield from _section("plugins in working order", diagnosis.plugins)
    yield from _section("components made with their defaults", diagnosis.components)
    yield from _section("notes", diagnosis.notes)
    yield from _section("problems", [line for problem in diagnosis.problems for line in _problem(problem)])
    count = len(diagnosis.problems)
    yield "Everything works." if not count else f"{count} problem{'s' if count > 1 else ''} found."


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield click.style(title, bold=True)
        yield from (f"  {line}" for line in lines)
        yield ""


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str("not set" if value is None else value)


def _problem(problem: Problem) -> Iterator[str]:
    yield f"{problem.what}: {problem.message}"
    yield from (f"    {line}" for line in problem.traceback.splitlines())

"""``orchestra plugins check``: hold one component, or one preset, against the rules of the conformance kit."""

from __future__ import annotations

import json

import click

from orchestra_core.contracts.component import KINDS
from orchestra_core.errors import PluginError


@click.command()
@click.argument("name")
@click.option("--kind", type=click.Choice((*KINDS, "preset")), help="Its kind, where several have the name.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def check(ctx: click.Context, name: str, kind: str | None, as_json: bool) -> None:
    """Check the component or preset called NAME, and the plugin around it, against the conformance rules.

    Takes seconds to a minute. A broken rule of level "should" is advice; one of level "must" ends with exit code 3.
    """
    from orchestra_core.testing import check_component

    report = check_component(name, kind)  # type: ignore[arg-type]  # click has checked it
    click.echo(json.dumps(report.to_plain(), indent=2) if as_json else str(report))
    if not report.ok:
        ctx.exit(PluginError.exit_code)

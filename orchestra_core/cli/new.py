"""``orchestra plugins new``: write a new plugin as a complete distribution."""

from __future__ import annotations

from pathlib import Path

import click

from orchestra_core.contracts.component import KINDS


@click.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the plugin provides.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="The folder to write.  [default: orchestra-NAME]"
)
def new(name: str, kind: str, output: Path | None) -> None:
    """Write a new plugin that provides a component called NAME.

    It is a complete distribution: a small component that works, its tests, packaging and a workflow for continuous integration.
    It can be installed and composed with at once; then change it into yours.
    """
    from orchestra_core.registry import get_registry
    from orchestra_core.scaffold import Names, check_free, write_distribution

    names = Names(name)
    check_free(names, kind, get_registry())
    folder = write_distribution(names, kind, output or Path(names.distribution))
    click.echo(
        f"Wrote {folder}: the {kind} {name!r} in src/{names.package}/{kind}.py, and all that a plugin needs around it.\n\n"
        f"Next:\n"
        f"  cd {folder}\n"
        f'  pip install -e ".[dev]"\n'
        f"  orchestra plugins check {name}\n"
        f"  orchestra compose --config compose.toml -o first\n"
        f"  python -m pytest"
    )

"""The command ``orchestra stimuli``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from orchestra_battery.cli import WithDefault, going_on
from orchestra_core.errors import UsageError

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_PARTS = ("instrument", "oracle", "objective", "schedule", "score")


@click.group(cls=WithDefault)
def stimuli() -> None:
    """Make sets of stimuli for experiments.

    orchestra stimuli plan.csv -o out/stimuli

    The command `run` need not be named.

    All its options: orchestra stimuli run --help
    """


@stimuli.command()
@click.argument("plan", type=_FILE)
@click.option("-o", "--output", type=_FOLDER, required=True, metavar="DIR", help="The set's folder.")
@click.option("--config", type=_FILE, metavar="FILE", help="A .toml or .json file with a table pipeline; options go before it.")
@click.option("--instrument", metavar="NAME", help="What plays.")
@click.option("--oracle", metavar="NAME", help="What hears.")
@click.option("--objective", metavar="NAME", help="What the music has to meet.")
@click.option("--schedule", metavar="NAME", help="What moves the parameters.")
@click.option("--score", metavar="NAME|FILE", help="What is played.")
@click.option("--judge", "judges", multiple=True, metavar="NAME", help="Who marks; may be repeated.  [default: all installed]")
@click.option("--no-judges", is_flag=True, help="Nobody marks.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads to compute with.")
@click.option("--resume", is_flag=True, help="Go on with the set in the folder; rows may have been added to the plan.")
def run(
    plan: Path,
    output: Path,
    config: Path | None,
    judges: tuple[str, ...],
    no_judges: bool,
    threads: int,
    resume: bool,
    **parts: Any,
) -> None:
    """Compose every row of PLAN, a CSV file, and list what came of it in manifest.csv and manifest.json."""
    import torch

    from orchestra_battery.gates import about_bars
    from orchestra_battery.plan import read_plan
    from orchestra_battery.stimuli import make_stimuli
    from orchestra_core import read_config

    torch.set_num_threads(threads)
    named = {name: part for name, part in parts.items() if part is not None}
    pipeline = {**(dict(read_config(config).get("pipeline", {})) if config else {}), **named}
    rows = read_plan(plan)
    chosen = judges if judges or no_judges else None
    with going_on("stimuli", output) as bar:
        made = make_stimuli(
            rows, output, pipeline, judges=chosen, resume=resume, listener=lambda *done: bar.show("composing", *done)
        )
    failed = {one.stimulus.name: one.failed for one in made if one.failed}
    click.echo(f"{len(made)} stimuli: {output / 'manifest.csv'}")
    for name, gates in failed.items():
        click.echo(f"{name} does not hold to: {', '.join(gates)}", err=True)
    for sentence in about_bars(gate for gates in failed.values() for gate in gates):
        click.echo(sentence, err=True)


@stimuli.command()
@click.option("-o", "--output", type=_FILE, required=True, metavar="FILE", help="The CSV file to write.")
@click.option(
    "--factor", "factors", multiple=True, required=True, metavar="COLUMN=A,B,...", help="A column and its levels; repeatable."
)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Stimuli of each condition.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The first seed.")
@click.option("--single", is_flag=True, help="Vary one factor at a time; the others are held at their first level.")
def plan(output: Path, factors: tuple[str, ...], seeds: int, seed: int, single: bool) -> None:
    """Write a factorial plan, to be made as it is or changed by hand.

    A COLUMN is a dimension, `word`, `duration`, `loudness` or `budget`, a part such as `score`, or a field of its
    configuration such as `score.modes`.
    """
    from orchestra_battery.plan import factorial_rows, write_plan

    if output.exists():
        raise UsageError(f"{output} exists already; choose another name with -o.")
    levels = {}
    for text in factors:
        column, _, values = text.partition("=")
        levels[column.strip()] = [value.strip() for value in values.split(",") if value.strip()]
        if not levels[column.strip()]:
            raise UsageError(f"--factor is {text!r}; expected COLUMN=A,B,... such as word=happy,sad.")
    rows = factorial_rows(levels, range(seed, seed + seeds), single=single)
    click.echo(f"{len(rows)} stimuli: {write_plan(output, rows)}")


@stimuli.command()
@click.argument("folder", type=_FOLDER)
@click.option("-o", "--output", type=_FOLDER, required=True, metavar="DIR", help="The pack's folder.")
@click.option("--title", default="Music", show_default=True, help="Of the test, as listeners see it.")
@click.option("--name", default="orchestra", show_default=True, help="Of its configuration.")
@click.option("--repeats", type=click.IntRange(0), default=6, show_default=True, help="Stimuli that are heard twice.")
@click.option("--practice", type=click.IntRange(0), default=3, show_default=True, help="Stimuli that are heard before.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which these are, and the codes of the files.")
def pack(folder: Path, output: Path, title: str, name: str, repeats: int, practice: int, seed: int) -> None:
    """Write a listening test of the set in FOLDER: configuration for webMUSHRA, consent page, key and analysis.

    Ethics approval is yours; what has to be filled in stands in brackets.
    """
    from orchestra_battery.listening_test import write_pack

    where = write_pack(folder, output, title=title, name=name, repeats=repeats, practice=practice, seed=seed)
    click.echo(f"{where / 'README.md'}")

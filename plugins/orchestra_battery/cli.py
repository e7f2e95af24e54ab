"""The command ``orchestra evaluate``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core import hookimpl

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from orchestra_battery.evaluation import Evaluation
    from orchestra_battery.findings import Findings
    from orchestra_battery.settings import Named, Settings
    from orchestra_core import Row

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_LOUDNESS = ("expressive", "matched", "peak")
_PARTS = ("instrument", "oracle", "objective", "schedule", "score")


class WithDefault(click.Group):
    """A group whose command ``run`` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``run`` before arguments that name no command."""
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["run", *args])


def parse_loudness(ctx: click.Context, param: click.Parameter, value: str | None) -> str | float | None:
    """Return a loudness by name, or a number of LUFS."""
    if value is None or value in _LOUDNESS:
        return value
    try:
        return float(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no loudness; expected {', '.join(_LOUDNESS)} or LUFS.", ctx, param) from error


@click.group(cls=WithDefault)
def evaluate() -> None:
    """Hold a way of composing against oracle, judges, cues and gates.

    orchestra evaluate -o out/battery --grid 5 --seeds 3 --baseline rules

    The command `run` need not be named.

    All its options: orchestra evaluate run --help
    """


@evaluate.command()
@click.argument("config", required=False, type=_FILE)
@click.option("-o", "--output", type=_FOLDER, required=True, metavar="DIR", help="The evaluation's folder.")
@click.option("--instrument", metavar="NAME", help="What plays.")
@click.option("--oracle", metavar="NAME", help="What hears.")
@click.option("--objective", metavar="NAME", help="What the music has to meet.")
@click.option("--schedule", metavar="NAME", help="What moves the parameters.")
@click.option("--score", metavar="NAME|FILE", help="What is played.")
@click.option("--preset", metavar="NAME", help="Settings that a plugin hands in; parts that are named go before them.")
@click.option("--grid", type=click.IntRange(2), help="Levels in each dimension, from -0.8 to 0.8.  [default: 5]")
@click.option("--seeds", type=click.IntRange(1), help="Pieces of each cell.  [default: 3]")
@click.option("--seed", type=click.IntRange(0), help="The first seed.  [default: 0]")
@click.option("--duration", type=float, metavar="SECONDS", help="Length of a piece.  [default: the pipeline's own]")
@click.option("--loudness", callback=parse_loudness, metavar="expressive|matched|peak|LUFS", help="Of the files, as in compose.")
@click.option("--budget", type=click.IntRange(1), help="At most so many evaluations of a piece.")
@click.option("--judge", "judges", multiple=True, metavar="NAME", help="Who marks; may be repeated.  [default: all installed]")
@click.option("--no-judges", is_flag=True, help="The oracle marks alone.")
@click.option("--tuned-on", multiple=True, metavar="NAME", help="A judge that choices were made on; the report says so.")
@click.option("--baseline", metavar="SCORE|DIR", help="A score source played as it writes, or another evaluation's folder.")
@click.option("--control", "controls", multiple=True, metavar="FILE", help="Weights of an oracle that knows nothing; repeatable.")
@click.option("--batch", type=click.IntRange(1), help="Pieces composed together.  [default: 12]")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Pieces of a batch to compute at once.")
@click.option("--resume", is_flag=True, help="Go on with the evaluation in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the record of the evaluation, without its pieces.")
def run(config: Path | None, output: Path, threads: int, resume: bool, as_json: bool, **options: Any) -> None:
    """Compose targets times seeds, mark the saved files, and write a report and a record.

    CONFIG is a .toml or .json file of settings; options given here go before it. The record is evaluation.json, the
    report report.html.
    """
    import torch

    from orchestra_battery.evaluation import baseline_before
    from orchestra_battery.evaluation import evaluate as carry_out
    from orchestra_battery.findings import find, write_record
    from orchestra_battery.report import unmarked, write_report
    from orchestra_battery.settings import Settings
    from orchestra_core import read_config, validate

    torch.set_num_threads(threads)
    settings = validate(Settings, read_config(config), str(config)) if config else Settings()
    settings = with_options(settings, options)
    if resume and settings.baseline is None and (kept := baseline_before(output)) is not None:
        settings = replace(settings, baseline=kept)
        click.echo(f"The baseline is that of before, {_name_of(kept)}; --baseline names another.", err=True)
    with going_on("evaluate", output) as bar:
        evaluation = carry_out(settings, output, resume=resume, listener=bar.show)
    findings = find(evaluation)
    path = write_record(evaluation, findings)
    report = write_report(evaluation, findings)
    click.echo(_as_json(path) if as_json else _as_text(evaluation, findings))
    for sentence in unmarked(evaluation.records):
        click.echo(sentence, err=True)
    click.echo(f"Report: {report}", err=True)


@evaluate.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def compare(first: Path, second: Path, as_json: bool) -> None:
    """Say what the evaluation FIRST has more than SECOND.

    Pieces that were asked the same with the same seed are paired; the 95 % intervals are of a bootstrap over cells and
    seeds. A difference of r above 0 in its whole interval counts as better.
    """
    from orchestra_battery.plain import plain, read_record
    from orchestra_battery.stored import compare_records
    from orchestra_battery.tables import differences_table

    found = compare_records(read_record(first), read_record(second))
    click.echo(json.dumps(plain(found), indent=1) if as_json else differences_table(found))


@evaluate.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIRS...")
def table(folders: tuple[Path, ...]) -> None:
    """Put evaluations side by side, such as those of an ablation, in a Markdown table.

    DIRS are folders of evaluations; each is called by its name.
    """
    from orchestra_battery.plain import read_record
    from orchestra_battery.stored import ways
    from orchestra_battery.tables import ways_table

    click.echo(ways_table(ways({folder.name: read_record(folder) for folder in folders})))


def with_options(settings: Settings, options: Mapping[str, Any]) -> Settings:
    """Return settings with the options of the command line before them; None and empty ones change nothing."""
    from orchestra_battery.settings import spread

    parts = {name: options[name] for name in _PARTS if options[name] is not None}
    given = {
        name: options[name]
        for name in ("preset", "seeds", "duration", "loudness", "budget", "baseline", "batch")
        if options[name] is not None
    }
    given |= {} if options["seed"] is None else {"first_seed": options["seed"]}
    given |= {} if options["grid"] is None else {"levels": spread(options["grid"])}
    given |= {"tuned_on": options["tuned_on"]} if options["tuned_on"] else {}
    given |= {"judges": options["judges"]} if options["judges"] or options["no_judges"] else {}
    weights = (*settings.controls.weights, *options["controls"])
    controls = replace(settings.controls, weights=weights)
    return replace(settings, pipeline={**settings.pipeline, **parts}, controls=controls, **given)


def _name_of(baseline: Named) -> str:
    return baseline if isinstance(baseline, str) else json.dumps(baseline, ensure_ascii=False)


def _as_text(evaluation: Evaluation, findings: Findings) -> str:
    from orchestra_battery import tables

    parts = [tables.marks_table(findings.marks, evaluation.settings.tuned_on)]
    if findings.goals:
        parts += ["Goals:", tables.goals_table(findings.goals)]
    parts += [f"Gates: {tables.gates_line(findings)}"]
    if findings.differences:
        parts += ["Against the baseline:", tables.differences_table(findings.differences)]
    if evaluation.controls:
        parts += ["Controls:", tables.controls_table(evaluation.controls)]
    if evaluation.seconds_per_piece is not None:
        parts += [f"{evaluation.seconds_per_piece:.1f} s for a piece of {evaluation.duration:g} s."]
    return "\n".join(parts)


def _as_json(path: Path) -> str:
    record = json.loads(path.read_text(encoding="utf-8"))
    return json.dumps({key: value for key, value in record.items() if "pieces" not in key}, indent=1, ensure_ascii=False)


@contextmanager
def going_on(command: str, directory: Path) -> Iterator[Bar]:
    """Give a progress bar that hears of the runs, and say how to go on where they are interrupted."""
    from orchestra_core import get_registry

    try:
        with Bar() as bar, get_registry().registered(bar, "battery_progress"):
            yield bar
    except KeyboardInterrupt:
        if directory.exists():
            click.echo(f"Stopped. Go on with the same command and --resume: orchestra {command} ... -o {directory}", err=True)
        raise


class Bar:
    """A progress bar on the standard error, which shows nothing where that is no terminal; a listener of the life-cycle hooks."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
        shown = TextColumn("{task.fields[step]}")
        self._progress = Progress(*columns, shown, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._stage = ""

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, what: str, done: int, total: int) -> None:
        """Show how many of how many pieces something is done with."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total, step="")
        self._progress.update(self._tasks[what], completed=done, total=total, step="")

    @hookimpl
    def orchestra_stage_started(self, stage: str, steps: int) -> None:
        """Name the stage that the pieces of the moment are in."""
        self._stage = f"{stage} of {steps} steps"

    @hookimpl
    def orchestra_steps_finished(self, rows: Sequence[Row]) -> None:
        """Show the step that the pieces of the moment are at."""
        if self._tasks and rows:
            self._progress.update(list(self._tasks.values())[-1], step=f"{self._stage}, step {rows[-1].step + 1}")

"""The command ``orchestra judge``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core.cli.pieces import asked_of, beside, in_batches, in_sd
from orchestra_core.errors import OrchestraError, PluginError, UsageError

if TYPE_CHECKING:
    from orchestra_core.contracts.judge import Judge
    from orchestra_core.judging import Verdict

_BAD_FILE = 2


@click.command(name="judge")
@click.argument("pieces", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PIECES...")
@click.option("--judge", "names", multiple=True, metavar="NAME", help="Which judge; may be repeated.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, and nothing else, to the standard output.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads to compute with.")
def judge(pieces: tuple[Path, ...], names: tuple[str, ...], as_json: bool, threads: int) -> None:
    """Let judges mark finished pieces.

    PIECES are run folders, of one piece or of a batch, audio files or MIDI files. A judge is never optimised against, so that
    its marks tell more of a piece than the oracle that the piece was made with. It marks only the dimensions that it qualifies
    on, and only pieces that have what it needs: notes, sound or both. Where a judge can make nothing of a piece, it says why,
    and the others mark. Beside a mark stands how many standard deviations it lies above the mean of what the judge learned
    from. A piece that cannot be read is reported, the others are marked all the same, and the exit code is 2.
    """
    judges = _judges(names, threads)
    marked, failed = _mark_all(in_batches(pieces), judges)
    if as_json:
        click.echo(json.dumps(_as_plain(marked, failed, judges), indent=2, ensure_ascii=False))
    else:
        for path, said in marked.items():
            _show(path, said, judges)
    if failed:
        click.get_current_context().exit(_BAD_FILE)


def _judges(names: Sequence[str], threads: int) -> dict[str, Judge]:
    import torch

    from orchestra_core.registry import build, get_registry

    torch.set_num_threads(threads)
    wanted = names or [get_registry().clear_name(entry) for entry in get_registry().entries("judge")]
    if not wanted:
        raise PluginError("No judge is installed; expected a plugin that provides one (hook orchestra_judges).")
    return {name: build("judge", name).component for name in dict.fromkeys(wanted)}


def _mark_all(
    pieces: Sequence[Path], judges: Mapping[str, Judge]
) -> tuple[dict[Path, tuple[Verdict, ...]], dict[Path, OrchestraError]]:
    from orchestra_core.judging import read_performance, verdicts

    marked: dict[Path, tuple[Verdict, ...]] = {}
    failed: dict[Path, OrchestraError] = {}
    for path in pieces:
        try:
            marked[path] = verdicts(read_performance(path), judges)
        except UsageError as error:
            failed[path] = error
            click.echo(f"Error: {error}", err=True)
    return marked, failed


def _show(path: Path, said: Sequence[Verdict], judges: Mapping[str, Judge]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    names = list(dict.fromkeys(d.name for judge in judges.values() for d in judge.dimensions))
    table = Table("judge", *map(escape, names), box=None, padding=(0, 2))
    for verdict in said:
        table.add_row(escape(verdict.judge), *(_cell(verdict, name, judges[verdict.judge]) for name in names))
    click.echo(f"{path}:")
    Console().print(table)
    for verdict in said:
        if verdict.reason:
            click.echo(f"  {verdict.judge} cannot mark it: {verdict.reason}")
    if any(_in_sd(verdict, judges[verdict.judge]) for verdict in said):
        click.echo("  (SD): above the mean of what the judge learned from, in standard deviations.")
    asked = asked_of(path)
    if asked:
        click.echo(f"  Asked of the oracle, beside its own corpus: {asked}")


def _cell(verdict: Verdict, name: str, judge: Judge) -> str:
    dimension = next((dimension for dimension in judge.dimensions if dimension.name == name), None)
    if dimension is None:
        return ""
    if name not in judge.qualified:
        return "not qualified"
    if verdict.missing:
        return f"needs {' and '.join(verdict.missing)}"
    if verdict.reason:
        return "cannot"
    return beside(verdict.marks[name], {"mean": dimension.mean, "sd": dimension.sd})


def _in_sd(verdict: Verdict, judge: Judge) -> dict[str, float]:
    """Return the marks in standard deviations above the mean of what the judge learned from, where that is known."""
    known = {dimension.name: dimension for dimension in judge.dimensions}
    found = {name: in_sd(mark, known[name].mean, known[name].sd) for name, mark in verdict.marks.items()}
    return {name: value for name, value in found.items() if value is not None}


def _as_plain(
    marked: Mapping[Path, Sequence[Verdict]], failed: Mapping[Path, OrchestraError], judges: Mapping[str, Judge]
) -> dict[str, Any]:
    return {
        "pieces": [
            {
                "path": str(path),
                "asked": asked_of(path),
                "judges": [_plain_verdict(one, judges[one.judge]) for one in said],
            }
            for path, said in marked.items()
        ],
        "errors": [{"path": str(path), "error": str(error)} for path, error in failed.items()],
    }


def _plain_verdict(said: Verdict, judge: Judge) -> dict[str, Any]:
    return {
        "name": said.judge,
        "marks": dict(said.marks),
        "marks_in_sd": _in_sd(said, judge),
        "missing": list(said.missing),
        "reason": said.reason,
    }

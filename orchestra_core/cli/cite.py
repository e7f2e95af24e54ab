"""The command ``orchestra cite``."""

from __future__ import annotations

from pathlib import Path

import click

from orchestra_core.errors import UsageError


@click.command(name="cite")
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--bibtex", is_flag=True, help="Write BibTeX.")
def cite(run: Path, bibtex: bool) -> None:
    """Say how to cite a run.

    RUN is a run folder, of one piece or of a batch. Named are the program with the version and the seeds that make the pieces
    again, and for every part of the pipeline its licence and what its plugin asks to cite.
    """
    from orchestra_core.registry import get_registry
    from orchestra_core.runs.citing import as_bibtex, as_text, cite_run
    from orchestra_core.runs.folder import load_recipe

    _refuse_folder_of_runs(run)
    found = cite_run(load_recipe(run), get_registry())
    click.echo(as_bibtex(found) if bibtex else as_text(found))


def _refuse_folder_of_runs(folder: Path) -> None:
    """Name a run in a folder that is none itself, such as that of a style transfer, whose windows are runs."""
    if folder.is_dir() and not (folder / "run.json").exists():
        runs = sorted([*folder.glob("*/run.json"), *folder.glob("*/*/run.json")])
        if runs:
            raise UsageError(f"{folder} is not a run folder, but holds runs: give one of them, such as {runs[0].parent}.")

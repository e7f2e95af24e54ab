"""The command ``orchestra deam prepare``: check a download, say what is missing, and compute its features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core.errors import UsageError
from orchestra_deam.preparation.prepare import FEATURES

if TYPE_CHECKING:
    from orchestra_deam.corpora.deam_files import Lack
    from orchestra_deam.corpora.table import Corpus
    from orchestra_deam.preparation.prepare import Report
    from orchestra_deam.rendering import Renderer

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_MOST_REASONS = 5


def _options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("-o", "--output", type=_FOLDER, default=None, help="Folder for the features; without it, only check."),
        click.option(
            "--dataset",
            type=click.Choice(["auto", "deam", "emotify", "vgmidi"]),
            default="auto",
            show_default=True,
            help="What lies in DIR.",
        ),
        click.option("--labels", type=click.Choice(["dynamic", "static"]), default="dynamic", show_default=True, help="Of DEAM."),
        click.option("--window", type=click.FloatRange(0.5), default=5.0, show_default=True, help="Length of a window in s."),
        click.option(
            "--first", type=click.FloatRange(0), default=15.0, show_default=True, help="Start of the first window (DEAM)."
        ),
        click.option("--lag", type=click.FloatRange(0), default=0.0, show_default=True, help="Reaction lag of the raters in s."),
        click.option(
            "--short", type=click.Choice(["shift", "pad", "drop"]), default="shift", show_default=True, help="Cut windows."
        ),
        click.option(
            "--features",
            type=click.Choice(FEATURES),
            default="cues",
            show_default=True,
            help="What to keep: what the default recipe learns from, the published networks, or any oracle.",
        ),
        click.option(
            "--part",
            "parts",
            type=click.Choice(["oracle", "judges", "final"]),
            multiple=True,
            default=("oracle", "judges"),
            show_default=True,
            help="Songs of which parts of the partition; `final` only for the final marks.",
        ),
        click.option("--soundfont", type=_FILE, default=None, help="Play notes also by FluidSynth with this .sf2 file."),
        click.option("--variants", type=click.IntRange(1), default=3, show_default=True, help="Renderings per renderer."),
        click.option("--windows", type=click.IntRange(1), default=12, show_default=True, help="Most windows of a rendering."),
        click.option("--versions", is_flag=True, help="Play notes to learn from a semitone higher and in the parallel mode too."),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of every random draw."),
        click.option("--workers", type=click.IntRange(0), default=2, show_default=True, help="Processes."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@_options
def prepare(folder: Path, output: Path | None, dataset: str, **options: Any) -> None:
    """Check the download of a data set in DIR, and with -o compute its features.

    Says exactly what is missing and where to get it. What is prepared already is not computed again; what cannot be read
    is reported, and stops nothing.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} does not exist; expected the folder of a data set.")
    corpus, lacks = _checked(folder, _recognised(folder, dataset), options)
    for line in check_lines(corpus, lacks):
        click.echo(line)
    vital = [lack for lack in lacks if lack.vital]
    if vital:
        raise UsageError(f"{folder} cannot be prepared: {vital[0].what} is missing; {vital[0].remedy}.")
    if output is None:
        click.echo("Add -o FOLDER to prepare it.")
        return
    chosen = _of_parts(corpus, options["parts"])
    if len(chosen.clips) < len(corpus.clips):
        click.echo(f"Preparing the {_parts(options['parts'])}: {len(chosen.songs()):,} of {len(corpus.songs()):,} songs.")
    for line in report_lines(_prepared(chosen, output, options)):
        click.echo(line)


def check_lines(corpus: Corpus, lacks: Sequence[Lack]) -> Iterator[str]:
    """Yield what a check found, a line each."""
    songs = corpus.songs()
    playable = sum(clips[0].kind != "none" for clips in songs.values())
    yield corpus.card.title
    yield f"  rated songs: {len(songs):,}; with a file to hear: {playable:,}; clips: {len(corpus.clips):,}"
    for lack in lacks:
        yield f"  missing: {lack.what}"
        yield f"    {lack.remedy}"
    if not lacks:
        yield "  complete"


def report_lines(report: Report) -> Iterator[str]:
    """Yield what a preparation gave, a line each."""
    again = f" ({report.resumed:,} recordings were there already)" if report.resumed else ""
    yield f"Prepared {report.clips:,} clips of {report.songs:,} songs in {report.folder}{again}."
    if not report.missing:
        return
    yield f"Left out: {len(report.missing):,}, all listed in {report.folder / 'left_out.csv'}. Reasons, with one example each:"
    reasons = Counter(one.reason for one in report.missing)
    for reason, count in reasons.most_common(_MOST_REASONS):
        example = next(one for one in report.missing if one.reason == reason)
        at = "" if example.start is None else f" at {example.start:g} s"
        yield f"  {count:,} x {example.source or example.song}{at}: {reason}"


def _recognised(folder: Path, dataset: str) -> str:
    from orchestra_deam.corpora.deam_files import HOME, find_deam

    if dataset != "auto":
        return dataset
    if (folder / "vgmidi_raw_1.json").is_file():
        return "vgmidi"
    files = find_deam(folder)
    if files.found:
        return "deam"
    if any(next(folder.rglob(name), None) for name in ("data.csv", "labels.csv")):
        return "emotify"
    raise UsageError(
        f"{folder} holds no data set that is known: expected DEAM (from {HOME}), Emotify or VGMIDI; "
        "name it with --dataset to be told what is missing."
    )


def _checked(folder: Path, dataset: str, options: dict[str, Any]) -> tuple[Corpus, tuple[Lack, ...]]:
    if dataset == "deam":
        from orchestra_deam.corpora.deam import DeamLabels, check_deam

        return check_deam(folder, DeamLabels(options["labels"], options["window"], options["first"], options["lag"]))
    if dataset == "emotify":
        from orchestra_deam.corpora.emotify import read_emotify

        return _with_lacks(read_emotify(folder, options["window"]))
    from orchestra_deam.corpora.vgmidi import read_vgmidi_corpus

    return _with_lacks(read_vgmidi_corpus(folder))


def _with_lacks(corpus: Corpus) -> tuple[Corpus, tuple[Lack, ...]]:
    from orchestra_deam.corpora.deam_files import Lack

    songs = corpus.songs()
    silent = [song for song, clips in songs.items() if clips[0].kind == "none"]
    if not silent:
        return corpus, ()
    what = f"the audio of {len(silent):,} of {len(songs):,} songs: {', '.join(silent[:5])}{', ...' if len(silent) > 5 else ''}"
    remedy = f"get it from {corpus.card.home} and unpack it under {corpus.folder}"
    return corpus, (Lack("audio", what, remedy, vital=len(silent) == len(songs)),)


def _of_parts(corpus: Corpus, parts: Sequence[str]) -> Corpus:
    from orchestra_deam.corpora.partition import PARTS

    chosen = corpus.of_parts(parts)
    if chosen.clips:
        return chosen
    others = [part for part in PARTS if corpus.of_parts([part]).clips]
    count = len(corpus.songs())
    raise UsageError(
        f"{'The only song belongs' if count == 1 else f'All {count:,} songs belong'} to the {_parts(others)}; nothing was "
        f"prepared: name {'it' if len(others) == 1 else 'them'} with {' '.join(f'--part {part}' for part in others)}."
    )


def _parts(names: Sequence[str]) -> str:
    return f"part{'s' if len(names) > 1 else ''} {' and '.join(names)}"


def _prepared(corpus: Corpus, output: Path, options: dict[str, Any]) -> Report:
    from orchestra_deam.preparation.prepare import PreparationSettings, prepare_corpus

    names = ("features", "short", "variants", "windows", "seed", "versions")
    settings = PreparationSettings(**{name: options[name] for name in names})
    notes = any(clip.kind == "midi" for clip in corpus.clips)
    renderers = _renderers(options["soundfont"]) if notes else []
    with _bar(corpus.card.name) as progress:
        return prepare_corpus(corpus, output, settings, renderers=renderers, workers=options["workers"], progress=progress)


def _renderers(soundfont: Path | None) -> list[Renderer]:
    from orchestra_core import build
    from orchestra_deam.rendering import FluidSynthRenderer, InstrumentRenderer

    piano = InstrumentRenderer(build("instrument", None).component)
    piano.check()
    if soundfont is None:
        return [piano]
    fluidsynth = FluidSynthRenderer(soundfont)
    fluidsynth.check()
    return [piano, fluidsynth]


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"preparing {name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

"""The command ``orchestra listen``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core.cli.pieces import in_batches, sound_of
from orchestra_core.errors import OrchestraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestra_core.contracts.oracle import Oracle
    from orchestra_core.listening import Listening

# A peak below this, -80 dB re full scale, is silence to an oracle.
_SILENCE = 1e-4
_BAD_FILE = 2
_LONG = 60.0  # seconds of audio from which a progress bar is worth showing
_MOST_ROWS = 60


@click.command(name="listen")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILES...")
@click.option("--oracle", metavar="NAME", help="What hears.  [default: the default oracle]")
@click.option("--hop", type=float, metavar="SECONDS", help="Time between two readings.  [default: the oracle's clip]")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, and nothing else, to the standard output.")
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="PATH", help="Write a picture (.png, .svg or .pdf) of the readings."
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads to compute with.")
@click.option("--device", default="cpu", show_default=True, help="Of torch, such as cpu or cuda.")
def listen(
    files: tuple[Path, ...],
    oracle: str | None,
    hop: float | None,
    as_json: bool,
    plot: Path | None,
    threads: int,
    device: str,
) -> None:
    """Read the emotion of audio files over time.

    FILES are of any length and sample rate: WAV, FLAC, OGG, MP3 or AIFF; of a run folder its audio.wav is read, of a batch that
    of each piece. A file that cannot be read is reported, the others are read all the same, and the exit code is 2.
    """
    _check(hop, plot)
    hearing = _oracle(oracle, threads, device)
    sounds = [sound_of(path) for path in in_batches(files)]
    heard, failed = _listen_all(sounds, hearing, hop, device)
    if as_json:
        click.echo(json.dumps(_as_plain(heard, failed), indent=2, ensure_ascii=False))
    else:
        for listening in heard:
            _show(listening, hearing)
    if plot is not None and heard:
        from orchestra_core.report.listening import plot_listenings

        plot_listenings(heard, hearing.dimensions, plot)
    if failed:
        click.get_current_context().exit(_BAD_FILE)


def _check(hop: float | None, plot: Path | None) -> None:
    if hop is not None and not hop > 0:
        raise UsageError(f"--hop is {hop:g} s; expected a positive number of seconds.")
    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"--plot is {str(plot)!r}; expected a name that ends in .png, .svg or .pdf.")
    if plot is not None and not plot.absolute().parent.is_dir():
        raise UsageError(f"--plot is {str(plot)!r}; expected a folder that exists: {plot.absolute().parent} does not.")


def _oracle(name: str | None, threads: int, device: str) -> Oracle:
    import torch

    from orchestra_core.contracts.checks import usable_device
    from orchestra_core.registry import build

    # Two threads gain nothing that matters, and beside another busy process many threads mostly wait for each other.
    torch.set_num_threads(threads)
    usable_device(device)
    return build("oracle", name).component


def _listen_all(
    files: Sequence[Path], oracle: Oracle, hop: float | None, device: str
) -> tuple[list[Listening], dict[Path, OrchestraError]]:
    from orchestra_core.listening import listen as listen_to

    heard: list[Listening] = []
    failed: dict[Path, OrchestraError] = {}
    for path in files:
        try:
            with _progress(path) as progress:
                heard.append(listen_to(path, oracle, hop, device=device, progress=progress))
        except UsageError as error:
            failed[path] = error
            click.echo(f"Error: {error}", err=True)
    return heard, failed


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[float], None] | None]:
    """Show a bar on the standard error for a long recording, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from orchestra_core.io.audio import audio_info

    console = Console(stderr=True)
    duration = audio_info(path).duration
    if duration < _LONG or not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(path.name, total=duration)
        yield lambda seconds: bar.update(task, completed=seconds)


def _show(listening: Listening, oracle: Oracle) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    mean = ", ".join(f"{name} {value:+.3f}" for name, value in listening.mean.items())
    click.echo(f"{listening.path}: {mean}  ({listening.duration:.1f} s)")
    if listening.padding:
        click.echo(f"  {_padding_note(listening, oracle)}")
    if listening.peak < _SILENCE:
        click.echo("  Silent: its reading means nothing.")
    if len(listening.start) < 2:
        return
    table = Table("time (s)", *map(escape, listening.values), box=None, padding=(0, 2))
    shown = range(0, len(listening.start), -(-len(listening.start) // _MOST_ROWS))
    for row in shown:
        span = f"{listening.start[row]:.1f} to {listening.end[row]:.1f}"
        table.add_row(span, *(f"{values[row]:+.3f}" for values in listening.values.values()))
    Console().print(table)
    if len(shown) < len(listening.start):
        click.echo(f"  {len(shown)} of {len(listening.start)} windows are shown; --json has all.")


def _padding_note(listening: Listening, oracle: Oracle) -> str:
    return (
        f"Shorter than the {oracle.clip_duration:g} s that the oracle hears: {listening.padding:.2f} s of zeros "
        "were appended, which moves the reading."
    )


def _as_plain(heard: Sequence[Listening], failed: dict[Path, OrchestraError]) -> dict[str, Any]:
    return {
        "files": [
            {
                "path": str(listening.path),
                "duration": listening.duration,
                "zero_padding": listening.padding,
                "peak": listening.peak,
                "mean": dict(listening.mean),
                "start": listening.start.tolist(),
                "end": listening.end.tolist(),
                "values": {name: values.tolist() for name, values in listening.values.items()},
            }
            for listening in heard
        ],
        "errors": [{"path": str(path), "error": str(error)} for path, error in failed.items()],
    }

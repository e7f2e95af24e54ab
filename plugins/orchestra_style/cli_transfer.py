"""The command ``orchestra style transfer``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

_SECONDS_BETWEEN_LINES = 10.0
_FILE = click.Path(path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--content", type=_FILE, required=True, help="The music: a recording of any length, rate and channels.")
@click.option("--style", "style_file", type=_FILE, required=True, help="The recording that lends its sound.")
@click.option("-o", "--output", type=_FOLDER, required=True, help="Folder for the result, the report and the runs.")
@click.option("--strength", type=float, default=1.0, show_default=True, help="0 (the content as it is) to 1.")
@click.option("--instrument", type=click.Choice(["waveform", "spectrogram"]), default="waveform", show_default=True)
@click.option(
    "--weights", default="random", show_default=True, help="Feature network: emotify_5s, emotify_3s, random, or a file."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Everything random follows from it.")
@click.option("--steps", type=click.IntRange(1), default=200, show_default=True, help="Steps of each window.")
@click.option("--window", type=click.FloatRange(2.0), default=10.0, show_default=True, help="Longest window in s.")
@click.option("--overlap", type=click.FloatRange(0.0), default=1.0, show_default=True, help="What windows share, in s.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads to compute with.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted transfer in -o.")
def transfer(style_file: Path, output: Path, threads: int, resume: bool, **options: Any) -> None:
    """Lend music the sound of an ambience; it keeps its notes.

    Writes result.wav at the content's rate and length, report.html with players, spectrograms and loss curves, and a run
    folder for each window.
    """
    import torch

    from orchestra_style.transfer import TransferSettings
    from orchestra_style.transfer import transfer as perform

    torch.set_num_threads(threads)
    settings = TransferSettings(style=style_file, **options)
    try:
        with _Bar() as bar:
            done = perform(settings, output, resume=resume, progress=bar.show)
    except KeyboardInterrupt:
        if (output / "transfer.json").exists():
            click.echo("Stopped. Go on with the same command and --resume.", err=True)
        raise
    for message in done.messages:
        click.echo(message, err=True)
    seconds = done.audio.shape[1] / done.sample_rate
    click.echo(f"{done.directory / 'result.wav'}: {seconds:.1f} s. Report: {done.directory / 'report.html'}")


class _Bar:
    """The progress over all windows, on standard error: a bar, or where that is no terminal a line now and then."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(24), TimeRemainingColumn())
        console = Console(stderr=True)
        self._lines = not console.is_terminal
        self._told, self._last = time.monotonic(), ""
        self._progress = Progress(*columns, console=console, transient=True, disable=self._lines)
        self._task = self._progress.add_task("transfer", total=None)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, window: int, windows: int, step: int, steps: int) -> None:
        """Move the bar, or write a line: when a window ends, and every ten seconds."""
        text = f"window {window + 1} of {windows}"
        self._progress.update(self._task, description=text, completed=window * steps + step, total=windows * steps)
        if self._lines and (step >= steps or time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES):
            line = f"{text}: step {step} of {steps}"
            if line != self._last:
                click.echo(line, err=True)
            self._told, self._last = time.monotonic(), line

"""The commands ``orchestra style train`` and ``orchestra style evaluate``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core import TrainingBars
from orchestra_style.config import SHIPPED

if TYPE_CHECKING:
    from orchestra_style.evaluation import Evaluation, Mark
    from orchestra_style.workflow import Data, Listeners

_FOLDER = click.Path(file_okay=False, path_type=Path)


def _data_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("--dataset", type=click.Choice(["emotify", "gtzan", "fma"]), default="emotify", show_default=True),
        click.option("--data", type=_FOLDER, required=True, help="Folder of the data set."),
        click.option("--cache", type=_FOLDER, default=None, help="Folder of the features [default: in the user's cache]."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_data_options
@click.option("-o", "--output", type=_FOLDER, required=True, help="Folder for weights, card, log and checkpoint.")
@click.option("--seconds", type=click.FloatRange(1), default=5.0, show_default=True, help="Length of a segment.")
@click.option("--epochs", type=click.IntRange(1), default=12, show_default=True, help="Most epochs.")
@click.option("--patience", type=click.IntRange(1), default=4, show_default=True, help="Epochs without gain before it stops.")
@click.option("--batch", type=click.IntRange(2), default=8, show_default=True, help="Segments per step.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=3e-3, show_default=True, help="Highest learning rate.")
@click.option("--jitter/--grid", default=True, show_default=True, help="Training segments at random places, or on a grid.")
@click.option(
    "--split",
    type=click.Choice(["song", "segment"]),
    default="song",
    show_default=True,
    help="What is dealt out to the parts; 'segment' lets segments of a song leak, a control.",
)
@click.option("--bfloat16/--float32", default=True, show_default=True, help="Precision of the convolutions in training.")
@click.option("--start", type=click.Choice(["", *SHIPPED]), default="", help="Shipped weights whose filters it begins with.")
@click.option("--partition-seed", type=click.IntRange(0), default=0, show_default=True, help="Of the parts.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of every other random draw.")
@click.option("--note", default="", help="A remark for the card.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training in -o.")
def train(dataset: str, data: Path, cache: Path | None, output: Path, note: str, resume: bool, **recipe: Any) -> None:
    """Train the feature network on genres, mark it on held-out songs, write weights and card."""
    from orchestra_style.training import TrainingSettings
    from orchestra_style.workflow import train_on

    settings = TrainingSettings(**recipe)
    with TrainingBars("features") as bars:
        outcome = train_on(_data(dataset, data, cache), settings, output, note=note, resume=resume, listeners=_listeners(bars))
    for name, reason in outcome.failures:
        click.echo(f"left out: {name}: {reason}", err=True)
    click.echo(table(outcome.marks))
    click.echo(f"Weights and card: {outcome.path}")


@click.command()
@_data_options
@click.option("--weights", default=SHIPPED[0], show_default=True, help=f"A file, or shipped weights: {', '.join(SHIPPED)}.")
@click.option("--part", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(dataset: str, data: Path, cache: Path | None, weights: str, part: Any, as_json: bool) -> None:
    """Mark weights by segment and by song, beside the majority baseline."""
    from orchestra_style.weights import shipped
    from orchestra_style.workflow import evaluate_on

    path = shipped(weights) if weights in SHIPPED else Path(weights)
    with TrainingBars("features") as bars:
        marks = evaluate_on(_data(dataset, data, cache), path, part, listeners=_listeners(bars))
    click.echo(json.dumps(asdict(marks), indent=1) if as_json else table(marks))


def table(marks: Evaluation) -> str:
    """Return marks as plain text: accuracies with intervals, and the confusion of songs."""
    rows = {"segments": marks.segments, "  majority": marks.baseline_segments}
    rows |= {"songs": marks.songs, "  majority ": marks.baseline_songs}
    lines = [f"{'':12} {'accuracy':>8}  95 % interval     n", *(f"{name:12} {_line(mark)}" for name, mark in rows.items())]
    width = max(len(name) for name in marks.classes) + 1
    lines += ["", "songs: a row for each genre as it is, a column for each answer"]
    lines.append(" " * width + "".join(f"{name:>{width}}" for name in marks.classes))
    for name, counts in zip(marks.classes, marks.confusion_songs, strict=True):
        lines.append(f"{name:{width}}" + "".join(f"{count:{width}d}" for count in counts))
    return "\n".join(lines)


def _line(mark: Mark) -> str:
    return f"{mark.accuracy:8.3f}  {mark.low:.3f} .. {mark.high:.3f} {mark.count:6d}"


def _data(dataset: str, folder: Path, cache: Path | None) -> Data:
    from orchestra_style.features import default_cache
    from orchestra_style.workflow import Data

    return Data(dataset, folder, cache or default_cache())


def _listeners(bars: TrainingBars) -> Listeners:
    from orchestra_style.training import Epoch
    from orchestra_style.workflow import Listeners

    def trained(epoch: Epoch) -> None:
        marks = f"loss {epoch.loss:.3f}, best on validation {epoch.best:.3f}"
        bars.trained(marks, (epoch.number - 1) * epoch.steps + epoch.step, epoch.total * epoch.steps)

    return Listeners(bars.prepared, trained)

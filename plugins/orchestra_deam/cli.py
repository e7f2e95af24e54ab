"""The command group ``orchestra deam``: prepare data, train the oracle and mark it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core import TrainingBars
from orchestra_deam.cli_prepare import prepare

if TYPE_CHECKING:
    from orchestra_deam.evaluation import Evaluation
    from orchestra_deam.rendering import Renderer
    from orchestra_deam.workflow import Data, Listeners

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_MODELS = click.Choice(["three_conv", "two_conv", "two_conv_time"])


def _data_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("--dataset", type=click.Choice(["vgmidi"]), default="vgmidi", show_default=True, help="Rated music."),
        click.option("--data", type=_FOLDER, required=True, help="Folder of the data set."),
        click.option("--renderer", type=click.Choice(["piano", "fluidsynth", "both"]), default="both", show_default=True),
        click.option("--instrument", default=None, help="Instrument of the renderer piano [default: the default one]."),
        click.option("--soundfont", type=_FILE, default=None, help="General MIDI soundfont (.sf2) for fluidsynth."),
        click.option("--cache", type=_FOLDER, default=None, help="Folder of the features [default: features/ in -o]."),
        click.option("--variants", type=click.IntRange(1), default=3, show_default=True, help="Renderings per renderer."),
        click.option("--windows", type=click.IntRange(1), default=12, show_default=True, help="Most windows of a rendering."),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of every random draw."),
        click.option("--workers", type=click.IntRange(0), default=2, show_default=True, help="Processes that prepare."),
        click.option("-o", "--output", type=_FOLDER, required=True, help="Folder for everything written."),
        click.option("--model", type=_MODELS, default="three_conv", show_default=True, help="The network."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def deam() -> None:
    """Prepare data for the oracle deam_cnn, train it and mark it."""


deam.add_command(prepare)


@deam.command()
@_data_options
@click.option("--epochs", type=click.IntRange(1), default=100, show_default=True)
@click.option("--batch", type=click.IntRange(2), default=32, show_default=True, help="Clips per step.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=8e-3, show_default=True, help="Highest learning rate.")
@click.option("--augment/--no-augment", default=True, show_default=True, help="Change clips at random.")
@click.option("--shuffle", is_flag=True, help="Shuffle labels between pieces: the control that must fail.")
@click.option("--bfloat16", is_flag=True, help="Compute in bfloat16: faster on CPUs that have it.")
@click.option("--note", default="", help="A remark for the card, such as how the recipe was chosen.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training in -o.")
def train(  # one parameter per option is click's way
    epochs: int, batch: int, rate: float, augment: bool, shuffle: bool, bfloat16: bool, note: str, resume: bool, **options: Any
) -> None:
    """Train on the games of the part `oracle`, mark on held-out games, write weights and card."""
    from orchestra_deam.training import TrainingSettings
    from orchestra_deam.workflow import train_on

    settings = TrainingSettings(
        model=options["model"],
        epochs=epochs,
        batch=batch,
        rate=rate,
        augment=augment,
        shuffle=shuffle,
        bfloat16=bfloat16,
        seed=options["seed"],
    )
    with TrainingBars("rendering") as bars:
        outcome = train_on(_data(options), settings, options["output"], note=note, resume=resume, listeners=_listeners(bars))
    for piece, reason in outcome.failures:
        click.echo(f"left out: {piece}: {reason}", err=True)
    click.echo(table({"held-out games": outcome.marks}))
    click.echo(f"Weights and card: {outcome.path}")


@deam.command()
@_data_options
@click.option("--weights", type=_FILE, default=None, help="Weights file [default: the shipped one of the model].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(weights: Path | None, as_json: bool, **options: Any) -> None:
    """Mark weights on the held-out games, per clip and per piece, beside the mean baseline."""
    from orchestra_deam.oracle import weights_path
    from orchestra_deam.workflow import evaluate_on

    path = weights_path(options["model"], str(weights or ""))
    with TrainingBars("rendering") as bars:
        marks = evaluate_on(_data(options), path, options["model"], listeners=_listeners(bars))
    click.echo(json.dumps({name: asdict(mark) for name, mark in marks.items()}, indent=1) if as_json else table(marks))


def table(marks: dict[str, Evaluation]) -> str:
    """Return marks as a plain text table: one line per set of renderings, dimension and unit."""
    lines = [f"{'renderings':24} {'dimension':10} {'unit':16} {'R2':>7} {'r':>7} {'CCC':>7} {'RMSE':>7}"]
    for name, mark in marks.items():
        rows = {f"{mark.clip_count} clips": mark.clips, f"{mark.piece_count} pieces": mark.pieces, "mean baseline": mark.baseline}
        for unit, by_dimension in rows.items():
            for dimension, m in by_dimension.items():
                values = " ".join(f"{m[key]:7.3f}" for key in ("r2", "r", "ccc", "rmse"))
                lines.append(f"{name:24} {dimension:10} {unit:16} {values}")
    return "\n".join(lines)


def _data(options: dict[str, Any]) -> Data:
    from orchestra_deam.features import Preparation
    from orchestra_deam.workflow import Data

    preparation = Preparation(options["variants"], options["windows"], options["seed"])
    cache = options["cache"] or options["output"] / "features"
    return Data(options["data"], _renderers(options), cache, preparation, options["workers"])


def _renderers(options: dict[str, Any]) -> list[Renderer]:
    from orchestra_core import build
    from orchestra_deam.rendering import FluidSynthRenderer, InstrumentRenderer

    renderers: list[Renderer] = []
    if options["renderer"] in ("piano", "both"):
        piano = InstrumentRenderer(build("instrument", options["instrument"]).component)
        piano.check()
        renderers.append(piano)
    if options["renderer"] in ("fluidsynth", "both"):
        if options["soundfont"] is None:
            raise click.UsageError(f"--renderer {options['renderer']} needs --soundfont PATH, or choose --renderer piano.")
        fluidsynth = FluidSynthRenderer(options["soundfont"])
        fluidsynth.check()
        renderers.append(fluidsynth)
    return renderers


def _listeners(bars: TrainingBars) -> Listeners:
    from orchestra_deam.training import Epoch
    from orchestra_deam.workflow import Listeners

    def trained(epoch: Epoch) -> None:
        done = (epoch.number - 1) * epoch.steps + epoch.step
        bars.trained(f"loss {epoch.loss:.3f}", done, epoch.total * epoch.steps)

    return Listeners(bars.prepared, trained)

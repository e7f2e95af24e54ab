"""The command group ``orchestra timbre``: read a sound, train the oracle, mark it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core import TrainingBars
from orchestra_timbre.descriptors import DESCRIPTORS, HIGHEST, UNIT

if TYPE_CHECKING:
    from orchestra_timbre.evaluation import Marks
    from orchestra_timbre.training import TrainingSettings
    from orchestra_timbre.workflow import Data, Listeners

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_MODELS = click.Choice(["log_mel", "seven_filters", "big", "mid", "small"])
_BAR = 30


def _data_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option(
            "--data",
            "folders",
            type=_FOLDER,
            required=True,
            multiple=True,
            help="Folder with labels.csv, or the Freesound one-shots as mirdata downloads them; more add training sounds.",
        ),
        click.option(
            "--part",
            type=click.Choice(["oracle", "judge", "all"]),
            default="oracle",
            show_default=True,
            help="Sources to learn from: two thirds, the rest, or all of them.",
        ),
        click.option("--cache", type=_FOLDER, default=None, help="Folder of the features [default: features/ in -o]."),
        click.option("--model", type=_MODELS, default="log_mel", show_default=True, help="The network."),
        click.option("-o", "--output", type=_FOLDER, required=True, help="Folder for everything written."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def timbre() -> None:
    """Read timbre, and train and evaluate the oracle timbre_cnn."""


@timbre.command()
@_data_options
@click.option("--epochs", type=click.IntRange(1), default=None, help="Most passes [default: 60; 20 for the published networks].")
@click.option("--batch", type=click.IntRange(2), default=None, help="Sounds per step [default: 32; 16 for those].")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=None, help="Highest learning rate.")
@click.option("--patience", type=click.IntRange(1), default=20, show_default=True, help="Epochs to wait for a better one.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of every random draw.")
@click.option("--bfloat16", is_flag=True, help="Compute in bfloat16: faster on CPUs that have it.")
@click.option("--note", default="", help="A remark for the card, such as how the recipe was chosen.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training in -o.")
def train(
    epochs: int | None, batch: int | None, rate: float | None, note: str, resume: bool, output: Path, **options: Any
) -> None:
    """Train a network, mark it on held-out sources, write weights and card."""
    from orchestra_timbre.workflow import train_on

    settings = _settings({"epochs": epochs, "batch": batch, "rate": rate}, options)
    with TrainingBars("preparing") as bars:
        outcome = train_on(_data(options, output), settings, output, note=note, resume=resume, listeners=_listeners(bars))
    best = outcome.trained.best
    click.echo(table(outcome.marks))
    click.echo(f"Best of {len(outcome.trained.epochs)} epochs: {best.number} ({best.validation:.2f} {UNIT} on validation).")
    click.echo(f"Weights and card: {outcome.path}")


@timbre.command()
@_data_options
@click.option("--weights", default="default", show_default=True, help="'default', 'judge' or a weights file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(weights: str, as_json: bool, output: Path, **options: Any) -> None:
    """Mark weights on held-out sources, beside the median baseline, and on published labels where there are any."""
    from orchestra_timbre.oracle import weights_path
    from orchestra_timbre.workflow import evaluate_on

    path = weights_path(options["model"], weights)
    with TrainingBars("preparing") as bars:
        marks = evaluate_on(_data(options, output), path, options["model"], listeners=_listeners(bars))
    click.echo(json.dumps({name: asdict(mark) for name, mark in marks.items()}, indent=1) if as_json else table(marks))


@timbre.command()
@click.argument("file", type=_FILE)
@click.option("--model", type=_MODELS, default="log_mel", show_default=True, help="The network.")
@click.option("--weights", default="default", show_default=True, help="'default', 'judge' or a weights file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def read(file: Path, model: str, weights: str, as_json: bool) -> None:
    """Read the descriptors of the first second of FILE."""
    from orchestra_core import build, read_audio
    from orchestra_timbre.contradictions import read_statistics

    oracle: Any = build("oracle", {"name": "timbre_cnn", "config": {"model": model, "weights": weights}}).component
    readings = {name: float(value) for name, value in oracle.read(*read_audio(file)).items()}
    if as_json:
        click.echo(json.dumps({name: round(value, 3) for name, value in readings.items()}))
        return
    statistics = read_statistics()
    click.echo(f"{'':11} {UNIT:>6}  {'':{_BAR}}  more than this share of {statistics.count:,} percussive sounds")
    for name, value in readings.items():
        click.echo(f"{name:11} {value:6.1f}  {_bar(value)}  {100 * statistics.rank(name, value):.0f} %")


def table(marks: Mapping[str, Marks]) -> str:
    """Return marks as a plain text table: one line per set of sounds and descriptor, errors in points."""
    lines = [f"{'sounds':16} {'descriptor':11} {'MAE':>6} {'r':>6} {'median':>7}"]
    for name, mark in marks.items():
        label = f"{mark.count} {name}"
        for descriptor in DESCRIPTORS:
            values = f"{mark.mae[descriptor]:6.2f} {mark.r[descriptor]:6.3f} {mark.baseline[descriptor]:7.2f}"
            lines.append(f"{label:16} {descriptor:11} {values}")
        lines.append(f"{label:16} {'mean':11} {mark.mean_error:6.2f} {'':6} {mark.mean_baseline:7.2f}")
    return "\n".join(lines)


def _settings(recipe: Mapping[str, float | None], options: Mapping[str, Any]) -> TrainingSettings:
    from orchestra_timbre.training import TrainingSettings, published_recipe

    given = {**recipe, **{name: options[name] for name in ("patience", "seed", "bfloat16")}}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if options["model"] == "log_mel":
        return TrainingSettings(**changes)
    return published_recipe(options["model"], **changes)


def _data(options: Mapping[str, Any], output: Path) -> Data:
    from orchestra_timbre.workflow import Data

    part = None if options["part"] == "all" else options["part"]
    return Data(tuple(options["folders"]), part, options["cache"] or output / "features")


def _bar(value: float) -> str:
    filled = round(_BAR * min(max(value / HIGHEST, 0.0), 1.0))
    return "#" * filled + "." * (_BAR - filled)


def _listeners(bars: TrainingBars) -> Listeners:
    from orchestra_timbre.training import Epoch
    from orchestra_timbre.workflow import Listeners

    def trained(epoch: Epoch) -> None:
        bars.trained(f"validation error {epoch.validation:.2f} {UNIT}", epoch.number, epoch.total)

    return Listeners(bars.prepared, trained)

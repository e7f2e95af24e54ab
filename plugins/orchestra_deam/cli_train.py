"""The command ``orchestra deam train``: recipes by name, each setting of which can be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from orchestra_core import TrainingBars
from orchestra_deam.config import ModelName
from orchestra_deam.training.settings import PRESETS, TrainingSettings

if TYPE_CHECKING:
    from orchestra_deam.preparation.several import PreparedCorpora
    from orchestra_deam.training.loop import Progress

_FOLDER = click.Path(file_okay=False, path_type=Path)
_POSITIVE = click.FloatRange(0, min_open=True)
# With fewer songs of a corpus than these, learned from or marked, R² and r are an accident.
_FEW = 20
# Settings of the recipe: type and meaning. What is not given is as in the preset.
_SETTINGS: tuple[tuple[str, Any, str], ...] = (
    ("model", click.Choice(list(get_args(ModelName))), "The network."),
    ("epochs", click.IntRange(0), "Most passes; 0 leaves the network untrained, a control."),
    ("draw", click.Choice(["songs", "clips"]), "An epoch is --windows clips of every song, or every clip once."),
    ("windows", click.IntRange(1), "Clips of a song per epoch."),
    ("frames", click.IntRange(32, 431), "Mel frames of a clip that a step sees."),
    ("batch", click.IntRange(2), "Clips per step."),
    ("rate", _POSITIVE, "Highest learning rate."),
    ("decay", click.FloatRange(0), "Weight decay."),
    ("course", click.Choice(["cosine", "constant"]), "Course of the learning rate."),
    ("clip", click.FloatRange(0), "Most norm of a gradient; 0 for no limit."),
    ("average", click.FloatRange(0, 1, max_open=True), "Decay of the average of weights; 0 keeps the last."),
    ("concordance", click.FloatRange(0), "Weight of 1 - CCC in the loss."),
    ("emphasis", click.FloatRange(0), "Weight of valence beside arousal."),
    ("pair_mode", click.FloatRange(0), "Weight of the loss of pairs in parallel modes."),
    ("pair_unmoved", click.FloatRange(0), "Weight of their loss in arousal, which the mode shall not move."),
    ("pair_still", click.FloatRange(0), "Weight of the loss of pairs a semitone apart."),
    ("mode_effect", click.FloatRange(0), "Wanted effect of the mode on valence, in label SD."),
    ("clearest", click.FloatRange(0), "Least contrast of modes of a pair that counts."),
    ("penalty_arousal", _POSITIVE, "Ridge penalty of arousal, for cues."),
    ("penalty_valence", _POSITIVE, "Ridge penalty of valence, for cues."),
    ("varied_weight", click.FloatRange(0), "Weight of varied renderings, for cues."),
    ("phrases", click.IntRange(0), "Phrases by rule that are pairs too, for cues."),
    ("calibrate", click.IntRange(0), "Folds that give the lines of songs; 0 for none."),
    ("validation", click.FloatRange(0, 0.5), "Share of the songs, whole groups, kept for validation."),
    ("patience", click.IntRange(0), "Epochs to wait for a better validation; 0 never stops early."),
    ("seed", click.IntRange(0), "Of every random draw."),
    ("augment", bool, "Change clips at random."),
    ("standardise", bool, "Learn labels in standard deviations of their corpus."),
    ("rater_weights", bool, "Let labels count by how sure their raters are."),
    ("shuffle", bool, "Shuffle labels between songs: the control that must fail."),
    ("bfloat16", bool, "Compute in bfloat16: faster on CPUs that have it."),
)


def _settings_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, kind, text in reversed(_SETTINGS):
        flag = name.replace("_", "-")
        declared = f"--{flag}/--no-{flag}" if kind is bool else f"--{flag}"
        command = click.option(declared, name, type=kind, default=None, help=text)(command)
    return command


@click.command()
@click.argument("stores", metavar="PREPARED...", type=_FOLDER, nargs=-1, required=True)
@click.option("-o", "--output", type=_FOLDER, required=True, help="Folder for everything written.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="default", show_default=True, help="The recipe.")
@_settings_options
@click.option("--folds", type=click.IntRange(2), default=None, help="Only cross-validate, by group, in so many folds.")
@click.option("--tensorboard", is_flag=True, help="Write logs for TensorBoard too (needs the package tensorboard).")
@click.option("--note", default="", help="A remark for the card, such as how the recipe was chosen.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training in -o.")
def train(  # one parameter per option is click's way
    stores: tuple[Path, ...],
    output: Path,
    preset: str,
    folds: int | None,
    tensorboard: bool,
    note: str,
    resume: bool,
    **changes: Any,
) -> None:
    """Train on the part `oracle` of PREPARED corpora, mark on the part `judges`, write weights and card.

    PREPARED are folders that `orchestra deam prepare DIR -o FOLDER` wrote, of one corpus each.
    """
    from orchestra_deam.preparation.several import open_corpora
    from orchestra_deam.workflow import Extras, train_on

    settings = replace(PRESETS[preset], **{name: value for name, value in changes.items() if value is not None})
    data = open_corpora(stores)
    with _progress() as progress:
        if folds is not None:
            _cross_validate(data, settings, output, folds, resume, progress)
            return
        outcome = train_on(data, settings, output, resume=resume, extras=Extras(note, tensorboard, progress))
    from orchestra_deam.evaluation.page import short_table

    click.echo(short_table(outcome.marks))
    for line in few_songs(data.of_parts("oracle", "judges")):
        click.echo(line)
    for path in outcome.paths.values():
        click.echo(f"Weights and card: {path}")


def few_songs(data: PreparedCorpora) -> Iterator[str]:
    """Yield a line if a part of a corpus has too few songs for marks that mean anything."""
    counts = data.clips.groupby(["part", "corpus"])["song"].nunique().reset_index()
    count, part, corpus = min(zip(counts["song"], counts["part"], counts["corpus"], strict=True))
    if count < _FEW:
        songs = f"{count} song{'s' * (count != 1)} of {corpus} to {'learn from' if part == 'oracle' else 'mark'}"
        yield f"{songs} {'is' if count == 1 else 'are'} too few for marks that mean anything; expected at least {_FEW}."


def _cross_validate(
    data: PreparedCorpora, settings: TrainingSettings, output: Path, folds: int, resume: bool, progress: Progress
) -> None:
    from orchestra_deam.evaluation.page import short_table
    from orchestra_deam.evaluation.whole import evaluations
    from orchestra_deam.folds import cross_validate

    found = cross_validate(data, settings, output, folds, resume=resume, progress=progress)
    click.echo(short_table(evaluations(found)))
    for line in few_songs(data.of_parts("oracle")):
        click.echo(line)
    click.echo(f"Marks out of fold: {output / 'marks.md'}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """Yield what shows progress."""
    with TrainingBars("preparing") as bars:
        yield lambda epoch: bars.trained(
            f"loss {epoch.loss:.3f}", (epoch.number - 1) * epoch.steps + epoch.step, epoch.total * epoch.steps
        )

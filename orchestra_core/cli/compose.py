"""The command ``orchestra compose``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestra_core.cli.score_options import score_options, take_score, with_origin
from orchestra_core.errors import UsageError

if TYPE_CHECKING:
    from orchestra_core.pipeline import Result


def _parse_loudness(ctx: click.Context, param: click.Parameter, value: str | None) -> str | float | None:
    """Return a name of `Canvas.with_loudness`, or a number of LUFS."""
    if value is None or value in ("expressive", "matched", "peak"):
        return value
    try:
        return float(value)
    except ValueError as error:
        expected = "expressive, matched, peak or a number of LUFS such as -16"
        raise click.BadParameter(f"{value!r} is no loudness; expected {expected}.", ctx, param) from error


@click.command(name="compose")
@click.argument("word", required=False)
@click.option("--valence", type=float, help="Asked valence, -1 (unpleasant) to 1 (pleasant).")
@click.option("--arousal", type=float, help="Asked arousal, -1 (calm) to 1 (excited).")
@click.option("--target", "targets", multiple=True, metavar="NAME=VALUE", help="Asked reading of any dimension; may be repeated.")
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Be like a recording: its readings, loudness and tempo; what is asked otherwise goes before it.",
)
@click.option("--source", type=click.Path(path_type=Path), metavar="FILE", help="A recording for parts that work on one.")
@click.option(
    "--scale",
    type=click.Choice(["request", "reading"]),
    help="What targets mean: -1..1 over what the oracle's corpus holds (default), or the oracle's own units.",
)
@click.option("--seed", type=click.IntRange(0), help="Everything random follows from it.  [default: 0]")
@click.option("--seeds", type=click.IntRange(1), metavar="N", help="Compose N pieces, of the seeds SEED, SEED + 1, ...")
@click.option(
    "--variations",
    type=click.IntRange(1),
    metavar="N",
    help="Compose N pieces: that of SEED, and others whose seeds follow from it.",
)
@click.option(
    "--duration",
    type=float,
    metavar="SECONDS",
    help="Length of the piece.  [default: what the score source asks for, else what the oracle hears at once]",
)
@click.option(
    "--loudness",
    metavar="expressive|matched|peak|LUFS",
    callback=_parse_loudness,
    help="Of the file: as arousal asks for (-20 LUFS and 8 dB per unit of the request; the default where arousal is asked), "
    "the same for all pieces (-20 LUFS), the same peak, or so many LUFS. The true peak stays below -1 dBTP.",
)
@click.option("--loop", is_flag=True, help="Wrap the tail onto the beginning, so that the piece repeats without a seam.")
@click.option("--stems", is_flag=True, help="Write each part into a file of its own as well; they sum to the piece.")
@click.option("--instrument", metavar="NAME", help="What plays.")
@click.option("--oracle", metavar="NAME", help="What hears.")
@click.option("--objective", metavar="NAME", help="What the music has to meet.")
@click.option("--schedule", metavar="NAME", help="What moves the parameters.")
@click.option("--score", metavar="NAME|FILE", help="What is played: a score source, or a MIDI file.")
@score_options
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A .toml or .json file, or a run folder to make again; options given here go before it.",
)
@click.option("--preset", metavar="NAME", help="Settings that a plugin hands in; options and a file go before them.")
@click.option("--budget", type=click.IntRange(1), metavar="N", help="At most so many evaluations of each piece.")
@click.option("--device", help="Of torch, such as cpu or cuda.  [default: cpu]")
@click.option("--threads", type=click.IntRange(1), help="Pieces of a batch to compute at once.  [default: one per processor]")
@click.option("--resume", is_flag=True, help="Go on with the unfinished run in the output folder.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="The run folder.  [default: WORD-SEED]")
def compose(word: str | None, config: Path | None, preset: str | None, resume: bool, output: Path | None, **options: Any) -> None:
    """Compose music that carries an emotion.

    WORD is an emotion word such as happy, calm or tense; valence, arousal or other targets may be given instead.
    """
    from orchestra_core.pipeline.settings import load_settings
    from orchestra_core.registry import get_registry

    source = config or (_interrupted(output, options) if resume and not word else None)
    settings = load_settings(source, preset, get_registry())
    options["score"] = take_score(options, settings.pipeline.get("score"), get_registry())
    settings = settings.with_options(word=word, targets=parse_targets(options.pop("targets")), **options)
    settings = with_origin(settings, options["variations"], get_registry())
    directory = output or Path(settings.folder_name)
    results = _perform(settings, directory, resume)
    for row, result in enumerate(results):
        _say(result, directory / f"{row:03d}" if len(results) > 1 else directory)


def _interrupted(output: Path | None, options: Mapping[str, Any]) -> Path | None:
    """Return the folder to resume, or None where there is none yet and something is asked."""
    if output is not None and (output / "run.json").exists():
        return output
    if all(options[name] is None for name in ("valence", "arousal", "like", "source")) and not options["targets"]:
        raise UsageError(f"There is no run to resume in {output or 'no folder'}; name its folder with -o, or ask for something.")
    return None


def parse_targets(given: tuple[str, ...]) -> dict[str, float]:
    """Return targets from their ``NAME=VALUE`` forms.

    Raises
    ------
    UsageError
        One has another form.

    Examples
    --------
    >>> parse_targets(("brightness=70",))
    {'brightness': 70.0}
    """
    targets = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            targets[name.strip()] = float(value)
        except ValueError as error:
            raise UsageError(f"--target is {text!r}; expected NAME=VALUE with a number, such as brightness=70.") from error
    return targets


def _perform(settings: Any, directory: Path, resume: bool) -> tuple[Result, ...]:
    from orchestra_core.cli.progress import ProgressBar
    from orchestra_core.registry import get_registry

    registry = get_registry()
    try:
        with ProgressBar() as bar, registry.registered(bar, "progress"):
            results: tuple[Result, ...] = settings.perform(registry, directory, resume)
            return results
    except KeyboardInterrupt:
        if (directory / "run.json").exists():
            click.echo(f"Stopped. Go on with: orchestra compose --resume -o {directory}", err=True)
        raise


def _say(result: Result, directory: Path) -> None:
    click.echo(f"{directory}: {describe(result.targets, result.readings)}")
    for message in result.messages:
        click.echo(f"  {message}", err=True)


def describe(targets: Mapping[str, float], readings: Mapping[str, float]) -> str:
    """Return readings in a line, beside their targets."""
    aims = {name: f" (target {value:+.3g})" for name, value in targets.items()}
    return ", ".join(f"{name} {value:+.3g}{aims.get(name, '')}" for name, value in readings.items())

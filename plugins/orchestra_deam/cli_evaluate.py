"""The command ``orchestra deam evaluate``: marks of weights, or of any emotion oracle, with tables and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from orchestra_core.errors import UsageError
from orchestra_deam.config import ModelName

if TYPE_CHECKING:
    import numpy as np

    from orchestra_deam.evaluation.whole import Baseline
    from orchestra_deam.preparation.several import PreparedCorpora

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
#: What a page of calibrated weights says.
ON_LINES = (
    "Clips are marked as the network reads them, songs by their mean reading on the lines that the weights' card has for songs."
)


@click.command()
@click.argument("stores", metavar="PREPARED...", type=_FOLDER, nargs=-1, required=True)
@click.option("--model", type=click.Choice(list(get_args(ModelName))), default=None, help="The network [default: the oracle's].")
@click.option("--weights", type=_FILE, default=None, help="Weights file [default: the shipped one of the model].")
@click.option("--oracle", default=None, help="In their place any emotion oracle, by name or as JSON; needs --features audio.")
@click.option(
    "--part", type=click.Choice(["oracle", "judges", "final"]), default="judges", show_default=True, help="Songs to mark on."
)
@click.option("--open-final", is_flag=True, help="Confirm that the part `final` is opened: once, for the last marks.")
@click.option(
    "--baseline",
    "baselines",
    type=_FOLDER,
    multiple=True,
    help="Prepared with --features mel: for the plain feature baseline [default: PREPARED, where they are].",
)
@click.option("--draws", type=click.IntRange(0), default=2000, show_default=True, help="Of the bootstrap; 0 for no intervals.")
@click.option("-o", "--output", type=_FOLDER, default=None, help="Folder for metrics.json, marks.md and pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(stores: tuple[Path, ...], part: str, draws: int, output: Path | None, as_json: bool, **options: Any) -> None:
    """Mark readings of PREPARED corpora per clip and per song, beside the mean and a plain feature baseline.

    Songs are marked on the lines of calibrated weights, clips as the network reads them.

    PREPARED are folders that `orchestra deam prepare DIR -o FOLDER` wrote, of one corpus each.
    """
    if part == "final" and not options["open_final"]:
        raise UsageError(
            "The part final is opened once, when nothing can be changed any more: its marks are worth nothing if anything is "
            "chosen by them. Add --open-final if this is that time."
        )
    from orchestra_deam.evaluation.page import short_table
    from orchestra_deam.evaluation.whole import as_json as plain_values
    from orchestra_deam.evaluation.whole import evaluate_corpora, evaluations, write_evaluation
    from orchestra_deam.preparation.several import open_corpora
    from orchestra_deam.training.examples import only_plain

    data = only_plain(open_corpora(stores))
    asked = data.of_parts(part)
    plain = _baseline(data, options["baselines"], part)
    what, readings, calibrated = _readings(asked, options)
    found = evaluate_corpora(data.of_parts("oracle"), asked, readings, calibrated=calibrated, draws=draws, baseline=plain)
    if output is not None:
        write_evaluation(output, f"Marks of {what}", [_intro(part), *([] if calibrated is None else [ON_LINES])], found)
    marks = evaluations(found) | {
        f"{corpus}: plain features": own["features"] for corpus, own in found.items() if "features" in own
    }
    click.echo(json.dumps(plain_values(found), indent=1) if as_json else short_table(marks))


def _baseline(data: PreparedCorpora, folders: tuple[Path, ...], part: str) -> Baseline | None:
    from orchestra_deam.evaluation.whole import Baseline
    from orchestra_deam.preparation.several import open_corpora
    from orchestra_deam.training.examples import only_plain

    source = only_plain(open_corpora(folders)) if folders else data
    return Baseline(source.of_parts("oracle"), source.of_parts(part)) if source.features in ("mel", "audio") else None


def _readings(data: PreparedCorpora, options: dict[str, Any]) -> tuple[str, np.ndarray, np.ndarray | None]:
    from orchestra_core import build
    from orchestra_deam.config import DeamCNNConfig
    from orchestra_deam.evaluation.sources import calibrated_readings, oracle_readings, weights_readings
    from orchestra_deam.oracle import weights_path

    if options["oracle"] is not None:
        text = options["oracle"]
        oracle: Any = build("oracle", json.loads(text) if text.startswith("{") else text).component
        return f"the oracle {text}", oracle_readings(oracle, data), None
    model = options["model"] or DeamCNNConfig().model
    path = weights_path(model, options["weights"])
    readings = weights_readings(path, model, data)
    return f"{model}, {path.name}", readings, calibrated_readings(readings, path, model, data)


def _intro(part: str) -> str:
    told = {
        "oracle": "Songs of the part `oracle`, which shipped weights learned from: how they fit, not how they read.",
        "judges": "Songs of the part `judges`, which were held out.",
        "final": "Songs of the part `final`, opened once.",
    }
    return told[part]

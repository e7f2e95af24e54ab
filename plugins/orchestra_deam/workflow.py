"""From prepared corpora to weights with a card: what ``orchestra deam train`` does."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from orchestra_core import write_weights
from orchestra_core.errors import UsageError
from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.evaluation.marking import Evaluation
from orchestra_deam.evaluation.whole import evaluate_corpora, evaluations
from orchestra_deam.models import make_model
from orchestra_deam.preparation.several import PreparedCorpora, label_scales
from orchestra_deam.reading import front_end_of, head_for, refuse_other_features
from orchestra_deam.training.calibration import train_calibrated
from orchestra_deam.training.examples import only_plain, plain
from orchestra_deam.training.loop import Progress, read_all
from orchestra_deam.training.out_of_fold import Calibrated
from orchestra_deam.training.settings import TrainingSettings
from orchestra_deam.weights import CUES, FRONT_END, MAIN_HEAD, Card


@dataclass(frozen=True)
class Outcome:
    """Weights files that a training wrote, by the corpora whose scales they read, and their marks on what was held out."""

    paths: Mapping[str, Path]
    marks: Mapping[str, Evaluation]


@dataclass(frozen=True)
class Extras:
    """What a training does beside training: a remark for the card, logs for TensorBoard, and who is told of each step."""

    note: str = ""
    tensorboard: bool = False
    progress: Progress = lambda epoch: None


def train_on(
    data: PreparedCorpora, settings: TrainingSettings, folder: Path, *, resume: bool = False, extras: Extras | None = None
) -> Outcome:
    """Train on the part ``oracle`` of prepared corpora, mark on the part ``judges``, write weights and cards.

    The part ``final`` is never touched.

    Parameters
    ----------
    data : PreparedCorpora
        What to train on.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Receives the weights and their cards, checkpoint, ``log.csv`` and ``curves.png``, and in ``calibration``
        the trainings that calibrate.
    resume : bool
        Go on with an interrupted training.
    extras : Extras, optional
        Remark, TensorBoard, listener.

    Returns
    -------
    Outcome

    Raises
    ------
    UsageError
        A corpus has no songs in one of the two parts.
    ConfigurationError
        The corpora were prepared for another front end, or the checkpoint is of another recipe.
    """
    extras = extras or Extras()
    learned, held_out = plain(data.of_parts("oracle"), settings), only_plain(data.of_parts("judges"))
    _refuse_unfit(learned, held_out, settings)
    trained = _train(learned, held_out, settings, folder, resume, extras)
    draw_curves(folder)
    read = read_all(trained.reader, held_out)
    found = evaluate_corpora(only_plain(learned), held_out, read, calibrated=trained.on_lines(held_out, read))
    marks = evaluations(found)
    paths = {}
    exported = trained.reader.exported()
    for corpora, network in exported.items():
        name = settings.model if len(exported) == 1 else f"{settings.model}-{corpora}"
        paths[corpora] = folder / f"{name}.safetensors"
        card = _card(data, settings, tuple(corpora.split("+")), marks, extras.note, network)
        lines = {head_for(network, name): trained.lines[name] for name in corpora.split("+") if name in trained.lines}
        recipe = {**card.training, "calibration": lines} if lines else card.training
        write_weights(paths[corpora], network, replace(card, training=recipe))
    return Outcome(paths, marks)


def draw_curves(folder: Path) -> None:
    """Draw ``curves.png`` of ``log.csv``, if there is one."""
    from orchestra_deam.evaluation.figures import learning_curves

    log = folder / "log.csv"
    if log.is_file():
        rows = list(csv.DictReader(log.read_text(encoding="utf-8").splitlines()))
        learning_curves([{name: float(value) for name, value in row.items()} for row in rows], folder / "curves.png")


def _train(
    learned: PreparedCorpora, held_out: PreparedCorpora, settings: TrainingSettings, folder: Path, resume: bool, extras: Extras
) -> Calibrated:
    watched = held_out if settings.watch_held_out else None
    logger: Callable[[dict[str, float]], None] = lambda row: None  # noqa: E731
    with ExitStack() as stack:
        if extras.tensorboard:
            from orchestra_deam.training.logs import TensorBoardLog

            logger = stack.enter_context(TensorBoardLog(folder / "tensorboard")).add
        return train_calibrated(
            learned, settings, folder, watched=watched, resume=resume, progress=extras.progress, logger=logger
        )


def _refuse_unfit(learned: PreparedCorpora, held_out: PreparedCorpora, settings: TrainingSettings) -> None:
    refuse_other_features(learned, make_model(settings.model))
    for part, data in (("oracle", learned), ("judges", held_out)):
        missing = [name for name in data.names if not (data.clips["corpus"] == name).any()]
        if missing:
            raise UsageError(f"The prepared corpus {missing[0]!r} has no songs of the part {part!r}; expected some.")


def _card(
    data: PreparedCorpora,
    settings: TrainingSettings,
    corpora: tuple[str, ...],
    marks: Mapping[str, Evaluation],
    note: str,
    network: nn.Module,
) -> Card:
    used = data.of_parts("oracle", "judges")
    scales = label_scales(used.clips)
    heads = {name: head_for(network, name) for name in corpora}
    named = [_named("" if head == MAIN_HEAD else head, *scales[name]) for name, head in heads.items()]
    titles = [re.split(r"[ ,(]", str(data.card(name)["title"]))[0] for name in corpora]
    return Card(
        architecture=settings.model,
        mean={name: value for own in named for name, (value, _) in own.items()},
        sd={name: value for own in named for name, (_, value) in own.items()},
        front_end=CUES if front_end_of(network) == "cues" else FRONT_END,
        data="; ".join(_described(data, name) for name in corpora),
        split=_split(used, corpora[0]) if len(corpora) == 1 else {name: _split(used, name) for name in corpora},
        license=f"MIT code; weights trained on research-only data ({', '.join(titles)})",
        citation=" ".join(str(data.card(name)["citation"]) for name in corpora),
        metrics={name: asdict(mark) for name, mark in marks.items()},
        training={**asdict(settings), "corpora": list(data.names), "preparation": _preparation(data)},
        note=note,
    )


def _described(data: PreparedCorpora, name: str) -> str:
    variants = sorted({v.rsplit("-", 1)[0] for v in data.clips.loc[data.clips["corpus"] == name, "variant"] if v}, reverse=True)
    how = f", ratings averaged per piece, rendered by {' and '.join(variants)}" if variants else ""
    title = str(data.card(name)["title"])
    return f"{re.split(r'[ ,(]', title)[0]}{how}"


def _preparation(data: PreparedCorpora) -> dict[str, Any]:
    return {name: dict(store.manifest["settings"]) for name, store in data.stores.items()}


def _split(data: PreparedCorpora, name: str) -> dict[str, Any]:
    clips = data.clips[data.clips["corpus"] == name]
    by_song = bool((clips["group"] == clips["song"]).all())
    groups = {part: sorted(set(clips.loc[clips["part"] == part, "group"])) for part in ("oracle", "judges")}
    songs = {part: sorted(set(clips.loc[clips["part"] == part, "song"])) for part in ("oracle", "judges")}
    if by_song:
        return {"unit": "song", "trained_pieces": len(songs["oracle"]), "held_out_pieces": songs["judges"]}
    return {
        "unit": "game" if name == "vgmidi" else "group",
        "trained_on": groups["oracle"],
        "held_out": groups["judges"],
        "trained_pieces": len(songs["oracle"]),
        "held_out_pieces": songs["judges"],
    }


def _named(head: str, mean: np.ndarray, sd: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return mean and SD by dimension; of heads other than the main one with their name before it."""
    names = (f"{head}/{name}" if head else name for name in DIMENSIONS)
    return {name: (round(float(m), 6), round(float(s), 6)) for name, m, s in zip(names, mean, sd, strict=True)}

"""From a data set to weights with a card, and from weights to marks: what the commands do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from orchestra_core import write_weights
from orchestra_core.errors import UsageError
from orchestra_deam.evaluation import Evaluation, evaluate
from orchestra_deam.features import Preparation, Prepared, Rendering, prepare
from orchestra_deam.models import OUTPUTS
from orchestra_deam.rendering import Renderer
from orchestra_deam.training import Progress, TrainingSettings, train
from orchestra_deam.vgmidi import CITATION, Piece, label_table, pieces_of, read_partition, read_vgmidi
from orchestra_deam.weights import RESEARCH_ONLY, Card, load_weights


@dataclass(frozen=True)
class Listeners:
    """Who is told how the work goes on: the preparation (done, total), and the training."""

    prepared: Callable[[int, int], None] = lambda done, total: None
    trained: Progress = lambda epoch: None


@dataclass(frozen=True)
class Data:
    """A data set, how it is rendered, and where its features are kept.

    Parameters
    ----------
    folder : Path
        A VGMIDI folder.
    renderers : sequence of Renderer
        What plays it.
    cache : Path
        Folder of the features.
    preparation : Preparation
        Variants, windows and seed.
    workers : int
        Processes that prepare; 0 for none beside this one.
    """

    folder: Path
    renderers: Sequence[Renderer]
    cache: Path
    preparation: Preparation = field(default_factory=Preparation)
    workers: int = 1


@dataclass(frozen=True)
class Outcome:
    """Weights written by a training: their path, card and marks, and what could not be prepared (piece, reason)."""

    path: Path
    card: Card
    marks: Evaluation
    failures: tuple[tuple[str, str], ...]


def train_on(
    data: Data,
    settings: TrainingSettings,
    folder: Path,
    *,
    note: str = "",
    resume: bool = False,
    listeners: Listeners | None = None,
) -> Outcome:
    """Prepare a data set, train on the games of the part ``oracle``, mark on those of ``judges``, write weights and card.

    Games of the part ``final`` are never touched.

    Parameters
    ----------
    data : Data
        What to train on.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Receives ``<model>.safetensors``, its card and the checkpoint.
    note : str
        A remark for the card, such as how the recipe was chosen.
    resume : bool
        Go on with an interrupted training.
    listeners : Listeners, optional
        Told how the work goes on.

    Returns
    -------
    Outcome

    Raises
    ------
    UsageError
        The data set is not readable, or has no pieces in one of the two parts.
    """
    listeners = listeners or Listeners()
    split = {part: _part(data.folder, part) for part in ("oracle", "judges")}
    prepared = _prepare(data, (*split["oracle"], *split["judges"]), listeners)
    learned, held_out = (_of(prepared, split[part]) for part in ("oracle", "judges"))
    model = train(learned, settings, folder, resume=resume, progress=listeners.trained)
    labels = label_table(split["oracle"])
    marks = evaluate(model, held_out, labels.mean(axis=0))
    card = _card(
        settings, data, split["oracle"], split["judges"], {"all renderings": marks, **_by_renderer(model, held_out, labels)}
    )
    card = replace(card, note=note)
    path = folder / f"{settings.model}.safetensors"
    return Outcome(path, write_weights(path, model, card), marks, prepared.failures)


def evaluate_on(data: Data, weights: Path, model: str, *, listeners: Listeners | None = None) -> dict[str, Evaluation]:
    """Return the marks of weights on the held-out games (part ``judges``), overall and by renderer.

    Raises
    ------
    UsageError
        The data set is not readable or has no such games.
    WeightsError
        The weights are missing, damaged or do not fit.
    """
    network, _ = load_weights(weights, model)
    pieces = _part(data.folder, "judges")
    prepared = _prepare(data, pieces, listeners or Listeners())
    labels = label_table(_part(data.folder, "oracle"))
    held_out = _of(prepared, pieces)
    marks = {"all renderings": evaluate(network, held_out, labels.mean(axis=0))}
    return {**marks, **_by_renderer(network, held_out, labels)}


def _part(folder: Path, part: str) -> tuple[Piece, ...]:
    pieces = pieces_of(read_vgmidi(folder), part, read_partition())
    if not pieces:
        raise UsageError(f"{folder} has no pieces of the games in part {part!r} of the partition; expected some.")
    return pieces


def _prepare(data: Data, pieces: Sequence[Piece], listeners: Listeners) -> Prepared:
    return prepare(pieces, data.renderers, data.cache, data.preparation, workers=data.workers, progress=listeners.prepared)


def _of(prepared: Prepared, pieces: Iterable[Piece]) -> tuple[Rendering, ...]:
    wanted = set(pieces)
    return tuple(rendering for rendering in prepared.renderings if rendering.piece in wanted)


def _by_renderer(model: nn.Module, held_out: Sequence[Rendering], labels: np.ndarray) -> dict[str, Evaluation]:
    """Return the marks on plain renderings, by renderer."""
    plain: dict[str, list[Rendering]] = {}
    for rendering in held_out:
        if rendering.variant == 0:
            plain.setdefault(f"{rendering.renderer}, plain", []).append(rendering)
    return {name: evaluate(model, renderings, labels.mean(axis=0)) for name, renderings in plain.items()}


def _card(
    settings: TrainingSettings, data: Data, learned: Sequence[Piece], held_out: Sequence[Piece], marks: dict[str, Evaluation]
) -> Card:
    corpus = label_table([*learned, *held_out])
    return Card(
        architecture=settings.model,
        mean=_named(corpus.mean(axis=0)),
        sd=_named(corpus.std(axis=0)),
        data=f"VGMIDI, ratings averaged per piece, rendered by {' and '.join(r.name for r in data.renderers)}",
        split={
            "unit": "game",
            "trained_on": sorted({piece.game for piece in learned}),
            "held_out": sorted({piece.game for piece in held_out}),
            "trained_pieces": len(learned),
            "held_out_pieces": [piece.name for piece in held_out],
        },
        license=RESEARCH_ONLY,
        citation=CITATION,
        metrics={name: asdict(evaluation) for name, evaluation in marks.items()},
        training={**asdict(settings), "preparation": asdict(data.preparation), "renderers": [r.name for r in data.renderers]},
    )


def _named(values: np.ndarray) -> dict[str, Any]:
    return {name: round(float(value), 6) for name, value in zip(OUTPUTS, values, strict=True)}

"""From labelled sounds to weights with a card, and from weights to marks: what the commands do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestra_core import write_weights
from orchestra_core.errors import UsageError
from orchestra_timbre.config import CITATION
from orchestra_timbre.corpus import Corpus, prepare
from orchestra_timbre.evaluation import Marks, evaluate
from orchestra_timbre.freesound import is_freesound, read_freesound
from orchestra_timbre.models import LogMelNetwork, WaveformNetwork, make_model, parameter_count
from orchestra_timbre.sounds import Part, Sound, label_table, of_part, of_split, read_sounds
from orchestra_timbre.training import Epoch, Trained, TrainingSettings, train
from orchestra_timbre.weights import Card, load_weights

#: Labels that others published for some of the sounds, where a folder has them.
PUBLISHED = "published.csv"


@dataclass(frozen=True)
class Listeners:
    """Who is told how the work goes on: the preparation (done, total), and the training."""

    prepared: Callable[[int, int], None] = lambda done, total: None
    trained: Callable[[Epoch], None] = lambda epoch: None


@dataclass(frozen=True)
class Data:
    """Folders of labelled sounds.

    Parameters
    ----------
    folders : tuple of Path
        Each with ``labels.csv``, or in the layout of the Freesound one-shot set. The validation and test sounds are those
        of the first.
    part : {"oracle", "judge"}, or None
        The part of the sources to learn from; None for all of them.
    cache : Path
        Folder of the features.
    """

    folders: tuple[Path, ...]
    part: Part | None
    cache: Path

    def learned(self) -> tuple[Sound, ...]:
        """Return the sounds to learn from."""
        sounds = tuple(sound for folder in self.folders for sound in of_split(read_folder(folder), "train"))
        return sounds if self.part is None else of_part(sounds, self.part)

    def held_out(self) -> dict[str, tuple[Sound, ...]]:
        """Return the validation and test sounds, and those with published labels where there are any."""
        first = self.folders[0]
        sounds = read_folder(first)
        held_out = {"validation": of_split(sounds, "validation"), "test": of_split(sounds, "test")}
        if (first / PUBLISHED).is_file():
            held_out["published"] = read_sounds(first, PUBLISHED)
        return held_out


@dataclass(frozen=True)
class Outcome:
    """Weights written by a training: their path and card, marks by set of sounds, and the training itself."""

    path: Path
    card: Card
    marks: dict[str, Marks]
    trained: Trained


def read_folder(folder: Path) -> tuple[Sound, ...]:
    """Return the sounds of a folder in either layout.

    Raises
    ------
    UsageError
        It has neither layout, or a file is missing.
    """
    return read_freesound(folder) if is_freesound(folder) else read_sounds(folder)


def train_on(
    data: Data,
    settings: TrainingSettings,
    folder: Path,
    *,
    note: str = "",
    resume: bool = False,
    listeners: Listeners | None = None,
) -> Outcome:
    """Train a network, mark it on the held-out sounds, write weights and card.

    Parameters
    ----------
    data : Data
        What to train on.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Receives ``<model>.safetensors``, its card, the checkpoint and ``log.csv``.
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
        A folder is not readable, or has no sounds in a split or part.
    """
    listeners = listeners or Listeners()
    model = make_model(settings.model)
    learned, held_out = data.learned(), data.held_out()
    learn, *rest = _corpora((learned, *held_out.values()), model, data.cache, listeners)
    corpora = dict(zip(held_out, rest, strict=True))
    trained = train(learn, corpora["validation"], settings, folder, resume=resume, progress=listeners.trained)
    medians = np.median(label_table(learned), axis=0)
    marks = {name: evaluate(trained.model, corpus, medians) for name, corpus in corpora.items()}
    card = _card(data, settings, {"train": learned, **held_out}, marks, trained, note)
    path = folder / f"{settings.model}.safetensors"
    return Outcome(path, write_weights(path, trained.model, card), marks, trained)


def evaluate_on(data: Data, weights: Path, model: str, *, listeners: Listeners | None = None) -> dict[str, Marks]:
    """Return the marks of weights on the validation and test sounds, and on published labels where there are any.

    Raises
    ------
    UsageError
        A folder is not readable or has no such sounds.
    WeightsError
        The weights are missing, damaged or do not fit.
    """
    network, _ = load_weights(weights, model)
    held_out = data.held_out()
    medians = np.median(label_table(data.learned()), axis=0)
    corpora = _corpora(tuple(held_out.values()), network, data.cache, listeners or Listeners())
    return {name: evaluate(network, corpus, medians) for name, corpus in zip(held_out, corpora, strict=True)}


def _corpora(
    sets: Sequence[Sequence[Sound]], model: WaveformNetwork | LogMelNetwork, cache: Path, listeners: Listeners
) -> list[Corpus]:
    if any(not sounds for sounds in sets):
        raise UsageError("A split has no sounds; expected some to learn from, and some in 'validation' and 'test'.")
    return [prepare(sounds, model, cache, listeners.prepared) for sounds in sets]


def _card(
    data: Data,
    settings: TrainingSettings,
    sets: dict[str, tuple[Sound, ...]],
    marks: dict[str, Marks],
    trained: Trained,
    note: str,
) -> Card:
    best = trained.best
    recipe: dict[str, Any] = {**asdict(settings), "best_epoch": best.number, "epochs_run": len(trained.epochs)}
    recipe["seconds_per_epoch"] = round(float(np.median([epoch.seconds for epoch in trained.epochs])), 1)
    return Card(
        architecture=settings.model,
        parameters=parameter_count(trained.model),
        data="One-shots labelled with AudioCommons' timbral_models 0.4.0 or by the Freesound one-shot percussive set",
        part=data.part or "all",
        split={name: _counts(sounds) for name, sounds in sets.items()},
        metrics={name: _rounded(mark) for name, mark in marks.items()},
        training=recipe,
        license="MIT; the licences of the sounds are those of their sets",
        citation=CITATION,
        note=note,
    )


def _counts(sounds: Sequence[Sound]) -> dict[str, Any]:
    kinds = Counter(sound.kind for sound in sounds)
    return {"sounds": len(sounds), "sources": len({sound.source for sound in sounds}), "kinds": dict(sorted(kinds.items()))}


def _rounded(mark: Marks) -> dict[str, Any]:
    content = {"mean_error": mark.mean_error, "mean_baseline": mark.mean_baseline, **asdict(mark)}
    return {key: _round(value) for key, value in content.items()}


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: round(number, 4) for name, number in value.items()}
    return round(value, 4)

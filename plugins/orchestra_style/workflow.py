"""From a folder of songs to weights with a card, and from weights to marks: what the commands do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestra_core import write_weights
from orchestra_core.errors import UsageError
from orchestra_style.corpus import Corpus, divided, frames_in
from orchestra_style.emotify import CITATION, read_emotify
from orchestra_style.evaluation import Evaluation, evaluate
from orchestra_style.features import prepare
from orchestra_style.folders import FMA_CITATION, GTZAN_CITATION, read_fma, read_gtzan
from orchestra_style.songs import Part, Song
from orchestra_style.training import Progress, TrainingSettings, read_log, train
from orchestra_style.weights import ARCHITECTURE, Card, load_weights


@dataclass(frozen=True)
class DataSet:
    """A kind of folder: what reads it, and what its weights must say."""

    read: Callable[[Path], tuple[Song, ...]]
    title: str
    citation: str
    license: str


_RESEARCH = "MIT code; weights trained on research-only data"
DATA_SETS: Mapping[str, DataSet] = {
    "emotify": DataSet(read_emotify, "Emotify, 400 songs of four genres", CITATION, f"{_RESEARCH} (Emotify)"),
    "gtzan": DataSet(read_gtzan, "GTZAN", GTZAN_CITATION, f"{_RESEARCH} (GTZAN)"),
    "fma": DataSet(read_fma, "FMA, subset small", FMA_CITATION, "MIT code; each track of FMA has a licence of its own"),
}


@dataclass(frozen=True)
class Listeners:
    """Who is told how the work goes on: the preparation (done, total), and the training."""

    prepared: Callable[[int, int], None] = lambda done, total: None
    trained: Progress = lambda epoch: None


@dataclass(frozen=True)
class Data:
    """A data set by its name in `DATA_SETS`, its folder, and where its features are kept."""

    name: str
    folder: Path
    cache: Path


@dataclass(frozen=True)
class Outcome:
    """Weights written by a training: their path, card and marks, and the songs left out (name, reason)."""

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
    """Prepare a data set, train, mark on the test songs, write weights and card.

    Parameters
    ----------
    data : Data
        What to train on.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Receives ``style_cnn.safetensors``, its card, ``log.csv`` and the checkpoint.
    note : str
        A remark for the card.
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
        The data set is not readable, or too small.
    """
    listeners = listeners or Listeners()
    corpus, failures = _corpus(data, settings.frames, listeners)
    parts = divided(corpus, settings.split, settings.partition_seed)
    network = train(corpus, settings, folder, resume=resume, progress=listeners.trained)
    marks = evaluate(network, corpus, parts["test"], parts["train"])
    card = describe(data, settings, corpus, marks, read_log(folder), note)
    path = folder / "style_cnn.safetensors"
    return Outcome(path, write_weights(path, network, card), marks, failures)


def describe(
    data: Data, settings: TrainingSettings, corpus: Corpus, marks: Evaluation, epochs: tuple[int, int], note: str = ""
) -> Card:
    """Return the card of weights: data, parts, recipe and marks; `epochs` are those of `read_log`."""
    source, parts = DATA_SETS[data.name], divided(corpus, settings.split, settings.partition_seed)
    held_out = {part: sorted({corpus.songs[s.song].song.name for s in parts[part]}) for part in ("validation", "test")}
    return Card(
        ARCHITECTURE,
        classes=corpus.classes,
        seconds=settings.seconds,
        data=f"{source.title}; {len(parts['train'])} training segments",
        license=source.license,
        citation=source.citation,
        split={"unit": settings.split, "seed": settings.partition_seed, **held_out},
        metrics={"test": asdict(marks)},
        training={**asdict(settings), "epochs_run": epochs[0], "epoch_kept": epochs[1]},
        note=note,
    )


def evaluate_on(data: Data, weights: Path, part: Part = "test", *, listeners: Listeners | None = None) -> Evaluation:
    """Return the marks of weights on a part of a data set, divided and cut as the weights' card says.

    Raises
    ------
    UsageError
        The data set is not readable, or holds other genres.
    WeightsError
        The weights are missing, damaged or do not fit.
    """
    network, card = load_weights(weights)
    corpus, _ = _corpus(data, frames_in(card.seconds), listeners or Listeners())
    parts = divided(corpus, card.split.get("unit", "song"), int(card.split.get("seed", 0)))
    return evaluate(network, corpus, parts[part], parts["train"])


def _corpus(data: Data, frames: int, listeners: Listeners) -> tuple[Corpus, tuple[tuple[str, str], ...]]:
    if data.name not in DATA_SETS:
        raise UsageError(f"The data set is {data.name!r}; expected one of {', '.join(DATA_SETS)}.")
    prepared = prepare(DATA_SETS[data.name].read(data.folder), data.cache, progress=listeners.prepared)
    if not prepared.songs:
        raise UsageError(f"None of the songs in {data.folder} could be read, such as {prepared.failures[0][1]}")
    corpus = Corpus.of(prepared.songs, frames)
    kept = {cached.song for cached in corpus.songs}
    short = tuple((c.song.name, "it is shorter than a segment") for c in prepared.songs if c.song not in kept)
    return corpus, prepared.failures + short

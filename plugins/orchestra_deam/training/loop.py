"""The training itself: seeded, resumable at every epoch, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from orchestra_core import TrainingFolder, rise_and_cosine
from orchestra_deam.metrics import agreement, mean_by
from orchestra_deam.models import MODELS
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.reading import Reader
from orchestra_deam.training.closed_form import solve
from orchestra_deam.training.examples import Batch, Examples, rows_by_batches
from orchestra_deam.training.loss import label_loss, own_readings, pair_loss
from orchestra_deam.training.settings import WHOLE, TrainingSettings
from orchestra_deam.training.state import COLUMNS, TrainingState

_SETTLING_BATCHES, _READING_BATCH = 64, 64


@dataclass(frozen=True)
class Epoch:
    """How far a training is: the epoch from 1, of how many, its mean loss so far, and the steps done and to do in it."""

    number: int
    total: int
    loss: float
    step: int
    steps: int


Progress = Callable[[Epoch], None]
#: Told after each epoch: the row of the log by column.
Logger = Callable[[dict[str, float]], None]


def train(
    learned: PreparedCorpora,
    settings: TrainingSettings,
    folder: Path,
    *,
    watched: PreparedCorpora | None = None,
    resume: bool = False,
    progress: Progress = lambda epoch: None,
    logger: Logger = lambda row: None,
) -> Reader:
    """Train a network and return it, with averaged or best weights and readings in the units of the labels.

    A checkpoint and the log are written after each epoch; draws depend on seed and epoch alone, so that a training that
    was killed and resumed ends with the same weights as one that was not (on the same machine and thread count).
    What it returns is not calibrated yet: `orchestra_deam.training.calibration.train_calibrated` does both.

    Parameters
    ----------
    learned : PreparedCorpora
        What may be learned from. A share of it, whole groups, becomes the validation part, if the recipe says so.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Where the checkpoint and the log lie.
    watched : PreparedCorpora, optional
        Clips whose errors are logged where the recipe has no validation part; nothing is chosen by them.
    resume : bool
        Go on from the checkpoint, if there is one.
    progress : callable
        Told after each step.
    logger : callable
        Told after each epoch.

    Returns
    -------
    Reader
        In evaluation mode.

    Raises
    ------
    UsageError
        There is nothing to train on, or the folder holds a training and `resume` is not set.
    ConfigurationError
        The checkpoint was made with other settings.
    """
    if settings.validation:
        learned, watched = split_validation(learned, settings)
    closed = is_closed_form(settings.model)
    if closed:  # solved at once, in the units of the labels
        settings = replace(settings, standardise=False, epochs=min(settings.epochs, 1), course="constant")
    examples = Examples(learned, settings)
    state = TrainingState.fresh(settings, learned.names)
    kept = TrainingFolder(folder, settings)
    saved = kept.restore(resume)
    if saved is None:
        _prepare(state, examples)
    else:
        state.load_state_dict(saved)
    while not state.is_over(settings):
        loss = _solved(state, examples) if closed else _run_epoch(state, examples, settings, progress)
        row = [state.epoch, _rate(state.epoch, 0, examples.steps(), settings), loss, *_validation(state, watched, examples)]
        state.rows.append([float(value) for value in row])
        if settings.validation:
            state.note_best(state.rows[-1][3])
        kept.save(state.state_dict())
        kept.write_log(COLUMNS, [[int(row[0]), *row[1:]] for row in state.rows])
        logger(dict(zip(COLUMNS, state.rows[-1], strict=True)))
    return _finished(state, examples, settings)


def is_closed_form(model: str) -> bool:
    """Return whether a model is solved at once, without epochs."""
    return bool(getattr(MODELS[model], "closed_form", False))


def split_validation(data: PreparedCorpora, settings: TrainingSettings) -> tuple[PreparedCorpora, PreparedCorpora]:
    """Return what is learned from and what validates: a share of the groups of each corpus, drawn from the seed."""
    generator = np.random.default_rng(settings.seed)
    validating: set[tuple[str, str]] = set()
    for corpus in data.names:
        groups = sorted(set(data.clips.loc[data.clips["corpus"] == corpus, "group"]))
        count = max(round(settings.validation * len(groups)), 1)
        validating |= {(corpus, groups[index]) for index in generator.permutation(len(groups))[:count]}
    keys = zip(data.clips["corpus"], data.clips["group"], strict=True)
    chosen = np.array([key in validating for key in keys])
    return data.where(~chosen), data.where(chosen)


def read_all(reader: Reader, data: PreparedCorpora, head: str = "") -> np.ndarray:
    """Return the readings of all clips, shape (clips, 2), in bounded memory: on the scale of their own corpus, or of `head`."""
    reader.eval()
    numbers = torch.tensor([reader.corpora.index(head or corpus) for corpus in data.clips["corpus"]], dtype=torch.long)
    read = [np.zeros((0, 2))]
    with torch.inference_mode():
        for rows in rows_by_batches(len(data.clips), _READING_BATCH):
            arrays = {name: torch.from_numpy(array) for name, array in data.read(rows).items()}
            found = own_readings(reader(reader.inputs(arrays)), reader.corpora, numbers[list(rows)])
            read.append(found.mean(dim=1).double().numpy())
    return np.concatenate(read)


def _prepare(state: TrainingState, examples: Examples) -> None:
    batches = (examples.batch(torch.tensor(list(rows))).arrays for rows in rows_by_batches(len(examples.rows), _READING_BATCH))
    state.model.prepare(batches)
    state.average.module.load_state_dict(state.model.state_dict())


def _solved(state: TrainingState, examples: Examples) -> float:
    network: Any = state.model.network
    loss = solve(network, examples)
    state.average.module.load_state_dict(state.model.state_dict())
    state.epoch += 1
    return loss


def _run_epoch(state: TrainingState, examples: Examples, settings: TrainingSettings, progress: Progress) -> float:
    state.model.train()
    generator, steps, total = _generator(settings, state.epoch), examples.steps(), 0.0
    for step, batch in enumerate(examples.batches(generator)):
        for group in state.optimiser.param_groups:
            group["lr"] = _rate(state.epoch, step, steps, settings)
        total += _step(state, batch, settings, generator)
        progress(Epoch(state.epoch + 1, settings.epochs, total / (step + 1), step + 1, steps))
    state.epoch += 1
    return total / steps


def _rate(epoch: int, step: int, steps: int, settings: TrainingSettings) -> float:
    share = (epoch * steps + step) / (settings.epochs * steps)
    return settings.rate * (rise_and_cosine(share) if settings.course == "cosine" else 1.0)


def _step(state: TrainingState, batch: Batch, settings: TrainingSettings, generator: torch.Generator) -> float:
    loss = _loss(state.model, batch, settings, generator)
    state.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    if settings.clip:
        nn.utils.clip_grad_norm_(state.model.parameters(), settings.clip)
    state.optimiser.step()
    state.average.update_parameters(state.model)
    return float(loss.detach())


def _loss(model: Reader, batch: Batch, settings: TrainingSettings, generator: torch.Generator) -> Tensor:
    if batch.pairs is None:
        return label_loss(_read(model, batch.arrays, batch.corpus, settings, generator), batch, settings)
    sets = (batch.arrays, batch.pairs.semitone, batch.pairs.parallel)
    joined = {name: torch.cat([arrays[name] for arrays in sets]) for name in batch.arrays}
    read, semitone, parallel = _read(model, joined, batch.corpus.repeat(3), settings, generator).chunk(3)
    return label_loss(read, batch, settings) + pair_loss(read, semitone, parallel, batch.pairs, settings)


def _read(
    model: Reader, arrays: dict[str, Tensor], corpus: Tensor, settings: TrainingSettings, generator: torch.Generator
) -> Tensor:
    inputs = _cut(model.inputs(arrays, generator if settings.augment else None), settings, generator)
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
        read = model(inputs)
    return own_readings(read, model.corpora, corpus)


def _cut(inputs: dict[str, Tensor], settings: TrainingSettings, generator: torch.Generator) -> dict[str, Tensor]:
    if "mel" not in inputs or settings.frames == WHOLE:
        return inputs
    frames = inputs["mel"].shape[-1]
    first = int(torch.randint(max(frames - settings.frames, 0) + 1, (), generator=generator))
    return {**inputs, "mel": inputs["mel"][..., first : first + settings.frames]}


def _validation(state: TrainingState, watched: PreparedCorpora | None, examples: Examples) -> tuple[float, float, float]:
    """Return error and correlations of songs, in standard deviations of the labels; NaN where nothing is watched."""
    if watched is None or watched.clips.empty:
        return float("nan"), float("nan"), float("nan")
    reader: Reader = state.average.module  # type: ignore[assignment]
    mean, sd = (np.stack([examples.scales[corpus][i] for corpus in watched.clips["corpus"]]) for i in (0, 1))
    labels = (watched.clips[["arousal", "valence"]].to_numpy() - mean) / sd
    read = read_all(reader, watched)
    if not examples.settings.standardise:
        read = (read - mean) / sd
    songs = watched.clips.groupby(["corpus", "song"]).ngroup().to_numpy()
    read, labels = mean_by(songs, read), mean_by(songs, labels)
    marks = [agreement(read[:, i], labels[:, i]) for i in range(2)]
    return float(np.mean([mark["mse"] for mark in marks])), marks[0]["r"], marks[1]["r"]


def _finished(state: TrainingState, examples: Examples, settings: TrainingSettings) -> Reader:
    reader: Reader = state.average.module  # type: ignore[assignment]
    if settings.validation and state.best:
        reader.load_state_dict(state.best["weights"])
    elif settings.average and settings.epochs:
        _settle_statistics(reader, examples, settings)
    if settings.standardise:
        reader.set_scales(examples.scales)
    return reader.eval()


def _settle_statistics(reader: Reader, examples: Examples, settings: TrainingSettings) -> None:
    """Set the running statistics of batch norm to those of the averaged weights on the training clips."""
    norms = [layer for layer in reader.modules() if isinstance(layer, nn.BatchNorm2d)]
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    reader.train()
    generator = _generator(settings, settings.epochs)
    with torch.no_grad():
        for _, batch in zip(range(_SETTLING_BATCHES), examples.batches(generator), strict=False):
            reader(reader.inputs(batch.arrays, generator if settings.augment else None))
    for norm in norms:
        norm.momentum = 0.1
    reader.eval()


def _generator(settings: TrainingSettings, epoch: int) -> torch.Generator:
    return torch.Generator().manual_seed(settings.seed * 1_000_003 + epoch + 1)

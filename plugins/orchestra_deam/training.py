"""Trains a network on cached features: seeded, resumable at every epoch, with bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from orchestra_core import TrainingFolder, rise_and_cosine
from orchestra_core.errors import ParameterError, UsageError
from orchestra_deam.augmentation import augmented
from orchestra_deam.config import ModelName
from orchestra_deam.features import Rendering
from orchestra_deam.front_end import FRAMES, standardise
from orchestra_deam.models import head_of, make_model
from orchestra_deam.vgmidi import Piece, label_table

_STATISTICS_BATCHES = 64


@dataclass(frozen=True)
class TrainingSettings:
    """The recipe.

    Parameters
    ----------
    model : {"three_conv", "two_conv", "two_conv_time"}
        The network.
    epochs : int
        Passes; each draws `windows` windows of every piece.
    windows : int
        Windows of a piece per epoch, whatever its length: pieces count alike.
    frames : int, in [32, 431]
        Length of the stretch that a step sees of each window, taken at random: half a window costs half and varies more.
    batch : int
        Clips per step.
    rate, decay : float
        Learning rate of AdamW at its highest (a short rise, then a cosine to 0), and its weight decay.
    average : float, in [0, 1)
        Decay per step of the exponential average of weights that is kept in the end.
    concordance : float
        Weight of 1 - CCC beside the mean squared error; it works against shrinking to the mean.
    emphasis : float
        Weight of the loss of valence beside that of arousal: valence is the harder one to hear.
    augment : bool
        Whether clips are changed at random (`orchestra_deam.augmentation`).
    shuffle : bool
        Train on labels shuffled between pieces: the control that must fail.
    bfloat16 : bool
        Compute in bfloat16 where it is safe; half the time on CPUs that have it.
    seed : int
        Of weights, draws and augmentation.

    Raises
    ------
    ParameterError
        A count is too small, or `frames` too large.
    """

    model: ModelName = "three_conv"
    epochs: int = 100
    windows: int = 16
    frames: int = 216
    batch: int = 32
    rate: float = 8e-3
    decay: float = 1e-3
    average: float = 0.99
    concordance: float = 1.0
    emphasis: float = 2.0
    augment: bool = True
    shuffle: bool = False
    bfloat16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        lowest = {"epochs": 1, "windows": 1, "batch": 2, "frames": 32}
        for name, least in lowest.items():
            if getattr(self, name) < least or self.frames > FRAMES:
                raise ParameterError(f"{name} is {getattr(self, name)}; expected at least {least}, and at most {FRAMES} frames.")


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave: its number from 1, how many there are, the mean loss, and the steps done and to do in it."""

    number: int
    total: int
    loss: float
    step: int
    steps: int


Progress = Callable[[Epoch], None]


def train(
    renderings: Sequence[Rendering],
    settings: TrainingSettings,
    folder: Path,
    *,
    resume: bool = False,
    progress: Progress = lambda epoch: None,
) -> nn.Module:
    """Train a network and return it, with averaged weights and readings in the units of the labels.

    A checkpoint is written after each epoch; draws depend on seed and epoch alone, so that a training that was
    killed and resumed ends with the same weights as one that was not (on the same machine and thread count).

    Parameters
    ----------
    renderings : sequence of Rendering
        Cached renderings of the pieces to train on.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Where the checkpoint lies.
    resume : bool
        Go on from the checkpoint, if there is one.
    progress : callable
        Told after each step.

    Returns
    -------
    nn.Module
        In evaluation mode.

    Raises
    ------
    UsageError
        There is nothing to train on, or the folder holds a training and `resume` is not set.
    ConfigurationError
        The checkpoint was made with other settings.
    """
    corpus = _Corpus.of(renderings, settings)
    state = _State.fresh(settings)
    kept = TrainingFolder(folder, settings)
    saved = kept.restore(resume)
    if saved is not None:
        state.load_state_dict(saved)
    for epoch in range(state.epoch, settings.epochs):
        _run_epoch(state, corpus, settings, epoch, progress)
        kept.save(state.state_dict())
    return _finished(state, corpus, settings)


@dataclass(frozen=True, eq=False)
class _Corpus:
    """Windows of each piece as (rendering, window) pairs, and its standardised labels."""

    places: tuple[tuple[tuple[np.ndarray, int], ...], ...]
    labels: Tensor
    mean: Tensor
    sd: Tensor

    @classmethod
    def of(cls, renderings: Sequence[Rendering], settings: TrainingSettings) -> _Corpus:
        by_piece: dict[Piece, list[np.ndarray]] = {}
        for rendering in renderings:
            by_piece.setdefault(rendering.piece, []).append(rendering.load())
        if len(by_piece) < 2:
            raise UsageError(f"There are {len(by_piece)} prepared pieces to train on; expected at least two.")
        labels = torch.from_numpy(label_table(list(by_piece))).float()
        if settings.shuffle:
            labels = labels[torch.randperm(len(labels), generator=_generator(settings.seed, -1))]
        mean, sd = labels.mean(0), labels.std(0, correction=0).clamp_min(1e-3)
        places = tuple(tuple((windows, i) for windows in piece for i in range(len(windows))) for piece in by_piece.values())
        return cls(places, (labels - mean) / sd, mean, sd)

    def batches(self, settings: TrainingSettings, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield features (n, 1, bands, frames) and labels (n, 2) of one epoch."""
        pieces = torch.arange(len(self.places)).repeat_interleave(settings.windows)
        pieces = pieces[torch.randperm(len(pieces), generator=generator)]
        for chosen in torch.split(pieces, settings.batch):
            if len(chosen) > 1 or len(pieces) == 1:  # batch norm cannot learn from a single clip
                yield self._features(chosen, settings, generator), self.labels[chosen]

    def _features(self, chosen: Tensor, settings: TrainingSettings, generator: torch.Generator) -> Tensor:
        rows = []
        for piece in chosen.tolist():
            places = self.places[piece]
            windows, index = places[int(torch.randint(len(places), (), generator=generator))]
            rows.append(torch.from_numpy(windows[index].astype(np.float32)))
        clips = torch.stack(rows)
        features = augmented(clips, generator) if settings.augment else standardise(clips)[:, None]
        first = int(torch.randint(FRAMES - settings.frames + 1, (), generator=generator))
        return features[..., first : first + settings.frames]


@dataclass
class _State:
    """What a training is made of: everything that a checkpoint holds."""

    model: nn.Module
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    epoch: int = 0

    @classmethod
    def fresh(cls, settings: TrainingSettings) -> _State:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            model = make_model(settings.model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.average))  # type: ignore[no-untyped-call]
        return cls(model, average, torch.optim.AdamW(model.parameters(), lr=settings.rate, weight_decay=settings.decay))

    def state_dict(self) -> dict[str, Any]:
        parts = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimiser")}
        return {**parts, "epoch": self.epoch}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        for name in ("model", "average", "optimiser"):
            getattr(self, name).load_state_dict(saved[name])
        self.epoch = int(saved["epoch"])


def _run_epoch(state: _State, corpus: _Corpus, settings: TrainingSettings, epoch: int, progress: Progress) -> None:
    state.model.train()
    steps = math.ceil(len(corpus.places) * settings.windows / settings.batch)
    total = 0.0
    for step, (features, labels) in enumerate(corpus.batches(settings, _generator(settings.seed, epoch))):
        rate = rise_and_cosine((epoch * steps + step) / (settings.epochs * steps))
        for group in state.optimiser.param_groups:
            group["lr"] = settings.rate * rate
        total += _step(state, features, labels, settings)
        progress(Epoch(epoch + 1, settings.epochs, total / (step + 1), step + 1, steps))
    state.epoch = epoch + 1


def _step(state: _State, features: Tensor, labels: Tensor, settings: TrainingSettings) -> float:
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
        read = state.model(features.contiguous(memory_format=torch.channels_last))
    loss = _loss(read.float(), labels, settings)
    state.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.model.parameters(), 5.0)
    state.optimiser.step()
    state.average.update_parameters(state.model)
    return float(loss.detach())


def _loss(read: Tensor, rated: Tensor, settings: TrainingSettings) -> Tensor:
    error = (read - rated).square().mean(0)
    covariance = ((read - read.mean(0)) * (rated - rated.mean(0))).mean(0)
    scale = read.var(0, correction=0) + rated.var(0, correction=0) + (read.mean(0) - rated.mean(0)).square()
    by_dimension = error + settings.concordance * (1 - 2 * covariance / (scale + 1e-6))
    return by_dimension @ torch.tensor([1.0, settings.emphasis]) / (1.0 + settings.emphasis)


def _finished(state: _State, corpus: _Corpus, settings: TrainingSettings) -> nn.Module:
    model = state.average.module
    _settle_statistics(model, corpus, settings)
    head = head_of(model)
    with torch.no_grad():  # readings in the units of the labels
        head.weight.mul_(corpus.sd[:, None])
        head.bias.mul_(corpus.sd).add_(corpus.mean)
    return model.to(memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload, no-any-return]


def _settle_statistics(model: nn.Module, corpus: _Corpus, settings: TrainingSettings) -> None:
    """Set the running statistics of batch norm to those of the averaged weights on the training clips."""
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    model.train()
    whole = replace(settings, frames=FRAMES)
    batches = corpus.batches(whole, _generator(settings.seed, settings.epochs))
    with torch.no_grad():
        for _, (features, _) in zip(range(_STATISTICS_BATCHES), batches, strict=False):
            model(features.contiguous(memory_format=torch.channels_last))
    for norm in norms:
        norm.momentum = 0.1
    model.eval()


def _generator(seed: int, epoch: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 1_000_003 + epoch + 1)

"""Trains the feature network on cached songs: seeded, resumable at every epoch, stopped by its validation loss."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from orchestra_core import TrainingFolder, rise_and_cosine
from orchestra_core.errors import ParameterError
from orchestra_style.config import StartName
from orchestra_style.corpus import Corpus, Segment, SplitUnit, band_scale, batches, divided, frames_in
from orchestra_style.network import StyleNetwork
from orchestra_style.weights import load_weights, shipped

_PARTS = ("network", "average", "optimiser")
_COLUMNS = ("epoch", "training_loss", "validation_loss", "validation_accuracy")


@dataclass(frozen=True)
class TrainingSettings:
    """The recipe.

    Parameters
    ----------
    seconds : float
        Length of a segment, at least 1 s.
    epochs : int
        Most passes over the training segments.
    patience : int
        Epochs without a lower validation loss after which the training stops.
    batch : int
        Segments per step, at least 2.
    rate, decay : float
        Learning rate of AdamW at its highest (a short rise, then a cosine to 0), and its weight decay.
    average : float, in [0, 1)
        Decay per step of the exponential average of weights and statistics that is marked and kept.
    clip : float
        Largest norm of a gradient: now and then a batch of power holds a peak thousands of times its mean.
    jitter : bool
        Whether a training segment is heard at a random place of its song each time; else on the fixed grid.
    split : {"song", "segment"}
        What is dealt out to the parts; ``segment`` is the published fault, kept as a control.
    bfloat16 : bool
        Convolve in bfloat16 while training; half the time on CPUs that have it.
    start : {"", "emotify_5s", "emotify_3s"}
        Shipped weights whose filters it begins with; by default with random ones. The head always begins anew.
    partition_seed, seed : int
        Of the parts; of weights, order, places and dropout.

    Raises
    ------
    ParameterError
        A value is too small.
    """

    seconds: float = 5.0
    epochs: int = 12
    patience: int = 4
    batch: int = 8
    rate: float = 3e-3
    decay: float = 1e-2
    average: float = 0.99
    clip: float = 1.0
    jitter: bool = True
    split: SplitUnit = "song"
    bfloat16: bool = True
    start: StartName = ""
    partition_seed: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        lowest = {
            "seconds": 1.0,
            "epochs": 1,
            "patience": 1,
            "batch": 2,
            "rate": 1e-9,
            "decay": 0.0,
            "average": 0.0,
            "clip": 1e-9,
        }
        for name, least in lowest.items():
            if not getattr(self, name) >= least:
                raise ParameterError(f"{name} is {getattr(self, name)}; expected at least {least:g}.")

    @property
    def frames(self) -> int:
        """Frames of a segment."""
        return frames_in(self.seconds)


@dataclass(frozen=True)
class Epoch:
    """How far a training is: epoch from 1 of how many, steps done of how many in it, mean loss, lowest validation loss."""

    number: int
    total: int
    step: int
    steps: int
    loss: float
    best: float


Progress = Callable[[Epoch], None]


def train(
    corpus: Corpus,
    settings: TrainingSettings,
    folder: Path,
    *,
    resume: bool = False,
    progress: Progress = lambda epoch: None,
) -> StyleNetwork:
    """Train a network and return it as it was after the epoch with the lowest validation loss.

    A checkpoint and a line of ``log.csv`` are written after each epoch; draws depend on seed and epoch alone, so that a
    training that was killed and resumed ends with the same weights as one that was not (same machine and threads).

    Parameters
    ----------
    corpus : Corpus
        Songs with segments of ``settings.frames`` frames.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Where checkpoint and log lie.
    resume : bool
        Go on from the checkpoint, if there is one.
    progress : callable
        Told after each step.

    Returns
    -------
    StyleNetwork
        In evaluation mode.

    Raises
    ------
    UsageError
        There are too few songs, or the folder holds a training and `resume` is not set.
    ConfigurationError
        The checkpoint was made with other settings.
    """
    parts = divided(corpus, settings.split, settings.partition_seed)
    kept = TrainingFolder(folder, settings)
    saved = kept.restore(resume)
    state = _State.fresh(corpus, () if saved else parts["train"], settings)
    if saved:
        state.load_state_dict(saved)
    while state.epoch < settings.epochs and state.waited < settings.patience:
        loss = _run_epoch(state, corpus, parts["train"], settings, progress)
        state.mark(loss, *validation(state.average, corpus, parts["validation"]))
        kept.save(state.state_dict())
        kept.write_log(_COLUMNS, [[row[0], *(f"{value:.6f}" for value in row[1:])] for row in state.log])
    state.average.load_state_dict(state.best)
    return state.average.eval()


def read_log(folder: Path) -> tuple[int, int]:
    """Return how many epochs the training in a folder had, and which of them (from 1) gave the weights."""
    with (folder / "log.csv").open(encoding="utf-8", newline="") as file:
        losses = [float(row["validation_loss"]) for row in csv.DictReader(file)]
    return len(losses), losses.index(min(losses)) + 1


@torch.inference_mode()
def validation(network: StyleNetwork, corpus: Corpus, segments: Sequence[Segment]) -> tuple[float, float]:
    """Return the mean cross-entropy and the accuracy over segments; both NaN where there are none."""
    network.eval()
    loss = right = 0.0
    for chosen in batches(segments, 16):
        logits, labels = network(corpus.power(chosen)), corpus.labels(chosen)
        loss += float(functional.cross_entropy(logits, labels, reduction="sum"))
        right += float((logits.argmax(dim=1) == labels).sum())
    return (loss / len(segments), right / len(segments)) if segments else (math.nan, math.nan)


@dataclass
class _State:
    """What a training is made of: everything that a checkpoint holds."""

    network: StyleNetwork
    average: StyleNetwork
    optimiser: torch.optim.Optimizer
    best: dict[str, Tensor]
    best_loss: float
    epoch: int
    waited: int
    log: list[tuple[float, ...]]

    @classmethod
    def fresh(cls, corpus: Corpus, learned: Sequence[Segment], settings: TrainingSettings) -> _State:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = StyleNetwork(corpus.classes).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if settings.start:
            network.convolutions.load_state_dict(load_weights(shipped(settings.start))[0].convolutions.state_dict())
        network.set_band_scale(*band_scale(corpus, learned))
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(learning, lr=settings.rate, weight_decay=settings.decay)
        return cls(network, deepcopy(network), optimiser, deepcopy(network.state_dict()), math.inf, 0, 0, [])

    def mark(self, training_loss: float, loss: float, accuracy: float) -> None:
        self.epoch += 1
        self.log.append((self.epoch, training_loss, loss, accuracy))
        self.waited += 1
        if loss < self.best_loss:
            self.best, self.best_loss, self.waited = deepcopy(self.average.state_dict()), loss, 0

    def state_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("best", "best_loss", "epoch", "waited", "log")}
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        return {**parts, **plain}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        for name in _PARTS:
            getattr(self, name).load_state_dict(saved[name])
        for name in ("best", "best_loss", "epoch", "waited", "log"):
            setattr(self, name, saved[name])


def _run_epoch(
    state: _State, corpus: Corpus, segments: Sequence[Segment], settings: TrainingSettings, progress: Progress
) -> float:
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + state.epoch + 1)
    order = [segments[place] for place in torch.randperm(len(segments), generator=generator).tolist()]
    steps = math.ceil(len(order) / settings.batch)
    total = 0.0
    state.network.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed * 1_000_003 + state.epoch + 1)  # of dropout
        for step, chosen in enumerate(batches(order, settings.batch), start=1):
            heard = [corpus.jittered(segment, generator) for segment in chosen] if settings.jitter else chosen
            rate = settings.rate * rise_and_cosine((state.epoch * steps + step - 1) / (settings.epochs * steps))
            total += _step(state, corpus.power(heard), corpus.labels(heard), rate, settings)
            progress(Epoch(state.epoch + 1, settings.epochs, step, steps, total / step, state.best_loss))
    return total / steps


def _step(state: _State, mel: Tensor, labels: Tensor, rate: float, settings: TrainingSettings) -> float:
    if len(mel) < 2:
        return 0.0  # batch norm cannot learn from a single segment
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
        logits = state.network(mel)
    loss = functional.cross_entropy(logits.float(), labels)
    state.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), settings.clip)
    state.optimiser.step()
    _follow(state.average, state.network, settings.average)
    return float(loss.detach())


@torch.no_grad()
def _follow(average: StyleNetwork, network: StyleNetwork, decay: float) -> None:
    for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        slow.lerp_(fast, 1 - decay) if slow.is_floating_point() else slow.copy_(fast)

"""Trains a network with the mean absolute error: seeded, resumable at every epoch, stopped early on the validation sounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from orchestra_core import TrainingFolder, rise_and_cosine
from orchestra_core.errors import ParameterError
from orchestra_timbre.config import ModelName
from orchestra_timbre.corpus import Corpus
from orchestra_timbre.descriptors import HIGHEST
from orchestra_timbre.models import LogMelNetwork, WaveformNetwork, make_model

_COLUMNS = ("epoch", "rate", "train_mae", "validation_mae", "seconds")
_READ_AT_ONCE = 128


@dataclass(frozen=True)
class TrainingSettings:
    """The recipe.

    Parameters
    ----------
    model : {"log_mel", "seven_filters", "big", "mid", "small"}
        The network.
    epochs : int, >= 1
        Most passes over the sounds; the learning rate falls to 0 over them.
    batch : int, >= 2
        Sounds per step.
    rate, decay : float
        Learning rate of AdamW at its highest (a short rise, then a cosine), and its weight decay.
    average : float, in [0, 1)
        Decay per step of the exponential average of weights that is kept; 0 keeps the weights themselves.
    patience : int, >= 1
        Epochs without a better validation error after which training stops.
    bfloat16 : bool
        Compute in bfloat16 where it is safe; little more than half the time on CPUs that have it.
    seed : int
        Of weights, order and dropout.

    Raises
    ------
    ParameterError
        A number is out of its range.
    """

    model: ModelName = "log_mel"
    epochs: int = 60
    batch: int = 32
    rate: float = 4e-3
    decay: float = 2e-2
    average: float = 0.995
    patience: int = 20
    bfloat16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in {"epochs": 1, "batch": 2, "patience": 1}.items():
            if getattr(self, name) < least:
                raise ParameterError(f"{name} is {getattr(self, name)}; expected at least {least}.")
        if not 0 <= self.average < 1:
            raise ParameterError(f"average is {self.average}; expected at least 0 and less than 1.")


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave: its number from 1, how many there are at most, errors in points, learning rate and seconds."""

    number: int
    total: int
    train: float
    validation: float
    rate: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, in evaluation mode, and its epochs; the network is that of the best of them."""

    model: WaveformNetwork | LogMelNetwork
    epochs: tuple[Epoch, ...]

    @property
    def best(self) -> Epoch:
        """The epoch that the network is from."""
        return min(self.epochs, key=lambda epoch: epoch.validation)


Progress = Callable[[Epoch], None]


def published_recipe(model: ModelName, **changes: Any) -> TrainingSettings:
    """Return the recipe for the published networks: Adam at 1e-3 without decay, and no average of weights."""
    return TrainingSettings(model, **{"epochs": 20, "batch": 16, "rate": 1e-3, "decay": 0.0, "average": 0.0, **changes})


def train(
    learn: Corpus,
    validate: Corpus,
    settings: TrainingSettings,
    folder: Path,
    *,
    resume: bool = False,
    progress: Progress = lambda epoch: None,
) -> Trained:
    """Train a network and return the weights of its best epoch.

    A checkpoint is written after each epoch; draws depend on seed and epoch alone, so that a training that was killed and
    resumed ends with the same weights as one that was not (on the same machine and thread count).

    Parameters
    ----------
    learn, validate : Corpus
        Sounds to learn from, and sounds that decide when to stop.
    settings : TrainingSettings
        The recipe.
    folder : Path
        Receives the checkpoint and ``log.csv``.
    resume : bool
        Go on from the checkpoint, if there is one.
    progress : callable
        Told after each epoch.

    Returns
    -------
    Trained

    Raises
    ------
    UsageError
        The folder holds a training and `resume` is not set, or its checkpoint is damaged.
    ConfigurationError
        The checkpoint was made with other settings.
    """
    kept, state = TrainingFolder(folder, settings), _State.fresh(settings, learn)
    saved = kept.restore(resume)
    if saved:
        state.load_state_dict(saved)
    for epoch in state.epochs:
        progress(epoch)
    while len(state.epochs) < settings.epochs and not state.exhausted(settings.patience):
        _run_epoch(state, learn, validate, settings)
        kept.save(state.state_dict())
        kept.write_log(_COLUMNS, [_row(epoch) for epoch in state.epochs])
        progress(state.epochs[-1])
    state.model.load_state_dict(state.best)
    return Trained(state.model.eval(), tuple(state.epochs))


def predict(model: WaveformNetwork | LogMelNetwork, corpus: Corpus) -> Tensor:
    """Return the readings of a corpus over 100, shape (sounds, 7)."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model.read(features) for features, _ in corpus.batches(torch.arange(len(corpus)), _READ_AT_ONCE)])


@dataclass
class _State:
    """What a training is made of: everything that a checkpoint holds."""

    model: WaveformNetwork | LogMelNetwork
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    best: dict[str, Tensor]
    epochs: list[Epoch] = field(default_factory=list)

    @classmethod
    def fresh(cls, settings: TrainingSettings, learn: Corpus) -> _State:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            model = make_model(settings.model)
        _centre(model.head, learn.labels)
        update = get_ema_multi_avg_fn(settings.average)  # type: ignore[no-untyped-call]
        average = AveragedModel(model, multi_avg_fn=update, use_buffers=True)
        optimiser = torch.optim.AdamW(model.parameters(), lr=settings.rate, weight_decay=settings.decay)
        return cls(model, average, optimiser, _copy(model))

    def state_dict(self) -> dict[str, Any]:
        parts = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimiser")}
        return {**parts, "best": self.best, "epochs": [asdict(epoch) for epoch in self.epochs]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        for name in ("model", "average", "optimiser"):
            getattr(self, name).load_state_dict(saved[name])
        self.best = dict(saved["best"])
        self.epochs = [Epoch(**epoch) for epoch in saved["epochs"]]

    def exhausted(self, patience: int) -> bool:
        """Return whether the validation error has not become better for that many epochs."""
        errors = [epoch.validation for epoch in self.epochs]
        return bool(errors) and len(errors) - 1 - errors.index(min(errors)) >= patience


def _centre(head: nn.Linear, labels: Tensor) -> None:
    """Let readings begin at the median label and vary as little as labels do."""
    with torch.no_grad():
        head.weight.mul_(labels.std(dim=0, correction=0)[:, None])
        head.bias.copy_(labels.median(dim=0).values)


def _run_epoch(state: _State, learn: Corpus, validate: Corpus, settings: TrainingSettings) -> None:
    started, number = time.perf_counter(), len(state.epochs)
    steps = max(len(learn) // settings.batch, 1)
    state.model.train()
    total = torch.zeros(())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed * 1_000_003 + number + 1)
        order = torch.randperm(len(learn))[: steps * settings.batch]
        for step, (features, labels) in enumerate(learn.batches(order, settings.batch)):
            for group in state.optimiser.param_groups:
                group["lr"] = settings.rate * rise_and_cosine((number * steps + step) / (settings.epochs * steps))
            total += _step(state, features, labels, settings.bfloat16)
    kept = cast("WaveformNetwork | LogMelNetwork", state.average.module)
    error = HIGHEST * float((predict(kept, validate) - validate.labels).abs().mean())
    if all(error < epoch.validation for epoch in state.epochs):
        state.best = _copy(kept)
    rate = float(state.optimiser.param_groups[0]["lr"])
    mean = HIGHEST * float(total) / steps
    state.epochs.append(Epoch(number + 1, settings.epochs, mean, error, rate, time.perf_counter() - started))


def _step(state: _State, features: Tensor, labels: Tensor, bfloat16: bool) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        read = state.model.read(features)
    loss = nn.functional.l1_loss(read.float(), labels)
    state.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimiser.step()
    state.average.update_parameters(state.model)
    return loss.detach()


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _row(epoch: Epoch) -> tuple[object, ...]:
    errors = (f"{epoch.train:.3f}", f"{epoch.validation:.3f}")
    return epoch.number, f"{epoch.rate:.3g}", *errors, f"{epoch.seconds:.2f}"

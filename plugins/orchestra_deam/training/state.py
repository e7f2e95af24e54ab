"""What a training is made of while it runs: everything that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from orchestra_deam.models import make_model
from orchestra_deam.reading import Reader, make_reader
from orchestra_deam.training.settings import TrainingSettings

#: Columns of the log.
COLUMNS = ("epoch", "rate", "loss", "validation", "r_arousal", "r_valence")


@dataclass
class TrainingState:
    """Networks, optimiser, log and the best weights so far."""

    model: Reader
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    rows: list[list[float]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def fresh(cls, settings: TrainingSettings, corpora: tuple[str, ...]) -> TrainingState:
        """Return the beginning of a training; fresh weights depend on the seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            model = make_reader(make_model(settings.model), corpora)
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.average))  # type: ignore[no-untyped-call]
        return cls(model, average, _optimiser(model, settings))

    def state_dict(self) -> dict[str, Any]:
        """Return all of it as tensors and plain values."""
        parts = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimiser")}
        return {**parts, "epoch": self.epoch, "rows": self.rows, "best": self.best}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go back to what was saved."""
        for name in ("model", "average", "optimiser"):
            getattr(self, name).load_state_dict(saved[name])
        self.epoch, self.rows, self.best = int(saved["epoch"]), list(saved["rows"]), dict(saved["best"])

    def note_best(self, score: float) -> None:
        """Keep the averaged weights if the score, an error, is the least so far."""
        if not self.best or score < self.best["score"]:
            self.best = {"score": score, "epoch": self.epoch, "weights": deepcopy(self.average.module.state_dict())}

    def is_over(self, settings: TrainingSettings) -> bool:
        """Return whether there is nothing more to do."""
        waited = self.epoch - self.best["epoch"] if self.best else 0
        return self.epoch >= settings.epochs or bool(settings.patience and waited >= settings.patience)


def _optimiser(model: Reader, settings: TrainingSettings) -> torch.optim.Optimizer:
    if settings.decay:
        return torch.optim.AdamW(model.parameters(), lr=settings.rate, weight_decay=settings.decay)
    return torch.optim.Adam(model.parameters(), lr=settings.rate)

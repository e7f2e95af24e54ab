"""Trains the recurrent networks of ``recurrent_judge``."""

from __future__ import annotations

import numpy as np
import torch
from judges_audio import Heard
from torch import Tensor, nn

from orchestra_judges.recurrent import LIMIT

_BATCH, _RATE, _DECAY, _DROPOUT, _NOISE = 64, 5e-3, 1e-2, 0.2, 0.3


class Network(nn.Module):
    """A gated recurrent unit over frames, the mean of its states, and a linear output."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(inputs, units, batch_first=True)
        self.output = nn.Linear(units, 2)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, frames: Tensor) -> Tensor:
        states, _ = self.recurrent(self.dropout(frames))
        return self.output(self.dropout(states.mean(dim=1)))


def fit_recurrent(heard: Heard, networks: int, units: int, epochs: int) -> dict[str, np.ndarray]:
    """Return the arrays of an ensemble: networks that differ by their seed only, with the labels' scale in the output."""
    flat = heard.values.reshape(-1, heard.values.shape[-1])
    mean, scale = flat.mean(axis=0).astype(np.float32), (flat.std(axis=0) + 1e-3).astype(np.float32)
    frames = torch.from_numpy(np.clip((heard.values - mean) / scale, -LIMIT, LIMIT).astype(np.float32))
    labels = heard.labels[heard.piece]
    centre, spread = labels.mean(axis=0), labels.std(axis=0)
    weights = 1 / np.bincount(heard.piece)[heard.piece]
    targets = torch.from_numpy(((labels - centre) / spread).astype(np.float32))
    parts = [
        _trained(frames, targets, torch.from_numpy((weights / weights.mean()).astype(np.float32)), units, epochs, seed)
        for seed in range(networks)
    ]
    stacked = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    output = {
        "output_weights": (stacked["output.weight"] * spread[:, None]).astype(np.float16),
        "output_bias": (stacked["output.bias"] * spread + centre).astype(np.float32),
    }
    names = {
        "input_weights": "weight_ih_l0",
        "state_weights": "weight_hh_l0",
        "input_bias": "bias_ih_l0",
        "state_bias": "bias_hh_l0",
    }
    gates = {ours: stacked[f"recurrent.{theirs}"].astype(np.float16) for ours, theirs in names.items()}
    return {"mean": mean, "scale": scale, **gates, **output}


def _trained(frames: Tensor, targets: Tensor, weights: Tensor, units: int, epochs: int, seed: int) -> dict[str, np.ndarray]:
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(frames.shape[-1], units)
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        batches = len(frames) // _BATCH
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, epochs * batches)
        for _ in range(epochs):
            order = torch.randperm(len(frames), generator=generator)
            for rows in order[: batches * _BATCH].split(_BATCH):
                noisy = frames[rows] + _NOISE * torch.randn(frames[rows].shape, generator=generator)
                loss = (weights[rows, None] * (network(noisy) - targets[rows]) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}

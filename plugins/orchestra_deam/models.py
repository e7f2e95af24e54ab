"""The networks that read emotion from mel features; their state dicts have the published layouts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from orchestra_core.errors import ParameterError

#: What the outputs mean, in their order.
OUTPUTS = ("arousal", "valence")


class TwoConv(nn.Module):
    """Conv 1-16-32 (3x3, pad 1), ReLU and max pooling by 2 after each, global average, linear head; 4,866 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.net = _two_blocks(pool=(2, 2))
        self.fc = nn.Linear(32, 2)

    def forward(self, features: Tensor) -> Tensor:
        """Return arousal and valence, shape (n, 2), of features, shape (n, 1, bands, frames)."""
        return _read(self.fc, self.net(features), (2, 3))


class TwoConvTime(nn.Module):
    """The layers of `TwoConv`, pooled over frequency only and kept in time until the head; 4,866 parameters.

    The head reads every frame; the reading is the mean over frames.
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = _two_blocks(pool=(2, 1))
        self.fc = nn.Linear(32, 2)

    def forward(self, features: Tensor) -> Tensor:
        """Return arousal and valence, shape (n, 2), of features, shape (n, 1, bands, frames)."""
        return self.frames(features).mean(dim=1)

    def frames(self, features: Tensor) -> Tensor:
        """Return arousal and valence of every frame, shape (n, frames, 2)."""
        hidden = self.net(features).transpose(1, 3)  # (n, frames, bands, channels)
        return _read(self.fc, hidden, (2,))


class ThreeConv(nn.Module):
    """Conv-BN-ReLU 16-32-64, max pooling by 2 after the first two, global average, linear head; 23,650 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()),
        )
        self.regressor = nn.Linear(64, 2)

    def forward(self, features: Tensor) -> Tensor:
        """Return arousal and valence, shape (n, 2), of features, shape (n, 1, bands, frames)."""
        return _read(self.regressor, self.features(features), (2, 3))


MODELS: dict[str, Callable[[], nn.Module]] = {"three_conv": ThreeConv, "two_conv": TwoConv, "two_conv_time": TwoConvTime}


def make_model(name: str) -> nn.Module:
    """Return a network with fresh weights.

    Raises
    ------
    ParameterError
        There is no such network.
    """
    if name not in MODELS:
        raise ParameterError(f"Model is {name!r}; expected one of {', '.join(sorted(MODELS))}.")
    return MODELS[name]()


def head_of(model: nn.Module) -> nn.Linear:
    """Return the linear layer that a network ends in."""
    head = model.regressor if isinstance(model, ThreeConv) else model.fc
    if not isinstance(head, nn.Linear):
        raise ParameterError(f"{type(model).__name__} has no linear head; expected one of {', '.join(sorted(MODELS))}.")
    return head


def frozen(model: nn.Module) -> nn.Module:
    """Return the network for inference: batch norm folded into the convolutions, nothing trainable.

    The folded network computes the same function, up to rounding, in about half the time.
    """
    model = model.eval().requires_grad_(False)
    if isinstance(model, ThreeConv):
        layers = list(model.features)
        pairs = pairwise(layers)
        folded = [_folded(layer, following) for layer, following in pairs if not isinstance(layer, nn.BatchNorm2d)]
        model.features = nn.Sequential(*folded, layers[-1])
    return model.requires_grad_(False)


def _read(head: nn.Linear, hidden: Tensor, pooled: tuple[int, ...]) -> Tensor:
    # What distinguishes two clips is a small part of each mean: in bfloat16 rounding would swallow it.
    with torch.autocast(hidden.device.type, enabled=False):
        read: Tensor = head(hidden.to(head.weight.dtype).mean(dim=pooled))
    return read


def _folded(layer: nn.Module, following: nn.Module) -> nn.Module:
    if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
        return fuse_conv_bn_eval(layer, following)
    return layer


def _two_blocks(pool: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(pool)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(pool)),
    )

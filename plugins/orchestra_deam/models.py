"""The networks that read emotion from what a front end hears; those of mel features have the published layouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from orchestra_core.errors import ParameterError
from orchestra_deam.cues import COUNT

#: What the outputs mean, in their order.
OUTPUTS = ("arousal", "valence")
#: Standard deviations at which `Cues` bounds each cue.
BOUND = 3.0


class TwoConv(nn.Module):
    """Conv 1-16-32 (3x3, pad 1), ReLU and max pooling by 2 after each, global average, linear head; 4,866 parameters."""

    front_end: ClassVar[str] = "mel"

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

    front_end: ClassVar[str] = "mel"

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

    front_end: ClassVar[str] = "mel"

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


class Cues(nn.Module):
    """A linear reading of bounded musical cues, with a head per scale of ratings; 2,810 numbers.

    Each cue counts as its distance from the mean over the songs that a head learned from, in standard deviations, and
    is bounded smoothly at `BOUND` of them: whatever an optimisation does to one cue, it moves the reading no further.
    Fitted in closed form by `orchestra_deam.ridge.fit_head`.
    """

    front_end: ClassVar[str] = "cues"
    closed_form: ClassVar[bool] = True
    heads: ClassVar[tuple[str, ...]] = ("vgmidi", "emotify")

    def __init__(self) -> None:
        super().__init__()
        self.readers = nn.ModuleDict({name: CueReader() for name in self.heads})

    def forward(self, arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return arousal and valence, shape (n, 2), on each scale, of the cues, shape (n, 351), by the name ``cues``."""
        return {name: reader(arrays["cues"]) for name, reader in self.readers.items()}


class CueReader(nn.Module):
    """One head of `Cues`: means and standard deviations of the cues, and a linear layer."""

    centre: Tensor
    width: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(COUNT))
        self.register_buffer("width", torch.ones(COUNT))
        self.linear = nn.Linear(COUNT, len(OUTPUTS))

    def bounded(self, cues: Tensor) -> Tensor:
        """Return cues, shape (n, 351), in standard deviations from their mean, bounded smoothly at `BOUND`."""
        return BOUND * torch.tanh((cues - self.centre) / (BOUND * self.width))

    def forward(self, cues: Tensor) -> Tensor:
        """Return arousal and valence, shape (n, 2)."""
        read: Tensor = self.linear(self.bounded(cues))
        return read


MODELS: dict[str, Callable[[], nn.Module]] = {
    "cues": Cues,
    "three_conv": ThreeConv,
    "two_conv": TwoConv,
    "two_conv_time": TwoConvTime,
}


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
    head = model.regressor if isinstance(model, ThreeConv) else getattr(model, "fc", None)
    if not isinstance(head, nn.Linear):
        raise ParameterError(f"{type(model).__name__} has no linear head; expected one of {', '.join(sorted(MODELS))}.")
    return head


def frozen(model: nn.Module) -> nn.Module:
    """Return the network for inference: nothing trainable, the same function up to rounding, in about half the time.

    Batch norm is folded into the convolutions; maxima are taken before the ReLU, which has the same bits and a quarter
    of the work; and the first convolution goes back by a matrix product.
    """
    model = model.eval().requires_grad_(False)
    if isinstance(model, ThreeConv):
        model.features = _fast(list(model.features))
    elif isinstance(model, TwoConv | TwoConvTime):
        model.net = _fast(list(model.net))
    return model.requires_grad_(False)


def untrained(model: nn.Module, seed: int) -> nn.Module:
    """Return the model with random weights drawn from a seed, and whatever it learned of its inputs' scale kept.

    A model in evaluation mode; its readings scatter about their mean, and mean nothing: a control.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in model.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                layer.reset_parameters()
    return model


def _read(head: nn.Linear, hidden: Tensor, pooled: tuple[int, ...]) -> Tensor:
    # What distinguishes two clips is a small part of each mean: in bfloat16 rounding would swallow it.
    with torch.autocast(hidden.device.type, enabled=False):
        read: Tensor = head(hidden.to(head.weight.dtype).mean(dim=pooled))
    return read


def _fast(layers: list[nn.Module]) -> nn.Sequential:
    pairs = zip(layers, [*layers[1:], None], strict=True)
    folded = [_folded(layer, following) for layer, following in pairs if not isinstance(layer, nn.BatchNorm2d)]
    first, *rest = _pooled_first(folded)
    return nn.Sequential(_FirstConv(first) if isinstance(first, nn.Conv2d) else first, *rest)


def _pooled_first(layers: list[nn.Module]) -> list[nn.Module]:
    swapped = list(layers)
    for i, (layer, following) in enumerate(pairwise(layers)):
        if isinstance(layer, nn.ReLU) and isinstance(following, nn.MaxPool2d):
            swapped[i], swapped[i + 1] = following, layer
    return swapped


def _folded(layer: nn.Module, following: nn.Module | None) -> nn.Module:
    if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
        return fuse_conv_bn_eval(layer, following)
    return layer


class _FirstConv(nn.Module):
    """A frozen 3x3 convolution of one channel whose backward pass is a matrix product and a sum of shifted planes.

    The library's own takes several times as long: with a single channel to go back to, it has little to vectorise over.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, features: Tensor) -> Tensor:
        hidden: Tensor = _OneChannelConv.apply(features, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return hidden


class _OneChannelConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return functional.conv2d(features, weight, bias, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (weight,) = ctx.saved_tensors
        # One plane per tap of the filter; channels lie next to each other in memory, so the product reads them in order.
        planes = weight.flatten(1).T @ gradient.flatten(2)
        return functional.fold(planes, gradient.shape[2:], 3, padding=1), None, None


def _two_blocks(pool: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(pool)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(pool)),
    )

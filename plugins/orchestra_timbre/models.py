"""The networks: the four published ones, which hear the waveform, and the default, which hears log-mel spectrograms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from orchestra_core.errors import ParameterError
from orchestra_timbre.descriptors import CLIP_SAMPLES, DESCRIPTORS
from orchestra_timbre.front_end import CHANNELS, FINE_BANDS, FLOOR, FrontEnd

_KERNEL = 7


class WaveformNetwork(nn.Module):
    """One of the published networks: convolutions of the waveform, each with ReLU and max pooling by 2, then dense layers.

    Parameters
    ----------
    filters : sequence of int
        Filters of each convolution, kernel 7, without padding.
    hidden : sequence of int
        Units of each dense layer before the linear output.
    stride : int, > 0
        Stride of the convolutions.
    """

    def __init__(self, filters: Sequence[int], hidden: Sequence[int] = (), stride: int = 1) -> None:
        super().__init__()
        self.front_end = nn.Identity()
        layers: list[nn.Module] = []
        for before, after in pairwise((1, *filters)):
            layers += [_Convolution(before, after, _KERNEL, stride), nn.ReLU(), nn.MaxPool2d((1, 2))]
        sizes = (filters[-1] * _frames(len(filters), stride), *hidden)
        dense: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(sizes):
            dense += [nn.Linear(before, after), nn.ReLU()]
        self.network = nn.Sequential(*layers, *dense)
        self.head = nn.Linear(sizes[-1], len(DESCRIPTORS))

    def forward(self, clips: Tensor) -> Tensor:
        """Return the descriptors over 100, shape (n, 7), of clips, shape (n, 16000)."""
        return self.read(self.front_end(clips))

    def read(self, features: Tensor) -> Tensor:
        """Return the descriptors over 100, shape (n, 7), of what the front end gives."""
        readings: Tensor = self.head(self.network(features[:, None, None]))
        return readings


class _Convolution(nn.Conv1d):
    """A convolution of sequences, computed as one of images of height 1 with the channels last: a fourth of the time on a CPU."""

    def forward(self, sequences: Tensor) -> Tensor:
        """Return sequences, shape (n, filters, 1, time), of sequences, shape (n, channels, 1, time)."""
        # `contiguous` leaves a single channel as it lies, and the result would not have its channels last.
        weight = self.weight.transpose(1, 2).contiguous().transpose(1, 2)[:, :, None]
        weight = weight.as_strided(weight.shape, (weight.stride(0), 1, weight.stride(0), weight.shape[1]))
        return functional.conv2d(sequences, weight, self.bias, (1, *self.stride))


class LogMelNetwork(nn.Module):
    """The default: two-dimensional convolutions of the fine spectrogram, joined by the quick one, pooled over time in three ways.

    The mean over time is taken plainly, at its highest, and weighed by the power of each frame, as the extractor weighs its
    windows. Beside them the head sees the spectrum of the whole clip.
    """

    def __init__(self, filters: tuple[int, int] = (12, 24), width: int = 64, hidden: int = 96, dropout: float = 0.1) -> None:
        super().__init__()
        self.front_end = FrontEnd()
        first, second = filters
        self.shapes = nn.Sequential(
            *(nn.Conv2d(1, first, (5, 3), (2, 1), (2, 1)), nn.BatchNorm2d(first), nn.ReLU()),
            *(nn.Conv2d(first, second, 3, 2, 1), nn.BatchNorm2d(second), nn.ReLU()),
        )
        self.from_shapes = nn.Conv1d(second * FINE_BANDS // 4, width, 1)
        self.from_quick = nn.Conv1d(CHANNELS - FINE_BANDS, width, 4, 2, padding=2)
        self.joined = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv1d(width, width, 3, padding=1), nn.BatchNorm1d(width), nn.ReLU()) for _ in range(2)
        )
        self.hidden = nn.Sequential(nn.Dropout(dropout), nn.Linear(3 * width + FINE_BANDS, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, len(DESCRIPTORS))

    def forward(self, clips: Tensor) -> Tensor:
        """Return the descriptors over 100, shape (n, 7), of clips, shape (n, 16000)."""
        return self.read(self.front_end(clips))

    def read(self, features: Tensor) -> Tensor:
        """Return the descriptors over 100, shape (n, 7), of features, shape (n, 192, 63)."""
        fine, quick = features[:, :FINE_BANDS], features[:, FINE_BANDS:]
        power = 10**fine
        shapes: Tensor = self.shapes(_scaled(fine)[:, None])
        hidden = self.joined(self.from_shapes(shapes.flatten(1, 2)) + self.from_quick(_scaled(quick)))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        weight = functional.avg_pool1d(functional.pad(power.sum(dim=1), (0, 1)), 2)
        weight = weight / weight.sum(dim=1, keepdim=True)
        spectrum = _scaled(torch.log10(power.mean(dim=2)))
        pooled = (hidden.mean(dim=2), hidden.amax(dim=2), (hidden * weight[:, None]).sum(dim=2))
        readings: Tensor = self.head(self.hidden(torch.cat((*pooled, spectrum), dim=1)))
        return readings


MODELS: dict[str, Callable[[], WaveformNetwork | LogMelNetwork]] = {
    "log_mel": LogMelNetwork,
    "seven_filters": lambda: WaveformNetwork((7, 7, 7, 7, 7), (100,)),
    "big": lambda: WaveformNetwork((100, 50, 20, 10, 4), (1000, 100)),
    "mid": lambda: WaveformNetwork((50, 10), (7,)),
    "small": lambda: WaveformNetwork((7,), stride=3),
}


def make_model(name: str) -> WaveformNetwork | LogMelNetwork:
    """Return a network with fresh weights.

    Raises
    ------
    ParameterError
        There is no such network.
    """
    if name not in MODELS:
        raise ParameterError(f"Model is {name!r}; expected one of {', '.join(MODELS)}.")
    return MODELS[name]()


def parameter_count(model: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in model.parameters())


def _frames(convolutions: int, stride: int) -> int:
    length = CLIP_SAMPLES
    for _ in range(convolutions):
        length = ((length - _KERNEL) // stride + 1) // 2
    return length


def _scaled(features: Tensor) -> Tensor:
    # Features lie between the floor and about 1; the middle of that is brought to 0.
    return (features - FLOOR - 2) / 2

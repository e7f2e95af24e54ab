"""The oracle ``deam_cnn``: a convolutional network that reads arousal and valence from 5 s of audio."""

from __future__ import annotations

from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from orchestra_core import Dimension, Oracle
from orchestra_core.errors import ConfigurationError
from orchestra_deam.config import BackendName, ModelName
from orchestra_deam.front_end import CLIP_DURATION, SPECTRUM_SIZES, FrontEnd
from orchestra_deam.models import MODELS, frozen
from orchestra_deam.weights import Card, load_weights

SHIPPED = ("three_conv",)


class DeamCNN(Oracle):
    """Reads arousal and valence, in [-1, 1], from 5-s clips.

    Natively at 22.05 and 44.1 kHz, with readings that agree within 5e-3; blind to gain; shorter audio is padded with
    silence. Silence itself has a finite reading, which means nothing.

    Parameters
    ----------
    model : {"three_conv", "two_conv", "two_conv_time"}
        The network.
    weights : str, Path or None
        A ``.safetensors`` file, or a foreign PyTorch ``.pt`` state dict of the published layout. None for the shipped
        weights, which only ``three_conv`` has.
    backend : {"auto", "torch", "torchaudio", "nnaudio"}
        What computes the spectrum.

    Raises
    ------
    ConfigurationError
        There is no such network, or it has no shipped weights and none are given.
    WeightsError
        The weights are missing, damaged or do not fit.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable"})
    sample_rates = tuple(sorted(SPECTRUM_SIZES))
    clip_duration = CLIP_DURATION
    short = "pad"

    def __init__(self, model: ModelName = "three_conv", weights: str | Path | None = None, backend: BackendName = "auto") -> None:
        network, self._card = load_weights(weights_path(model, weights), model)
        self._front_end = FrontEnd(backend)
        self._networks = {(torch.device("cpu"), torch.float32): _fast(network)}

    @property
    def card(self) -> Card:
        """Where the weights come from and how well they read."""
        return self._card

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Arousal and valence, with mean and standard deviation of the ratings that the weights were trained on."""
        mean, sd = self._card.mean, self._card.sd
        return tuple(Dimension(name, -1.0, 1.0, "1", mean.get(name), sd.get(name)) for name in self._card.dimensions)

    def backend(self, device: torch.device) -> str:
        """Return what computes the spectrum on that device."""
        return self._front_end.backend(device)

    def _read(self, clips: Tensor, sample_rate: int) -> dict[str, Tensor]:
        network = self._network(clips)
        # On a CPU a clip at a time is as fast as all at once, and its reading has the same bits whatever lies beside it:
        # an optimisation over hundreds of steps would blow up the least difference.
        parts = torch.split(clips, 1) if clips.device.type == "cpu" else (clips,)
        read = torch.cat([network(self._features(part, sample_rate)) for part in parts])
        return {name: read[:, column] for column, name in enumerate(self._card.dimensions)}

    def _features(self, clips: Tensor, sample_rate: int) -> Tensor:
        return self._front_end(clips, sample_rate).contiguous(memory_format=torch.channels_last)

    def _network(self, clips: Tensor) -> nn.Module:
        key = (clips.device, clips.dtype)
        if key not in self._networks:
            source = self._networks[(torch.device("cpu"), torch.float32)]
            with torch.inference_mode(False):
                self._networks[key] = deepcopy(source).to(device=clips.device, dtype=clips.dtype)
        return self._networks[key]


def weights_path(model: str, weights: str | Path | None = None) -> Path:
    """Return the weights file that a configuration means.

    Raises
    ------
    ConfigurationError
        There is no such network, or it has no shipped weights and none are given.
    """
    if model not in MODELS:
        raise ConfigurationError(f"model is {model!r}; expected one of {', '.join(MODELS)}.")
    if weights:
        return Path(weights)
    if model not in SHIPPED:
        raise ConfigurationError(
            f"No weights are shipped for {model!r}, only for {', '.join(SHIPPED)}; give a file with weights=PATH, "
            f"or make one with `orchestra deam train --model {model}`."
        )
    return Path(str(resources.files("orchestra_deam").joinpath("weights", f"{model}.safetensors")))


def _fast(network: nn.Module) -> nn.Module:
    return frozen(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

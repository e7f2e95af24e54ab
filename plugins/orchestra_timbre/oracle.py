"""The oracle ``timbre_cnn``: a network that reads seven descriptors of a one-shot."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import ClassVar, get_args

import torch
from torch import Tensor, nn

from orchestra_core import Dimension, Oracle
from orchestra_core.errors import ConfigurationError
from orchestra_timbre.config import ModelName, WeightsName
from orchestra_timbre.contradictions import contradictions
from orchestra_timbre.descriptors import CLIP_SAMPLES, DESCRIPTORS, HIGHEST, LOWEST, SAMPLE_RATE, UNIT
from orchestra_timbre.models import MODELS
from orchestra_timbre.weights import Card, load_weights

#: The network that has shipped weights.
SHIPPED = "log_mel"


class TimbreCNN(Oracle):
    """Reads hardness, depth, brightness, roughness, warmth, sharpness and boominess, in points of 0 to 100.

    It hears the first second at 16 kHz: shorter audio is padded with silence, longer audio is cut. `read_windows` reads what
    follows. The default network is blind to gain. Silence has a finite reading, which means nothing.

    Parameters
    ----------
    model : {"log_mel", "seven_filters", "big", "mid", "small"}
        The network; only ``log_mel`` has shipped weights.
    weights : {"default", "judge"}, str or Path
        Shipped weights, or a ``.safetensors`` file.

    Raises
    ------
    ConfigurationError
        There is no such network, or it has no shipped weights and none are given.
    WeightsError
        The weights are missing, damaged or do not fit.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable"})
    sample_rates = (SAMPLE_RATE,)
    clip_duration = CLIP_SAMPLES / SAMPLE_RATE
    short = "pad"

    def __init__(self, model: ModelName = "log_mel", weights: WeightsName | str | Path = "default") -> None:
        network, self._card = load_weights(weights_path(model, weights), model)
        self._networks: dict[tuple[torch.device, torch.dtype], nn.Module] = {(torch.device("cpu"), torch.float32): network}

    @property
    def card(self) -> Card:
        """Where the weights come from and how well they read."""
        return self._card

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The seven descriptors. They have no corpus in the sense of a request scale: a target is a reading."""
        return tuple(Dimension(name, LOWEST, HIGHEST, UNIT) for name in DESCRIPTORS)

    def read_unchecked(self, audio: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        """Return the readings of the first second.

        Parameters
        ----------
        audio : Tensor [shape=(batch, samples)]
            Mono audio that is known to be finite.
        sample_rate : int
            Its rate in Hz.

        Returns
        -------
        mapping of str to Tensor [shape=(batch,)]
            In points.
        """
        return super().read_unchecked(audio[:, : round(self.clip_duration * sample_rate)], sample_rate)

    def advise(self, targets: Mapping[str, float]) -> tuple[str, ...]:
        """Return a sentence for each asked descriptor that hardly any percussive sound has together with the others.

        Parameters
        ----------
        targets : mapping of str to float
            Asked readings in points, by descriptor.

        Returns
        -------
        tuple of str
        """
        return contradictions(targets)

    def _read(self, clips: Tensor, sample_rate: int) -> dict[str, Tensor]:
        network = self._network(clips)
        # On a CPU a clip at a time, so that a reading has the same bits whatever lies beside it: an optimisation over
        # hundreds of steps would blow up the least difference.
        parts = torch.split(clips, 1) if clips.device.type == "cpu" else (clips,)
        read = HIGHEST * torch.cat([network(part) for part in parts])
        return {name: read[:, column] for column, name in enumerate(DESCRIPTORS)}

    def _network(self, clips: Tensor) -> nn.Module:
        key = (clips.device, clips.dtype)
        if key not in self._networks:
            source = self._networks[(torch.device("cpu"), torch.float32)]
            with torch.inference_mode(False):
                self._networks[key] = deepcopy(source).to(device=clips.device, dtype=clips.dtype)
        return self._networks[key]


def weights_path(model: str, weights: str | Path = "default") -> Path:
    """Return the weights file that a configuration means.

    Raises
    ------
    ConfigurationError
        There is no such network, or it has no shipped weights and none are given.
    """
    if model not in MODELS:
        raise ConfigurationError(f"model is {model!r}; expected one of {', '.join(MODELS)}.")
    if weights not in get_args(WeightsName):
        return Path(weights)
    if model != SHIPPED:
        raise ConfigurationError(
            f"No weights are shipped for {model!r}, only for {SHIPPED!r}; give a file with weights=PATH, "
            f"or make one with `orchestra timbre train --model {model}`."
        )
    name = SHIPPED if weights == "default" else f"{SHIPPED}_{weights}"
    return Path(str(resources.files("orchestra_timbre").joinpath("weights", f"{name}.safetensors")))

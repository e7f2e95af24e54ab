"""Configuration of the oracle ``timbre_cnn``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ModelName = Literal["log_mel", "seven_filters", "big", "mid", "small"]
WeightsName = Literal["default", "judge"]

CITATION = (
    "A. Ramires, P. Chandna, X. Favory, E. Gomez, X. Serra (2020): Neural Percussive Synthesis Parameterised by High-Level "
    "Timbral Features. ICASSP. A. Pearce et al. (2019): AudioCommons timbral models."
)


@dataclass(frozen=True)
class TimbreCNNConfig:
    """Configuration of `TimbreCNN`.

    Parameters
    ----------
    model : {"log_mel", "seven_filters", "big", "mid", "small"}
        The network; only ``log_mel`` has shipped weights.
    weights : {"default", "judge"} or Path
        Shipped weights, or a ``.safetensors`` file. ``judge`` learned from other sources than ``default``: what one designs,
        the other can mark.
    """

    model: ModelName = "log_mel"
    weights: WeightsName | Path = "default"

"""Configuration of the oracle ``deam_cnn``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ModelName = Literal["three_conv", "two_conv", "two_conv_time"]
BackendName = Literal["auto", "torch", "torchaudio", "nnaudio"]


@dataclass(frozen=True)
class DeamCNNConfig:
    """Configuration of `DeamCNN`.

    Parameters
    ----------
    model : {"three_conv", "two_conv", "two_conv_time"}
        The network.
    weights : Path or None
        A ``.safetensors`` file, or a foreign PyTorch ``.pt`` state dict. None for the shipped weights, which only
        ``three_conv`` has.
    backend : {"auto", "torch", "torchaudio", "nnaudio"}
        What computes the spectrum; ``auto`` takes what is fixed for the device type (``torch``, the fast one, on a CPU).
    """

    model: ModelName = "three_conv"
    weights: Path | None = None
    backend: BackendName = "auto"

"""Configuration of the oracle ``deam_cnn``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ModelName = Literal["cues", "three_conv", "two_conv", "two_conv_time"]
BackendName = Literal["auto", "torch", "torchaudio", "nnaudio"]
HeadName = Literal["vgmidi", "emotify"]
ReadsName = Literal["pieces", "clips"]
ControlName = Literal["none", "untrained"]


@dataclass(frozen=True)
class DeamCNNConfig:
    """Configuration of `DeamCNN`.

    Parameters
    ----------
    model : {"cues", "three_conv", "two_conv", "two_conv_time"}
        What reads: a linear reading of musical cues (the default), or one of the published networks on mel features.
    weights : Path or None
        A ``.safetensors`` file, or a foreign PyTorch ``.pt`` state dict. None for the shipped weights, which ``cues`` and
        ``three_conv`` have.
    backend : {"auto", "torch", "torchaudio", "nnaudio"}
        What computes the spectra; ``auto`` takes what is fixed for the device type (``torch``, the fast one, on a CPU).
        ``cues`` has no ``nnaudio``.
    head : {"vgmidi", "emotify"}
        Whose ratings a reading is a scale of: VGMIDI's, perceived emotion from -1 to 1; or Emotify's, felt emotion, sums of
        shares of votes. Only ``cues`` has the second.
    reads : {"pieces", "clips"}
        What a reading is the expected rating of. ``pieces``: of a piece of which it is the mean reading, by the lines in the
        weights' card; ``clips``: of a single clip alone, as the network reads it, which is nearer to the mean.
    control : {"none", "untrained"}
        ``untrained`` has random weights instead: a control for experiments, which must fail.
    seed : int
        Of the untrained weights.
    """

    model: ModelName = "cues"
    weights: Path | None = None
    backend: BackendName = "auto"
    head: HeadName = "vgmidi"
    reads: ReadsName = "pieces"
    control: ControlName = "none"
    seed: int = 0

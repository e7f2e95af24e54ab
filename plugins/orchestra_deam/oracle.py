"""The oracle ``deam_cnn``: reads arousal and valence from 5 s of audio, by musical cues or by a convolutional network."""

from __future__ import annotations

from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from orchestra_core import Dimension, Oracle
from orchestra_core.errors import ConfigurationError
from orchestra_deam.config import BackendName, ControlName, HeadName, ModelName, ReadsName
from orchestra_deam.cues import CueFrontEnd
from orchestra_deam.front_end import CLIP_DURATION, SPECTRUM_SIZES, FrontEnd
from orchestra_deam.lines import SongLines
from orchestra_deam.models import MODELS, Cues, frozen, untrained
from orchestra_deam.weights import Card, load_weights

SHIPPED = ("cues", "three_conv")
#: Bounds of the scales: VGMIDI's ratings, and the sums of Emotify's shares of votes.
WIDEST = {"vgmidi": 1.0, "emotify": 4.0}


class DeamCNN(Oracle):
    """Reads arousal and valence from 5-s clips: by default from musical cues, or by one of the published networks.

    Natively at 22.05 and 44.1 kHz, with readings that agree within 5e-3; blind to gain; shorter audio is padded with
    silence. Silence itself has a finite reading, which means nothing.

    Parameters
    ----------
    model : {"cues", "three_conv", "two_conv", "two_conv_time"}
        What reads.
    weights : str, Path or None
        A ``.safetensors`` file, or a foreign PyTorch ``.pt`` state dict of the published layout. None for the shipped
        weights, which ``cues`` and ``three_conv`` have.
    backend : {"auto", "torch", "torchaudio", "nnaudio"}
        What computes the spectra; ``cues`` has no ``nnaudio``.
    head : {"vgmidi", "emotify"}
        Whose ratings the reading is a scale of: ``vgmidi`` is perceived emotion, from -1 to 1; ``emotify`` is emotion that
        music made listeners feel, sums of shares of votes from -4 to 4. Only ``cues`` has both.
    reads : {"pieces", "clips"}
        What a reading is the expected rating of: a piece of which it is the mean reading, by the lines in the weights' card,
        or a single clip alone, as the network reads it. Weights that were not calibrated read clips either way.
    control : {"none", "untrained"}
        ``untrained`` has random weights drawn from `seed` instead, for experiments that must fail.
    seed : int
        Of the untrained weights.

    Raises
    ------
    ConfigurationError
        There is no such model, head, control or kind of reading, or no weights are shipped for it and none are given.
    WeightsError
        The weights are missing, damaged or do not fit.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable"})
    sample_rates = tuple(sorted(SPECTRUM_SIZES))
    clip_duration = CLIP_DURATION
    short = "pad"

    def __init__(
        self,
        model: ModelName = "cues",
        weights: str | Path | None = None,
        backend: BackendName = "auto",
        head: HeadName = "vgmidi",
        reads: ReadsName = "pieces",
        control: ControlName = "none",
        seed: int = 0,
    ) -> None:
        network, self._card = load_weights(weights_path(model, weights), model)
        self._head, (self._mean, self._sd) = head, self._card.scale(head)
        self._lines = _lines(self._card, head, reads) if control == "none" else {}
        network = _control(network, control, seed)
        self._hearing = _hearing(network, backend)
        self._networks = {(torch.device("cpu"), torch.float32): _fast(network)}

    @property
    def card(self) -> Card:
        """Where the weights come from and how well they read."""
        return self._card

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Arousal and valence, with mean and standard deviation of the ratings that the weights were trained on."""
        widest = WIDEST[self._head]
        return tuple(
            Dimension(name, -widest, widest, "1", self._mean.get(name), self._sd.get(name)) for name in self._card.dimensions
        )

    def backend(self, device: torch.device) -> str:
        """Return what computes the spectra on that device."""
        return self._hearing.backend(device)

    def _read(self, clips: Tensor, sample_rate: int) -> dict[str, Tensor]:
        network = self._network(clips)
        # On a CPU a clip at a time is as fast as all at once, and its reading has the same bits whatever lies beside it:
        # an optimisation over hundreds of steps would blow up the least difference.
        parts = torch.split(clips, 1) if clips.device.type == "cpu" else (clips,)
        read = torch.cat([self._column(network(self._heard(part, sample_rate))) for part in parts])
        return {name: self._on_line(read[:, column], name) for column, name in enumerate(self._card.dimensions)}

    def _on_line(self, read: Tensor, name: str) -> Tensor:
        line = self._lines.get(name)
        return read if line is None else read * line["slope"] + line["intercept"]

    def _heard(self, clips: Tensor, sample_rate: int) -> Tensor | dict[str, Tensor]:
        if isinstance(self._hearing, FrontEnd):
            return self._hearing(clips, sample_rate).contiguous(memory_format=torch.channels_last)
        return self._hearing.arrays(clips, sample_rate)

    def _column(self, read: Tensor | dict[str, Tensor]) -> Tensor:
        return read if isinstance(read, Tensor) else read[self._head]

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


def _hearing(network: nn.Module, backend: BackendName) -> FrontEnd | CueFrontEnd:
    return CueFrontEnd(backend) if isinstance(network, Cues) else FrontEnd(backend)


def _lines(card: Card, head: str, reads: str) -> SongLines:
    if reads not in ("pieces", "clips"):
        raise ConfigurationError(f"reads is {reads!r}; expected 'pieces' or 'clips'.")
    return card.lines(head) if reads == "pieces" else {}


def _control(network: nn.Module, control: str, seed: int) -> nn.Module:
    if control not in ("none", "untrained"):
        raise ConfigurationError(f"control is {control!r}; expected 'none' or 'untrained'.")
    return network if control == "none" else untrained(network, seed)


def _fast(network: nn.Module) -> nn.Module:
    return frozen(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

"""Weights files: their card, the network that it names, and foreign PyTorch state dicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from orchestra_core import WeightsCard, fit_weights, read_weights
from orchestra_core.errors import ConfigurationError, ParameterError, WeightsError
from orchestra_deam.lines import SongLines
from orchestra_deam.models import OUTPUTS, make_model

FRONT_END = "mono, 5 s; power mel spectrogram, 128 Slaney bands, 0..8000 Hz; dB re clip maximum, floor -80; standardised per clip"
CUES = (
    "mono, 5 s; semitone spectrum explained by notes with harmonics, and mel bands; 351 cues of harmony, register, rhythm, "
    "dynamics and timbre, relative to the clip's mean power"
)
#: The head whose ratings' mean and standard deviation a card has itself.
MAIN_HEAD = "vgmidi"
#: The licence line of weights trained on VGMIDI.
RESEARCH_ONLY = "MIT code; weights trained on research-only data (VGMIDI)"

_PYTORCH = (".pt", ".pth")


@dataclass(frozen=True)
class Card(WeightsCard):
    """What a weights file is and where it comes from.

    Parameters
    ----------
    architecture, sha256, data, license, citation, split, metrics, training, note
        As in `orchestra_core.WeightsCard`.
    mean, sd : dict
        Mean and standard deviation of the corpus's ratings by dimension; they define the request scale. Of models with
        several heads those of each further head too, such as ``emotify/arousal``.
    dimensions : tuple of str
        What the outputs mean, in order.
    front_end : str
        What the network hears.
    """

    mean: Mapping[str, float] = field(default_factory=dict)
    sd: Mapping[str, float] = field(default_factory=dict)
    dimensions: tuple[str, ...] = OUTPUTS
    front_end: str = FRONT_END

    def scale(self, head: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """Return mean and standard deviation, by dimension, of the ratings that a head was trained on.

        Raises
        ------
        ConfigurationError
            These weights have no such head.
        """
        if head == MAIN_HEAD:
            return self.mean, self.sd
        prefix = f"{head}/"
        mean, sd = (
            {name: values[prefix + name] for name in OUTPUTS if prefix + name in values} for values in (self.mean, self.sd)
        )
        if not mean:
            raise ConfigurationError(f"head is {head!r}; the weights of {self.architecture!r} have none of that name.")
        return mean, sd

    def lines(self, head: str) -> SongLines:
        """Return, by dimension, slope and intercept of ratings on readings of whole songs; nothing if not calibrated."""
        found: SongLines = self.training.get("calibration", {}).get(head, {})
        return found


def load_weights(path: Path, architecture: str) -> tuple[nn.Module, Card]:
    """Return the network of a weights file, in evaluation mode, and its card.

    Parameters
    ----------
    path : Path
        ``.safetensors`` with its card inside, or a PyTorch file (``.pt``, ``.pth``) with a state dict
        of the published layout, which is read with ``weights_only=True`` and gets a bare card.
    architecture : str
        The network it must fit.

    Raises
    ------
    WeightsError
        The file is missing, no weights file, truncated, altered or does not fit.
    """
    if not path.is_file():
        raise WeightsError(f"Weights file {path} does not exist; expected a .safetensors or .pt state dict.")
    if path.suffix not in (".safetensors", *_PYTORCH):
        raise WeightsError(
            f"{path} is no .safetensors or .pt state dict: its name ends in {path.suffix!r}; expected .safetensors, .pt or .pth."
        )
    if path.suffix == ".safetensors":
        tensors, card = read_weights(path, Card)
    else:
        tensors, card = _read_foreign(path), Card(architecture)
    if card.architecture != architecture:
        raise WeightsError(
            f"{path} holds weights of {card.architecture!r}; expected {architecture!r}: set model={card.architecture!r}."
        )
    try:
        network = make_model(architecture)
    except ParameterError as error:
        raise WeightsError(f"{path}: {error}") from error
    return fit_weights(network, tensors, path), card


def read_card(path: Path) -> Card:
    """Return the card in a ``.safetensors`` file.

    Raises
    ------
    WeightsError
        The file is damaged, or there is no card in it.
    """
    return read_weights(path, Card)[1]


def _read_foreign(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # any text may be taken for a pickle, whose reader then raises many types
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else repr(error)
        raise WeightsError(
            f"{path} could not be read as a PyTorch state dict, so it is no .safetensors or .pt state dict: {reason}. "
            "Expected tensors only; a file with Python objects in it is never executed."
        ) from error
    for wrapper in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise WeightsError(f"{path} holds a {type(content).__name__}; expected a state dict: tensors by name.")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}

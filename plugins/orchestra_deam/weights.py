"""Weights files: safetensors with their card inside, and foreign PyTorch state dicts."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from orchestra_core import write_bytes, write_text
from orchestra_core.errors import ParameterError, WeightsError
from orchestra_deam.models import OUTPUTS, make_model

FRONT_END = "mono, 5 s; power mel spectrogram, 128 Slaney bands, 0..8000 Hz; dB re clip maximum, floor -80; standardised per clip"
#: The licence line of weights trained on VGMIDI.
RESEARCH_ONLY = "MIT code; weights trained on research-only data (VGMIDI)"

_CARD = "card"


@dataclass(frozen=True)
class Card:
    """What a weights file is and where it comes from.

    Parameters
    ----------
    architecture : str
        Name of the network.
    sha256 : str
        Of the tensors and of this card without this field.
    mean, sd : dict
        Mean and standard deviation of the corpus's ratings by dimension; they define the request scale.
    dimensions : tuple of str
        What the outputs mean, in order.
    front_end : str
        What the network hears.
    data, split, license, citation : str
        Where the weights come from.
    metrics : dict
        Marks on held-out pieces.
    training : dict
        The recipe, with the seed.
    note : str
        A remark.
    """

    architecture: str
    sha256: str = ""
    mean: Mapping[str, float] = field(default_factory=dict)
    sd: Mapping[str, float] = field(default_factory=dict)
    dimensions: tuple[str, ...] = OUTPUTS
    front_end: str = FRONT_END
    data: str = ""
    split: Mapping[str, Any] = field(default_factory=dict)
    license: str = ""
    citation: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def save_weights(model: nn.Module, path: Path, card: Card) -> Card:
    """Write a network's tensors and its card into one ``.safetensors`` file; return the card as written.

    The card lies in the file, so that one file is all that has to be copied; a ``.json`` beside it repeats it for people.
    """
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    complete = Card(**{**_fields(card), "sha256": _digest(card, tensors)})
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(complete), indent=1, ensure_ascii=False)
    write_bytes(path, save(tensors, metadata={_CARD: text}))
    write_text(path.with_suffix(".json"), text + "\n")
    return complete


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
        The file is missing, truncated, altered or does not fit.
    """
    if not path.is_file():
        raise WeightsError(f"Weights file {path} does not exist; expected a .safetensors or .pt state dict.")
    if path.suffix == ".safetensors":
        tensors, card = _read_safetensors(path)
    else:
        tensors, card = _read_foreign(path), Card(architecture)
    if card.architecture != architecture:
        raise WeightsError(
            f"{path} holds weights of {card.architecture!r}; expected {architecture!r}: set model={card.architecture!r}."
        )
    return _fitted(architecture, tensors, path), card


def read_card(path: Path) -> Card:
    """Return the card in a ``.safetensors`` file.

    Raises
    ------
    WeightsError
        The file is damaged, or there is no card in it.
    """
    return _read_safetensors(path)[1]


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], Card]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            card = _card(path, (file.metadata() or {}).get(_CARD, ""))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path} is truncated, or no safetensors file ({error}). Get it again.") from error
    found = _digest(card, tensors)
    if found != card.sha256:
        raise WeightsError(
            f"{path} was altered: the SHA-256 of its card and tensors is {found[:12]}..., it should be {card.sha256[:12]}... "
            "Get it again."
        )
    return tensors, card


def _card(path: Path, text: str) -> Card:
    if not text:
        raise WeightsError(f"{path} has no card in its metadata; expected weights that `orchestra deam train` wrote.")
    try:
        content = json.loads(text)
        return Card(**{**content, "dimensions": tuple(content["dimensions"])})
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(
            f"The card in {path} is damaged ({error}); expected JSON with {', '.join(_fields(Card('')))}."
        ) from error


def _digest(card: Card, tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a card, but for its own field, and of tensors by name."""
    plain = asdict(card) | {"sha256": ""}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _read_foreign(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path} could not be read as a PyTorch state dict: {str(error).splitlines()[0] if str(error) else error!r} "
            "Expected tensors only; a file with Python objects in it is never executed."
        ) from error
    for wrapper in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise WeightsError(f"{path} holds a {type(content).__name__}; expected a state dict: tensors by name.")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}


def _fitted(architecture: str, tensors: Mapping[str, Tensor], path: Path) -> nn.Module:
    try:
        model = make_model(architecture)
    except ParameterError as error:
        raise WeightsError(f"{path}: {error}") from error
    try:
        model.load_state_dict(dict(tensors))
    except RuntimeError as error:
        names = ", ".join(sorted(tensors)[:6])
        raise WeightsError(f"{path} does not fit {architecture}: it holds {names}, ...; expected {_layout(model)}.") from error
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())]
    if broken:
        raise WeightsError(f"{path} holds NaN or infinite values in {broken[0]}; expected finite weights.")
    return model.eval()


def _layout(model: nn.Module) -> str:
    return ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in model.state_dict().items() if tensor.ndim)


def _fields(card: Card) -> dict[str, Any]:
    return {name: getattr(card, name) for name in Card.__dataclass_fields__}

"""Weights files: safetensors with their card inside, and a copy of the card beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from orchestra_core import write_bytes, write_text
from orchestra_core.errors import ParameterError, WeightsError
from orchestra_timbre.models import LogMelNetwork, WaveformNetwork, make_model

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
    parameters : int
        How many numbers the network learned.
    data : str
        What it was trained on.
    part : str
        The part of the sources that it learned from: ``oracle``, ``judge`` or ``all``.
    split : dict
        How many sounds and sources were in each split.
    metrics : dict
        Mean absolute errors in points, correlations and baseline.
    training : dict
        The recipe, with the seed.
    license, citation, note : str
        Terms, sources, and a remark.
    """

    architecture: str
    sha256: str = ""
    parameters: int = 0
    data: str = ""
    part: str = ""
    split: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    license: str = ""
    citation: str = ""
    note: str = ""


def save_weights(model: WaveformNetwork | LogMelNetwork, path: Path, card: Card) -> Card:
    """Write a network's tensors and its card into one ``.safetensors`` file; return the card as written.

    The card lies in the file, so that one file is all that has to be copied; a ``.json`` beside it repeats it for people.
    """
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    complete = Card(**{**asdict(card), "sha256": _digest(card, tensors)})
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(complete), indent=1, ensure_ascii=False)
    write_bytes(path, save(tensors, metadata={_CARD: text}))
    write_text(path.with_suffix(".json"), text + "\n")
    return complete


def load_weights(path: Path, architecture: str) -> tuple[WaveformNetwork | LogMelNetwork, Card]:
    """Return the network of a weights file, in evaluation mode and frozen, and its card.

    Parameters
    ----------
    path : Path
        ``.safetensors`` with its card inside.
    architecture : str
        The network it must fit.

    Raises
    ------
    WeightsError
        The file is missing, truncated, altered or does not fit.
    """
    if not path.is_file():
        raise WeightsError(f"Weights file {path} does not exist; expected what `orchestra timbre train` writes (.safetensors).")
    tensors, card = _read(path)
    if card.architecture != architecture:
        raise WeightsError(
            f"{path} holds weights of {card.architecture!r}; expected {architecture!r}: set model={card.architecture!r}."
        )
    return _fitted(architecture, tensors, path), card


def _read(path: Path) -> tuple[dict[str, Tensor], Card]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            card = Card(**json.loads((file.metadata() or {})[_CARD]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(
            f"{path} is truncated, no safetensors file, or has no card ({error}); expected what `orchestra timbre train` writes. "
            "Get it again."
        ) from error
    if _digest(card, tensors) != card.sha256:
        raise WeightsError(f"{path} was altered: its card and tensors do not have its SHA-256 {card.sha256[:12]}. Get it again.")
    return tensors, card


def _digest(card: Card, tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a card, but for its own field, and of tensors by name."""
    digest = hashlib.sha256(json.dumps(asdict(card) | {"sha256": ""}, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _fitted(architecture: str, tensors: Mapping[str, Tensor], path: Path) -> WaveformNetwork | LogMelNetwork:
    try:
        model = make_model(architecture)
        model.load_state_dict(dict(tensors))
    except (ParameterError, RuntimeError) as error:
        raise WeightsError(f"{path} does not fit {architecture!r}: {str(error).splitlines()[-1].strip()}") from error
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())]
    if broken:
        raise WeightsError(f"{path} holds NaN or infinite values in {broken[0]}; expected finite weights.")
    return model.eval().requires_grad_(False)

"""Weights files: safetensors with their card inside, and a copy of the card beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from orchestra_core.errors import WeightsError
from orchestra_core.io.atomic import write_bytes, write_text

_CARD = "card"


@dataclass(frozen=True)
class WeightsCard:
    """What a weights file is and where it comes from; plugins add fields of their own, each with a default.

    Parameters
    ----------
    architecture : str
        Name of the network.
    sha256 : str
        Of the tensors and of this card without this field; `write_weights` fills it in.
    data, license, citation : str
        Where the weights come from, and what people must know who use them.
    split : mapping
        What was learned from, and what was held out.
    metrics : mapping
        Marks on what was held out.
    training : mapping
        The recipe, with the seed.
    note : str
        A remark.
    """

    architecture: str
    sha256: str = ""
    data: str = ""
    license: str = ""
    citation: str = ""
    split: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


C = TypeVar("C", bound=WeightsCard)
N = TypeVar("N", bound=nn.Module)


def write_weights(path: Path, network: nn.Module, card: C) -> C:
    """Write a network's tensors and its card into one ``.safetensors`` file, whole or not at all.

    The card lies in the file, so that one file is all that has to be copied; a ``.json`` beside it repeats it for people.

    Parameters
    ----------
    path : Path
        Where to; its folder is made.
    network : nn.Module
        Whose parameters and buffers are written.
    card : WeightsCard
        What they are; plain values throughout.

    Returns
    -------
    WeightsCard
        The card as written, with its SHA-256.
    """
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    complete = replace(card, sha256=_digest(asdict(card), tensors))
    text = json.dumps(asdict(complete), indent=1, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, save(tensors, metadata={_CARD: text}))
    write_text(path.with_suffix(".json"), text + "\n")
    return complete


def read_weights(path: Path, card_type: type[C]) -> tuple[dict[str, Tensor], C]:
    """Return the tensors of a weights file by name, and its card, with everything verified.

    Parameters
    ----------
    path : Path
        What `write_weights` wrote.
    card_type : type
        `WeightsCard`, or the plugin's own kind of card.

    Returns
    -------
    tensors : dict of str to Tensor
        On the CPU.
    card : WeightsCard
        Of `card_type`.

    Raises
    ------
    WeightsError
        The file is missing, truncated, altered, or has no card of that kind.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise WeightsError(f"Weights file {path} does not exist; expected a .safetensors file with its card inside.")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_CARD, "")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path} is truncated, or no safetensors file ({error}). Get it again.") from error
    card = _card(path, text, card_type)
    found = _digest(asdict(card), tensors)
    if found != card.sha256:
        raise WeightsError(
            f"{path} was altered: the SHA-256 of its card and tensors is {found[:12]}..., it should be {card.sha256[:12]}... "
            "Get it again."
        )
    return tensors, card


def fit_weights(network: N, tensors: Mapping[str, Tensor], path: Path) -> N:
    """Put tensors into a network and return it in evaluation mode.

    Parameters
    ----------
    network : nn.Module
        The network.
    tensors : mapping of str to Tensor
        One for each of its parameters and buffers.
    path : Path
        Where they are from, for messages.

    Returns
    -------
    nn.Module
        The same network.

    Raises
    ------
    WeightsError
        They do not fit, or are not finite.
    """
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        held, wanted = _layout(tensors), _layout(network.state_dict())
        raise WeightsError(f"{path} does not fit {type(network).__name__}: it holds {held}; expected {wanted}.") from error
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())]
    if broken:
        raise WeightsError(f"{path} holds NaN or infinite values in {broken[0]}; expected finite weights.")
    return network.eval()


def _card(path: Path, text: str, card_type: type[C]) -> C:
    if not text:
        raise WeightsError(f"{path} has no card in its metadata; expected weights that were written with one.")
    try:
        content: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(text).items()}
        return card_type(**content)
    except (ValueError, TypeError, AttributeError) as error:
        expected = ", ".join(one.name for one in fields(card_type))
        raise WeightsError(f"The card in {path} is damaged ({error}); expected JSON with {expected}.") from error


def _digest(card: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a card, but for its own field, and of tensors by name."""
    digest = hashlib.sha256(json.dumps({**card, "sha256": ""}, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _layout(tensors: Mapping[str, Tensor]) -> str:
    return ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items() if tensor.ndim) or "nothing"

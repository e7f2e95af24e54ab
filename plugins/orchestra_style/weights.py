"""Weights files of the feature network: safetensors with their card inside; and which network a name means."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from orchestra_core import write_bytes, write_text
from orchestra_core.errors import ParameterError, WeightsError
from orchestra_style.config import SHIPPED, WeightsName
from orchestra_style.network import StyleNetwork, frozen, random_network

ARCHITECTURE = "style_cnn"
FRONT_END = (
    "mono, 22,050 Hz; linear-power mel spectrogram, n_fft 1024, hop 256, periodic Hann, centred, 384 Slaney bands over "
    "0..11,025 Hz; divided by the clip's mean power, then by each band's mean level in the training songs"
)

_CARD = "card"


@dataclass(frozen=True)
class Card:
    """What a weights file is and where it comes from.

    Parameters
    ----------
    classes : tuple of str
        What the outputs mean, in order.
    seconds : float
        Length of the segments it was trained on.
    sha256 : str
        Of the tensors and of this card without this field.
    architecture, front_end : str
        What the network is, and what it hears.
    data, license, citation : str
        Where the weights come from.
    split : dict
        Unit, seed and held-out songs.
    metrics : dict
        Marks on the test songs.
    training : dict
        The recipe, with the seed.
    note : str
        A remark.
    """

    classes: tuple[str, ...]
    seconds: float
    sha256: str = ""
    architecture: str = ARCHITECTURE
    front_end: str = FRONT_END
    data: str = ""
    license: str = ""
    citation: str = ""
    split: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def feature_network(weights: WeightsName | Path = "emotify_5s", seed: int = 0) -> StyleNetwork:
    """Return a frozen feature network, ready for transfer.

    Parameters
    ----------
    weights : {"emotify_5s", "emotify_3s", "random"} or Path
        Shipped weights by name, untrained random filters behind the input scale of ``emotify_5s``, or a
        ``.safetensors`` file that ``orchestra style train`` wrote.
    seed : int
        Of random filters.

    Raises
    ------
    ParameterError
        There is no such name.
    WeightsError
        The file is missing, truncated, altered or does not fit.
    """
    if weights == "random":
        return random_network(seed, scale_of=load_weights(shipped("emotify_5s"))[0])
    if isinstance(weights, str):
        weights = shipped(weights)
    return frozen(load_weights(weights)[0])


def shipped(name: str) -> Path:
    """Return the path of shipped weights.

    Raises
    ------
    ParameterError
        There are none of that name.
    """
    if name not in SHIPPED:
        raise ParameterError(f"Weights are {name!r}; expected {', '.join(SHIPPED)}, random, or the path of a file.")
    return Path(str(resources.files("orchestra_style").joinpath("weights", f"{name}.safetensors")))


def save_weights(network: StyleNetwork, path: Path, card: Card) -> Card:
    """Write a network's tensors and its card into one ``.safetensors`` file; return the card as written.

    The card lies in the file, so that one file is all that has to be copied; a ``.json`` beside it repeats it for people.
    """
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    complete = replace(card, sha256=_digest(card, tensors))
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(complete), indent=1, ensure_ascii=False)
    write_bytes(path, save(tensors, metadata={_CARD: text}))
    write_text(path.with_suffix(".json"), text + "\n")
    return complete


def load_weights(path: Path) -> tuple[StyleNetwork, Card]:
    """Return the network of a weights file, in evaluation mode, and its card.

    Raises
    ------
    WeightsError
        The file is missing, truncated, altered or does not fit.
    """
    tensors, card = _read(path)
    try:
        network = StyleNetwork(card.classes)
        network.load_state_dict(tensors)
    except (RuntimeError, ParameterError) as error:
        held = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in sorted(tensors.items())[:4])
        raise WeightsError(f"{path} does not fit {ARCHITECTURE}: it holds {held}, ...; get it again, or train anew.") from error
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())]
    if broken:
        raise WeightsError(f"{path} holds NaN or infinite values in {broken[0]}; expected finite weights.")
    return network.eval(), card


def read_card(path: Path) -> Card:
    """Return the card in a weights file.

    Raises
    ------
    WeightsError
        The file is missing or damaged, or there is no card in it.
    """
    return _read(path)[1]


def _read(path: Path) -> tuple[dict[str, Tensor], Card]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise WeightsError(f"Weights file {path} does not exist; expected a .safetensors file of `orchestra style train`.")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_CARD, "")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path} is truncated, or no safetensors file ({error}). Get it again.") from error
    card = _card(path, text)
    if _digest(card, tensors) != card.sha256:
        raise WeightsError(f"{path} was altered: the SHA-256 of its card and tensors is not {card.sha256[:12]}... Get it again.")
    return tensors, card


def _card(path: Path, text: str) -> Card:
    if not text:
        raise WeightsError(f"{path} has no card in its metadata; expected weights that `orchestra style train` wrote.")
    try:
        content = json.loads(text)
        return Card(**{**content, "classes": tuple(content["classes"])})
    except (ValueError, TypeError, KeyError) as error:
        expected = ", ".join(Card.__dataclass_fields__)
        raise WeightsError(f"The card in {path} is damaged ({error}); expected JSON with {expected}.") from error


def _digest(card: Card, tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a card, but for its own field, and of tensors by name."""
    digest = hashlib.sha256(json.dumps(asdict(card) | {"sha256": ""}, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()

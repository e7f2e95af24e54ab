"""Weights files of the feature network, and which network a name means."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from orchestra_core import WeightsCard, fit_weights, read_weights
from orchestra_core.errors import ParameterError, WeightsError
from orchestra_style.config import SHIPPED, WeightsName
from orchestra_style.network import StyleNetwork, frozen, random_network

ARCHITECTURE = "style_cnn"
FRONT_END = (
    "mono, 22,050 Hz; linear-power mel spectrogram, n_fft 1024, hop 256, periodic Hann, centred, 384 Slaney bands over "
    "0..11,025 Hz; divided by the clip's mean power, then mean and standard deviation of each band in the training songs"
)


@dataclass(frozen=True, kw_only=True)
class Card(WeightsCard):
    """What a weights file of the feature network is and where it comes from.

    Parameters
    ----------
    architecture, sha256, data, license, citation, split, metrics, training, note
        As in `orchestra_core.WeightsCard`.
    classes : tuple of str
        What the outputs mean, in order.
    seconds : float
        Length of the segments it was trained on.
    front_end : str
        What the network hears.
    """

    classes: tuple[str, ...] = ()
    seconds: float = 0.0
    front_end: str = FRONT_END


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


def load_weights(path: Path) -> tuple[StyleNetwork, Card]:
    """Return the network of a weights file, in evaluation mode, and its card.

    Raises
    ------
    WeightsError
        The file is missing, truncated, altered or does not fit.
    """
    tensors, card = read_weights(path, Card)
    try:
        network = StyleNetwork(card.classes)
    except ParameterError as error:
        raise WeightsError(f"{path} has a card of another kind of network: {error}") from error
    return fit_weights(network, tensors, path), card

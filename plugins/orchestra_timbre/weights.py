"""Weights files of the timbre networks: their card, and the network that it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestra_core import WeightsCard, fit_weights, read_weights
from orchestra_core.errors import ParameterError, WeightsError
from orchestra_timbre.models import LogMelNetwork, WaveformNetwork, make_model


@dataclass(frozen=True, kw_only=True)
class Card(WeightsCard):
    """What a weights file is and where it comes from.

    Parameters
    ----------
    architecture, sha256, data, license, citation, split, metrics, training, note
        As in `orchestra_core.WeightsCard`; errors are in points.
    parameters : int
        How many numbers the network learned.
    part : str
        The part of the sources that it learned from: ``oracle``, ``judge`` or ``all``.
    """

    parameters: int = 0
    part: str = ""


def load_weights(path: Path, architecture: str) -> tuple[WaveformNetwork | LogMelNetwork, Card]:
    """Return the network of a weights file, in evaluation mode and frozen, and its card.

    Parameters
    ----------
    path : Path
        ``.safetensors`` with its card inside, as ``orchestra timbre train`` writes it.
    architecture : str
        The network it must fit.

    Raises
    ------
    WeightsError
        The file is missing, truncated, altered or does not fit.
    """
    tensors, card = read_weights(path, Card)
    if card.architecture != architecture:
        raise WeightsError(
            f"{path} holds weights of {card.architecture!r}; expected {architecture!r}: set model={card.architecture!r}."
        )
    try:
        network = make_model(architecture)
    except ParameterError as error:
        raise WeightsError(f"{path}: {error}") from error
    return fit_weights(network, tensors, path).requires_grad_(False), card

"""Readings of prepared clips to be marked: by a weights file, or by any emotion oracle that is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from orchestra_core import Oracle
from orchestra_core.errors import ConfigurationError, IncompatibleError
from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.lines import on_lines
from orchestra_deam.preparation.computing import AUDIO_RATE
from orchestra_deam.preparation.several import PreparedCorpora, label_scales
from orchestra_deam.reading import head_for, make_reader, refuse_other_features
from orchestra_deam.training.examples import rows_by_batches
from orchestra_deam.training.loop import read_all
from orchestra_deam.weights import MAIN_HEAD, Card, load_weights

_CLIPS = 8


def weights_readings(path: Path, model: str, data: PreparedCorpora) -> np.ndarray:
    """Return what the network of a weights file reads of clips, shape (clips, 2).

    Parameters
    ----------
    path : Path
        The weights.
    model : str
        The network that they are of.
    data : PreparedCorpora
        Prepared for the network's front end. A corpus that the network has no output for is read by the first one; where
        the scale differs too, its readings are taken to the corpus by the mean and SD of both, as requests are.

    Returns
    -------
    np.ndarray [shape=(clips, 2)]
        Arousal and valence.

    Raises
    ------
    ConfigurationError
        The clips were prepared for another front end.
    WeightsError
        The weights are missing, damaged or do not fit.
    """
    network, card = load_weights(path, model)
    refuse_other_features(data, network)
    heads = heads_of(network, card)
    reader = make_reader(network, heads)
    readings = np.zeros((len(data.clips), len(DIMENSIONS)))
    for corpus in data.names:
        own = (data.clips["corpus"] == corpus).to_numpy()
        head = corpus if corpus in heads else heads[0]
        read = read_all(reader, data.where(own), head)
        readings[own] = read if head == corpus else _rescaled(read, _scale_of(card), data, corpus)
    return readings


def calibrated_readings(readings: np.ndarray, path: Path, model: str, data: PreparedCorpora) -> np.ndarray | None:
    """Return what `weights_readings` gave, taken onto the lines of songs in the card; None if there are none.

    Parameters
    ----------
    readings : np.ndarray [shape=(clips, 2)]
        Arousal and valence.
    path, model, data
        As of `weights_readings`.

    Returns
    -------
    np.ndarray [shape=(clips, 2)] or None
        Arousal and valence.
    """
    network, card = load_weights(path, model)
    heads, found = heads_of(network, card), readings.copy()
    lines = {corpus: card.lines(head_for(network, corpus if corpus in heads else heads[0])) for corpus in data.names}
    for corpus in data.names:
        own = (data.clips["corpus"] == corpus).to_numpy()
        mean, sd = (np.zeros(2), np.ones(2)) if corpus in heads else _moved(_scale_of(card), data, corpus)
        found[own] = on_lines((readings[own] - mean) / sd, lines[corpus], DIMENSIONS) * sd + mean
    return found if any(lines.values()) else None


def oracle_readings(oracle: Oracle, data: PreparedCorpora) -> np.ndarray:
    """Return what an emotion oracle reads of clips that were kept as audio, shape (clips, 2).

    Raises
    ------
    IncompatibleError
        It does not read arousal and valence.
    ConfigurationError
        The clips were not kept as audio.
    """
    dimensions = {dimension.name: dimension for dimension in oracle.dimensions}
    if not set(DIMENSIONS) <= set(dimensions):
        raise IncompatibleError(f"The oracle reads {', '.join(dimensions)}; expected an emotion oracle: arousal and valence.")
    if "audio" not in data.arrays:
        raise ConfigurationError(
            f"The corpora hold {', '.join(data.arrays)}; an oracle needs audio: prepare with --features audio."
        )
    rows = [_heard(oracle, data.read(rows)["audio"]) for rows in rows_by_batches(len(data.clips), _CLIPS)]
    readings = np.concatenate(rows)
    scale = {
        name: (d.mean, d.sd) for name, d in dimensions.items() if name in DIMENSIONS and d.mean is not None and d.sd is not None
    }
    for corpus in data.names:
        own = (data.clips["corpus"] == corpus).to_numpy()
        readings[own] = _rescaled(readings[own], scale, data, corpus)
    return np.asarray(readings)


def heads_of(network: nn.Module, card: Card) -> tuple[str, ...]:
    """Return the corpora whose scales a network reads; weights without a word on it are those of VGMIDI."""
    trained = tuple(card.training.get("corpora", ()))
    heads = getattr(network, "heads", ())
    return (trained if heads else trained[:1]) or heads or (MAIN_HEAD,)


def _heard(oracle: Oracle, clips: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        read = oracle.read(torch.from_numpy(clips), AUDIO_RATE)
    return np.stack([read[name].double().numpy() for name in DIMENSIONS], axis=1)


def _scale_of(card: Card) -> dict[str, tuple[float, float]]:
    return {name: (card.mean[name], card.sd[name]) for name in DIMENSIONS if name in card.mean and name in card.sd}


def _rescaled(read: np.ndarray, scale: dict[str, tuple[float, float]], data: PreparedCorpora, corpus: str) -> np.ndarray:
    shift, factor = _moved(scale, data, corpus)
    return np.asarray(read * factor + shift)


def _moved(scale: dict[str, tuple[float, float]], data: PreparedCorpora, corpus: str) -> tuple[np.ndarray, np.ndarray]:
    """Return shift and factor that take readings on a scale to that of a corpus."""
    # Corpora rated in [-1, 1] share their units; proxies do not.
    if data.card(corpus)["scale"] == "va" or set(scale) != set(DIMENSIONS):
        return np.zeros(len(DIMENSIONS)), np.ones(len(DIMENSIONS))
    mean, sd = (np.array([scale[name][i] for name in DIMENSIONS]) for i in (0, 1))
    own_mean, own_sd = label_scales(data.clips)[corpus]
    factor = own_sd / sd
    return own_mean - mean * factor, factor

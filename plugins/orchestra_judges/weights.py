"""Weights files of the judges: arrays, and a card that says how good a judge is and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch import nn

from orchestra_core import Dimension, WeightsCard, read_weights, write_weights
from orchestra_core.errors import WeightsError

#: What all judges mark, in this order.
DIMENSIONS = ("arousal", "valence")
#: Held-out marks that qualify: correlation, and for valence also the partial correlation given arousal.
LEAST_R, LEAST_PARTIAL_R = 0.55, 0.4


@dataclass(frozen=True)
class Card(WeightsCard):
    """What a judge is, what it learned from, and on which dimensions it is good enough.

    Parameters
    ----------
    architecture, sha256, data, license, citation, split, metrics, training, note
        As in `orchestra_core.WeightsCard`; the metrics are by dimension, on pieces it did not learn from.
    mean, sd : dict
        Mean and standard deviation of what it learned from, by dimension.
    qualified : tuple of str
        The dimensions on which it marks.
    front_end : str
        What it hears or sees.
    features : tuple of str
        Names of its features, in order.
    """

    mean: Mapping[str, float] = field(default_factory=dict)
    sd: Mapping[str, float] = field(default_factory=dict)
    qualified: tuple[str, ...] = ()
    front_end: str = ""
    features: tuple[str, ...] = ()

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Arousal and valence in [-1, 1]."""
        return tuple(Dimension(name, -1.0, 1.0, "1", self.mean.get(name), self.sd.get(name)) for name in DIMENSIONS)

    @property
    def held_out(self) -> Mapping[str, Mapping[str, float]]:
        """Agreement with people's ratings of pieces it did not learn from, by dimension, with the ``slope`` of mark on rating."""
        return {name: {**marks, "slope": slope(marks["r2"], marks["ccc"])} for name, marks in self.metrics.items()}


@dataclass(frozen=True, eq=False)
class JudgeWeights:
    """A judge's arrays by name, and its card."""

    arrays: Mapping[str, np.ndarray]
    card: Card
    path: Path

    def array(self, name: str) -> np.ndarray:
        """Return an array.

        Raises
        ------
        WeightsError
            There is none of that name.
        """
        if name not in self.arrays:
            raise WeightsError(f"{self.path} holds {', '.join(sorted(self.arrays))}; expected {name} too.")
        return self.arrays[name]


def shipped_path(judge: str) -> Path:
    """Return where the weights of a judge are shipped."""
    return Path(str(resources.files("orchestra_judges").joinpath("weights", f"{judge}.safetensors")))


def load_judge(judge: str, path: str | Path | None = None) -> JudgeWeights:
    """Return the verified weights of a judge.

    Parameters
    ----------
    judge : str
        Its name, which the card must bear.
    path : str, Path or None
        A ``.safetensors`` file with its card; None for the shipped one.

    Raises
    ------
    WeightsError
        The file is missing, truncated, altered, another judge's, or holds values that are not finite.
    """
    where = Path(path) if path else shipped_path(judge)
    tensors, card = read_weights(where, Card)
    if card.architecture != judge:
        raise WeightsError(f"{where} holds weights of {card.architecture!r}; expected those of {judge!r}.")
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    broken = [name for name, array in arrays.items() if not np.isfinite(array.astype(np.float64)).all()]
    if broken:
        raise WeightsError(f"{where} holds NaN or infinite values in {broken[0]}; expected finite weights.")
    return JudgeWeights(arrays, card, where)


def save_judge(path: Path, arrays: Mapping[str, np.ndarray], card: Card) -> Card:
    """Write a judge's arrays and card, and return the card with its SHA-256."""
    return write_weights(path, _Arrays(arrays), card)


def qualified(metrics: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """Return the dimensions on which held-out marks qualify.

    Parameters
    ----------
    metrics : mapping
        ``r`` by dimension; for valence also ``partial_r``, given arousal.

    Examples
    --------
    >>> qualified({"arousal": {"r": 0.6}, "valence": {"r": 0.6, "partial_r": 0.3}})
    ('arousal',)
    """
    good = {name: metrics[name]["r"] >= LEAST_R for name in DIMENSIONS}
    good["valence"] = good["valence"] and metrics["valence"]["partial_r"] >= LEAST_PARTIAL_R
    return tuple(name for name in DIMENSIONS if good[name])


def slope(r2: float, ccc: float) -> float:
    """Return the slope of marks on ratings, by least squares, that follows from R² and Lin's concordance.

    With the mean squared error E, the rating's variance V and the covariance C of both, R² = 1 - E / V and CCC = 2 C / (E + 2 C);
    the slope is C / V.

    Parameters
    ----------
    r2 : float, < 1
        Coefficient of determination.
    ccc : float, < 1
        Lin's concordance correlation coefficient.

    Examples
    --------
    >>> import numpy as np
    >>> rated, marked = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.5, 0.5, 1.5, 2.0])
    >>> error, spread = np.mean((marked - rated) ** 2), np.var(rated)
    >>> together = np.mean((marked - marked.mean()) * (rated - rated.mean()))
    >>> round(slope(1 - error / spread, 2 * together / (error + 2 * together)), 6) == round(together / spread, 6)
    True
    """
    return ccc * (1.0 - r2) / (2.0 * (1.0 - ccc))


class _Arrays(nn.Module):
    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

"""Says when asked descriptors contradict one another, by how 10,000 percussive sounds combine them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from statistics import NormalDist

import numpy as np

from orchestra_timbre.descriptors import DESCRIPTORS

_NORMAL = NormalDist()


@dataclass(frozen=True, eq=False)
class Statistics:
    """How the descriptors lie and hang together over many sounds: a Gaussian copula.

    Parameters
    ----------
    count : int
        Number of sounds.
    quantiles : np.ndarray [shape=(7, q)]
        Values of each descriptor, in points, at equally spaced ranks from 0 to 1.
    correlation : np.ndarray [shape=(7, 7)]
        Of the normal scores: of each descriptor's ranks, mapped to a standard normal distribution.
    surprise : tuple of float
        For 2, 3, ... 7 asked descriptors: how many standard deviations off, at most, any of them is from what the others let
        expect, in 99 of 100 sounds.

    References
    ----------
    .. [1] A. Sklar (1959): Fonctions de repartition a n dimensions et leurs marges. Publ. Inst. Statist. Univ. Paris 8.
    """

    count: int
    quantiles: np.ndarray
    correlation: np.ndarray
    surprise: tuple[float, ...]

    def score(self, name: str, value: float) -> float:
        """Return the normal score of a value in points."""
        values = self.quantiles[DESCRIPTORS.index(name)]
        rank = float(np.interp(value, values, np.linspace(0, 1, len(values))))
        edge = 1 / (self.count + 1)
        return _NORMAL.inv_cdf(min(max(rank, edge), 1 - edge))

    def value(self, name: str, score: float) -> float:
        """Return the value in points of a normal score."""
        values = self.quantiles[DESCRIPTORS.index(name)]
        return float(np.interp(_NORMAL.cdf(score), np.linspace(0, 1, len(values)), values))

    def rank(self, name: str, value: float) -> float:
        """Return the share of the sounds that read less, in [0, 1]."""
        values = self.quantiles[DESCRIPTORS.index(name)]
        return float(np.interp(value, values, np.linspace(0, 1, len(values))))

    def expected(self, name: str, others: Mapping[str, float]) -> tuple[float, float]:
        """Return mean and standard deviation of a descriptor's score, given the scores of others.

        The mean of a Gaussian given some of its coordinates, ``S_io S_oo^-1 z_o``, with the variance ``1 - S_io S_oo^-1 S_oi``.
        """
        row, rest = DESCRIPTORS.index(name), [DESCRIPTORS.index(other) for other in others]
        weights = np.linalg.solve(self.correlation[np.ix_(rest, rest)], self.correlation[rest, row])
        variance = 1 - float(weights @ self.correlation[rest, row])
        return float(weights @ np.array(list(others.values()))), max(variance, 1e-6) ** 0.5

    def surprises(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Return how many standard deviations each score is off from what the others let expect."""
        found = {}
        for name, score in scores.items():
            mean, sd = self.expected(name, {other: value for other, value in scores.items() if other != name})
            found[name] = (score - mean) / sd
        return found


@cache
def read_statistics() -> Statistics:
    """Return the shipped statistics of the Freesound one-shot percussive set (Ramires et al. 2020)."""
    text = resources.files("orchestra_timbre").joinpath("statistics", "freesound.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return Statistics(
        int(content["count"]),
        np.array([content["quantiles"][name] for name in DESCRIPTORS]),
        np.array(content["correlation"]),
        tuple(content["surprise"]),
    )


def contradictions(targets: Mapping[str, float], statistics: Statistics | None = None) -> tuple[str, ...]:
    """Return a sentence for each asked descriptor that hardly any sound has, alone or with the others that are asked for.

    The most surprising one is named first and then left out, so that one that is wrong does not accuse the rest.

    Parameters
    ----------
    targets : mapping of str to float
        Asked values in points, by descriptor; other names are left alone.
    statistics : Statistics, optional
        The shipped ones by default.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> contradictions({"brightness": 70, "boominess": 20})
    ()
    >>> len(contradictions({"brightness": 75, "boominess": 65}))
    1
    """
    statistics = statistics or read_statistics()
    asked = {name: float(value) for name, value in targets.items() if name in DESCRIPTORS}
    scores = {name: statistics.score(name, value) for name, value in asked.items()}
    sentences = [text for name in asked if (text := _unheard(statistics, name, asked[name]))]
    while len(scores) > 1:
        limit = statistics.surprise[len(scores) - 2]
        surprises = statistics.surprises(scores)
        worst = max(surprises, key=lambda name: abs(surprises[name]))
        if abs(surprises[worst]) <= limit:
            break
        del scores[worst]
        sentences.append(_sentence(statistics, worst, asked, scores, limit))
    return tuple(sentences)


def _unheard(statistics: Statistics, name: str, value: float) -> str:
    low, high = (float(statistics.quantiles[DESCRIPTORS.index(name)][end]) for end in (0, -1))
    if low <= value <= high:
        return ""
    return f"{name} {value:.3g} was asked for; {statistics.count:,} percussive sounds lie between {low:.0f} and {high:.0f}."


def _sentence(statistics: Statistics, name: str, asked: Mapping[str, float], others: Mapping[str, float], limit: float) -> str:
    mean, sd = statistics.expected(name, others)
    low, high = (statistics.value(name, mean + side * limit * sd) for side in (-1, 1))
    company = " and ".join(f"{other} {asked[other]:.3g}" for other in others)
    return (
        f"{name} {asked[name]:.3g} contradicts {company}: of {statistics.count:,} percussive sounds, 99 in 100 such ones have "
        f"{name} between {low:.0f} and {high:.0f}. Expect a compromise."
    )

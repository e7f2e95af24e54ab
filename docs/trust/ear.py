"""Reads clips with an oracle, in standard deviations of the ratings that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from orchestra_core import Oracle
from orchestra_core.errors import UsageError

DIMENSIONS = ("arousal", "valence")
_AT_ONCE = 16


@dataclass(frozen=True)
class Ear:
    """An oracle under study.

    Parameters
    ----------
    label : str
        What the page calls it.
    oracle : Oracle
        One that reads arousal and valence and knows mean and standard deviation of its corpus.
    """

    label: str
    oracle: Oracle

    def __post_init__(self) -> None:
        named = {dimension.name: dimension for dimension in self.oracle.dimensions}
        for name in DIMENSIONS:
            if name not in named:
                raise UsageError(
                    f"{self.label} reads {', '.join(named) or 'nothing'}; expected an oracle of arousal and valence."
                )
            if not named[name].sd:
                raise UsageError(f"{self.label} states no mean and SD of its ratings in {name}; expected them in its card.")

    @property
    def duration(self) -> float:
        """Length in seconds of what it hears at once; 5 where any will do."""
        return self.oracle.clip_duration or 5.0

    @property
    def scale(self) -> np.ndarray:
        """Mean and SD of the ratings, shape (2, 2): a row for arousal, one for valence."""
        named = {dimension.name: dimension for dimension in self.oracle.dimensions}
        return np.array([(named[name].mean, named[name].sd) for name in DIMENSIONS], dtype=np.float64)

    def read(self, clips: np.ndarray, rate: int) -> np.ndarray:
        """Return readings of clips (n, samples) in label SD from the label mean, shape (n, 2), float64: arousal, valence."""
        rows = []
        with torch.no_grad():
            for first in range(0, len(clips), _AT_ONCE):
                readings = self.oracle.read(torch.from_numpy(clips[first : first + _AT_ONCE]), rate)
                rows.append(np.stack([readings[name].double().numpy() for name in DIMENSIONS], axis=1))
        mean, sd = self.scale.T
        return (np.concatenate(rows) - mean) / sd

"""The result of a run for one item: what was heard, what was played, how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.oracle import Dimension
from orchestra_core.contracts.score import Score
from orchestra_core.io.loudness import Loudness, measure_loudness

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class ParameterValue:
    """Where a parameter started and ended, in physical units, with what it means.

    Parameters
    ----------
    name, group, unit, description : str
        As declared by the instrument.
    lower, upper : float
        Bounds.
    initial, final : np.ndarray
        Values of this item.
    fixed : bool
        Whether it was never optimised.
    """

    name: str
    group: str
    unit: str
    description: str
    lower: float
    upper: float
    initial: np.ndarray
    final: np.ndarray
    fixed: bool


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What a run leaves for one item.

    Parameters
    ----------
    audio : np.ndarray [shape=(samples,), dtype=float32]
        Mono audio at the canvas' rate and level, nominal full scale 1.
    canvas : Canvas
        The time grid.
    seed : int
        Seed of this item.
    targets : mapping of str to float
        Asked readings by dimension, in the oracle's units.
    readings : mapping of str to float
        Readings of `audio` as exported.
    dimensions : tuple of Dimension
        The dimensions of targets and readings.
    gain : float
        Factor between what the instrument rendered and `audio`.
    notes : Score or None
        The notes that are played, where the instrument plays notes.
    choice : mapping
        The discrete choices of the score.
    parameters : tuple of ParameterValue
        Every parameter.
    history : pandas.DataFrame
        One row per step: stage, step, loss, event, moves, ``term.NAME``, ``reading.NAME``.
    messages : tuple of str
        What a user has to know, in plain sentences: targets out of range or not reached, recoveries.
    recipe : mapping
        Everything needed to make the item again, as plain values: what ``run.json`` holds.
    inputs : mapping of str to Path
        Files from outside that the recipe refers to.
    word : str
        The emotion word that was asked, or empty.
    asked_loudness : float or None
        Integrated loudness in LUFS that was asked; None where another level was, such as a peak.
    stems : mapping of str to np.ndarray [shape=(samples,), dtype=float32]
        The parts by name, where they were asked for; their sum is `audio`.
    """

    audio: np.ndarray
    canvas: Canvas
    seed: int
    targets: Mapping[str, float]
    readings: Mapping[str, float]
    dimensions: tuple[Dimension, ...]
    gain: float
    notes: Score | None
    choice: Mapping[str, Any]
    parameters: tuple[ParameterValue, ...]
    history: pd.DataFrame
    messages: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    word: str = ""
    asked_loudness: float | None = None
    stems: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def sample_rate(self) -> int:
        """Sampling rate of `audio` in Hz."""
        return self.canvas.sample_rate

    @cached_property
    def loudness(self) -> Loudness:
        """Integrated loudness in LUFS and true peak in dBTP of `audio`, as measured."""
        return measure_loudness(self.audio, self.sample_rate)

    @property
    def errors(self) -> Mapping[str, float]:
        """Reading minus target by dimension."""
        return {name: self.readings[name] - target for name, target in self.targets.items()}

    def __repr__(self) -> str:
        aims = {name: f" (target {value:+.3g})" for name, value in self.targets.items()}
        read = ", ".join(f"{name} {value:+.3g}{aims.get(name, '')}" for name, value in self.readings.items())
        return f"<Result {self.word + ': ' if self.word else ''}{read}; {self.canvas.duration:g} s, seed {self.seed}>"

    def save(self, directory: str | Path) -> Path:
        """Write the run folder: audio, notes, recipe, history and report; return its path.

        Parameters
        ----------
        directory : path
            A folder that is missing or empty.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        RunFolderError
            The folder exists and is not empty, or cannot be written.
        """
        from orchestra_core.runs.folder import write_result

        return write_result(self, Path(directory))

    def _repr_html_(self) -> str:
        from orchestra_core.report.notebook import notebook_html

        return notebook_html(self)

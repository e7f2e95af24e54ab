"""The judge contract: a performance in, marks out; no run ever optimises against one."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from orchestra_core.contracts.checks import check_audio
from orchestra_core.contracts.component import Component, Kind
from orchestra_core.contracts.oracle import Dimension
from orchestra_core.contracts.score import Score
from orchestra_core.errors import ContractError, ParameterError

Marks = Mapping[str, float]

#: What a judge may need of a performance.
AUDIO, NOTES = "audio", "notes"


@dataclass(frozen=True, eq=False)
class Performance:
    """A piece as it is judged: its sound, its notes, or both.

    Parameters
    ----------
    audio : Tensor [shape=(samples,)], or None
        Mono, nominal full scale 1.
    sample_rate : int, or None
        Its rate in Hz; there exactly where there is audio.
    score : Score, or None
        The notes that are played.

    Raises
    ------
    ParameterError
        There is neither audio nor notes, or the audio has another shape, no rate or samples that are not finite.
    """

    audio: Tensor | None = None
    sample_rate: int | None = None
    score: Score | None = None

    def __post_init__(self) -> None:
        if self.audio is None and self.score is None:
            raise ParameterError("The performance has neither audio nor notes; expected one of them, or both.")
        if (self.audio is None) != (self.sample_rate is None):
            seen = f"a sample rate of {self.sample_rate!r} and {'no' if self.audio is None else 'its'} audio"
            raise ParameterError(f"The performance has {seen}; expected both or neither.")
        if self.audio is not None and self.sample_rate is not None:
            if self.audio.ndim != 1:
                raise ParameterError(f"The performance has audio of shape {tuple(self.audio.shape)}; expected (samples,).")
            check_audio(self.audio[None], self.sample_rate, "The performance")

    @property
    def offers(self) -> frozenset[str]:
        """What there is of it: ``audio``, ``notes`` or both."""
        found = {AUDIO: self.audio, NOTES: self.score}
        return frozenset(name for name, part in found.items() if part is not None)


class Judge(Component):
    """Marks performances along named dimensions, and is never optimised against.

    What an optimisation drove to its target proves only that this network can be moved. A judge that had no part in it
    tells more, and one that shares neither data nor form with the oracle most. Authors set `needs`, and implement
    `dimensions`, `qualified` and `_mark`, and `held_out` and `_typicality` where they know; a judge needs no gradient and no
    batch.

    Attributes
    ----------
    needs : frozenset of str
        What it must be given: ``audio``, ``notes`` or both.
    """

    kind: ClassVar[Kind] = "judge"
    needs: ClassVar[frozenset[str]] = frozenset({AUDIO})

    @property
    @abstractmethod
    def dimensions(self) -> tuple[Dimension, ...]:
        """What it can tell, each with mean and standard deviation of its corpus where it has one."""

    @property
    def qualified(self) -> frozenset[str]:
        """Names of the dimensions on which it is good enough to count; it marks no others. By default all of them."""
        return frozenset(dimension.name for dimension in self.dimensions)

    @property
    def held_out(self) -> Mapping[str, Mapping[str, float]]:
        """How it agrees with people's ratings of pieces it was not fitted to, by dimension; empty where that is not known.

        The names of the numbers are free. Those that others look for: ``r`` (Pearson), ``slope`` (of the mark on the rating) and
        ``partial_r`` (given the other dimension).
        """
        return {}

    def can_mark(self, performance: Performance) -> bool:
        """Return whether a performance offers what this judge needs."""
        return self.needs <= performance.offers

    def mark(self, performance: Performance) -> Marks:
        """Return the marks of one performance of any length.

        Parameters
        ----------
        performance : Performance
            What is judged.

        Returns
        -------
        mapping of str to float
            One number for each dimension it qualifies on.

        Raises
        ------
        ParameterError
            The performance lacks what the judge needs.
        ContractError
            The plugin returned other names, or numbers that are not finite.
        """
        who = type(self).__name__
        self._check_offer(performance)
        marks = {name: float(value) for name, value in self._mark(performance).items()}
        names = [dimension.name for dimension in self.dimensions]
        if sorted(marks) != sorted(names):
            raise ContractError(f"{who} marked {sorted(marks)}; expected its dimensions {sorted(names)}.")
        wrong = [name for name, value in marks.items() if not math.isfinite(value)]
        if wrong:
            raise ContractError(f"{who} marked {wrong[0]} as {marks[wrong[0]]}; expected a finite number.")
        return {name: marks[name] for name in names if name in self.qualified}

    def typicality(self, performance: Performance) -> float | None:
        """Return how far a performance lies from human music in what this judge perceives.

        A piece outside of all music that people made is one on which marks mean little, however good they are.

        Parameters
        ----------
        performance : Performance
            What is judged.

        Returns
        -------
        float in [0, 100], or None
            The share in percent of held-out human pieces that lie nearer to the middle of human music; None where the judge
            does not know.

        Raises
        ------
        ParameterError
            The performance lacks what the judge needs.
        ContractError
            The plugin returned a number outside [0, 100].
        """
        self._check_offer(performance)
        share = self._typicality(performance)
        if share is not None and not 0.0 <= share <= 100.0:
            raise ContractError(f"{type(self).__name__} gives a typicality of {share!r}; expected a share in [0, 100], or None.")
        return share

    def _check_offer(self, performance: Performance) -> None:
        if not self.can_mark(performance):
            needed, offered = (" and ".join(sorted(names)) for names in (self.needs, performance.offers))
            raise ParameterError(f"{type(self).__name__} needs {needed}; the performance offers {offered}.")

    @abstractmethod
    def _mark(self, performance: Performance) -> Marks: ...

    def _typicality(self, performance: Performance) -> float | None:
        return None

"""The score source contract: writes a score for an item out of discrete choices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.component import Component, Kind
from orchestra_core.contracts.score import Score
from orchestra_core.errors import ContractError, ParameterError
from orchestra_core.names import one_of

Choice = Mapping[str, Any]


class ScoreSource(Component):
    """Writes a score for one item out of discrete choices.

    What cannot be moved by a gradient (mode, register, density, progression) is a choice here. Authors implement
    `choices` and `_write`.
    """

    kind: ClassVar[Kind] = "score"

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """Values by choice; the first value is the default. Empty when there is nothing to choose."""
        return {}

    @property
    def default_choice(self) -> Choice:
        """The first value of every choice."""
        return {name: values[0] for name, values in self.choices.items()}

    @property
    def duration(self) -> float | None:
        """Seconds that a piece of this source lasts where nobody asks for a length; None where it fits any."""
        return None

    def prior(self, brief: Brief) -> Mapping[str, Sequence[float]]:
        """Return how likely each value of each choice is for what is asked, before anything is heard.

        A schedule that searches begins with the likely ones, and may prefer them where the objective is indifferent.

        Parameters
        ----------
        brief : Brief
            A brief of one item.

        Returns
        -------
        mapping of str to sequence of float
            By choice a weight for each of its values, in their order: finite, not negative, relative to each other, at least one
            above 0. Choices that are left out have no likelier value; so do all, unless a source overrides this.
        """
        del brief
        return {}

    def write(self, brief: Brief, choice: Choice, generator: np.random.Generator) -> Score:
        """Return the score of one item.

        Parameters
        ----------
        brief : Brief
            A brief of one item.
        choice : mapping
            A value per name in `choices`; names left out take their default.
        generator : numpy.random.Generator
            The only source of randomness.

        Returns
        -------
        Score

        Raises
        ------
        ParameterError
            A choice has an unknown name or value, or the brief has several items.
        ContractError
            The plugin returned no score.
        """
        if len(brief) != 1:
            raise ParameterError(f"A score is written for one item; the brief has {len(brief)}.")
        full = {**self.default_choice, **choice}
        for name, value in choice.items():
            if name not in self.choices:
                raise ParameterError(one_of(name, self.choices, f"choice of {type(self).__name__}"))
            if value not in self.choices[name]:
                raise ParameterError(f"Choice {name!r} is {value!r}; expected one of {list(self.choices[name])}.")
        score = self._write(brief, full, generator)
        if not isinstance(score, Score):
            raise ContractError(f"{type(self).__name__} wrote a {type(score).__name__}; expected a Score.")
        return score

    @abstractmethod
    def _write(self, brief: Brief, choice: Choice, generator: np.random.Generator) -> Score: ...

"""The objective contract: a take in, named loss terms and readings out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.checks import check_audio, check_rows
from orchestra_core.contracts.component import Component, Kind
from orchestra_core.contracts.oracle import Dimension
from orchestra_core.contracts.randomness import ItemGenerator
from orchestra_core.errors import ContractError, IncompatibleError


@dataclass(frozen=True, eq=False)
class Take:
    """One rendering under evaluation.

    Parameters
    ----------
    audio : Tensor [shape=(batch, samples)]
        What is heard, at the canvas' level.
    sample_rate : int
        Its rate in Hz, which may be lower than the canvas' while optimising.
    values : mapping of str to Tensor [shape=(batch, ...)]
        The physical parameter values that it was rendered from (priors read them).
    brief : Brief
        What was asked, in the same rows.
    generator : ItemGenerator
        Random numbers, one stream per item, in the same rows.
    """

    audio: Tensor
    sample_rate: int
    values: Mapping[str, Tensor]
    brief: Brief
    generator: ItemGenerator

    @property
    def targets(self) -> Mapping[str, Tensor]:
        """Asked readings by dimension, shape (batch,)."""
        return self.brief.targets


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an objective makes of a take.

    Parameters
    ----------
    terms : mapping of str to Tensor [shape=(batch,)]
        Loss terms by name; smaller is better.
    readings : mapping of str to Tensor [shape=(batch,)]
        Readings by dimension.
    """

    terms: Mapping[str, Tensor]
    readings: Mapping[str, Tensor]


class Objective(Component):
    """Turns a take into named loss terms and readings, per item.

    Authors implement `terms` and `_evaluate`, and `dimensions` and `sample_rates` where they have any.
    """

    kind: ClassVar[Kind] = "objective"

    @property
    @abstractmethod
    def terms(self) -> tuple[str, ...]:
        """Names of the loss terms, which stages weigh."""

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions that it takes targets for and reads; empty when it takes none."""
        return ()

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """Rates in Hz that it hears natively; empty when any will do."""
        return ()

    @property
    def clip_duration(self) -> float | None:
        """Length in seconds of what it hears at once, which a piece has where no length is asked; None when any will do."""
        return None

    def evaluate(self, take: Take) -> Evaluation:
        """Return the terms and readings of a take.

        Parameters
        ----------
        take : Take
            What was rendered, with what was asked.

        Returns
        -------
        Evaluation [shape=(batch,)]
            Differentiable with respect to the audio and the values, where the objective is.

        Raises
        ------
        ParameterError
            The audio is not finite or has another rank.
        ContractError
            The plugin returned other names or shapes.
        """
        check_audio(take.audio, take.sample_rate, type(self).__name__)
        evaluation = self._evaluate(take)
        if set(evaluation.terms) != set(self.terms):
            raise ContractError(
                f"{type(self).__name__} returned the terms {sorted(evaluation.terms)}; expected {sorted(self.terms)}."
            )
        batch = take.audio.shape[0]
        check_rows(evaluation.terms, batch, type(self).__name__, "the term")
        check_rows(evaluation.readings, batch, type(self).__name__, "the reading")
        return evaluation

    def read(self, audio: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        """Return the reading of a recording, for people who ask for something like it.

        Parameters
        ----------
        audio : Tensor [shape=(batch, samples)]
            Mono audio, nominal full scale 1.
        sample_rate : int
            Its rate in Hz.

        Returns
        -------
        mapping of str to Tensor [shape=(batch,)]
            By dimension.

        Raises
        ------
        IncompatibleError
            This objective reads no recordings, which is the default.
        """
        raise IncompatibleError(
            f"{type(self).__name__} reads no recordings, so nothing can be asked that is like one; name targets instead."
        )

    def advise(self, targets: Mapping[str, float]) -> tuple[str, ...]:
        """Return what somebody who asks for these readings should know, in plain sentences; none by default.

        Parameters
        ----------
        targets : mapping of str to float
            Asked readings by dimension.

        Returns
        -------
        tuple of str
        """
        return ()

    @abstractmethod
    def _evaluate(self, take: Take) -> Evaluation: ...

"""The envelope contract: the amplitude contour that an instrument's notes use."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.checks import check_values
from orchestra_core.contracts.component import Component, Kind
from orchestra_core.contracts.parameter import Parameter, check_parameter
from orchestra_core.errors import ParameterError


class Envelope(Component):
    """The amplitude contour of notes, from 0 to 1 and back.

    Authors implement `_parameters`, `_levels` and `_span`.
    """

    kind: ClassVar[Kind] = "envelope"

    def parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        """Return the parameters of the contour, by default in the group ``envelope``.

        Parameters
        ----------
        brief : Brief
            What is asked.

        Returns
        -------
        tuple of Parameter

        Raises
        ------
        ContractError
            A parameter breaks the contract.
        """
        parameters = tuple(self._parameters(brief))
        for parameter in parameters:
            check_parameter(parameter, len(brief))
        return parameters

    def levels(self, time: Tensor, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        """Return the level at times after the onset.

        Parameters
        ----------
        time : Tensor [shape=(batch, notes, n)]
            Seconds since each note's onset; the level is 0 before 0. An empty batch has empty levels.
        duration : Tensor [shape=(batch, notes)]
            Length of each note in seconds.
        values : mapping of str to Tensor [shape=(batch, ...)]
            Physical values of `parameters`.

        Returns
        -------
        Tensor [shape=(batch, notes, n)]
            In [0, 1].

        Raises
        ------
        ParameterError
            Shapes disagree.
        """
        check_values(values, type(self).__name__) if values else None
        if time.ndim != 3 or duration.shape != time.shape[:2]:
            raise ParameterError(
                f"{type(self).__name__} was given time of shape {tuple(time.shape)} and duration of shape "
                f"{tuple(duration.shape)}; expected (batch, notes, n) and (batch, notes)."
            )
        return self._levels(time, duration, values)

    def span(self, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        """Return how long each note sounds; the level is 0 from there on.

        Parameters
        ----------
        duration : Tensor [shape=(batch, notes)]
            Length of each note in seconds.
        values : mapping of str to Tensor [shape=(batch, ...)]
            Physical values of `parameters`.

        Returns
        -------
        Tensor [shape=(batch, notes)]
            Seconds since the onset.
        """
        return self._span(duration, values)

    @abstractmethod
    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]: ...

    @abstractmethod
    def _levels(self, time: Tensor, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor: ...

    @abstractmethod
    def _span(self, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor: ...

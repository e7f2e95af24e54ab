"""The instrument contract: parameter values in, audio out, differentiable."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.checks import check_finite, check_values
from orchestra_core.contracts.component import Component, Kind
from orchestra_core.contracts.parameter import Parameter, check_parameter
from orchestra_core.contracts.score import Score
from orchestra_core.errors import ContractError, ParameterError

Renderer = Callable[[Mapping[str, Tensor], Canvas], Tensor]


class Instrument(Component):
    """Turns parameter values into audio.

    Authors implement `_parameters` and `_render`, and `_notes` when the instrument plays notes; `_stems` where it can play its
    parts apart. An instrument with the
    capability ``rate_free`` renders the same sound at any sample rate; one without it is only asked for the canvas rate.

    Attributes
    ----------
    defaults : mapping
        Parts that it is best played with, where none are named: specifications by kind, such as ``{"score": "one_shot",
        "schedule": {"name": "staged", "config": {"preset": "design"}}}``. One that is not installed is passed over.
    """

    kind: ClassVar[Kind] = "instrument"
    defaults: ClassVar[Mapping[str, str | Mapping[str, Any]]] = {}

    def parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        """Return everything that the instrument is played with for this brief.

        Parameters
        ----------
        brief : Brief
            What is asked, with scores if the instrument plays notes.

        Returns
        -------
        tuple of Parameter
            Initial values have the batch first. Fixed ones carry the score, a mask, noise or source audio.

        Raises
        ------
        ScoreError
            The instrument plays notes and the brief has no score.
        ContractError
            A parameter breaks the contract.
        """
        parameters = tuple(self._parameters(brief))
        for parameter in parameters:
            check_parameter(parameter, len(brief))
        twice = [name for name, count in Counter(p.name for p in parameters).items() if count > 1]
        if twice:
            raise ContractError(f"{type(self).__name__} has several parameters named {twice[0]!r}; expected unique names.")
        return parameters

    def render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        """Return the sound of parameter values.

        Parameters
        ----------
        values : mapping of str to Tensor [shape=(batch, ...)]
            Physical values of all parameters, the fixed ones included.
        canvas : Canvas
            The time grid.

        Returns
        -------
        Tensor [shape=(batch, canvas.samples)]
            Audio with nominal full scale 1, differentiable with respect to the values.

        Raises
        ------
        ParameterError
            Values are missing, not finite, or disagree on the batch size, or the batch is empty.
        ContractError
            The plugin returned another shape, or samples that are not finite.
        """
        return self._checked(self._render, values, canvas)

    def finish(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        """Return the sound of parameter values as it is exported: by default what `render` returns.

        An instrument whose final sound takes an iteration that no gradient should go through, such as the inversion of a
        spectrogram, renders something near it while it is optimised.

        Parameters
        ----------
        values : mapping of str to Tensor [shape=(batch, ...)]
            As for `render`.
        canvas : Canvas
            The time grid.

        Returns
        -------
        Tensor [shape=(batch, canvas.samples)]
            Audio with nominal full scale 1.

        Raises
        ------
        ParameterError, ContractError
            As for `render`.
        """
        return self._checked(self._finish, values, canvas)

    def _checked(self, render: Renderer, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        batch = check_values(values, type(self).__name__)
        check_finite(values, type(self).__name__)
        try:
            audio = render(values, canvas)
        except KeyError as error:
            if not error.args or error.args[0] in values:  # a table of the plugin's own
                raise
            raise ParameterError(
                f"{type(self).__name__} misses the value {error.args[0]!r}; it was given: {', '.join(sorted(values))}."
            ) from error
        if audio.shape != (batch, canvas.samples):
            raise ContractError(
                f"{type(self).__name__} rendered audio of shape {tuple(audio.shape)}; expected ({batch}, {canvas.samples})."
            )
        if not bool(torch.isfinite(audio.detach()).all()):
            raise ContractError(
                f"{type(self).__name__} rendered NaN or infinite samples; expected finite audio for every value in bounds."
            )
        return audio

    def notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...] | None:
        """Return the notes that these values play.

        Parameters
        ----------
        values : mapping of str to Tensor [shape=(batch, ...)]
            As for `render`.
        canvas : Canvas
            The time grid.

        Returns
        -------
        tuple of Score, or None
            One per item; None if the instrument plays no notes.
        """
        return self._notes(values, canvas)

    def stems(self, values: Mapping[str, Tensor], brief: Brief) -> Mapping[str, Tensor]:
        """Return the sound of each part by itself; their sum is what `finish` gives.

        Parameters
        ----------
        values : mapping of str to Tensor [shape=(batch, ...)]
            As for `render`.
        brief : Brief
            What was asked, with the canvas to render on and the scores that tell the parts.

        Returns
        -------
        mapping of str to Tensor [shape=(batch, canvas.samples)]
            By the name of the part, in the order in which parts come in the scores; silent in items that have no such part.
            By default a single one, ``mix``: what `finish` gives.

        Raises
        ------
        ContractError
            There is none, or one has another shape or samples that are not finite.
        """
        stems = dict(self._stems(values, brief))
        if not stems:
            raise ContractError(f"{type(self).__name__} has no stems; expected at least one.")
        shape = (len(brief), brief.canvas.samples)
        for name, stem in stems.items():
            if stem.shape != shape or not bool(torch.isfinite(stem).all()):
                raise ContractError(
                    f"The stem {name!r} of {type(self).__name__} has the shape {tuple(stem.shape)}, or samples that are not "
                    f"finite; expected finite ones of shape {shape}."
                )
        return stems

    @abstractmethod
    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]: ...

    @abstractmethod
    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor: ...

    def _finish(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        return self._render(values, canvas)

    def _stems(self, values: Mapping[str, Tensor], brief: Brief) -> Mapping[str, Tensor]:
        return {"mix": self._finish(values, brief.canvas)}

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...] | None:
        return None

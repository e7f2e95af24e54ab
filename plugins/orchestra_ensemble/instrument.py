"""The instrument ``ensemble``: layers of instruments under one mix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Instrument, Note, Parameter, Part, Score
from orchestra_core.errors import ParameterError, ScoreError
from orchestra_ensemble.names import MIX, check_known, check_names
from orchestra_ensemble.routing import route

_LOWEST, _HIGHEST = -40.0, 12.0
#: Capabilities that an ensemble has if every voice has them, and if any voice has them.
_OF_ALL, _OF_ANY = frozenset({"differentiable", "rate_free"}), frozenset({"notes", "pitched", "source", "stochastic"})


class Ensemble(Instrument):
    """Layers of any instruments, each at a level of its own.

    The parameters of a voice have its name before theirs (``piano.onset``) and keep their groups, so that a stage that moves
    ``timbre`` moves that of every voice. The level of a voice is ``mix.piano`` in dB, shape (batch,), in the group ``mix``.
    Notes go to voices as `routing.route` says: by the name of their part, else drums to the first voice without pitch and the
    other notes to the first pitched one. A voice that has no notes in any item is left out, and costs nothing.

    Parameters
    ----------
    voices : mapping of str to Instrument
        Instruments by the name of their voice.
    gains : mapping of str to float, each in (-40, 12)
        Where the level of a voice starts, in dB.
    doubles : tuple of str
        Voices that play along with the first of their kind.

    Raises
    ------
    ParameterError
        There is no voice, a name is unknown or cannot be used, or a level is out of range.

    Examples
    --------
    >>> from orchestra_core import Pipeline
    >>> ensemble = {"name": "ensemble", "config": {"gains": {"drums": -6.0}}}
    >>> result = Pipeline(instrument=ensemble).compose("happy", seed=7)  # doctest: +SKIP
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable", "notes", "pitched", "rate_free"})
    defaults: ClassVar[Mapping[str, str | Mapping[str, Any]]] = MappingProxyType({"score": "band"})

    def __init__(
        self,
        *,
        voices: Mapping[str, Instrument],
        gains: Mapping[str, float] = MappingProxyType({}),
        doubles: tuple[str, ...] = (),
    ) -> None:
        check_names(voices, "ensemble")
        check_known(gains, voices, "gain")
        check_known(doubles, voices, "double")
        for name, gain in gains.items():
            if not _LOWEST < gain < _HIGHEST:
                raise ParameterError(f"The gain of {name!r} is {gain!r} dB; expected a value in ({_LOWEST:g}, {_HIGHEST:g}).")
        self.voices = dict(voices)
        self._doubles = tuple(doubles)
        self._gains = {name: float(gains.get(name, 0.0)) for name in voices}
        sets = [voice.capabilities for voice in voices.values()]
        # An ensemble can do what all, or any, of its voices can.
        self.capabilities = (_OF_ALL & frozenset.intersection(*sets)) | (_OF_ANY & frozenset.union(*sets))  # type: ignore[misc]

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        parameters = []
        for name, voice in self.voices.items():
            own = self._brief_of(name, voice, brief)
            if own is None:
                continue
            level = torch.full((len(brief),), self._gains[name], device=brief.device)
            parameters.append(Parameter(f"{MIX}.{name}", MIX, level, "dB", _LOWEST, _HIGHEST, f"Level of the voice {name}"))
            parameters += [replace(parameter, name=f"{name}.{parameter.name}") for parameter in voice.parameters(own)]
        if not parameters:
            raise ScoreError(f"The score has no notes for any voice of the ensemble ({', '.join(self.voices)}).")
        return tuple(parameters)

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        return _mixed((voice._render(own, canvas), values[f"{MIX}.{name}"]) for name, voice, own in self._playing(values))

    def _finish(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        return _mixed((voice._finish(own, canvas), values[f"{MIX}.{name}"]) for name, voice, own in self._playing(values))

    def _stems(self, values: Mapping[str, Tensor], brief: Brief) -> Mapping[str, Tensor]:
        stems = {}
        for name, voice, own in self._playing(values):
            apart = voice.stems(own, self._brief_of(name, voice, brief) or brief)
            for part, sound in apart.items():
                stems[name if len(apart) == 1 else f"{name} {part}"] = _mixed(iter([(sound, values[f"{MIX}.{name}"])]))
        return stems

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...] | None:
        told = {name: voice.notes(own, canvas) for name, voice, own in self._playing(values)}
        playing = {name: scores for name, scores in told.items() if scores}
        if not playing:
            return None
        return tuple(_merged(dict(zip(playing, scores, strict=True))) for scores in zip(*playing.values(), strict=True))

    def _playing(self, values: Mapping[str, Tensor]) -> Iterator[tuple[str, Instrument, Mapping[str, Tensor]]]:
        """Yield the voices that there are values for, with their names and values."""
        for name, voice in self.voices.items():
            if any(key.startswith(f"{name}.") for key in values):
                yield name, voice, _Values(values, f"{name}.")

    def _brief_of(self, name: str, voice: Instrument, brief: Brief) -> Brief | None:
        """Return what is asked of one voice, or None if it has nothing to play."""
        if "notes" not in voice.capabilities:
            return brief
        if brief.scores is None:
            raise ScoreError("The ensemble plays notes and the brief has no score; name a score source (score='band').")
        players = {name: voice for name, voice in self.voices.items() if "notes" in voice.capabilities}
        scores = [route(score, players, self._doubles).get(name) for score in brief.scores]
        own = tuple(score for score in scores if score is not None)
        if own and len(own) < len(scores):
            raise ScoreError(
                f"The score of item {scores.index(None)} has no notes for the voice {name!r}, and that of another item has; "
                "expected the same voices in every item of a batch. Compose such pieces one by one."
            )
        return replace(brief, scores=own) if own else None


class _Values(Mapping[str, Tensor]):
    """The values of one voice under its own names; one that is missing is named in full."""

    def __init__(self, values: Mapping[str, Tensor], prefix: str) -> None:
        self._values = values
        self._prefix = prefix

    def __getitem__(self, name: str) -> Tensor:
        return self._values[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(self._prefix) for name in self._values if name.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _mixed(layers: Iterator[tuple[Tensor, Tensor]]) -> Tensor:
    """Return the sum of sounds (batch, samples), each at its level (batch,) in dB."""
    return torch.stack([sound * torch.exp(level * (math.log(10) / 20))[:, None] for sound, level in layers]).sum(dim=0)


def _merged(played: Mapping[str, Score]) -> Score:
    """Return the notes of all voices as one score, each voice a part of its own."""
    notes = [replace(note, part=_part(name, note)) for name, score in played.items() for note in score.notes]
    return Score(tuple(sorted(notes, key=lambda note: (note.onset, note.pitch, note.part.name))))


def _part(name: str, note: Note) -> Part:
    return replace(note.part, name=name)

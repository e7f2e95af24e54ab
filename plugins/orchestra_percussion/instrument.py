"""The instrument ``percussion``: drums of one differentiable voice."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Instrument, Parameter, Score, zero_where_finite
from orchestra_core.errors import ParameterError
from orchestra_percussion.config import PercussionConfig
from orchestra_percussion.controls import CONTROLS
from orchestra_percussion.hits import Hits, place
from orchestra_percussion.start import drum_parameters, hit_parameters, lanes_of, played_scores
from orchestra_percussion.voice import LONGEST, strike

_GAIN = 0.5
_END_RAMP = 0.01
_RANGES = (("modes", 1, 16), ("variation", 0.0, 3.0), ("groove", 0.0, 0.05), ("quietest", 0.0, 0.9))

# One drum has no notes that a stage should leave alone: everything moves at once, from the best of many starting points.
_DESIGN: Mapping[str, Any] = MappingProxyType({"name": "staged", "config": {"preset": "design"}})


class Percussion(Instrument):
    r"""Drums of one voice: kick, snare, tom, hat and clap are starting points of the same equations.

    .. math::
        h(t) = r_a(t)\, \frac{\tanh\left(g \sum_k w_k e^{-c_k t} \sin 2 \pi q_k \phi(t)\right)}{\tanh g}\, l_b
             + r_a(t) \left(e^{-c_n t} + b \sum_j e^{-(t - j \Delta) / 0.4 \Delta}\right) n(t)\, l_n
             + e^{-c_c t} \sin(2 \pi f_c t)\, l_c

    with modes at ratios q of a swept pitch of phase :math:`\phi`, saturation of gain g, noise n in a band with bursts that lie
    :math:`\Delta` apart, a click, and rises r.

    Each drum of a score (a General MIDI note number and a kit, which is the part's program) is a voice of its own, with every
    control of `controls.CONTROLS` as a parameter of shape (batch, drums). Hits have an ``amplitude`` (dynamics) and a ``shift``
    from where they are written (timing), shape (batch, hits). Fixed are ``drum``, ``written``, ``length``, ``lane``, ``kit``,
    ``noise`` and the masks. Where a score has a drum part, its other notes are left out; where it has none,
    all its notes are taken as drums.

    Parameters
    ----------
    modes : int, in [1, 16]
        Modes of the membrane.
    variation : float, in [0, 3]
        How far the kits 1, 2, ... lie from the plain kit 0, in free coordinates.
    groove : float, in [0, 0.05]
        How far, in seconds, hits may be moved from where they are written; 0 holds them there.
    quietest : float, in [0, 0.9]
        Least amplitude of a hit.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    Examples
    --------
    >>> import torch
    >>> from orchestra_core import Brief, Canvas, Note, Part, Score
    >>> canvas = Canvas(duration=1.0)
    >>> drums = Part("drums", drums=True)
    >>> brief = Brief(canvas, {}, torch.tensor([7]), scores=(Score((Note(38, 0.0, 0.2, part=drums),)),))
    >>> percussion = Percussion()
    >>> percussion.render({p.name: p.initial for p in percussion.parameters(brief)}, canvas).shape
    torch.Size([1, 44100])
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable", "notes", "rate_free"})
    defaults: ClassVar[Mapping[str, str | Mapping[str, Any]]] = MappingProxyType({"score": "one_shot", "schedule": _DESIGN})

    def __init__(self, *, modes: int = 6, variation: float = 0.8, groove: float = 0.02, quietest: float = 0.2) -> None:
        self._config = PercussionConfig(modes, variation, groove, quietest)
        for name, lower, upper in _RANGES:
            value = getattr(self._config, name)
            if not lower <= value <= upper:
                raise ParameterError(f"{name} of percussion is {value!r}; expected a value in [{lower:g}, {upper:g}].")

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        lanes = lanes_of(brief)
        return (*hit_parameters(self._config, brief, lanes), *drum_parameters(self._config, brief, lanes))

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        item, lane = values["lane_mask"].bool().nonzero(as_tuple=True)
        controls = {control.name: values[control.name][item, lane] for control in CONTROLS}
        length = min(canvas.samples, round(LONGEST * canvas.sample_rate))
        shots = strike(controls, values["noise"][item, lane], self._config.modes, length, canvas.sample_rate)
        sound = place(shots, _hits(values), canvas.samples, canvas.sample_rate)
        audio = sound.new_zeros(len(values["lane_mask"]), canvas.samples).index_add(0, item, sound)
        return _GAIN * audio * _end_ramp(audio, canvas.sample_rate) + zero_where_finite(values)

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...]:
        return played_scores(values, onsets(values))


def onsets(values: Mapping[str, Tensor]) -> Tensor:
    """Return when hits sound, shape (batch, hits), in seconds: those at the very beginning stay there."""
    free = (values["written"] / _FREE_FROM).clamp_max(1.0)
    return values["written"] + free * values["shift"]


# Hits written this long after the beginning or later can be shifted by all of the groove without being cut.
_FREE_FROM = 0.05


def _hits(values: Mapping[str, Tensor]) -> Hits:
    """Return the hits of a batch without the padding; drums are counted over the items, as `nonzero` of the mask does."""
    item, hit = values["mask"].bool().nonzero(as_tuple=True)
    counts = values["lane_mask"].long().sum(dim=1)
    first = counts.cumsum(0) - counts
    row = first[item] + values["lane"][item, hit].long()
    return Hits(row, onsets(values)[item, hit], values["amplitude"][item, hit])


def _end_ramp(audio: Tensor, sample_rate: int) -> Tensor:
    samples = audio.shape[1]
    ramp = max(min(round(_END_RAMP * sample_rate), samples), 1)
    left = torch.arange(samples, 0, -1, dtype=audio.dtype, device=audio.device) - 0.5
    rest = (left / ramp).clamp_max(1.0)
    return rest * rest * (3 - 2 * rest)

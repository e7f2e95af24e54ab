"""The instrument ``plucked``: the modes of an ideal string, ringing and fading."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Instrument, Note, Parameter, Part, Score
from orchestra_core.errors import ParameterError

#: Name, unit, lower and upper bound and description of what all strings share.
_TIMBRE = (
    ("decay", "s", 0.2, 6.0, "Time in which middle C fades by 60 dB"),
    ("brightness", "1", 0.0, 1.0, "From a soft thumb to a hard plectrum"),
    ("position", "1", 0.05, 0.5, "Where the string is plucked, as a share of its length"),
)
_SHORTEST = 0.05  # s
_ATTACK, _DAMPING, _END = 0.004, 0.030, 0.010  # s: the pluck, the hand that stops the string, the end of the canvas
_AUDIBLE = (8_000.0, 10_000.0)  # Hz: modes fade out between them, so that the sound is the same from 22.05 kHz up
_HEADROOM = 0.25
_NYLON_GUITAR = Part("plucked", program=24)


class Plucked(Instrument):
    r"""Strings plucked at a share p of their length, with modes k that fade at their own rates.

    .. math::
        x(t) = g \sum_i a_i r_i(t - o_i) \sum_k w_k e^{-s_{ik} (t - o_i)} \sin(2 \pi k f_i t), \qquad
        w_k \propto \frac{\sin(k \pi p)}{k} e^{-(1 - b)(k - 1) / 2}

    with onset o and amplitude a per note, brightness b, and ramps r at both ends of a note. The weights have a squared sum
    of 1: position and brightness move the spectrum and not the level. The phase runs with the canvas and not from the
    onset, so that moving a note moves its contour only, which keeps gradients smooth.

    Parameters
    ----------
    modes : int, in [1, 40]
        Modes per string.
    decay : float, in (0.2, 6)
        Seconds in which middle C fades by 60 dB, where the optimisation starts.
    brightness : float, in (0, 1)
        Where the optimisation starts.
    position : float, in (0.05, 0.5)
        Where the string is plucked at the start, as a share of its length.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    References
    ----------
    .. [1] N. H. Fletcher and T. D. Rossing, *The Physics of Musical Instruments*, 2nd ed., 1998, chapter 2.
    """

    capabilities = frozenset({"differentiable", "notes", "pitched", "rate_free"})

    def __init__(self, modes: int = 10, decay: float = 2.0, brightness: float = 0.6, position: float = 0.2) -> None:
        self._start = {"decay": decay, "brightness": brightness, "position": position}
        if not 1 <= modes <= 40:
            raise ParameterError(f"modes is {modes!r}; expected a whole number in [1, 40].")
        for name, unit, lower, upper, _ in _TIMBRE:
            if not lower < self._start[name] < upper:
                raise ParameterError(f"{name} starts at {self._start[name]!r} {unit}; expected inside ({lower:g}, {upper:g}).")
        self._modes = modes

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        notes, latest = brief.notes(), 0.95 * brief.canvas.duration
        mask = notes.mask & (notes.onset < brief.canvas.duration)
        onset, amplitude = _inside(notes.onset, 0.0, latest), _inside(notes.velocity, 0.0, 1.0)
        duration = notes.duration.clamp_min(1.1 * _SHORTEST)
        shared = (
            Parameter(name, "timbre", torch.full((len(brief),), self._start[name], device=brief.device), unit, low, high, text)
            for name, unit, low, high, text in _TIMBRE
        )
        return (
            Parameter("onset", "timing", onset, "s", 0.0, latest, "When each string is plucked"),
            Parameter("duration", "timing", duration, "s", _SHORTEST, math.inf, "How long each string rings"),
            Parameter("amplitude", "dynamics", amplitude, "1", 0.0, 1.0, "How hard each string is plucked"),
            *shared,
            Parameter("pitch", "score", notes.pitch, "MIDI", description="Pitch of each string", fixed=True),
            Parameter("mask", "score", mask, description="Which notes are there", fixed=True),
        )

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        item, note = values["mask"].bool().nonzero(as_tuple=True)
        onset, duration = values["onset"][item, note], values["duration"][item, note]
        rate, device = canvas.sample_rate, onset.device
        # Each note is rendered on its own stretch of the canvas, as long as the longest of them needs.
        first = (onset.detach() * rate).floor().long().clamp(0, canvas.samples)
        # NaN in a duration has no length; it comes to light in the sound.
        rings = (duration.detach() * rate).nan_to_num(nan=0.0)
        left = torch.minimum(rings, (canvas.samples - first).to(onset.dtype)).max() if len(item) else 0
        sample = first[:, None] + torch.arange(int(left) + 2, device=device)
        since = sample / rate - onset[:, None]
        contour = values["amplitude"][item, note][:, None] * _ramps(since, duration[:, None])
        sound = contour * self._string(values, item, values["pitch"][item, note], sample / rate, since)
        audio = onset.new_zeros(len(values["onset"]), canvas.samples)
        on_canvas = sample < canvas.samples
        place = (item[:, None].expand_as(sample)[on_canvas], sample[on_canvas])
        return _HEADROOM * audio.index_put(place, sound[on_canvas], accumulate=True) * _end_ramp(canvas, audio)

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...]:
        names = ("pitch", "onset", "duration", "amplitude")
        columns = torch.stack([values[name].detach().double() for name in names], 2).cpu()
        masks = values["mask"].bool().cpu()
        scores = (sorted(rows[mask].tolist(), key=lambda row: row[1]) for rows, mask in zip(columns, masks, strict=True))
        return tuple(Score(tuple(Note(p, o, d, a, _NYLON_GUITAR) for p, o, d, a in rows)) for rows in scores)

    def _string(self, values: Mapping[str, Tensor], item: Tensor, pitch: Tensor, time: Tensor, since: Tensor) -> Tensor:
        """Return the vibration (rows, n) of strings (rows,), mode by mode: fewer numbers in memory than all at once."""
        frequency = 440.0 * 2 ** ((pitch.double() - 69) / 12)
        cycles = (frequency[:, None] * time).frac()  # in double precision: 5 s of 4 kHz are 20 000 turns
        turn = (2 * math.pi * cycles).to(since.dtype)
        rate = (math.log(1000) / values["decay"][item] * 2 ** ((pitch - 60) / 24))[:, None] * since.clamp_min(0.0)
        weights = self._weights(values["brightness"], values["position"])[item]
        order = torch.arange(1, self._modes + 1, device=time.device)
        audible = _audible(frequency[:, None] * order).to(since.dtype)
        modes = (
            (weights[:, k] * audible[:, k])[:, None] * torch.exp(-(1 + 0.3 * k) * rate) * torch.sin((k + 1) * turn)
            for k in range(self._modes)
        )
        return torch.stack(tuple(modes)).sum(dim=0)

    def _weights(self, brightness: Tensor, position: Tensor) -> Tensor:
        """Return the amplitudes of the modes, shape (batch, modes), of squared sum 1."""
        order = torch.arange(1, self._modes + 1, device=position.device, dtype=position.dtype)
        shape = torch.sin(math.pi * order * position[:, None]) / order
        soft = torch.exp(-(1 - brightness[:, None]) * (order - 1) / 2)
        return torch.nn.functional.normalize(shape * soft, dim=1)


def _ramps(since: Tensor, duration: Tensor) -> Tensor:
    """Return the contour of notes: up within the pluck, down when the hand stops the string, 0 outside."""
    up = (since / _ATTACK).clamp(0.0, 1.0)
    down = ((duration - since) / _DAMPING).clamp(0.0, 1.0)
    return _smooth(up) * _smooth(down)


def _end_ramp(canvas: Canvas, like: Tensor) -> Tensor:
    left = torch.arange(canvas.samples, 0, -1, device=like.device, dtype=like.dtype) / canvas.sample_rate
    return _smooth((left / _END).clamp(0.0, 1.0))


def _audible(frequency: Tensor) -> Tensor:
    lower, upper = _AUDIBLE
    return _smooth(((upper - frequency) / (upper - lower)).clamp(0.0, 1.0))


def _smooth(share: Tensor) -> Tensor:
    return share * share * (3 - 2 * share)


def _inside(value: Tensor, lower: float, upper: float) -> Tensor:
    margin = 2e-3 * (upper - lower)
    return value.clamp(lower + margin, upper - margin)

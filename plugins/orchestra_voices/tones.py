"""The notes that sound, one per row: their partials, and how loud each partial is at any time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

#: Rate in Hz of the beats of a rough sound, where ears find it roughest.
ROUGHEST = 70.0
#: Partials below the first of these frequencies in Hz do not beat, so that no beat falls below what is heard as sound.
_BEATING = (100.0, 200.0)
#: Partials fade out between these shares of the Nyquist frequency, so that nothing folds back.
_AUDIBLE = (0.8, 0.95)
#: Detuning of pairs of copies re the outermost; each copy has half the amplitude of the one in the middle.
_PAIRS = (1.0, 0.57)
# Share of a turn between the phases of neighbouring partials' copies: the golden ratio, which never repeats.
_GOLDEN = 0.618033988749895
_REACHED = 3.0  # time constants of `decay`
_SHARED = ("attack", "decay", "sustain", "release", "detune")


@dataclass(frozen=True, eq=False)
class Tones:
    """Notes that sound, of all items of a batch, one per row.

    Parameters
    ----------
    item : Tensor [shape=(rows,), dtype=int64]
        Item of the batch that each note belongs to.
    onset, duration, amplitude : Tensor [shape=(rows,)]
        s, s, and the amplitude of a sine of the same power.
    frequency : Tensor [shape=(rows, partials), dtype=float64]
        Hz.
    log_weight : Tensor [shape=(rows, partials)]
        Natural logarithm of the amplitude of a partial at the onset, re that of the note.
    fading : Tensor [shape=(rows, partials)]
        How fast a partial fades beside the envelope, nepers per second.
    beating : Tensor [shape=(rows, partials)]
        Depth of the beats.
    shared : mapping of str to Tensor [shape=(rows,)]
        Values of the controls of the item.
    """

    item: Tensor
    onset: Tensor
    duration: Tensor
    amplitude: Tensor
    frequency: Tensor
    log_weight: Tensor
    fading: Tensor
    beating: Tensor
    shared: Mapping[str, Tensor]

    @property
    def end(self) -> Tensor:
        """Seconds from the onset to silence, shape (rows,)."""
        return self.duration + self.shared["release"]

    def rows(self, index: Tensor) -> Tones:
        """Return the notes at `index`, shape (rows,); a note may come several times."""
        # index_select and not indexing: its gradient is summed many times faster.
        return Tones(
            item=self.item[index],
            onset=self.onset.index_select(0, index),
            duration=self.duration.index_select(0, index),
            amplitude=self.amplitude.index_select(0, index),
            frequency=self.frequency.index_select(0, index),
            log_weight=self.log_weight.index_select(0, index),
            fading=self.fading.index_select(0, index),
            beating=self.beating.index_select(0, index),
            shared={name: value.index_select(0, index) for name, value in self.shared.items()},
        )


def gather_tones(values: Mapping[str, Tensor], partials: int, hardness: float) -> Tones:
    """Return the notes of a batch that sound, without the padding.

    Parameters
    ----------
    values : mapping of str to Tensor [shape=(batch, ...)]
        Physical values of the instrument's parameters, with ``onset`` among them.
    partials : int
        Partials per note.
    hardness : float
        Rise of the spectral tilt in dB per octave from amplitude 0 to 1.

    Returns
    -------
    Tones
        By item, then by note.
    """
    item, note = values["mask"].bool().nonzero(as_tuple=True)
    pitch, amplitude = values["pitch"][item, note].double(), values["amplitude"][item, note]
    order = torch.arange(1, partials + 1, dtype=torch.float64, device=pitch.device)
    frequency = 440.0 * 2 ** ((pitch[:, None] - 69) / 12) * order
    tilt = values["brightness"][item] + hardness * (amplitude - 0.8)
    beating = _smooth((frequency - _BEATING[0]) / (_BEATING[1] - _BEATING[0])).to(amplitude.dtype)
    beating = beating * values["roughness"][item][:, None]
    weight = partial_weights(tilt, values["fundamental"][item], partials)
    return Tones(
        item=item,
        onset=values["onset"][item, note],
        duration=values["duration"][item, note],
        amplitude=amplitude,
        frequency=frequency,
        log_weight=weight - torch.log1p(beating.square() / 2) / 2,  # beats at the same power
        fading=values["partial_decay"][item][:, None] * (order - 1).to(amplitude.dtype),
        beating=beating,
        shared={name: values[name][item] for name in _SHARED},
    )


def partial_weights(tilt: Tensor, fundamental: Tensor, partials: int) -> Tensor:
    """Return log amplitudes (rows, partials), their squares summing to 1.

    They fall by `tilt` dB per octave (rows,), but for the first, which lies `fundamental` dB (rows,) higher.
    """
    octave = torch.arange(1, partials + 1, dtype=torch.float64, device=tilt.device).log2().to(tilt.dtype)
    weight = tilt[:, None] * octave + fundamental[:, None] * (octave == 0)
    weight = weight * (math.log(10) / 20)
    return weight - torch.logsumexp(2 * weight, dim=1, keepdim=True) / 2


def starting_phases(partials: int, device: torch.device) -> Tensor:
    """Return phases in turns that keep the crest factor of a sum of partials low, 0 for the first.

    References
    ----------
    .. [1] M. R. Schroeder, "Synthesis of low-peak-factor signals and binary sequences with low autocorrelation", IEEE
       Transactions on Information Theory 16 (1), 1970.
    """
    order = torch.arange(partials, dtype=torch.float64, device=device)
    return -order * (order + 1) / (2 * partials)


def levels(tones: Tones, since: Tensor) -> Tensor:
    """Return the envelope (rows, n) at times (rows, n) in seconds since the onset.

    It rises by x (2 - x) over the attack, falls towards the sustained level, and is released by (1 - x)^2: what rises and what is
    released for as long sum to 1, so that chords go over into each other.
    """
    shared = {name: value[:, None] for name, value in tones.shared.items()}
    risen = (since / shared["attack"]).clamp(0.0, 1.0)
    sustain = shared["sustain"]
    fallen = sustain + (1 - sustain) * torch.exp(since.clamp_min(0.0) * (-_REACHED / shared["decay"]))
    left = ((tones.end[:, None] - since) / shared["release"]).clamp(0.0, 1.0)
    return tones.amplitude[:, None] * risen * (2 - risen) * fallen * left * left


def partial_levels(tones: Tones, since: Tensor, beats: float) -> Tensor:
    """Return the amplitude (rows, n, partials) of partials at times (rows, n), their beats `beats` times as deep."""
    sounding = since.clamp_min(0.0)
    bare = torch.exp(tones.log_weight[:, None, :] - tones.fading[:, None, :] * sounding[:, :, None])
    beat = beats * torch.cos(2 * math.pi * ROUGHEST * since)
    return levels(tones, since)[:, :, None] * bare * (1 + tones.beating[:, None, :] * beat[:, :, None])


def chorus(tones: Tones, since: Tensor, copies: int) -> Iterator[tuple[Tensor, Tensor]]:
    r"""Yield what detuned copies add to a sine: for each pair its level (rows, n, partials) and its phase (partials,) in radians.

    Two copies at :math:`\pm\delta` of a partial are one partial of the level :math:`2 \sin(2 \pi \delta t)`, whose phase is the
    mean of theirs. So a pair of copies costs a slow curve and no sine of its own, and the detuning has a gradient. At the onset
    each pair cancels out; then they drift apart.
    """
    apart = torch.expm1(tones.shared["detune"] * (math.log(2) / 1200))
    turning = (2 * math.pi * tones.frequency.to(since.dtype)) * apart[:, None]
    order = torch.arange(1, tones.frequency.shape[1] + 1, dtype=since.dtype, device=since.device)
    pairs = _PAIRS[: copies // 2]
    for index, share in enumerate(pairs, start=1):
        yield torch.sin((share * turning)[:, None, :] * since[:, :, None]), 2 * math.pi * _GOLDEN * index * order


def chorus_power(copies: int) -> float:
    """Return the power of a sine with its copies re that without, once they have drifted apart."""
    return 1 + copies // 2 / 2


def audible_share(frequency: Tensor, sample_rate: int) -> Tensor:
    """Return 1, falling to 0 where a frequency comes near half the rate that it is made at."""
    lower, upper = (share * sample_rate / 2 for share in _AUDIBLE)
    return _smooth((upper - frequency) / (upper - lower))


def _smooth(position: Tensor) -> Tensor:
    """Return a rise from 0 at 0 to 1 at 1, with a derivative that is 0 at both ends."""
    x = position.clamp(0.0, 1.0)
    return x * x * (3 - 2 * x)

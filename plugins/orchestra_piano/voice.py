"""The notes that sound, one per row, and the exact value of their sound at any time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

#: Partials fade out between these shares of the Nyquist frequency, so that nothing folds back.
_AUDIBLE = (0.8, 0.95)

_MIDDLE_C = 60


@dataclass(frozen=True)
class String:
    """What all notes of a piano share.

    Parameters
    ----------
    partials : int
        Partials per note.
    inharmonicity : float
        Stiffness B at middle C; it doubles with each octave above, and halves at most once below.
    hardness : float
        Rise of the spectral tilt in dB per octave from amplitude 0 to 1.
    """

    partials: int
    inharmonicity: float
    hardness: float


@dataclass(frozen=True, eq=False)
class Voices:
    """Notes that sound, of all items of a batch, one per row.

    Parameters
    ----------
    item : Tensor [shape=(rows,), dtype=int64]
        Item of the batch that each note belongs to.
    onset, duration, amplitude : Tensor [shape=(rows,)]
        s, s, and the amplitude of a sine of the same power.
    frequency : Tensor [shape=(rows, partials), dtype=float64]
        Hz.
    phase : Tensor [shape=(partials,), dtype=float64]
        In turns, at the start of the canvas.
    log_weight : Tensor [shape=(rows, partials)]
        Natural logarithm of the amplitude of a partial at the onset, re that of the note.
    fading : Tensor [shape=(rows, partials)]
        How fast a partial fades beside the envelope, nepers per second.
    audible : Tensor [shape=(rows, partials)]
        1, or less near the Nyquist frequency and 0 above.
    envelope : mapping of str to Tensor [shape=(rows, ...)]
        Values of the envelope.
    """

    item: Tensor
    onset: Tensor
    duration: Tensor
    amplitude: Tensor
    frequency: Tensor
    phase: Tensor
    log_weight: Tensor
    fading: Tensor
    audible: Tensor
    envelope: Mapping[str, Tensor]

    def rows(self, index: Tensor) -> Voices:
        """Return the notes at `index`, shape (rows,); a note may come several times."""
        # index_select and not indexing: its gradient is summed many times faster.
        return Voices(
            item=self.item[index],
            onset=self.onset.index_select(0, index),
            duration=self.duration.index_select(0, index),
            amplitude=self.amplitude.index_select(0, index),
            frequency=self.frequency.index_select(0, index),
            phase=self.phase,
            log_weight=self.log_weight.index_select(0, index),
            fading=self.fading.index_select(0, index),
            audible=self.audible.index_select(0, index),
            envelope={name: value.index_select(0, index) for name, value in self.envelope.items()},
        )


def gather_voices(values: Mapping[str, Tensor], envelope: Mapping[str, Tensor], string: String, sample_rate: int) -> Voices:
    """Return the notes of a batch that sound, without the padding.

    Parameters
    ----------
    values : mapping of str to Tensor [shape=(batch, ...)]
        Physical values of the instrument's parameters.
    envelope : mapping of str to Tensor [shape=(batch, ...)]
        Those of its envelope.
    string : String
        What all notes share.
    sample_rate : int
        Rate in Hz that is rendered at.

    Returns
    -------
    Voices
        By item, then by note.
    """
    item, note = values["mask"].bool().nonzero(as_tuple=True)
    pitch, amplitude = values["pitch"][item, note].double(), values["amplitude"][item, note]
    frequency = partial_frequencies(pitch, string)
    log_weight, fading = torch.zeros_like(frequency, dtype=amplitude.dtype), torch.zeros_like(frequency, dtype=amplitude.dtype)
    if string.partials > 1:
        tilt = values["brightness"][item] + string.hardness * (amplitude - 0.8)
        log_weight = partial_weights(tilt, string.partials)
        fading = partial_fading(values["partial_decay"][item], pitch, string.partials)
    return Voices(
        item=item,
        onset=values["onset"][item, note],
        duration=values["duration"][item, note],
        amplitude=amplitude,
        frequency=frequency,
        phase=starting_phases(string.partials, frequency.device),
        log_weight=log_weight,
        fading=fading,
        audible=_audible(frequency, sample_rate).to(amplitude.dtype),
        envelope={name: value[item] for name, value in envelope.items()},
    )


def partial_frequencies(pitch: Tensor, string: String) -> Tensor:
    """Return the frequencies in Hz, shape (rows, partials), of stiff strings tuned to MIDI pitches (rows,).

    Partial k of a string of stiffness B lies at k sqrt(1 + B k^2) times a common factor [1]_; here the factor is such that
    the first partial is exactly in tune.

    References
    ----------
    .. [1] H. Fletcher, E. D. Blackham and R. Stratton, "Quality of piano tones", JASA 34 (6), 1962.
    """
    order = torch.arange(1, string.partials + 1, dtype=torch.float64, device=pitch.device)
    stiffness = string.inharmonicity * 2 ** ((pitch - _MIDDLE_C) / 12).clamp_min(-1.0)[:, None]
    stretch = order * torch.sqrt((1 + stiffness * order**2) / (1 + stiffness))
    return 440.0 * 2 ** ((pitch[:, None] - 69) / 12) * stretch


def partial_weights(tilt: Tensor, partials: int) -> Tensor:
    """Return log amplitudes (rows, partials) that fall by `tilt` dB per octave (rows,), their squares summing to 1."""
    octave = torch.arange(1, partials + 1, dtype=torch.float64, device=tilt.device).log2().to(tilt.dtype)
    weight = tilt[:, None] * (octave * (math.log(10) / 20))
    return weight - torch.logsumexp(2 * weight, dim=1, keepdim=True) / 2


def partial_fading(decay: Tensor, pitch: Tensor, partials: int) -> Tensor:
    """Return nepers per second, shape (rows, partials): 0 for the first partial, `decay` more for each further one.

    High strings fade faster: by a factor of 2 in two octaves.
    """
    order = torch.arange(partials, dtype=decay.dtype, device=decay.device)
    return decay[:, None] * order * 2 ** ((pitch - _MIDDLE_C) / 24).to(decay.dtype)[:, None]


def starting_phases(partials: int, device: torch.device) -> Tensor:
    """Return phases in turns that keep the crest factor of a sum of partials low, 0 for the first.

    References
    ----------
    .. [1] M. R. Schroeder, "Synthesis of low-peak-factor signals and binary sequences with low autocorrelation", IEEE
       Transactions on Information Theory 16 (1), 1970.
    """
    order = torch.arange(partials, dtype=torch.float64, device=device)
    return -order * (order + 1) / (2 * partials)


def partial_levels(voices: Voices, since: Tensor, earliest: float = 0.0) -> Tensor:
    """Return the amplitude (rows, n, partials) of partials beside the envelope, at times (rows, n) since the onset.

    Before `earliest` it is what it is there.
    """
    return torch.exp(voices.log_weight[:, None, :] - voices.fading[:, None, :] * since.clamp_min(earliest)[:, :, None])


def _audible(frequency: Tensor, sample_rate: int) -> Tensor:
    lower, upper = (share * sample_rate / 2 for share in _AUDIBLE)
    rest = ((upper - frequency) / (upper - lower)).clamp(0.0, 1.0)
    return rest * rest * (3 - 2 * rest)

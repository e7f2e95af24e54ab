"""Sub-bands by slices of the spectrum: complex envelopes of many filters from one Fourier transform, differentiable."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

#: Maps frequencies in Hz to the scale on which the filters lie side by side.
Scale = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class _Group:
    """Filters whose sub-bands have the same number of samples: which bins each takes, and with which weights."""

    samples: int
    bins: Tensor
    weights: Tensor


class SubbandBank:
    """Analytic sub-bands of recordings of one length.

    Each filter takes a slice of the recording's spectrum; the inverse transform of the slice alone is the sub-band at a
    low rate, shifted down to 0 Hz. Its magnitude is the Hilbert envelope of the filtered signal. Filters are half cosines
    that overlap by half, so that their powers sum to 1 between the first and the last centre [1]_, or by more; slices make
    a constant-Q transform of them on a logarithmic scale [2]_.

    Parameters
    ----------
    samples : int
        Length of the recordings.
    sample_rate : int
        In Hz.
    centres : Tensor [shape=(bands,), dtype=float64]
        On `scale`, evenly apart.
    scale : callable
        Hz to the unit of `centres`, rising.
    least : int
        Fewest samples of a sub-band; a power of two.
    reach : float, >= 1
        From a filter's centre to its ends, as a multiple of the distance of two centres: at 1 powers sum to 1, above it
        filters lie more densely than that.

    References
    ----------
    .. [1] J. McDermott, E. Simoncelli (2011): Sound texture perception via statistics of the auditory periphery. Neuron 71.
    .. [2] G. Velasco, N. Holighaus, M. Doerfler, T. Grill (2011): Constructing an invertible constant-Q transform with
       non-stationary Gabor frames. DAFx.
    """

    def __init__(self, samples: int, sample_rate: int, centres: Tensor, scale: Scale, least: int, reach: float = 1.0) -> None:
        self.samples = samples
        self.bands = len(centres)
        place = scale(torch.arange(samples // 2 + 1, dtype=torch.float64) * (sample_rate / samples))
        width = reach * float(centres[1] - centres[0])
        slices = [_slice(place, centre, width) for centre in centres.tolist()]
        sizes = [max(least, 2 ** math.ceil(math.log2(2 * len(weights)))) for _, weights in slices]
        self._order = sorted(range(self.bands), key=lambda band: sizes[band])
        self._groups = [
            _grouped([slices[band] for band in self._order if sizes[band] == size], size) for size in sorted(set(sizes))
        ]
        self._back = torch.tensor(self._order).argsort()

    def envelopes(self, spectrum: Tensor) -> list[Tensor]:
        """Return squared envelopes, in groups of equal length.

        Parameters
        ----------
        spectrum : Tensor [shape=(n, samples // 2 + 1), complex]
            ``torch.fft.rfft`` of the recordings.

        Returns
        -------
        list of Tensor [shape=(n, bands of the group, samples of the group)]
            Squared Hilbert envelopes; `in_order` puts what is made of them into the order of the bands.
        """
        squared = []
        for group in self._groups:
            weights = group.weights.to(device=spectrum.device, dtype=spectrum.real.dtype)
            bands = torch.fft.ifft(spectrum[:, group.bins.to(spectrum.device)] * weights) * (group.samples / self.samples)
            squared.append(bands.real.square() + bands.imag.square())
        return squared

    def in_order(self, groups: list[Tensor]) -> Tensor:
        """Return values of the groups, shapes (n, bands of the group, ...), as one tensor in the order of the bands."""
        return torch.cat(groups, dim=1)[:, self._back.to(groups[0].device)]


def erb_number(frequency: Tensor) -> Tensor:
    """Return frequencies in Hz on the scale of equivalent rectangular bandwidths.

    References
    ----------
    .. [1] B. Glasberg, B. Moore (1990): Derivation of auditory filter shapes from notched-noise data. Hearing Research 47.
    """
    return 21.4 * torch.log10(1 + 0.00437 * frequency)


def erb_centres(bands: int, lowest: float, highest: float) -> Tensor:
    """Return centres evenly apart on the ERB scale between two frequencies in Hz, both left out, shape (bands,)."""
    ends = erb_number(torch.tensor([lowest, highest], dtype=torch.float64)).tolist()
    return torch.linspace(ends[0], ends[1], bands + 2, dtype=torch.float64)[1:-1]


def _slice(place: Tensor, centre: float, width: float) -> tuple[int, Tensor]:
    """Return the first bin of a filter and its weights: a half cosine, twice as analytic signals want it."""
    first, last = torch.searchsorted(place, torch.tensor([centre - width, centre + width], dtype=place.dtype)).tolist()
    last = max(last, first + 1)
    return first, 2 * torch.cos(math.pi / 2 * ((place[first:last] - centre) / width).clamp(-1.0, 1.0))


def _grouped(slices: list[tuple[int, Tensor]], size: int) -> _Group:
    bins, weights = torch.zeros(len(slices), size, dtype=torch.int64), torch.zeros(len(slices), size, dtype=torch.float64)
    for row, (first, values) in enumerate(slices):
        bins[row, : len(values)] = torch.arange(first, first + len(values))
        weights[row, : len(values)] = values
    return _Group(size, bins, weights)

"""A semitone spectrum and the salience of pitches in it: audio to how strongly each note of a piano sounds, frame by frame."""

from __future__ import annotations

import torch
from torch import Tensor

from orchestra_deam.smooth import grouped

#: MIDI numbers of the semitones that are heard, bins of a semitone, and the pitches that notes may have.
LOWEST, HIGHEST, PER_SEMITONE = 24, 108, 3
PITCHES = range(24, 104)
BINS = PER_SEMITONE * (HIGHEST - LOWEST + 1)

#: How much weaker each partial is than the one before, for the two sounds that a pitch may have, and how many there are.
_SLOPES = (0.45, 0.85)
_PARTIALS = 12
_ITERATIONS = 12
# Window in samples and rate in Hz that the atoms are computed for.
_ATOM_SIZE = (8192, 22_050)
_SPARSITY = 0.02
_TINY = 1e-30


def semitone_bank(n_fft: int, sample_rate: int) -> Tensor:
    """Return filters at every third of a semitone, shape (255, n_fft // 2 + 1), float64.

    Triangles of a third of a semitone to either side, or of one bin of the spectrum where that is wider.
    """
    resolution = sample_rate / n_fft
    frequencies = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * resolution
    centres = frequency(_centres())[:, None]
    half = (centres * (2 ** (1 / (12 * PER_SEMITONE)) - 1)).clamp_min(resolution)
    return (1 - (frequencies - centres).abs() / half).clamp_min(0.0)


def frequency(pitch: Tensor) -> Tensor:
    """Return the frequency in Hz of MIDI numbers, tuned to 440 Hz."""
    return 440.0 * torch.exp2((pitch - 69.0) / 12)


def note_atoms() -> Tensor:
    """Return what `semitone_bank` hears of each pitch, shape (160, 255), float64, each of unit length.

    The first 80 are dark sounds, the other 80 bright ones; magnitudes of a sum of harmonics under a Hann window of 372 ms.
    They are the same for every rate: a window twice as long at twice the rate has the same bins.
    """
    bank = semitone_bank(*_ATOM_SIZE)
    bank = bank[:, : int(bank.any(0).nonzero().max()) + 1]
    bins = torch.arange(bank.shape[1], dtype=torch.float64)
    pitches = torch.tensor(list(PITCHES), dtype=torch.float64)
    places = frequency(pitches)[:, None] * (_ATOM_SIZE[0] / _ATOM_SIZE[1])
    atoms = [torch.zeros(len(PITCHES), BINS, dtype=torch.float64) for _ in _SLOPES]
    for number in range(1, _PARTIALS + 1):
        heard = _hann(bins - number * places).square() @ bank.T
        for atom, slope in zip(atoms, _SLOPES, strict=True):
            atom.add_(slope ** (2 * number - 2) * heard)
    stacked: Tensor = torch.cat(atoms).sqrt()
    return stacked / stacked.square().sum(dim=1, keepdim=True).sqrt()


def magnitudes(power: Tensor) -> Tensor:
    """Return the magnitudes, shape (n, frames, bins), of powers, shape (n, bins, frames), relative to the clip's mean power."""
    mean = power.mean(dim=(1, 2), keepdim=True).clamp_min(_TINY)
    # The root has no derivative at 0; what lies 60 dB below the mean fades out.
    return (((power / mean) + 1e-6).sqrt() - 1e-3).transpose(1, 2)


def salience(spectrum: Tensor, atoms: Tensor) -> Tensor:
    """Return how strongly each pitch sounds, shape (n, frames, 80), non-negative.

    Non-negative least squares with a dictionary of notes explains harmonics away: a few multiplicative updates, each of
    which is smooth.

    Parameters
    ----------
    spectrum : Tensor [shape=(n, frames, 255)]
        Magnitudes.
    atoms : Tensor [shape=(160, 255)]
        `note_atoms`.

    References
    ----------
    .. [1] M. Mauch, S. Dixon (2010): Approximate note transcription for the improved identification of difficult chords.
       Proceedings of ISMIR.
    .. [2] D. D. Lee, H. S. Seung (2001): Algorithms for non-negative matrix factorization. NIPS 13.
    """
    evidence = spectrum @ atoms.T
    overlap = atoms @ atoms.T
    active = evidence
    for _ in range(_ITERATIONS):
        active = active * (evidence / (active @ overlap + _SPARSITY))
    return grouped(active, len(_SLOPES), len(PITCHES)).sum(-2)


def _centres() -> Tensor:
    steps = torch.arange(BINS, dtype=torch.float64)
    return LOWEST + (steps - PER_SEMITONE // 2) / PER_SEMITONE


def _hann(distance: Tensor) -> Tensor:
    """Return the spectrum of a Hann window at distances from its centre, in bins."""
    return 0.5 * torch.sinc(distance) + 0.25 * (torch.sinc(distance - 1) + torch.sinc(distance + 1))

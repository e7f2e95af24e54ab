"""Scores: notes and their setting, one per item of a batch, and their padded form as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from orchestra_core.errors import ScoreError


@dataclass(frozen=True)
class Part:
    """Who plays a note.

    Parameters
    ----------
    name : str
        Of the instrument or voice.
    program : int, in [0, 127]
        General MIDI program, from 0.
    drums : bool
        Whether it is the drum kit; pitches are then its drums.
    """

    name: str = "piano"
    program: int = 0
    drums: bool = False


@dataclass(frozen=True)
class Note:
    """One note.

    Parameters
    ----------
    pitch : float, in [0, 127]
        MIDI note number, fractions allowed; 69 is 440 Hz.
    onset : float, >= 0
        Start in seconds.
    duration : float, > 0
        Length in seconds.
    velocity : float, in [0, 1]
        How hard it is played.
    part : Part
        Who plays it.
    """

    pitch: float
    onset: float
    duration: float
    velocity: float = 0.8
    part: Part = field(default_factory=Part)


_WIDEST_MICROTIMING = 0.1


@dataclass(frozen=True)
class Score:
    """Notes and their setting.

    Parameters
    ----------
    notes : tuple of Note
        In any order; at least one.
    tempo : float
        Quarter notes per minute.
    metre : (int, int)
        Beats per bar and the note value of a beat.
    key : str or None
        Tonic and mode, such as ``"C major"``; None where there is none.
    microtiming : float or None, in [0, 0.1]
        How far from where it is written, in seconds, an instrument may play a note, so that the beat stays; None for anywhere.

    Raises
    ------
    ScoreError
        There is no note, or a note or the microtiming lies outside its ranges.
    """

    notes: tuple[Note, ...]
    tempo: float = 120.0
    metre: tuple[int, int] = (4, 4)
    key: str | None = None
    microtiming: float | None = None

    def __post_init__(self) -> None:
        if not self.notes:
            raise ScoreError("The score has no notes; expected at least one.")
        if self.microtiming is not None and not 0 <= self.microtiming <= _WIDEST_MICROTIMING:
            raise ScoreError(f"microtiming is {self.microtiming!r} s; expected a value in [0, {_WIDEST_MICROTIMING:g}], or None.")
        for note in self.notes:
            _check_note(note)

    @property
    def end(self) -> float:
        """Time in seconds at which the last note ends."""
        return max(note.onset + note.duration for note in self.notes)


@dataclass(frozen=True)
class PaddedNotes:
    """The notes of a batch of scores as tensors, padded to the longest; padding comes last and holds plain, harmless values.

    Parameters
    ----------
    pitch : Tensor [shape=(batch, notes)]
        MIDI note numbers.
    onset, duration : Tensor [shape=(batch, notes)]
        In seconds.
    velocity : Tensor [shape=(batch, notes)]
        In [0, 1].
    mask : Tensor [shape=(batch, notes), dtype=bool]
        True where there is a note.
    """

    pitch: Tensor
    onset: Tensor
    duration: Tensor
    velocity: Tensor
    mask: Tensor


def pad_scores(scores: Sequence[Score], *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> PaddedNotes:
    """Return a batch of scores as padded tensors.

    Parameters
    ----------
    scores : sequence of Score
        One per item of the batch.
    dtype : torch.dtype
        Floating-point type of the tensors.
    device : torch.device or str
        Where they live.

    Returns
    -------
    PaddedNotes [shape=(batch, notes)]
    """
    longest = max(len(score.notes) for score in scores)

    def column(name: str, padding: float) -> Tensor:
        rows = [[float(getattr(n, name)) for n in s.notes] + [padding] * (longest - len(s.notes)) for s in scores]
        return torch.tensor(rows, dtype=dtype, device=device)

    counts = torch.tensor([len(score.notes) for score in scores], device=device)
    mask = torch.arange(longest, device=device) < counts[:, None]
    return PaddedNotes(column("pitch", 60.0), column("onset", 0.0), column("duration", 0.25), column("velocity", 0.5), mask)


def _check_note(note: Note) -> None:
    ranges = (("pitch", 0.0, 127.0), ("onset", 0.0, 1e6), ("duration", 1e-4, 1e6), ("velocity", 0.0, 1.0))
    for name, lower, upper in ranges:
        value = getattr(note, name)
        if not lower <= value <= upper:
            raise ScoreError(f"A note's {name} is {value!r}; expected a value in [{lower:g}, {upper:g}].")

"""The brief: what one batch is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.randomness import ItemGenerator
from orchestra_core.contracts.score import PaddedNotes, Score, pad_scores
from orchestra_core.errors import ParameterError, ScoreError


@dataclass(frozen=True, eq=False)
class Brief:
    """What one batch is asked.

    Parameters
    ----------
    canvas : Canvas
        The time grid, the same for every item.
    targets : mapping of str to Tensor [shape=(batch,)]
        Asked readings by dimension, in the units of the objective.
    seeds : Tensor [shape=(batch,), dtype=int64]
        One seed per item; everything random about an item follows from its own.
    scores : tuple of Score, or None
        One per item.
    source : Tensor [shape=(batch, samples)], or None
        Source audio at the canvas rate, for instruments that start from a recording.
    requests : mapping of str to Tensor [shape=(batch,)]
        The targets on the request scale, -1 to 1 over what the oracle's corpus holds (`Dimension.request`): what a score source
        can go by that does not know the oracle. Empty where nobody has worked them out.
    cues : mapping of str to Tensor [shape=(batch,)]
        What a word asks for beside its targets: hints in [-1, 1] by the names of `orchestra_core.emotions.cues.CueHints`, such
        as ``level`` and ``irregularity``. Those that no item has are left out.
    """

    canvas: Canvas
    targets: Mapping[str, Tensor]
    seeds: Tensor
    scores: tuple[Score, ...] | None = None
    source: Tensor | None = None
    requests: Mapping[str, Tensor] = field(default_factory=dict)
    cues: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seeds.ndim != 1 or not len(self) or self.seeds.is_floating_point():
            raise ParameterError(
                f"The seeds are a tensor of {self.seeds.dtype} of shape {tuple(self.seeds.shape)}; expected whole numbers "
                "(batch,), at least one."
            )
        batch = (len(self),)
        for what, asked in (("Target", self.targets), ("Request", self.requests), ("Cue", self.cues)):
            for name, column in asked.items():
                if column.shape != batch:
                    raise ParameterError(f"{what} {name!r} has shape {tuple(column.shape)}; expected {batch}, one per seed.")
        if self.scores is not None and len(self.scores) != len(self):
            raise ParameterError(f"The brief has {len(self.scores)} scores for {len(self)} seeds; expected one per seed.")
        if self.source is not None and (self.source.ndim != 2 or self.source.shape[0] != len(self)):
            raise ParameterError(f"Source audio has shape {tuple(self.source.shape)}; expected ({len(self)}, samples).")

    def __len__(self) -> int:
        """Number of items."""
        return int(self.seeds.shape[0])

    @property
    def device(self) -> torch.device:
        """Where the tensors of this batch live."""
        return self.seeds.device

    def rows(self, index: Tensor) -> Brief:
        """Return the brief of some items.

        Parameters
        ----------
        index : Tensor [shape=(rows,), dtype=int64]
            Which items; one may come several times.

        Returns
        -------
        Brief
        """
        return replace(
            self,
            targets={name: target[index] for name, target in self.targets.items()},
            seeds=self.seeds[index],
            scores=None if self.scores is None else tuple(self.scores[int(i)] for i in index),
            source=None if self.source is None else self.source[index],
            requests={name: request[index] for name, request in self.requests.items()},
            cues={name: cue[index] for name, cue in self.cues.items()},
        )

    def notes(self, dtype: torch.dtype = torch.float32) -> PaddedNotes:
        """Return the scores as padded tensors of shape (batch, notes).

        Parameters
        ----------
        dtype : torch.dtype
            Floating-point type of the tensors.

        Returns
        -------
        PaddedNotes [shape=(batch, notes)]

        Raises
        ------
        ScoreError
            The brief has no scores.
        """
        if self.scores is None:
            raise ScoreError("This instrument plays notes and the brief has no score; name a score source (score=...).")
        return pad_scores(self.scores, dtype=dtype, device=self.device)

    def parts(self) -> Mapping[str, Tensor]:
        """Return which notes belong to which part.

        Returns
        -------
        mapping of str to Tensor [shape=(batch, notes), dtype=bool]
            By the name of the part, in the order in which they come in the scores; columns as those of `notes`.

        Raises
        ------
        ScoreError
            The brief has no scores.
        """
        mask = self.notes().mask
        names = dict.fromkeys(note.part.name for score in self.scores or () for note in score.notes)
        parts = {name: torch.zeros_like(mask) for name in names}
        for item, score in enumerate(self.scores or ()):
            for column, note in enumerate(score.notes):
                parts[note.part.name][item, column] = True
        return parts

    def drums(self) -> Tensor:
        """Return which notes are drums, which an instrument of pitched notes leaves out.

        Returns
        -------
        Tensor [shape=(batch, notes), dtype=bool]
            Columns as those of `notes`.

        Raises
        ------
        ScoreError
            The brief has no scores.
        """
        drums = torch.zeros_like(self.notes().mask)
        for item, score in enumerate(self.scores or ()):
            drums[item, : len(score.notes)] = torch.tensor([note.part.drums for note in score.notes], device=drums.device)
        return drums

    def generator(self, stream: str) -> ItemGenerator:
        """Return fresh random streams that follow from the seeds alone.

        Parameters
        ----------
        stream : str
            Name of the stream; different names give independent numbers.

        Returns
        -------
        ItemGenerator
            One stream per item.
        """
        return ItemGenerator(self.seeds.tolist(), stream)

"""What a training learns from: clips with standardised labels, drawn batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from orchestra_core.errors import UsageError
from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.preparation.several import PreparedCorpora, label_scales
from orchestra_deam.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

# Variance of a label beside what its raters leave open, in squared standard deviations of the corpus: what the sound of one
# clip cannot tell of a song's label.
_FLOOR = 0.5


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips of one step: arrays (n, ...) by name, and of each clip its labels and their weights (n, 2), and its corpus (n,)."""

    arrays: dict[str, Tensor]
    labels: Tensor
    weights: Tensor
    corpus: Tensor
    pairs: Pairs | None = None


@dataclass(frozen=True, eq=False)
class Pairs:
    """Versions of the clips of a batch: arrays a semitone higher and in the parallel mode, and the contrast of modes (n,).

    The contrast is positive where the clip itself is in major, negative in minor, and 0 where its notes do not tell, or
    where there are no versions of it.
    """

    semitone: dict[str, Tensor]
    parallel: dict[str, Tensor]
    contrast: Tensor


def only_plain(data: PreparedCorpora) -> PreparedCorpora:
    """Return the clips as rated, without versions of them."""
    return data.where(data.clips["version"] == "") if "version" in data.clips else data


def plain(data: PreparedCorpora, settings: TrainingSettings) -> PreparedCorpora:
    """Return the clips that a recipe uses: those with versions only if it has pair losses."""
    return data if settings.paired else only_plain(data)


class Examples:
    """Clips to learn from.

    Parameters
    ----------
    data : PreparedCorpora
        Only what may be learned from.
    settings : TrainingSettings
        How.

    Raises
    ------
    UsageError
        There are fewer than two songs.
    """

    def __init__(self, data: PreparedCorpora, settings: TrainingSettings) -> None:
        self.data, self.settings = data, settings
        plain = np.flatnonzero(_versions(data.clips) == "")
        self.rows = torch.from_numpy(plain)
        clips = data.clips.iloc[plain]
        keys = list(zip(clips["corpus"], clips["song"], strict=True))
        self.songs = list(dict.fromkeys(keys))
        if len(self.songs) < 2:
            raise UsageError(f"There are {len(self.songs)} prepared songs to train on; expected at least two.")
        number = {song: index for index, song in enumerate(self.songs)}
        self.song_numbers = np.array([number[key] for key in keys])
        self._by_song = [np.flatnonzero(self.song_numbers == index) for index in range(len(self.songs))]
        self.scales = label_scales(clips)
        self.labels, self.weights = (torch.tensor(part).float() for part in self._labels(clips))
        if settings.shuffle:
            self._shuffle()
        self._corpus = torch.tensor([data.names.index(corpus) for corpus in clips["corpus"]])
        self._pairs = _pair_table(data.clips, plain) if settings.paired else None

    def by_corpus(self) -> dict[str, Tensor]:
        """Return the numbers of the clips of each corpus."""
        return {name: (self._corpus == index).nonzero()[:, 0] for index, name in enumerate(self.data.names)}

    def varied(self) -> np.ndarray:
        """Return of each clip whether it is of a varied rendering, shape (clips,)."""
        variants = self.data.clips["variant"].to_numpy(dtype=str)[self.rows.numpy()]
        return np.array([variant != "" and not variant.endswith("-0") for variant in variants])

    def pair_rows(self, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor] | None:
        """Return which of the clips chosen have versions, the rows of these in the table, and their contrast; or None.

        None where the recipe has no pair losses, or none of the clips has versions.
        """
        if self._pairs is None:
            return None
        semitone, parallel, contrast = (part[chosen] for part in self._pairs)
        known = ((semitone != self.rows[chosen]) & (parallel != self.rows[chosen])).nonzero()[:, 0]
        return (known, semitone[known], parallel[known], contrast[known]) if len(known) else None

    def steps(self) -> int:
        """Return the number of batches of an epoch."""
        return len(self._sizes())

    def batches(self, generator: torch.Generator) -> Iterator[Batch]:
        """Yield the batches of one epoch, drawn from the generator; arrays are as prepared, unchanged."""
        order = self._drawn(generator)
        for chosen in torch.split(order, self._sizes()):
            yield self.batch(chosen)

    def batch(self, chosen: Tensor) -> Batch:
        """Return the clips of those numbers, shape (n,), as a batch."""
        arrays = self._read(self.rows[chosen])
        pairs = None if self._pairs is None else self._paired(chosen)
        return Batch(arrays, self.labels[chosen], self.weights[chosen], self._corpus[chosen], pairs)

    def _sizes(self) -> list[int]:
        count = len(self.rows) if self.settings.draw == "clips" else len(self.songs) * self.settings.windows
        sizes = [self.settings.batch] * (count // self.settings.batch)
        rest = count - sum(sizes)
        if rest == 1 and sizes:  # batch norm cannot learn from a single clip
            sizes[-1] += 1
        elif rest:
            sizes.append(rest)
        return sizes

    def _drawn(self, generator: torch.Generator) -> Tensor:
        if self.settings.draw == "clips":
            return torch.randperm(len(self.rows), generator=generator)
        chosen = [
            torch.from_numpy(places)[torch.randint(len(places), (self.settings.windows,), generator=generator)]
            for places in self._by_song
        ]
        drawn = torch.cat(chosen)
        return drawn[torch.randperm(len(drawn), generator=generator)]

    def _labels(self, clips: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        labels = clips[list(DIMENSIONS)].to_numpy(dtype=np.float64)
        mean, sd = (np.stack([self.scales[corpus][i] for corpus in clips["corpus"]]) for i in (0, 1))
        weights = _rater_weights(clips, sd) if self.settings.rater_weights else np.ones_like(labels)
        return ((labels - mean) / sd if self.settings.standardise else labels), weights

    def _shuffle(self) -> None:
        # Songs exchange their labels within their corpus; a song's clips keep to one other song.
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003)
        shuffled = self.labels.clone()
        for corpus in self.data.names:
            songs = [index for index, (own, _) in enumerate(self.songs) if own == corpus]
            for target, source in zip(songs, torch.randperm(len(songs), generator=generator).tolist(), strict=True):
                given, taken = self._by_song[target], self._by_song[songs[source]]
                shuffled[given] = self.labels[np.resize(taken, len(given))]
        self.labels = shuffled

    def _read(self, rows: Tensor) -> dict[str, Tensor]:
        return {name: torch.from_numpy(array) for name, array in self.data.read(rows.tolist()).items()}

    def _paired(self, chosen: Tensor) -> Pairs:
        semitone, parallel, contrast = self._pairs  # type: ignore[misc]
        return Pairs(self._read(semitone[chosen]), self._read(parallel[chosen]), contrast[chosen])


def _versions(clips: pd.DataFrame) -> np.ndarray:
    return clips["version"].to_numpy(dtype=str) if "version" in clips else np.full(len(clips), "")


def _rater_weights(clips: pd.DataFrame, sd: np.ndarray) -> np.ndarray:
    variance = clips[[f"{name}_variance" for name in DIMENSIONS]].to_numpy(dtype=np.float64)
    raters = clips["raters"].to_numpy(dtype=np.float64)[:, None]
    noise = variance / np.maximum(raters, 1.0) / sd**2
    # Unknown raters are as sure as the others of their corpus on average.
    weights = 1.0 / (_FLOOR + np.where(np.isfinite(noise) & (raters > 0), noise, np.nan))
    mean = np.nanmean(weights, axis=0) if np.isfinite(weights).any() else 1.0
    filled: np.ndarray = np.where(np.isfinite(weights), weights / mean, 1.0)
    return filled


def _pair_table(clips: pd.DataFrame, plain: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    # The row of each plain clip's version, or the clip itself where there is none, which then adds nothing.
    key = ["corpus", "song", "variant", "start"]
    places = {tuple(values): index for index, values in enumerate(clips[[*key, "version"]].itertuples(index=False, name=None))}
    own = [tuple(values) for values in clips.iloc[plain][key].itertuples(index=False, name=None)]
    rows = {
        version: torch.tensor([places.get((*one, version), row) for one, row in zip(own, plain.tolist(), strict=True)])
        for version in ("semitone", "parallel")
    }
    same = torch.stack([found == torch.from_numpy(plain) for found in rows.values()])
    if same.all() and (clips["variant"] != "").any():
        raise UsageError(
            "Pair losses need versions of the clips; prepare the corpora of notes with --versions, or train with "
            "--pair-mode 0 --pair-unmoved 0 --pair-still 0."
        )
    contrast = torch.tensor(clips.iloc[plain]["mode"].to_numpy(dtype=np.float32))
    return rows["semitone"], rows["parallel"], contrast.masked_fill(same.any(dim=0), 0.0)


def rows_by_batches(count: int, size: int) -> Sequence[range]:
    """Return the numbers 0 to `count` in pieces of at most `size`."""
    return [range(first, min(first + size, count)) for first in range(0, count, size)]

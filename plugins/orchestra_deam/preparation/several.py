"""Several prepared corpora as one: a table of clips with their parts, and the arrays of any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestra_core.errors import ConfigurationError, UsageError
from orchestra_deam.corpora.partition import parts_of
from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.preparation.store import PreparedCorpus, open_prepared

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class PreparedCorpora:
    """Clips of one or more prepared corpora.

    Parameters
    ----------
    stores : dict
        The prepared corpora by name.
    clips : pd.DataFrame
        Their tables, one under the other, with a column ``part``: that of the clip's song in the partition of its corpus.
    opened : dict
        Files that were opened so far, by corpus, file and array; some of the clips share it with all of them.
    """

    stores: Mapping[str, PreparedCorpus]
    clips: pd.DataFrame
    opened: dict[tuple[str, str, str], np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the corpora."""
        return tuple(self.stores)

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that there are of each clip."""
        return next(iter(self.stores.values())).arrays

    @property
    def features(self) -> str:
        """What was computed of the clips: the name of the front end, or ``audio``."""
        return str(next(iter(self.stores.values())).manifest["settings"]["features"])

    def card(self, name: str) -> Mapping[str, Any]:
        """Return the card of a corpus."""
        card: Mapping[str, Any] = self.stores[name].manifest["corpus"]
        return card

    def of_parts(self, *parts: str) -> PreparedCorpora:
        """Return the clips of songs of some parts only."""
        return self.where(self.clips["part"].isin(parts))

    def where(self, chosen: pd.Series[bool] | np.ndarray) -> PreparedCorpora:
        """Return some of the clips."""
        return replace(self, clips=self.clips[chosen].reset_index(drop=True))

    def read(self, rows: Sequence[int]) -> dict[str, np.ndarray]:
        """Return the arrays of clips by their position in `clips`, shape (clips, ...) each, float32."""
        chosen = self.clips.iloc[list(rows)]
        places = list(zip(chosen["corpus"], chosen["file"], chosen["row"], strict=True))
        return {
            array: np.stack([self._file(corpus, file, array)[row] for corpus, file, row in places]).astype(np.float32)
            for array in self.arrays
        }

    def _file(self, corpus: str, file: str, array: str) -> np.ndarray:
        key = (corpus, file, array)
        if key not in self.opened:  # memory-mapped: what is not being read takes no memory
            self.opened[key] = self.stores[corpus].load(file, array)
        return self.opened[key]


def open_corpora(folders: Sequence[Path]) -> PreparedCorpora:
    """Return the prepared corpora in some folders.

    Parameters
    ----------
    folders : sequence of Path
        What ``orchestra deam prepare -o`` wrote.

    Returns
    -------
    PreparedCorpora

    Raises
    ------
    UsageError
        A folder holds no prepared corpus, or one without clips; or there are no folders.
    ConfigurationError
        Two folders hold the same corpus, or different features.
    """
    import pandas as pd

    stores: dict[str, PreparedCorpus] = {}
    for folder in folders:
        store = open_prepared(folder)
        name = str(store.manifest["corpus"]["name"])
        if name in stores:
            raise ConfigurationError(f"{stores[name].folder} and {folder} both hold the corpus {name!r}; expected it once.")
        if store.clips.empty:
            raise UsageError(f"{folder} holds no clips; see its left_out.csv for why, and prepare it again.")
        stores[name] = store
    if not stores:
        raise UsageError("No prepared corpus was given; expected folders that `orchestra deam prepare DIR -o FOLDER` wrote.")
    _refuse_mixed(stores)
    tables = [_with_parts(name, store.clips) for name, store in stores.items()]
    return PreparedCorpora(stores, pd.concat(tables, ignore_index=True))


def song_labels(clips: pd.DataFrame) -> pd.DataFrame:
    """Return the mean label of each song, indexed by corpus and song."""
    return clips.groupby(["corpus", "song"], sort=False)[list(DIMENSIONS)].mean()


def label_scales(clips: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return mean and SD over songs of the labels of each corpus, shape (2,) each: arousal, then valence."""
    found = {}
    for corpus, songs in song_labels(clips).groupby(level="corpus", sort=False):
        labels = songs.to_numpy(dtype=np.float64)
        sd = labels.std(axis=0) if len(labels) > 1 else np.ones(len(DIMENSIONS))
        found[str(corpus)] = (labels.mean(axis=0), np.maximum(sd, 1e-3))
    return found


def _refuse_mixed(stores: Mapping[str, PreparedCorpus]) -> None:
    kinds = {name: str(store.manifest["settings"]["features"]) for name, store in stores.items()}
    if len(set(kinds.values())) > 1:
        raise ConfigurationError(f"The folders hold different features: {kinds}; expected the same, see prepare --features.")


def _with_parts(name: str, clips: pd.DataFrame) -> pd.DataFrame:
    songs = clips.drop_duplicates("song")
    parts = parts_of(name, dict(zip(songs["song"], songs["group"], strict=True)))
    return clips.assign(part=clips["song"].map(parts))

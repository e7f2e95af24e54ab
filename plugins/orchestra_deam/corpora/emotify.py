"""Reads Emotify: 400 songs of four genres with listeners' votes on nine emotions that the music made them feel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestra_core.errors import UsageError
from orchestra_deam.corpora.files import audio_files, read_csv, records, tile
from orchestra_deam.corpora.table import Clip, Corpus, CorpusCard

if TYPE_CHECKING:
    import pandas as pd

CARD = CorpusCard(
    name="emotify",
    title="Emotify (Aljanaki, Wiering and Veltkamp 2016)",
    scale="emotify",
    emotion="induced",
    units="sums of shares of listeners who voted for emotions of the Geneva Emotional Music Scale; standardise before use",
    license="music from Magnatune; research use",
    citation="A. Aljanaki, F. Wiering, R. C. Veltkamp (2016): Studying emotion induced by music through a crowdsourcing game. "
    "Information Processing & Management 52.",
    home="https://www2.projects.science.uu.nl/memotion/emotifydata/",
    # Split-half, of the proxies below.
    reliability={"arousal": 0.91, "valence": 0.70},
)
#: The proxies: weights of the nine emotions. Arousal and valence themselves were never asked for.
WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "arousal": {
        **dict.fromkeys(("power", "joyful_activation", "tension"), 1.0),
        **dict.fromkeys(("tenderness", "nostalgia", "calmness", "sadness"), -1.0),
    },
    "valence": {
        **dict.fromkeys(("amazement", "tenderness", "calmness", "joyful_activation"), 1.0),
        **dict.fromkeys(("tension", "sadness"), -2.0),
    },
}
VOTES = (
    "amazement",
    "solemnity",
    "tenderness",
    "nostalgia",
    "calmness",
    "power",
    "joyful_activation",
    "tension",
    "sadness",
)


def read_emotify(folder: Path, window: float = 5.0, length: float = 30.0) -> Corpus:
    """Return the clips of an Emotify folder: windows of each song, all with the song's label.

    Two layouts are read: the official one (``data.csv`` with a row per listener, songs in ``<genre>/<n>.mp3``), and one
    of means (``labels.csv`` with a row per song, its column ``file`` naming the audio). The official one also gives the
    variance between listeners. Columns are found by name.

    Parameters
    ----------
    folder : Path
        Holds one of the two files, at any depth.
    window : float, > 0
        Length of a clip in s.
    length : float, > 0
        Length of the stretch of a song, from its beginning, that is cut into windows, in s.

    Returns
    -------
    Corpus
        On a scale of its own: see `WEIGHTS`.

    Raises
    ------
    UsageError
        Neither file is there, or a column is missing.

    References
    ----------
    .. [1] A. Aljanaki, F. Wiering, R. C. Veltkamp (2016): Studying emotion induced by music through a crowdsourcing game.
       Information Processing & Management 52.
    """
    for name, reader in (("labels.csv", _from_means), ("data.csv", _from_votes)):
        for path in sorted(folder.rglob(name)):
            songs = reader(path)
            return Corpus(CARD, folder, tuple(clip for song in songs for clip in _windows(song, window, length)))
    raise UsageError(f"{folder} is no Emotify folder: it has neither data.csv nor labels.csv. Get it from {CARD.home}.")


def _from_means(path: Path) -> Iterator[Clip]:
    frame = read_csv(path, ("file", "genre", "song", "raters", *VOTES))
    root = path.parent
    for row in records(frame):
        name = f"{row['genre']}_{int(row['song']):03d}"
        source = str(row["file"]) if (root / str(row["file"])).is_file() else ""
        labels = {dimension: _weighted(row, weights) for dimension, weights in WEIGHTS.items()}
        yield _song(name, str(row["genre"]), labels, {}, int(row["raters"]), source)


def _from_votes(path: Path) -> Iterator[Clip]:
    frame = read_csv(path, ("track id", "genre", *VOTES))
    audio = audio_files(path.parent)
    for (genre, track), votes in frame.groupby(["genre", "track id"], sort=True):
        number = int(str(track))
        labels, variances = _of_votes(votes)
        # Numbers run over all genres in the table and, in most copies, from 1 to 100 within each folder.
        within = (number - 1) % 100 + 1
        source = audio.get(f"{genre}/{number}", audio.get(f"{genre}/{within}", ""))
        yield _song(f"{genre}_{within:03d}", str(genre), labels, variances, len(votes), source)


def _of_votes(votes: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    labels, variances = {}, {}
    for dimension, weights in WEIGHTS.items():
        each = votes[list(weights)].to_numpy(dtype=float) @ list(weights.values())
        labels[dimension] = float(each.mean())
        variances[dimension] = float(each.var(ddof=1)) if len(each) > 1 else math.nan
    return labels, variances


def _weighted(row: Mapping[str, Any], weights: Mapping[str, float]) -> float:
    return sum(weight * float(row[name]) for name, weight in weights.items())


def _song(name: str, genre: str, labels: Mapping[str, float], variances: Mapping[str, float], raters: int, source: str) -> Clip:
    return Clip(
        corpus=CARD.name,
        song=name,
        group=name,
        stratum=genre,
        start=0.0,
        duration=0.0,
        arousal=labels["arousal"],
        valence=labels["valence"],
        arousal_variance=variances.get("arousal", math.nan),
        valence_variance=variances.get("valence", math.nan),
        raters=raters,
        source=source,
        kind="audio" if source else "none",
    )


def _windows(song: Clip, window: float, length: float) -> tuple[Clip, ...]:
    return tile(song, 0.0, length, window)

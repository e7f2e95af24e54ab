"""Reads VGMIDI: piano MIDI files of video-game music, with arousal and valence rated by about thirty people each."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestra_core.errors import ConfigurationError, UsageError
from orchestra_deam.corpora import partition

CITATION = "L. N. Ferreira, J. Whitehead (2019): Learning to Generate Music with Sentiment. ISMIR."
_ROUNDS = ("vgmidi_raw_1.json", "vgmidi_raw_2.json")
PARTS = partition.PARTS


@dataclass(frozen=True)
class Piece:
    """A rated piece.

    Parameters
    ----------
    name : str
        Unique name: the MIDI file's name without its suffix.
    game : str
        The game it comes from; pieces of one game never lie on both sides of a split.
    midi : Path
        The MIDI file.
    arousal, valence : float, in [-1, 1]
        Mean over raters and measures.
    raters : int
        How many ratings the means are made of.
    arousal_variance, valence_variance : float
        Variance between raters of their means over measures; NaN with a single rater.
    """

    name: str
    game: str
    midi: Path
    arousal: float
    valence: float
    raters: int
    arousal_variance: float = math.nan
    valence_variance: float = math.nan

    @property
    def labels(self) -> tuple[float, float]:
        """Arousal and valence, in this order."""
        return self.arousal, self.valence


def read_vgmidi(folder: Path) -> tuple[Piece, ...]:
    """Return the rated pieces of a VGMIDI folder, sorted by name.

    The mean curve hardly moves within a piece (standard deviation 0.06), so a piece has one label: the mean over its
    raters of the mean over measures. Ratings of pieces without a record are dropped, and so are ratings whose number
    of measures is not that of most raters of the piece.

    Parameters
    ----------
    folder : Path
        Holds ``vgmidi_raw_1.json``, ``vgmidi_raw_2.json`` and ``midi/``.

    Returns
    -------
    tuple of Piece

    Raises
    ------
    UsageError
        A file is missing or not what it should be.

    References
    ----------
    .. [1] L. N. Ferreira, J. Whitehead (2019): Learning to Generate Music with Sentiment. ISMIR.
    """
    pieces = [piece for name in _ROUNDS for piece in _read_round(folder, name)]
    missing = [piece.midi.name for piece in pieces if not piece.midi.is_file()]
    if missing:
        raise UsageError(f"VGMIDI folder {folder} misses {len(missing)} MIDI files, such as midi/{missing[0]}.")
    return tuple(sorted(pieces, key=lambda piece: piece.name))


def read_partition() -> dict[str, str]:
    """Return the committed partition: the part (``oracle``, ``judges`` or ``final``) of every game."""
    return partition.read_partition("vgmidi")


def pieces_of(pieces: Iterable[Piece], part: str, partition: Mapping[str, str]) -> tuple[Piece, ...]:
    """Return the pieces whose game lies in that part.

    Raises
    ------
    ConfigurationError
        A piece's game has no part.
    """
    kept = []
    for piece in pieces:
        if piece.game not in partition:
            raise ConfigurationError(f"Game {piece.game!r} of {piece.name!r} is in no part of the partition; name it in one.")
        if partition[piece.game] == part:
            kept.append(piece)
    return tuple(kept)


def reliability(pieces: Sequence[Piece]) -> dict[str, float]:
    """Return the reliability of the mean ratings by dimension: ICC(1, k) with k the mean number of raters.

    One minus the mean error variance of a piece's mean, which is the variance between raters over their number, over the
    variance of the means between pieces.

    References
    ----------
    .. [1] P. E. Shrout, J. L. Fleiss (1979): Intraclass correlations: uses in assessing rater reliability.
       Psychological Bulletin 86.
    """
    labels = label_table(pieces)
    errors = np.array([(p.arousal_variance / p.raters, p.valence_variance / p.raters) for p in pieces])
    values = 1.0 - errors.mean(axis=0) / labels.var(axis=0, ddof=1)
    return {name: round(float(value), 4) for name, value in zip(("arousal", "valence"), values, strict=True)}


def label_table(pieces: Sequence[Piece]) -> np.ndarray:
    """Return the labels, shape (pieces, 2), float64: arousal, then valence."""
    return np.array([piece.labels for piece in pieces], dtype=np.float64).reshape(-1, 2)


def _read_round(folder: Path, name: str) -> list[Piece]:
    try:
        record = json.loads((folder / name).read_text(encoding="utf-8"))
        pieces, annotations = record["pieces"], record["annotations"]
    except FileNotFoundError as error:
        raise UsageError(f"{folder} is no VGMIDI folder: {name} is missing; expected {', '.join(_ROUNDS)} and midi/.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder / name} is not a VGMIDI record ({error!r}); expected JSON with pieces and annotations."
        ) from error
    ratings = defaultdict(list)
    for key, rating in annotations.items():
        ratings[key.rsplit("_", 1)[0]].append(rating)
    return [_piece(folder, record, ratings[key]) for key, record in pieces.items() if ratings[key]]


def _piece(folder: Path, record: Mapping[str, Any], ratings: Sequence[Mapping[str, Any]]) -> Piece:
    midi = folder / "midi" / record["midi"]
    kept = _of_usual_length(ratings)
    means = np.array([[np.mean(rating[name]) for name in ("arousal", "valence")] for rating in kept])
    arousal, valence = (float(value) for value in means.mean(axis=0))
    variances = [float(value) for value in means.var(axis=0, ddof=1)] if len(kept) > 1 else [math.nan, math.nan]
    return Piece(midi.stem, _game(midi.stem), midi, arousal, valence, len(kept), *variances)


def _of_usual_length(ratings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    lengths = [(len(rating["arousal"]), len(rating["valence"])) for rating in ratings]
    usual = max(sorted(set(lengths)), key=lengths.count)
    return [rating for rating, length in zip(ratings, lengths, strict=True) if length == usual and min(length)]


def _game(stem: str) -> str:
    # File names read series_console_game_piece.
    fields = stem.split("_", 3)
    return fields[2] if len(fields) == 4 else fields[0]

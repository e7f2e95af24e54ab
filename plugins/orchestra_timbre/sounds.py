"""Reads labelled one-shots: a folder with ``labels.csv`` and ``sounds/``, and the part that each source lies in."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from orchestra_core.errors import UsageError
from orchestra_timbre.descriptors import DESCRIPTORS

Split = Literal["train", "validation", "test"]
Part = Literal["oracle", "judge"]

_COLUMNS = ("file", "kind", "source", "split", *DESCRIPTORS)


@dataclass(frozen=True)
class Sound:
    """A labelled one-shot.

    Parameters
    ----------
    file : Path
        The recording.
    source : str
        What it was made from; sounds of one source never lie on both sides of a split.
    labels : tuple of float
        The seven descriptors, in points.
    split : {"train", "validation", "test"}
        Where its source lies.
    kind : str
        Such as ``real``, ``augmented`` or ``synthesised``.
    """

    file: Path
    source: str
    labels: tuple[float, ...]
    split: str = "train"
    kind: str = "real"


def read_sounds(folder: Path, table: str = "labels.csv") -> tuple[Sound, ...]:
    """Return the sounds of a folder, in the order of its table.

    Parameters
    ----------
    folder : Path
        Holds the table and the files that it names.
    table : str
        A CSV file with the columns file, source and the seven descriptors; kind and split where it has them.

    Returns
    -------
    tuple of Sound

    Raises
    ------
    UsageError
        The table is missing or not what it should be, or a file is missing.
    """
    path = folder / table
    try:
        with path.open(encoding="utf-8", newline="") as file:
            sounds = tuple(_sound(folder, row) for row in csv.DictReader(file))
    except FileNotFoundError as error:
        raise UsageError(f"{folder} holds no {table}; expected a table with the columns {', '.join(_COLUMNS)}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is not a table of labels ({error!r}); expected the columns {', '.join(_COLUMNS)}.") from error
    missing = [sound.file for sound in sounds if not sound.file.is_file()]
    if missing:
        raise UsageError(f"{path} names {len(missing)} files that are missing, such as {missing[0].name}.")
    return sounds


def of_split(sounds: Iterable[Sound], split: Split) -> tuple[Sound, ...]:
    """Return the sounds of a split."""
    return tuple(sound for sound in sounds if sound.split == split)


def of_part(sounds: Iterable[Sound], part: Part) -> tuple[Sound, ...]:
    """Return the sounds whose source lies in that part."""
    return tuple(sound for sound in sounds if part_of(sound.source) == part)


def part_of(source: str) -> Part:
    """Return which networks may learn from a source of the split ``train``.

    A third of the sources, by the SHA-256 of their names, belong to the judge. No oracle that designs sounds has heard them,
    so that the judge can mark its designs.

    Examples
    --------
    >>> part_of("sonicpi/bd_808")
    'judge'
    """
    return "judge" if int(hashlib.sha256(source.encode()).hexdigest(), 16) % 3 == 0 else "oracle"


def label_table(sounds: Sequence[Sound]) -> np.ndarray:
    """Return the labels in points, shape (sounds, 7), float64."""
    return np.array([sound.labels for sound in sounds], dtype=np.float64).reshape(-1, len(DESCRIPTORS))


def _sound(folder: Path, row: dict[str, str]) -> Sound:
    labels = tuple(float(row[name]) for name in DESCRIPTORS)
    return Sound(folder / row["file"], row["source"], labels, row.get("split") or "train", row.get("kind") or "real")

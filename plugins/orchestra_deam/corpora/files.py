"""What the readers share: tables read by column name, audio found anywhere under a folder, songs cut into windows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestra_core.errors import UsageError
from orchestra_deam.corpora.table import Clip

if TYPE_CHECKING:
    import pandas as pd

AUDIO_SUFFIXES = (".mp3", ".wav", ".flac", ".ogg")


def read_csv(path: Path, columns: Sequence[str], separator: str = ",") -> pd.DataFrame:
    """Read a table whose columns are found by name, blanks around names ignored.

    Parameters
    ----------
    path : Path
        A text table with a header.
    columns : sequence of str
        Names that must be there; others may be.
    separator : str
        Between fields.

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    UsageError
        The file cannot be read, or columns are missing.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path, sep=separator, skipinitialspace=True, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise UsageError(f"{path} could not be read as a table ({error}); expected columns {', '.join(columns)}.") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        found = ", ".join(list(frame.columns)[:8])
        raise UsageError(f"{path} has no column {missing[0]!r}; it has {found}, ...; expected {', '.join(columns)}.")
    return frame


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by column name."""
    return [dict(zip(map(str, frame.columns), row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def walk(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield every folder under a folder, itself first, with the names of its files, both sorted.

    What starts with a dot, and what archive programs of macOS leave behind, is passed over.
    """
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        yield Path(root), tuple(sorted(name for name in files if not name.startswith(".")))


def audio_files(folder: Path) -> dict[str, str]:
    """Return audio files by the last folder and stem of their name, such as ``rock/12``, relative to `folder`."""
    return {
        f"{root.name}/{Path(name).stem}": (root / name).relative_to(folder).as_posix()
        for root, names in walk(folder)
        for name in names
        if Path(name).suffix.lower() in AUDIO_SUFFIXES
    }


def tile(song: Clip, first: float, last: float, window: float) -> tuple[Clip, ...]:
    """Return windows of a song from `first` to `last` (s), side by side, all with the song's labels.

    A last window that would reach beyond `last` by less than a tenth of its length is kept: how long a recording is
    exactly, its preparation finds out.
    """
    count = int((last - first) / window + 0.1)
    return tuple(replace(song, start=first + index * window, duration=window) for index in range(count))

"""The folder of a prepared corpus: feature files, a journal that makes it resumable, and the tables made of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from orchestra_core import write_text
from orchestra_core.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    import pandas as pd

MANIFEST, TABLE, LEFT_OUT = "manifest.json", "clips.csv", "left_out.csv"
#: Of the table and the manifest.
FORMAT = 2
_SETTINGS, _JOURNAL, _FEATURES = "settings.json", "journal.jsonl", "features"


@dataclass(frozen=True)
class Entry:
    """A song that was prepared: a line of the journal.

    Parameters
    ----------
    song, variant : str
        The song, and which rendering of it; the variant is empty for recordings.
    version : str
        Of the notes: ``semitone`` (higher by one), ``parallel`` (in the parallel mode), or empty for as written.
    file : str
        The features, relative to the folder of each array: a row per window.
    sizes : dict
        Bytes of that file, by array.
    rate : int
        Rate in Hz of the audio that the features were computed of.
    starts, begins : tuple of float
        Start of each window as asked for, and as cut, in s.
    modes : tuple of float
        Mode of each window, where its notes are known.
    left_out : tuple of (float, str)
        Windows that could not be had, by start, and why.
    failure : str
        Why the song could not be prepared at all; empty if it was.
    """

    song: str
    variant: str
    version: str = ""
    file: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    rate: int = 0
    starts: tuple[float, ...] = ()
    begins: tuple[float, ...] = ()
    modes: tuple[float, ...] = ()
    left_out: tuple[tuple[float, str], ...] = ()
    failure: str = ""


class Store:
    """A folder of prepared features.

    Parameters
    ----------
    folder : Path
        Made if needed.
    settings : dict
        What the features depend on, as plain values.

    Raises
    ------
    ConfigurationError
        The folder holds features made with other settings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _SETTINGS
        if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != dict(settings):
            raise ConfigurationError(
                f"{folder} holds features made with {path.read_text(encoding='utf-8')}, not {json.dumps(dict(settings))}; "
                "use another folder."
            )
        write_text(path, json.dumps(dict(settings)))
        for leftover in folder.glob(f"{_FEATURES}/**/*.part"):
            leftover.unlink(missing_ok=True)

    def file_of(self, song: str, variant: str, version: str = "") -> str:
        """Return the name of the files with the features of a song, relative to the folder of each array."""
        safe = re.sub(r"[^\w.-]", "_", song)
        if safe != song:  # two names may become one
            safe += "-" + hashlib.sha256(song.encode()).hexdigest()[:8]
        return f"{'-'.join(part for part in (variant or 'recording', version) if part)}/{safe}.npy"

    def writer(self, file: str) -> FeatureWriter:
        """Return what writes the features of a song."""
        return FeatureWriter(self.folder / _FEATURES, file)

    def entries(self) -> dict[tuple[str, str, str], Entry]:
        """Return the songs that are prepared, their files whole, by song, variant and version."""
        path = self.folder / _JOURNAL
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        entries = [entry for line in lines if (entry := _entry(line)) is not None]
        return {(entry.song, entry.variant, entry.version): entry for entry in entries if self._whole(entry)}

    def journal(self) -> Journal:
        """Return the journal, to write entries to as they are made."""
        return Journal(self.folder / _JOURNAL)

    def _whole(self, entry: Entry) -> bool:
        if entry.failure:
            return False
        if not entry.file:
            return bool(entry.left_out)
        paths = {self.folder / _FEATURES / array / entry.file: size for array, size in entry.sizes.items()}
        return bool(paths) and all(path.is_file() and path.stat().st_size == size for path, size in paths.items())


class Journal:
    """Appends entries to the journal, a line each, flushed at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Journal:
        # A line that a killed process left unfinished must not swallow the next one.
        torn = self._path.is_file() and not self._path.read_bytes().endswith(b"\n")
        self._file = self._path.open("a", encoding="utf-8", newline="\n")
        if torn:
            self._file.write("\n")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, entry: Entry) -> None:
        """Write an entry."""
        if self._file is not None:
            self._file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
            self._file.flush()


class FeatureWriter:
    """Writes the features of a song: an array each for what a front end gives, row by row.

    Parameters
    ----------
    folder : Path
        Of all features; each array has its own folder in it.
    file : str
        Name of the files, relative to those.
    """

    def __init__(self, folder: Path, file: str) -> None:
        self.folder, self.file = folder, file
        self._writers: dict[str, ArrayWriter] = {}

    def append(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Append rows, shape (n, ...) each."""
        for name, rows in arrays.items():
            if name not in self._writers:
                self._writers[name] = ArrayWriter(self.folder / name / self.file)
            self._writers[name].append(rows)

    def close(self) -> dict[str, int]:
        """Complete the files and return their sizes in bytes by array."""
        return {name: writer.close() for name, writer in self._writers.items()}

    def abandon(self) -> None:
        """Leave nothing behind."""
        for writer in self._writers.values():
            writer.abandon()


class ArrayWriter:
    """Writes an ``.npy`` file row by row, in bounded memory; it appears when it is complete.

    Parameters
    ----------
    path : Path
        The file; its folder is made if needed.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part = path.with_suffix(".part")
        self._file: IO[bytes] | None = None
        self._row: tuple[int, ...] = ()
        self._dtype = np.dtype(np.float16)

    def append(self, rows: np.ndarray) -> None:
        """Append rows, shape (n, ...)."""
        if self._file is None:
            self._file, self._row, self._dtype = self._part.open("w+b"), rows.shape[1:], rows.dtype
            self._header()
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).data)
        self.rows += len(rows)

    def close(self) -> int:
        """Complete the file and return its size in bytes; without rows there is none, and the size is 0."""
        if self._file is None:
            return 0
        self._header()
        size = self._file.seek(0, 2)
        self._file.close()
        self._part.replace(self.path)
        return size

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def _header(self) -> None:
        # numpy leaves room in the header for the first axis to grow, so that its length stays the same.
        if self._file is not None:
            self._file.seek(0)
            header = {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self.rows, *self._row),
            }
            np.lib.format.write_array_header_1_0(self._file, header)


@dataclass(frozen=True)
class PreparedCorpus:
    """A prepared corpus: its manifest, its table of clips, and their features.

    Parameters
    ----------
    folder : Path
        Where it lies.
    manifest : dict
        What it is and how it was made.
    clips : pd.DataFrame
        A row per prepared clip: the columns of the common table, ``scale``, ``variant``, ``version``, ``mode``, ``begin``
        (s, as cut), ``file`` and ``row``: where its features lie.
    """

    folder: Path
    manifest: Mapping[str, Any]
    clips: pd.DataFrame

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that there are of each clip."""
        return tuple(self.manifest["arrays"])

    def load(self, file: str, array: str) -> np.ndarray:
        """Return an array of the clips in a file, a row per window, memory-mapped.

        Raises
        ------
        UsageError
            The file is missing or damaged.
        """
        path = self.folder / _FEATURES / array / file
        try:
            features: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UsageError(f"Features {path} are damaged ({error}); delete the file, prepare again.") from error
        return features

    def features(self, rows: Sequence[int]) -> dict[str, np.ndarray]:
        """Return the arrays of clips, by their position in `clips`, shape (clips, ...) each, float32."""
        chosen = self.clips.iloc[list(rows)]
        places = list(zip(chosen["file"], chosen["row"], strict=True))
        return {name: np.stack([self.load(file, name)[row] for file, row in places]).astype(np.float32) for name in self.arrays}


def open_prepared(folder: Path) -> PreparedCorpus:
    """Return the prepared corpus in a folder.

    Raises
    ------
    UsageError
        There is none, its preparation did not end, or another version of orchestra wrote it.
    """
    import pandas as pd

    missing = [name for name in (MANIFEST, TABLE) if not (folder / name).is_file()]
    if missing:
        raise UsageError(f"{folder} holds no prepared corpus: {missing[0]} is missing; run `orchestra deam prepare` to its end.")
    text = {"corpus": str, "song": str, "group": str, "stratum": str, "source": str, "variant": str, "version": str, "file": str}
    clips = pd.read_csv(
        folder / TABLE, dtype=text, keep_default_na=False, na_values={"arousal_variance": "", "valence_variance": ""}
    )
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise UsageError(
            f"{folder} was written by another version of orchestra: format {manifest.get('format')}, expected {FORMAT}; run "
            "`orchestra deam prepare` on it again, which computes only what is missing."
        )
    return PreparedCorpus(folder, manifest, clips)


def _entry(line: str) -> Entry | None:
    try:
        content = json.loads(line)
        left_out = tuple((float(start), str(reason)) for start, reason in content["left_out"])
        modes = content.get("modes") or [0.0] * len(content["starts"])
        lists = {"starts": tuple(content["starts"]), "begins": tuple(content["begins"]), "modes": tuple(modes)}
        return Entry(**{**content, **lists, "left_out": left_out})
    except (ValueError, KeyError, TypeError):  # the last line of a killed process
        return None

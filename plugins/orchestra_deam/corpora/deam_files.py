"""Finds the files of a DEAM download, whatever its nesting, and says what is missing and where to get it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from orchestra_deam.corpora.files import AUDIO_SUFFIXES, walk

HOME = "https://cvml.unige.ch/databases/DEAM/"
AUDIO_ARCHIVE, LABEL_ARCHIVE = "DEAM_audio.zip", "DEAM_Annotations.zip"
DYNAMIC_FOLDER = "annotations averaged per song/dynamic (per second annotations)"
STATIC_FOLDER = "annotations averaged per song/song_level"
STATIC_FILES = ("static_annotations_averaged_songs_1_2000.csv", "static_annotations_averaged_songs_2000_2058.csv")
#: Songs in the complete data set.
SONGS = 1802

_AUDIO_FOLDER = "MEMD_audio"


@dataclass(frozen=True)
class DeamFiles:
    """The files of a DEAM download.

    Parameters
    ----------
    folder : Path
        Where they were searched.
    dynamic : dict
        ``arousal`` and ``valence``: tables of ratings at 2 Hz.
    static : dict
        Tables of ratings of whole songs, by file name.
    audio : dict
        Audio file by song number.
    empty : tuple of int
        Songs whose audio file has no bytes.
    archives : tuple of str
        Names of archives of DEAM that lie there.
    """

    folder: Path
    dynamic: Mapping[str, Path] = field(default_factory=dict)
    static: Mapping[str, Path] = field(default_factory=dict)
    audio: Mapping[int, Path] = field(default_factory=dict)
    empty: tuple[int, ...] = ()
    archives: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is anything of DEAM."""
        named = any(path.parent.name == _AUDIO_FOLDER for path in self.audio.values())
        return bool(self.dynamic or self.static or self.archives or named)


@dataclass(frozen=True)
class Lack:
    """Something that a download lacks.

    Parameters
    ----------
    kind : {"labels", "audio"}
        What it is.
    what : str
        In words.
    remedy : str
        How to get it.
    vital : bool
        Whether nothing can be prepared without it.
    """

    kind: Literal["labels", "audio"]
    what: str
    remedy: str
    vital: bool = True


def find_deam(folder: Path) -> DeamFiles:
    """Search a folder and everything under it for the files of DEAM.

    Tables are known by their names and their folders' names, audio by a number for a name; where several folders hold
    numbered audio, ``MEMD_audio`` counts, else the fullest.

    Parameters
    ----------
    folder : Path
        Any folder above the files.

    Returns
    -------
    DeamFiles
    """
    dynamic: dict[str, Path] = {}
    static: dict[str, Path] = {}
    archives: list[str] = []
    audio: dict[Path, dict[int, Path]] = {}
    for root, names in walk(folder):
        if "each rater" in root.as_posix():
            continue
        if "dynamic" in root.name or {"arousal.csv", "valence.csv"} <= set(names):
            dynamic |= {name[:-4]: root / name for name in names if name in ("arousal.csv", "valence.csv")}
        static |= {name: root / name for name in names if name in STATIC_FILES}
        archives += [name for name in names if name in (AUDIO_ARCHIVE, LABEL_ARCHIVE)]
        audio[root] = _numbered(root, names)
    fullest = max(audio, key=lambda root: (root.name == _AUDIO_FOLDER and bool(audio[root]), len(audio[root])), default=folder)
    songs = audio.get(fullest, {})
    empty = tuple(song for song, path in songs.items() if path.stat().st_size == 0)
    return DeamFiles(folder, dynamic, static, songs, empty, tuple(archives))


def lacks_of(
    files: DeamFiles, rated: Iterable[int], *, dynamic: bool = True, only_static: Iterable[int] = ()
) -> tuple[Lack, ...]:
    """Return what a download lacks.

    Parameters
    ----------
    files : DeamFiles
        What is there.
    rated : iterable of int
        Songs that have labels of the wanted kind.
    dynamic : bool
        Whether dynamic labels are wanted.
    only_static : iterable of int
        Songs that have static labels and should have dynamic ones.

    Returns
    -------
    tuple of Lack
        In the order in which to mend them; empty if all is there.
    """
    labels = _missing_labels(files, dynamic)
    if without := sorted(only_static):
        what = f"the ratings at 2 Hz of {len(without):,} songs that have ratings of the whole song: {ranges(without)}"
        remedy = f"{_remedy(files, LABEL_ARCHIVE)}, or use --labels static"
        labels = (*labels, Lack("labels", what, remedy, vital=False))
    return (*labels, *_missing_audio(files, sorted(rated)))


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers in words, runs drawn together: ``2, 5..9, 12``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}..{last}" for first, last in runs)


def _numbered(root: Path, names: Iterable[str]) -> dict[int, Path]:
    paths = [root / name for name in names]
    return {int(path.stem): path for path in paths if path.suffix.lower() in AUDIO_SUFFIXES and path.stem.isdecimal()}


def _missing_labels(files: DeamFiles, dynamic: bool) -> tuple[Lack, ...]:
    remedy = _remedy(files, LABEL_ARCHIVE)
    lacks = []
    for name in ("arousal", "valence"):
        if name not in files.dynamic:
            lacks.append(Lack("labels", f"{DYNAMIC_FOLDER}/{name}.csv (ratings at 2 Hz)", remedy, vital=dynamic))
    for name in STATIC_FILES:
        if name not in files.static:
            lacks.append(Lack("labels", f"{STATIC_FOLDER}/{name} (ratings of whole songs)", remedy, vital=not dynamic))
    return tuple(lacks)


def _missing_audio(files: DeamFiles, rated: list[int]) -> tuple[Lack, ...]:
    remedy = _remedy(files, AUDIO_ARCHIVE)
    if not files.audio:
        return (Lack("audio", f"{_AUDIO_FOLDER}/<number>.mp3: the audio of {len(rated) or SONGS:,} songs", remedy),)
    missing = [song for song in rated if song not in files.audio]
    lacks = []
    if missing:
        what = f"the audio of {len(missing):,} of {len(rated):,} rated songs: {ranges(missing)}"
        lacks.append(Lack("audio", what, remedy, vital=False))
    if files.empty:
        what = f"content in {len(files.empty):,} audio files of 0 bytes: {ranges(files.empty)}"
        lacks.append(Lack("audio", what, remedy, vital=False))
    return tuple(lacks)


def _remedy(files: DeamFiles, archive: str) -> str:
    if archive in files.archives:
        return f"{archive} lies there: unpack it"
    return f"download {archive} from {HOME} and unpack it under {files.folder}"

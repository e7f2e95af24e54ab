"""Reads the Freesound One-Shot Percussive Sounds, as downloaded with mirdata."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestra_core.errors import UsageError
from orchestra_timbre.descriptors import DESCRIPTORS
from orchestra_timbre.sounds import Sound, Split

#: Name of the loader in mirdata.
LOADER = "freesound_one_shot_percussive_sounds"
_AUDIO, _ANALYSIS = "one_shot_percussive_sounds", "analysis"


def is_freesound(folder: Path) -> bool:
    """Return whether a folder has the layout of the set: ``one_shot_percussive_sounds/`` and ``analysis/``."""
    return (folder / _AUDIO).is_dir() and (folder / _ANALYSIS).is_dir()


def read_freesound(folder: Path) -> tuple[Sound, ...]:
    """Return the labelled sounds of the set, sorted by file.

    The source of a sound is the person who uploaded it, since packs of one uploader are alike; eight tenths of the sources, by
    the SHA-256 of their names, are to learn from, one tenth is for validation and one for the test. Sounds for which the
    extractor gave no label are left out.

    Parameters
    ----------
    folder : Path
        Where mirdata downloaded the set: its ``data_home``.

    Returns
    -------
    tuple of Sound

    Raises
    ------
    UsageError
        mirdata is not installed or cannot read the folder.

    References
    ----------
    .. [1] A. Ramires et al. (2020): Neural Percussive Synthesis Parameterised by High-Level Timbral Features. ICASSP.
    """
    try:
        import mirdata
    except ImportError as error:
        raise UsageError(
            f"Reading {folder} needs mirdata, which is not installed: pip install mirdata; then download the set with "
            f"mirdata.initialize({LOADER!r}, data_home=...).download()."
        ) from error
    try:
        tracks: Mapping[str, Any] = mirdata.initialize(LOADER, data_home=str(folder)).load_tracks()
        sounds = [_sound(track) for track in tracks.values()]
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(
            f"mirdata could not read {folder} ({error}); expected the set {LOADER} as mirdata downloads it."
        ) from error
    return tuple(sorted((sound for sound in sounds if sound is not None), key=lambda sound: sound.file.name))


def split_of(source: str) -> Split:
    """Return the split that a source of the set lies in."""
    tenth = int(hashlib.sha256(f"split {source}".encode()).hexdigest(), 16) % 10
    return {0: "validation", 1: "test"}.get(tenth, "train")  # type: ignore[return-value]


def _sound(track: Any) -> Sound | None:
    analysis = json.loads(Path(track.file_metadata_path).read_text(encoding="utf-8"))
    values = [analysis.get(name) for name in DESCRIPTORS]
    if any(value is None for value in values):
        return None
    source = f"freesound/{track.username}"
    return Sound(Path(track.audio_path), source, tuple(float(value) for value in values), split_of(source))

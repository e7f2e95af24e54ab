"""Reads Eerola, Friberg and Bresin 2013: 200 settings of six musical cues with mean ratings of four emotions; no audio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestra_core.errors import UsageError
from orchestra_deam.corpora.files import read_csv, records
from orchestra_deam.corpora.table import Clip, Corpus, CorpusCard

CARD = CorpusCard(
    name="eerola2013",
    title="Emotional expression in music: contribution, linearity, and additivity of primary musical cues (Eerola et al. 2013)",
    scale="eerola2013",
    emotion="perceived",
    units="halved differences of mean ratings 1..7 of four emotions: proxies in [-6, 6]",
    license="CC0",
    citation="T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity "
    "of primary musical cues. Frontiers in Psychology 4:487.",
    home="https://doi.org/10.3389/fpsyg.2013.00487",
)
#: The levels of the cues, as played. Register: mean pitch (MIDI). Tempo: notes per second. Level: dB. Articulation: sounding
#: share of the time from one onset to the next.
LEVELS: Mapping[str, tuple[float | str, ...]] = {
    "register": (53.0, 59.0, 65.0, 71.0, 77.0, 83.0),
    "mode": ("major", "minor"),
    "tempo": (1.2, 2.0, 2.8, 4.4, 6.0),
    "level": (-10.0, -5.0, 0.0, 5.0, 10.0),
    "articulation": (1.0, 0.75, 0.5, 0.25),
    "timbre": ("trumpet", "flute", "horn"),
    "melody": ("sad", "happy", "scary", "peaceful"),
}
_COLUMNS = dict(zip(LEVELS, ("Register", "Mode", "Tempo", "Soundlevel", "Articulation", "Timbre", "Melody"), strict=True))
_EMOTIONS = ("Scary", "Happy", "Sad", "Peaceful")


@dataclass(frozen=True)
class CueSetting:
    """A setting of the cues and its mean ratings.

    Parameters
    ----------
    number : int
        Number in the publication.
    register : float
        Mean pitch, MIDI number.
    mode : {"major", "minor"}
        Mode.
    tempo : float
        Notes per second.
    level : float
        Sound level in dB from the middle one.
    articulation : float, in (0, 1]
        Sounding share of the time from one onset to the next.
    timbre : {"trumpet", "flute", "horn"}
        Sampled instrument.
    melody : {"sad", "happy", "scary", "peaceful"}
        The melody, named after the emotion it was written for.
    scary, happy, sad, peaceful : float, in [1, 7]
        Mean ratings.
    """

    number: int
    register: float
    mode: str
    tempo: float
    level: float
    articulation: float
    timbre: str
    melody: str
    scary: float
    happy: float
    sad: float
    peaceful: float

    @property
    def arousal(self) -> float:
        """Half of happy and scary minus sad and peaceful: a proxy, in [-6, 6]."""
        return (self.happy + self.scary - self.sad - self.peaceful) / 2

    @property
    def valence(self) -> float:
        """Half of happy and peaceful minus sad and scary: a proxy, in [-6, 6]."""
        return (self.happy + self.peaceful - self.sad - self.scary) / 2


def read_settings(folder: Path) -> tuple[CueSetting, ...]:
    """Return the settings, by number.

    Parameters
    ----------
    folder : Path
        Holds ``design_matrix.tab`` and ``mean_emotion_ratings.tab``, tables with tabs between fields.

    Returns
    -------
    tuple of CueSetting

    Raises
    ------
    UsageError
        A file is missing, lacks a column, names a level that does not exist, or the two do not have the same settings.

    References
    ----------
    .. [1] T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity
       of primary musical cues. Frontiers in Psychology 4:487.
    """
    design = read_csv(folder / "design_matrix.tab", ("Nro", *_COLUMNS.values()), "\t")
    ratings = read_csv(folder / "mean_emotion_ratings.tab", ("Nro", *_EMOTIONS), "\t")
    if sorted(design["Nro"]) != sorted(ratings["Nro"]) or not design["Nro"].is_unique:
        raise UsageError(
            f"{folder}: the design has {len(design)} settings and the ratings {len(ratings)}; expected the same, each once."
        )
    return tuple(_setting(row) for row in records(design.merge(ratings, on="Nro").sort_values("Nro")))


def read_eerola(folder: Path) -> Corpus:
    """Return the settings as clips without audio, in groups by melody; raises as `read_settings`."""
    return Corpus(CARD, folder, tuple(_clip(setting) for setting in read_settings(folder)))


def _setting(row: Mapping[str, Any]) -> CueSetting:
    number = int(row["Nro"])
    levels: dict[str, Any] = {cue: _level(number, cue, int(row[column])) for cue, column in _COLUMNS.items()}
    ratings: dict[str, Any] = {name.lower(): float(row[name]) for name in _EMOTIONS}
    return CueSetting(number=number, **levels, **ratings)


def _level(number: int, cue: str, level: int) -> float | str:
    if not 1 <= level <= len(LEVELS[cue]):
        raise UsageError(f"Setting {number} has level {level} of {cue}; expected 1..{len(LEVELS[cue])}.")
    return LEVELS[cue][level - 1]


def _clip(setting: CueSetting) -> Clip:
    return Clip(
        corpus=CARD.name,
        song=f"setting_{setting.number:03d}",
        group=setting.melody,
        stratum=setting.melody,
        start=0.0,
        duration=0.0,
        arousal=setting.arousal,
        valence=setting.valence,
        raters=46,
    )

"""The 200 cue settings of Eerola, Friberg and Bresin (2013) on melodies of this project, and what follows which cue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pandas as pd

from orchestra_core import Note, Score
from orchestra_deam.corpora.eerola import CueSetting
from trust.modes import MAJOR, NATURAL_MINOR
from trust.sounds import Excerpt, Sound

#: Sounds of the three timbres: General MIDI programs, and settings of the default piano that stand in for them.
SOUNDS = {
    "trumpet": Sound(56, (("brightness", -5.0), ("attack", 0.02), ("sustain", 0.85), ("partial_decay", 0.1))),
    "flute": Sound(73, (("brightness", -20.0), ("attack", 0.06), ("sustain", 0.85), ("partial_decay", 0.1))),
    "horn": Sound(60, (("brightness", -12.0), ("attack", 0.09), ("sustain", 0.85), ("partial_decay", 0.1))),
}
#: Cues of the regressions, in the order of their tables.
CUES = ("mode", "register", "density", "level", "staccato", "trumpet", "horn")


@dataclass(frozen=True)
class Melody:
    """A melody: degrees of the scale (from 0) with lengths in beats that come round, and chords (degree of the root, beats)."""

    name: str
    line: tuple[tuple[int, ...], tuple[float, ...]]
    chords: tuple[tuple[int, float], ...] = ()

    @property
    def notes(self) -> tuple[tuple[int, float], ...]:
        """Degree and length in beats of each note."""
        return tuple(zip(self.line[0], cycle(self.line[1]), strict=False))


MELODIES = (
    Melody("arch", ((0, 2, 4, 5, 4, 2, 3, 1, 2, 0, 5, 4, 2, 1, 2, 0), (1.0,) * 4)),
    Melody("dotted", ((4, 4, 2, 0, 2, 5, 4, 2, 1, 2, 3, 5, 4, 2, 1, 0), (1.5, 0.5, 1.0, 1.0))),
    Melody(
        "song", ((2, 1, 0, 2, 5, 5, 4, 2, 3, 2, 1, 4, 2, 1, 0, 0), (1.0, 0.5, 0.5, 2.0)), ((0, 4.0), (5, 4.0), (3, 4.0), (0, 4.0))
    ),
    Melody(
        "dance",
        ((0, 2, 4, 2, 5, 3, 4, 2, 4, 2, 1, 6, 0, 2, 0, 0), (0.75, 0.25, 1.0, 1.0)),
        ((0, 3.0), (3, 3.0), (4, 3.0), (0, 3.0)),
    ),
)


def excerpt(melody: Melody, setting: CueSetting, duration: float) -> Excerpt:
    """Return a melody, played over and over, as a setting has it.

    Mode: 3rd, 6th and 7th degree of major or natural minor. Register: the mean pitch of the melody's notes. Tempo: notes of the
    melody per second. Articulation: the sounding share of each note. Timbre: the sound. The level is a gain, applied later.
    """
    scale = MAJOR if setting.mode == "major" else NATURAL_MINOR
    beats = sum(length for _, length in melody.notes)
    beat = len(melody.notes) / beats / setting.tempo
    # The mean of the major form, so that both modes of a setting stand on the same tonic.
    tonic = round(setting.register - np.mean([_pitch(MAJOR, degree) for degree, _ in melody.notes]))
    notes = []
    for turn in range(int(np.ceil(duration / (beats * beat)))):
        begin = turn * beats * beat
        notes += _line(melody.notes, tonic, scale, begin, beat, setting.articulation, 0.7)
        for third in (0, 2, 4) if melody.chords else ():
            chords = tuple((root + third - 7, length) for root, length in melody.chords)
            notes += _line(chords, tonic, scale, begin, beat, setting.articulation, 0.5)
    return Excerpt(Score(tuple(n for n in notes if n.onset < duration)), 0.0, SOUNDS[setting.timbre])


def gains(settings: Sequence[CueSetting]) -> np.ndarray:
    """Return the factor of each setting's level, shape (settings, 1), float32."""
    return np.float32([[10 ** (setting.level / 20)] for setting in settings])


def cue_table(settings: Sequence[CueSetting]) -> pd.DataFrame:
    """Return the cues of the settings as numbers, a row each, with the columns `CUES`."""
    rows = [
        {
            "mode": float(s.mode == "major"),
            "register": s.register / 6,
            "density": np.log2(s.tempo),
            "level": s.level,
            "staccato": 1 - s.articulation,
            "trumpet": float(s.timbre == "trumpet"),
            "horn": float(s.timbre == "horn"),
        }
        for s in settings
    ]
    return pd.DataFrame(rows, columns=CUES)


def slopes(cues: pd.DataFrame, response: np.ndarray, groups: np.ndarray) -> pd.Series:
    """Return standardised slopes of a response on the cues, within groups.

    Cues and response are taken as deviations from the mean of their group, and divided by their standard deviation: the slopes
    are those of a multiple regression, in SD of the response per SD of the cue.
    """
    frame = cues.assign(response=response)
    centred = frame - frame.groupby(groups).transform("mean")
    scaled = centred / centred.std(ddof=0)
    solution, *_ = np.linalg.lstsq(scaled[cues.columns].to_numpy(), scaled["response"].to_numpy(), rcond=None)
    return pd.Series(solution, index=cues.columns)


def within_r(first: np.ndarray, second: np.ndarray, groups: np.ndarray) -> float:
    """Return the mean over groups of the correlation within the group."""
    names = np.unique(groups)
    return float(np.mean([np.corrcoef(first[groups == name], second[groups == name])[0, 1] for name in names]))


def _line(
    notes: Sequence[tuple[int, float]], tonic: int, scale: Sequence[int], begin: float, beat: float, share: float, velocity: float
) -> list[Note]:
    line, now = [], begin
    for degree, length in notes:
        line.append(Note(float(tonic + _pitch(scale, degree)), now, max(length * beat * share, 0.02), velocity))
        now += length * beat
    return line


def _pitch(scale: Sequence[int], degree: int) -> int:
    octave, step = divmod(degree, 7)
    return 12 * octave + scale[step]

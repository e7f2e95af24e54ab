"""The three measurements: how readings move, whether they hear mode, and which cues they follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from orchestra_core import Score
from orchestra_core.io.midi import read_midi
from orchestra_deam.corpora.eerola import CueSetting, read_settings
from orchestra_deam.corpora.partition import read_partition
from orchestra_deam.corpora.vgmidi import read_vgmidi_corpus
from trust.cues import MELODIES, cue_table, excerpt, gains, slopes, within_r
from trust.ear import DIMENSIONS, Ear
from trust.modes import Pair, changed_pairs, simple_pairs
from trust.sounds import Excerpt, Sounds, reverberated, through_mp3

#: Rate of files that people have, and rate that pieces are optimised at.
FILE_RATE, RATE = 44_100, 22_050
#: Semitones and seconds.
_TRANSPOSITION, _SHIFT = 1, 0.05
#: Melodies are heard for so many clips.
_CUE_CLIPS = 2


@dataclass(frozen=True)
class HeldOut:
    """Rated pieces that no shipped oracle has learnt from: names, scores and labels (pieces, 2)."""

    names: tuple[str, ...]
    scores: tuple[Score, ...]
    labels: np.ndarray


def held_out(data: Path, part: str = "judges") -> HeldOut:
    """Return the pieces of a part of VGMIDI's partition by game, in the folder ``vgmidi`` of the data."""
    folder = data / "vgmidi"
    partition = read_partition("vgmidi")
    clips = [clip for clip in read_vgmidi_corpus(folder).clips if partition[clip.group] == part]
    labels = np.array([(clip.arousal, clip.valence) for clip in clips])
    return HeldOut(tuple(clip.song for clip in clips), tuple(read_midi(folder / clip.source) for clip in clips), labels)


@dataclass(frozen=True)
class Stability:
    """Absolute changes of readings in label SD by change of the sound, each (clips, 2), and the readings as they are."""

    changes: Mapping[str, np.ndarray]
    plain: np.ndarray
    correlation: np.ndarray

    def table(self) -> pd.DataFrame:
        """Return median and 95th percentile by change and dimension."""
        rows = {}
        for name, change in self.changes.items():
            marks = {"median": np.median(change, axis=0), "95 %": np.percentile(change, 95, axis=0)}
            rows[name] = {(d, mark): values[i] for i, d in enumerate(DIMENSIONS) for mark, values in marks.items()}
        return pd.DataFrame.from_dict(rows, orient="index")


def stability(ear: Ear, pieces: HeldOut, sounds: Sounds, per_piece: int = 2) -> Stability:
    """Measure how readings of held-out pieces move when their sound changes in ways that do not change their emotion."""
    excerpts = [
        Excerpt(score, float(place) * max(score.end - ear.duration - 1.0, 0.0))
        for score in pieces.scores
        for place in np.linspace(0, 1, per_piece + 2)[1:-1]
    ]
    plain_clips = _played(ear, sounds, excerpts)
    plain = ear.read(plain_clips, FILE_RATE)
    changes = {name: np.abs(ear.read(clips, rate) - plain) for name, clips, rate in _changed(ear, sounds, excerpts, plain_clips)}
    by_piece = plain.reshape(len(pieces.names), per_piece, 2).mean(axis=1)
    correlation = np.array([np.corrcoef(by_piece[:, i], pieces.labels[:, i])[0, 1] for i in range(2)])
    return Stability(changes, plain, correlation)


@dataclass(frozen=True)
class Modes:
    """Readings of parallel pairs in label SD, each (pairs, 2): major, minor, and both a semitone higher."""

    pairs: Sequence[Pair]
    readings: Mapping[str, np.ndarray]

    def difference(self, dimension: int = 1) -> np.ndarray:
        """Return major minus minor."""
        difference: np.ndarray = (self.readings["major"] - self.readings["minor"])[:, dimension]
        return difference

    def shift(self, dimension: int = 1) -> np.ndarray:
        """Return the absolute shifts of both forms under one semitone of transposition."""
        forms = [np.abs(self.readings[f"{form} up"] - self.readings[form])[:, dimension] for form in ("major", "minor")]
        return np.concatenate(forms)

    def marks(self, keep: Callable[[Pair], bool] = lambda pair: True) -> dict[str, float]:
        """Return how many pairs there are, the share read higher in major, the mean difference, and its ratio to the shift."""
        chosen = np.array([keep(pair) for pair in self.pairs])
        difference = self.difference()[chosen]
        shift = float(np.median(self.shift()[np.tile(chosen, 2)]))
        mean = float(difference.mean())
        return {
            "pairs": len(difference),
            "share": float((difference > 0).mean()),
            "mean": mean,
            "shift": shift,
            "ratio": mean / shift,
        }


def modes(ear: Ear, pieces: HeldOut, sounds: Sounds, renderer: str = "piano") -> Modes:
    """Measure whether parallel major is read above minor, on simple pieces by rule and on held-out pieces."""
    real = changed_pairs(list(zip(pieces.names, pieces.scores, strict=True)), ear.duration)
    pairs = [*simple_pairs(duration=ear.duration), *real]
    forms = {"major": [pair.major for pair in pairs], "minor": [pair.minor for pair in pairs]}
    forms |= {f"{name} up": [one.transposed(_TRANSPOSITION) for one in excerpts] for name, excerpts in forms.items()}
    readings = {name: ear.read(sounds.clips(e, ear.duration, RATE, renderer), RATE) for name, e in forms.items()}
    return Modes(pairs, readings)


@dataclass(frozen=True)
class Cues:
    """Readings of the cue settings in label SD, (melodies, settings, 2), beside the ratings (settings, 2)."""

    settings: Sequence[CueSetting]
    readings: np.ndarray
    ratings: np.ndarray

    @property
    def groups(self) -> np.ndarray:
        """The original melody of each setting: ratings are compared within it, because these melodies are others."""
        return np.array([setting.melody for setting in self.settings])

    def correlation(self, dimension: int) -> np.ndarray:
        """Return for each melody the mean r of readings and ratings within the original melodies."""
        return np.array([within_r(one[:, dimension], self.ratings[:, dimension], self.groups) for one in self.readings])

    def slopes(self, dimension: int) -> pd.Series:
        """Return the standardised slopes of the readings on the cues, averaged over melodies."""
        cues = cue_table(self.settings)
        each = [slopes(cues, one[:, dimension], self.groups) for one in self.readings]
        return pd.concat(each, axis=1).mean(axis=1)

    def human_slopes(self, dimension: int) -> pd.Series:
        """Return the standardised slopes of the ratings on the cues."""
        return slopes(cue_table(self.settings), self.ratings[:, dimension], self.groups)

    def spread(self, dimension: int) -> float:
        """Return the mean standard deviation of the readings over the settings, in label SD."""
        return float(self.readings[:, :, dimension].std(axis=1).mean())


def cues(ear: Ear, data: Path, sounds: Sounds, renderer: str = "piano", melodies: int = len(MELODIES)) -> Cues:
    """Measure what the oracle makes of the 200 cue settings, on the first so many melodies."""
    settings = read_settings(data / "eerola2013")
    duration, factors = _CUE_CLIPS * ear.duration, gains(settings)
    readings = []
    for melody in MELODIES[:melodies]:
        clips = sounds.clips([excerpt(melody, setting, duration) for setting in settings], duration, RATE, renderer)
        readings.append(ear.read(clips * factors, RATE))
    return Cues(settings, np.stack(readings), np.array([(setting.arousal, setting.valence) for setting in settings]))


def _changed(ear: Ear, sounds: Sounds, excerpts: list[Excerpt], plain: np.ndarray) -> list[tuple[str, np.ndarray, int]]:
    up, down = ([one.transposed(step) for one in excerpts] for step in (_TRANSPOSITION, -_TRANSPOSITION))
    changed = [
        ("12 dB louder", plain * 10 ** (12 / 20), FILE_RATE),
        ("12 dB softer", plain * 10 ** (-12 / 20), FILE_RATE),
        ("a semitone higher, played anew", _played(ear, sounds, up), FILE_RATE),
        ("a semitone lower, played anew", _played(ear, sounds, down), FILE_RATE),
        ("50 ms later in the piece", _played(ear, sounds, [one.shifted(_SHIFT) for one in excerpts]), FILE_RATE),
        ("light reverberation (0.4 s, -12 dB)", reverberated(plain, FILE_RATE), FILE_RATE),
        ("MP3 at 64 kbit/s", through_mp3(plain, FILE_RATE), FILE_RATE),
        ("played at 22.05 kHz instead of 44.1", sounds.clips(excerpts, ear.duration, RATE), RATE),
    ]
    if not sounds.missing:
        changed.append(("FluidSynth's grand piano", _played(ear, sounds, excerpts, "fluidsynth"), FILE_RATE))
    return [(name, np.asarray(clips, np.float32), rate) for name, clips, rate in changed]


def _played(ear: Ear, sounds: Sounds, excerpts: list[Excerpt], renderer: str = "piano") -> np.ndarray:
    return sounds.clips(excerpts, ear.duration, FILE_RATE, renderer)

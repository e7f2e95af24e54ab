"""Acoustic and musical cues of a piece, and the sign that the literature expects of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from orchestra_battery.keys import major_evidence
from orchestra_core import Note, Performance, Score

JUSLIN = "Juslin and Laukka (2003)"
EEROLA = "Eerola et al. (2013)"
BOTH = f"{JUSLIN}; {EEROLA}"

# Notes that begin within this many seconds of each other begin together: as they do for listeners (Goebl, 2001).
_TOGETHER = 0.03
_FRAME, _HOP = 2048, 512
_ENVELOPE_HOP = 0.005
_ATTACK_WINDOW = 0.2
_SILENCE_DB = -120.0


@dataclass(frozen=True)
class Cue:
    """A cue.

    Parameters
    ----------
    name : str
        Such as ``onset_rate``.
    unit : str
        Its unit.
    description : str
        What it is.
    rises : mapping of str to str
        Dimensions with which the literature has it rise, and who says so.
    falls : mapping of str to str
        Dimensions with which it falls.
    """

    name: str
    unit: str
    description: str
    rises: Mapping[str, str] = field(default_factory=dict)
    falls: Mapping[str, str] = field(default_factory=dict)

    def expected(self, dimension: str) -> int:
        """Return the sign that the literature has for a dimension: 1, -1, or 0 where it has none."""
        return int(dimension in self.rises) - int(dimension in self.falls)

    def source(self, dimension: str) -> str:
        """Return who says so."""
        return self.rises.get(dimension, "") or self.falls.get(dimension, "")


CUES: tuple[Cue, ...] = (
    Cue("onset_rate", "log2 1/s", "Binary logarithm of onsets per second", {"arousal": BOTH}),
    Cue("mode", "1", "Fit to the best major key less that to the best minor key", {"valence": EEROLA}),
    Cue("register", "MIDI", "Mean pitch, weighted by duration", {"valence": EEROLA}),
    Cue("level", "dB", "RMS level re full scale", {"arousal": BOTH}, {"valence": EEROLA}),
    Cue("loudness", "LUFS", "Integrated loudness (ITU-R BS.1770)", {"arousal": BOTH}, {"valence": EEROLA}),
    Cue("centroid", "log2 Hz", "Binary logarithm of the spectral centroid", {"arousal": JUSLIN}),
    Cue("articulation", "1", "Sounding share of the time to the next onset: 1 legato, less is staccato", {}, {"arousal": BOTH}),
    Cue("attack", "log2 s", "Binary logarithm of the rise of the sound from 10 to 90 % after an onset", {}, {"arousal": JUSLIN}),
)

#: The cues by name.
BY_NAME: Mapping[str, Cue] = MappingProxyType({cue.name: cue for cue in CUES})


def measure(performance: Performance) -> dict[str, float]:
    """Return the cues of a performance; those that it has nothing for are left out.

    Parameters
    ----------
    performance : Performance
        Audio, notes or both.

    Returns
    -------
    dict of str to float
        By name of `CUES`. Onsets and pitches are those of the notes where there are notes; without notes onsets are found by
        librosa, and register and articulation are missing.

    References
    ----------
    .. [1] P. N. Juslin, P. Laukka (2003): Communication of emotions in vocal expression and music performance: different
       channels, same code? Psychological Bulletin 129(5), table 11.
    .. [2] T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity of
       primary musical cues. Frontiers in Psychology 4:487.
    """
    cues = {} if performance.score is None else _of_notes(performance.score)
    if performance.audio is not None and performance.sample_rate is not None:
        samples = performance.audio.detach().cpu().numpy().astype(np.float64)
        onsets = _detected(samples, performance.sample_rate) if performance.score is None else _onsets(performance.score)
        cues |= _of_sound(samples, performance.sample_rate, onsets)
        if performance.score is None:
            cues["onset_rate"] = float(np.log2(max(len(onsets), 1) * performance.sample_rate / len(samples)))
            cues["mode"] = _mode_of_sound(samples, performance.sample_rate)
    return {cue.name: cues[cue.name] for cue in CUES if cue.name in cues and np.isfinite(cues[cue.name])}


def _of_notes(score: Score) -> dict[str, float]:
    onsets = _onsets(score)
    cues = {"onset_rate": float(np.log2(len(onsets) / max(score.end - onsets[0], 1e-3)))}
    pitched = [note for note in score.notes if not note.part.drums]
    if not pitched:
        return cues
    pitch, duration = np.array([note.pitch for note in pitched]), np.array([note.duration for note in pitched])
    profile = np.bincount(np.round(pitch).astype(int) % 12, weights=duration, minlength=12)
    cues |= {"mode": major_evidence(profile), "register": float(np.average(pitch, weights=duration))}
    shares = _sounding_shares(pitched)
    return cues | ({"articulation": float(np.mean(shares))} if shares else {})


def _onsets(score: Score) -> list[float]:
    """Return when notes begin; those that begin together count once."""
    onsets: list[float] = []
    for onset in sorted(note.onset for note in score.notes):
        if not onsets or onset - onsets[-1] > _TOGETHER:
            onsets.append(onset)
    return onsets


def _sounding_shares(notes: list[Note]) -> list[float]:
    """Return, for each note that another of its part follows, the share of the time to that one in which it sounds."""
    shares = []
    for part in {note.part for note in notes}:
        own = sorted((note for note in notes if note.part == part), key=lambda note: note.onset)
        starts = np.array([note.onset for note in own])
        for note in own:
            later = starts[starts > note.onset + _TOGETHER]
            if len(later):
                shares.append(min(note.duration / float(later[0] - note.onset), 1.0))
    return shares


def _of_sound(samples: np.ndarray, rate: int, onsets: list[float]) -> dict[str, float]:
    cues = {"level": 10 * np.log10(max(float(np.mean(samples**2)), 10 ** (_SILENCE_DB / 10)))}
    cues |= {"centroid": float(np.log2(_centroid(samples, rate)))} if np.any(samples) else {}
    ends = [*onsets[1:], len(samples) / rate][: len(onsets)]
    rises = [rise for onset, end in zip(onsets, ends, strict=True) if (rise := _rise(samples, rate, onset, end)) is not None]
    cues |= {"attack": float(np.mean(np.log2(rises)))} if rises else {}
    return cues | {"loudness": loudness(samples, rate)}


def loudness(samples: np.ndarray, rate: int) -> float:
    """Return the integrated loudness in LUFS (ITU-R BS.1770) of mono audio; NaN for less than 0.4 s, or for silence."""
    import pyloudnorm

    if len(samples) < 0.4 * rate or not samples.any():
        return float("nan")
    # The filters that the library names after De Man are the standard's own at any rate.
    measured = float(pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(samples))
    return measured if np.isfinite(measured) else float("nan")


def _centroid(samples: np.ndarray, rate: int) -> float:
    """Return the spectral centroid in Hz of the power over the whole piece."""
    padded = np.pad(samples, (0, max(_FRAME - len(samples), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP] * np.hanning(_FRAME + 1)[:-1]
    power = (np.abs(np.fft.rfft(frames, axis=1)) ** 2).sum(axis=0)
    return max(float(np.average(np.fft.rfftfreq(_FRAME, 1 / rate), weights=power)), 1.0)


def _rise(samples: np.ndarray, rate: int, onset: float, end: float) -> float | None:
    """Return the seconds in which the amplitude rises from 10 to 90 % of its way to the peak between an onset and the next."""
    hop = max(round(_ENVELOPE_HOP * rate), 1)
    start = max(round((onset - 2 * _ENVELOPE_HOP) * rate), 0)
    heard = samples[start : round(min(onset + _ATTACK_WINDOW, end - _ENVELOPE_HOP) * rate)]
    if len(heard) < 4 * hop:
        return None
    envelope = np.sqrt(np.mean(np.lib.stride_tricks.sliding_window_view(heard, hop)[:: max(hop // 4, 1)] ** 2, axis=1))
    top = int(np.argmax(envelope))
    low = float(envelope[: top + 1].min())
    if top == 0 or envelope[top] - low < 1e-4:
        return None
    way = (envelope[: top + 1] - low) / (envelope[top] - low)
    begins = int(np.flatnonzero(way <= 0.1)[-1])
    return max(int(np.argmax(way[begins:] >= 0.9)), 1) * max(hop // 4, 1) / rate


def _detected(samples: np.ndarray, rate: int) -> list[float]:
    import librosa

    found = librosa.onset.onset_detect(y=samples.astype(np.float32), sr=rate, units="time")
    return [float(onset) for onset in found]


def _mode_of_sound(samples: np.ndarray, rate: int) -> float:
    import librosa

    chroma = librosa.feature.chroma_stft(y=samples.astype(np.float32), sr=rate, n_fft=8192, tuning=0.0)
    return major_evidence(np.asarray(chroma).sum(axis=1))

"""What every piece is held to, whatever it expresses: clean sound, and notes that can be played and belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from orchestra_battery.keys import SCALES, parse_key
from orchestra_core import Note, Performance, Score

#: Limits, by gate: at most, or at least, so much.
MOST_CLICKS, MOST_CLIPPED, MOST_OFFSET, LONGEST_SILENCE = 0, 0, 1e-3, 0.25
LOWEST, HIGHEST, WIDEST_LEAP, LEAST_IN_SCALE, SHORTEST_MOTIF = 21.0, 108.0, 12.0, 0.95, 3
MOST_UNUSUAL = 99.0
#: Of the true peak in dBTP (EBU R 128); it is measured where a piece is exported.
HIGHEST_PEAK = -1.0

#: Gates of what makes a piece: a figure that returns, a line that can be sung, an end at home.
OF_BARS = ("motif", "leap", "cadence")

_CLICK_SIZE, _CLICK_RATIO, _AROUND = 0.01, 10.0, 48
_FULL, _CLIPPED_RUN = 0.999, 3
_SILENT_DB = -40.0
_TOGETHER = 0.055
_SAME_INTERVAL, _SAME_RHYTHM = 1.0, 0.25


@dataclass(frozen=True)
class Gate:
    """One thing that a piece is held to.

    Parameters
    ----------
    value : float
        What was measured.
    limit : float
        What it is held to.
    passed : bool
        Whether the piece holds to it.
    """

    value: float
    limit: float
    passed: bool


def gates(performance: Performance, key: str | None = None) -> dict[str, Gate]:
    """Return everything that a performance is held to; what it has nothing for is left out.

    Parameters
    ----------
    performance : Performance
        Audio, notes or both.
    key : str, optional
        The declared key, such as ``"D dorian"``; by default that of the score.

    Returns
    -------
    dict of str to Gate
        Of the sound: ``clicks``, ``clipping``, ``offset``, ``silence`` (s before it begins). Of the notes: ``lowest`` and
        ``highest`` (MIDI), ``leap`` (semitones, melody), ``motif`` (notes of the longest figure of the melody that returns), and
        where a key is declared ``scale`` (share of notes in it) and ``cadence`` (1 where it ends at home).
    """
    found: dict[str, Gate] = {}
    if performance.audio is not None and performance.sample_rate is not None:
        found |= _of_sound(performance.audio.detach().cpu().numpy().astype(np.float64), performance.sample_rate)
    if performance.score is not None and any(not note.part.drums for note in performance.score.notes):
        found |= _of_notes(performance.score, key or performance.score.key)
    return found


def about_bars(failed: Iterable[str]) -> list[str]:
    """Return a sentence on gates that are meant for pieces in bars, where one of them is among those that failed.

    Examples
    --------
    >>> about_bars(["clicks", "motif"])
    ['motif, leap and cadence are meant for pieces in bars; a melody of a few seconds need not hold to them.']
    >>> about_bars(["clicks"])
    []
    """
    which = f"{', '.join(OF_BARS[:-1])} and {OF_BARS[-1]}"
    sentence = f"{which} are meant for pieces in bars; a melody of a few seconds need not hold to them."
    return [sentence] if set(failed) & set(OF_BARS) else []


def clicks(samples: np.ndarray) -> int:
    """Return how many isolated jumps there are, a cut at either end included.

    A click stands alone: its second difference is far above the sixth largest of the 2 ms around it. Onsets, noise and
    bright tones have many large differences beside each other.

    Parameters
    ----------
    samples : np.ndarray [shape=(samples,)]
        Full scale 1.
    """
    from scipy.ndimage import maximum_filter1d

    silence = np.zeros(2 * _AROUND)
    bend = np.abs(np.diff(np.concatenate([silence, samples, silence]), n=2))
    tops = np.flatnonzero((bend > _CLICK_SIZE) & (bend == maximum_filter1d(bend, 2 * _AROUND + 1)))
    tops = tops[(tops >= _AROUND) & (tops < len(bend) - _AROUND)]
    if not len(tops):
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(bend, 2 * _AROUND + 1)[tops - _AROUND]
    sixth = np.partition(windows, -6, axis=1)[:, -6]
    return int(np.sum(bend[tops] > _CLICK_RATIO * np.maximum(sixth, _CLICK_SIZE / _CLICK_RATIO)))


def clipped_runs(samples: np.ndarray) -> int:
    """Return how often at least three samples in a row lie at full scale on one side."""
    count = 0
    for side in (samples, -samples):
        full = np.concatenate([[0], (side >= _FULL).astype(int), [0]])
        edges = np.flatnonzero(np.diff(full))
        count += int(np.sum(edges[1::2] - edges[::2] >= _CLIPPED_RUN))
    return count


def silence_before(samples: np.ndarray, rate: int) -> float:
    """Return the seconds before the sound comes within 40 dB of its peak; the whole length for silence."""
    peak = float(np.abs(samples).max(initial=0.0))
    heard = np.flatnonzero(np.abs(samples) >= peak * 10 ** (_SILENT_DB / 20)) if peak > 0 else np.array([len(samples)])
    return float(heard[0]) / rate


def share_in_scale(notes: Sequence[Note], tonic: int, mode: str) -> float:
    """Return the share of notes in a scale of `SCALES`."""
    return sum((round(note.pitch) - tonic) % 12 in SCALES[mode] for note in notes) / len(notes)


def melody_of(score: Score) -> list[Note]:
    """Return the part named melody, or the highest of the notes that begin together, in the order of onsets."""
    named = sorted((note for note in score.notes if note.part.name == "melody"), key=lambda note: note.onset)
    if named:
        return named
    highest: list[Note] = []
    for note in sorted(_pitched(score), key=lambda note: note.onset):
        if not highest or note.onset - highest[-1].onset > _TOGETHER:
            highest.append(note)
        elif note.pitch > highest[-1].pitch:
            highest[-1] = note
    return highest


def widest_leap(melody: Sequence[Note]) -> float:
    """Return the widest step from note to note in semitones; 0 for a single note."""
    pitches = [note.pitch for note in melody]
    return float(max((abs(b - a) for a, b in pairwise(pitches)), default=0.0))


def repeated_motif(melody: Sequence[Note]) -> int:
    """Return the notes of the longest figure that comes again without overlap.

    A figure is its rhythm, within a quarter of each gap, and its line, within a semitone a step, as it changes where it is
    moved along a scale. 0 where nothing returns.
    """
    intervals = np.diff([note.pitch for note in melody])
    gaps = np.diff([note.onset for note in melody])
    longest = 0
    for distance in range(2, len(melody)):
        same_line = (np.abs(intervals[distance:] - intervals[:-distance]) <= _SAME_INTERVAL) & (
            np.sign(intervals[distance:]) == np.sign(intervals[:-distance])
        )
        least = np.minimum(gaps[distance:], gaps[:-distance])
        same = same_line & (np.abs(gaps[distance:] - gaps[:-distance]) <= _SAME_RHYTHM * least)
        longest = max(longest, min(_longest_run(same) + 1, distance) if same.any() else 0)
    return longest


def ends_at_home(score: Score, tonic: int) -> bool:
    """Return whether the last note of the melody and the lowest that begins with it are the tonic."""
    last = melody_of(score)[-1]
    bass = min((note for note in _pitched(score) if abs(note.onset - last.onset) <= _TOGETHER), key=lambda note: note.pitch)
    return all((round(note.pitch) - tonic) % 12 == 0 for note in (last, bass))


def _of_sound(samples: np.ndarray, rate: int) -> dict[str, Gate]:
    offset = abs(float(samples.mean()))
    return {
        "clicks": _at_most(clicks(samples), MOST_CLICKS),
        "clipping": _at_most(clipped_runs(samples), MOST_CLIPPED),
        "offset": _at_most(offset, MOST_OFFSET),
        "silence": _at_most(silence_before(samples, rate), LONGEST_SILENCE),
    }


def _of_notes(score: Score, key: str | None) -> dict[str, Gate]:
    pitched, melody, declared = _pitched(score), melody_of(score), parse_key(key)
    pitches = [note.pitch for note in pitched]
    found = {
        "lowest": _at_least(min(pitches), LOWEST),
        "highest": _at_most(max(pitches), HIGHEST),
        "leap": _at_most(widest_leap(melody), WIDEST_LEAP),
        "motif": _at_least(repeated_motif(melody), SHORTEST_MOTIF),
    }
    if declared is None:
        return found
    tonic, mode = declared
    found["scale"] = _at_least(share_in_scale(pitched, tonic, mode), LEAST_IN_SCALE)
    return found | {"cadence": _at_least(float(ends_at_home(score, tonic)), 1.0)}


def _pitched(score: Score) -> list[Note]:
    return [note for note in score.notes if not note.part.drums]


def _at_most(value: float, limit: float) -> Gate:
    return Gate(float(value), limit, value <= limit)


def _at_least(value: float, limit: float) -> Gate:
    return Gate(float(value), limit, value >= limit)


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))

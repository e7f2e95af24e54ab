"""What every piece is held to, whatever it expresses: clean sound, and notes that can be played and belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from orchestra_core import Gate, Performance, parse_key, score_gates
from orchestra_core.errors import ParameterError

#: Limits, by gate: at most so much.
MOST_CLICKS, MOST_CLIPPED, MOST_OFFSET, LONGEST_SILENCE = 0, 0, 1e-3, 0.25
MOST_UNUSUAL = 99.0
#: Of the true peak in dBTP (EBU R 128); it is measured where a piece is exported.
HIGHEST_PEAK = -1.0

#: Gates of what makes a piece: a figure that returns, a line that can be sung, an end at home.
OF_BARS = ("motif", "leap", "cadence")

_CLICK_SIZE, _CLICK_RATIO, _AROUND = 0.01, 10.0, 48
_FULL, _CLIPPED_RUN = 0.999, 3
_SILENT_DB = -40.0


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
        Of the sound: ``clicks``, ``clipping``, ``offset``, ``silence`` (s before it begins). Of the notes: those of
        `orchestra_core.score_gates`; a key that the project does not know counts as none.
    """
    found: dict[str, Gate] = {}
    if performance.audio is not None and performance.sample_rate is not None:
        found |= _of_sound(performance.audio.detach().cpu().numpy().astype(np.float64), performance.sample_rate)
    if performance.score is not None and any(not note.part.drums for note in performance.score.notes):
        found |= score_gates(replace(performance.score, key=_known(key or performance.score.key)))
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


def _of_sound(samples: np.ndarray, rate: int) -> dict[str, Gate]:
    offset = abs(float(samples.mean()))
    return {
        "clicks": Gate.at_most(clicks(samples), MOST_CLICKS),
        "clipping": Gate.at_most(clipped_runs(samples), MOST_CLIPPED),
        "offset": Gate.at_most(offset, MOST_OFFSET),
        "silence": Gate.at_most(silence_before(samples, rate), LONGEST_SILENCE),
    }


def _known(key: str | None) -> str | None:
    """Return a key, or None for one that the project does not know, to whose scale nothing can be held."""
    try:
        return key if key and parse_key(key) else None
    except ParameterError:
        return None

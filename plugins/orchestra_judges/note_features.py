"""Features of notes: density, register, duration, articulation, level, harmony, melody and rhythm."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from orchestra_judges.notes import TOGETHER, NoteArrays, onset_groups
from orchestra_judges.tonality import tonal_centroid, tonality

# Consonance of interval classes 1..6, Huron (1994), from three perceptual studies.
_CONSONANCE = np.array([-1.428, -0.582, 0.594, 0.386, 1.240, -0.453])
_TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7), "diminished": (0, 3, 6), "augmented": (0, 4, 8), "suspended": (0, 5, 7)}
_BASS, _TREBLE = 52.0, 72.0
# A note counts for the pitch-class profile up to this long, in s: a pedal point is not the whole key.
_LONGEST = 1.0
# Pitches are weighed as much for being struck as for this many seconds of sounding.
_STRIKE = 0.1

Features = Mapping[str, float]
Part = Callable[[NoteArrays, np.ndarray], Features]


def note_features(notes: NoteArrays) -> Features:
    """Return the features of a window of notes, by name.

    Parameters
    ----------
    notes : NoteArrays
        At least one note, from a window of some seconds.

    Returns
    -------
    dict of str to float
        Rates per s; times as base-2 logarithms of s; pitches in MIDI numbers; shares in [0, 1].

    References
    ----------
    .. [1] T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity of
       primary musical cues. Frontiers in Psychology 4:487.
    .. [2] D. Huron (1994): Interval-class content in equally tempered pitch-class sets. Music Perception 11.
    """
    groups = onset_groups(notes)
    parts: tuple[Callable[[NoteArrays, np.ndarray], Features], ...] = (
        _density,
        _times,
        _register,
        _level,
        _key,
        _chords,
        _melody,
    )
    return {name: value for part in parts for name, value in part(notes, groups).items()}


def profile_of(notes: NoteArrays) -> np.ndarray:
    """Return the pitch-class profile, shape (12,): how long each class sounds, each note for a second at most."""
    weights = np.minimum(notes.duration, _LONGEST) + _STRIKE
    return np.bincount(np.rint(notes.pitch).astype(int) % 12, weights=weights * (0.3 + notes.velocity), minlength=12)


def span_of(notes: NoteArrays) -> float:
    """Return how long a window of notes is for rates: to the last onset and one mean interval more, at least 0.5 s."""
    starts = notes.onset[np.diff(onset_groups(notes), prepend=-1) > 0]
    if len(starts) < 2:
        return max(notes.end - float(notes.onset[0]), 0.5)
    return max(float(starts[-1] - starts[0]) * len(starts) / (len(starts) - 1), 0.5)


def articulation_of(notes: NoteArrays, groups: np.ndarray) -> np.ndarray:
    """Return for each note the share of the time to the next onset during which it sounds, at most 1, shape (notes,)."""
    starts = notes.onset[np.diff(groups, prepend=-1) > 0]
    following = np.append(starts[1:], notes.end)[groups]
    return np.asarray(np.minimum(notes.duration / np.maximum(following - notes.onset, TOGETHER), 1.0))


def _density(notes: NoteArrays, groups: np.ndarray) -> Features:
    span, count = span_of(notes), int(groups[-1]) + 1
    held = np.minimum(notes.duration, span).sum() / span
    rates = {"onsets": count / span, "notes": len(notes) / span}
    rates |= {
        "bass_notes": float((notes.pitch < _BASS).sum()) / span,
        "treble_notes": float((notes.pitch >= _TREBLE).sum()) / span,
    }
    return {
        **{f"{name}_per_s": rate for name, rate in rates.items()},
        "log_onsets": float(np.log2(rates["onsets"])),
        "log_notes": float(np.log2(rates["notes"])),
        "notes_per_onset": len(notes) / count,
        "polyphony": float(held),
    }


def _times(notes: NoteArrays, groups: np.ndarray) -> Features:
    starts = notes.onset[np.diff(groups, prepend=-1) > 0]
    steps = np.diff(starts) if len(starts) > 1 else np.array([span_of(notes)])
    logs, lengths = np.log2(steps), np.log2(np.maximum(notes.duration, 0.02))
    share = articulation_of(notes, groups)
    pairwise = np.abs(np.diff(steps)) / ((steps[1:] + steps[:-1]) / 2) if len(steps) > 1 else np.zeros(1)
    counts = np.bincount(np.rint(2 * (logs - logs.min())).astype(int)).astype(float)
    shares = counts[counts > 0] / counts.sum()
    return {
        "interval_median": float(np.median(logs)),
        "interval_shortest": float(np.quantile(logs, 0.1)),
        "interval_sd": float(logs.std()),
        "interval_entropy": float(-(shares * np.log2(shares)).sum()),
        "npvi": float(pairwise.mean()),
        "duration_mean": float(lengths.mean()),
        "duration_sd": float(lengths.std()),
        "articulation": float(share.mean()),
        "staccato": float((share < 0.6).mean()),
    }


def _register(notes: NoteArrays, groups: np.ndarray) -> Features:
    top, bottom = _lines(notes, groups)
    return {
        "pitch_mean": float(notes.pitch.mean()),
        "pitch_sd": float(notes.pitch.std()),
        "pitch_range": float(np.ptp(notes.pitch)),
        "top_mean": float(top.mean()),
        "bottom_mean": float(bottom.mean()),
        "bass_share": float((notes.pitch < _BASS).mean()),
        "treble_share": float((notes.pitch >= _TREBLE).mean()),
    }


def _level(notes: NoteArrays, groups: np.ndarray) -> Features:
    return {"velocity_mean": float(notes.velocity.mean()), "velocity_sd": float(notes.velocity.std())}


def _key(notes: NoteArrays, groups: np.ndarray) -> Features:
    profile = profile_of(notes)
    found, share = tonality(profile), profile / profile.sum()
    low = notes.pitch < np.median(notes.pitch)
    bass = tonality(profile_of(_kept(notes, low))) if low.any() else found
    degrees, heard = found.degrees, share[share > 0]
    return {
        "mode": found.mode,
        "parallel_mode": found.parallel_mode,
        "bass_mode": bass.mode,
        "key_clarity": found.clarity,
        "key_best": found.best,
        "third": float(degrees[4] - degrees[3]),
        "sixth": float(degrees[9] - degrees[8]),
        "seventh": float(degrees[11] - degrees[10]),
        "flat_second": float(degrees[1]),
        "tritone": float(degrees[6]),
        "fifth": float(degrees[7]),
        "diatonic": found.diatonic,
        "class_entropy": float(-(heard * np.log2(heard)).sum()),
        "centroid_norm": float(np.linalg.norm(tonal_centroid(profile))),
    }


def _chords(notes: NoteArrays, groups: np.ndarray) -> Features:
    sets = _sounding(notes, groups)
    intervals = np.sum([_interval_classes(one) for one in sets], axis=0)
    shares = intervals / max(intervals.sum(), 1.0)
    qualities = {name: np.mean([_has_triad(one, shape) for one in sets]) for name, shape in _TRIADS.items()}
    moved = np.abs(np.diff(sets, axis=0)).sum(axis=1) if len(sets) > 1 else np.zeros(1)
    return {
        "consonance": float(shares @ _CONSONANCE),
        "seconds": float(shares[0]),
        "tritones": float(shares[5]),
        "thirds_major": float(shares[3] - shares[2]),
        **{f"chord_{name}": float(share) for name, share in qualities.items()},
        "chord_mode": float(qualities["major"] - qualities["minor"]),
        "harmony_moves": float(moved.mean()),
    }


def _melody(notes: NoteArrays, groups: np.ndarray) -> Features:
    top, bottom = _lines(notes, groups)
    steps = np.diff(top) if len(top) > 1 else np.zeros(1)
    size = np.abs(steps)
    return {
        "melody_step_mean": float(size.mean()),
        "melody_repeats": float((size < 0.5).mean()),
        "melody_leaps": float((size > 4.5).mean()),
        "melody_chromatic": float((np.abs(size - 1) < 0.5).mean()),
        "melody_rising": float((steps > 0.5).mean() - (steps < -0.5).mean()),
        "bass_step_mean": float(np.abs(np.diff(bottom)).mean()) if len(bottom) > 1 else 0.0,
    }


def _kept(notes: NoteArrays, kept: np.ndarray) -> NoteArrays:
    return NoteArrays(notes.pitch[kept], notes.onset[kept], notes.duration[kept], notes.velocity[kept])


def _lines(notes: NoteArrays, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the highest and the lowest pitch of each group of onsets."""
    count = int(groups[-1]) + 1
    top, bottom = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(top, groups, notes.pitch)
    np.minimum.at(bottom, groups, notes.pitch)
    return top, bottom


def _sounding(notes: NoteArrays, groups: np.ndarray) -> np.ndarray:
    """Return the pitch classes that sound just after each group's onset, shape (groups, 12), 0 or 1."""
    classes = np.rint(notes.pitch).astype(int) % 12
    times = notes.onset[np.diff(groups, prepend=-1) > 0] + TOGETHER
    sounds = (notes.onset[None] <= times[:, None] + 1e-9) & ((notes.onset + notes.duration)[None] > times[:, None])
    sounds |= groups[None] == np.arange(len(times))[:, None]
    sets = np.zeros((len(times), 12))
    for row, column in zip(*np.nonzero(sounds), strict=True):
        sets[row, classes[column]] = 1.0
    return sets


def _interval_classes(classes: np.ndarray) -> np.ndarray:
    """Return how many pairs of a pitch-class set form each interval class 1..6; a tritone counts once."""
    counts = np.array([float(classes @ np.roll(classes, interval)) for interval in range(1, 7)])
    counts[5] /= 2
    return counts


def _has_triad(classes: np.ndarray, shape: tuple[int, int, int]) -> bool:
    return any(all(classes[(root + step) % 12] for step in shape) for root in range(12) if classes[root])

"""The cues of Eerola, Friberg & Bresin (2013), measured on notes and sound in the units of their experiment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from orchestra_judges.note_features import articulation_of, profile_of, span_of
from orchestra_judges.notes import NoteArrays, onset_groups
from orchestra_judges.tonality import tonality

#: What each dimension is made of. Mode and register are left out of arousal, tempo and articulation out of valence.
CUES: Mapping[str, tuple[str, ...]] = {
    "arousal": ("density", "level", "staccato"),
    "valence": ("mode", "register", "level"),
}
#: Evidence of mode that counts as fully major: about what the templates have on themselves.
FULL_MODE = 0.3
#: The middle of the experiment: register (MIDI), level of sound (dB re full scale, RMS), velocity.
MIDDLE_REGISTER, MIDDLE_LEVEL, MIDDLE_VELOCITY = 65.0, -20.0, 80 / 127
_LOUDEST = 10.0  # dB either side of the middle level


def note_cues(notes: NoteArrays) -> dict[str, float]:
    """Return the cues of a window of notes.

    Parameters
    ----------
    notes : NoteArrays
        At least one note.

    Returns
    -------
    dict of str to float
        ``density``: binary logarithm of onsets per s. ``staccato``: one minus the sounding share of the time to the next
        onset. ``register``: mean pitch of the upper line re MIDI 65, in octaves. ``mode``: -1 minor to 1 major.
        ``level``: of the velocities, in tens of dB re the middle, -1 to 1.
    """
    groups = onset_groups(notes)
    top = np.full(int(groups[-1]) + 1, -np.inf)
    np.maximum.at(top, groups, notes.pitch)
    evidence = tonality(profile_of(notes)).parallel_mode
    return {
        "density": float(np.log2((groups[-1] + 1) / span_of(notes))),
        "staccato": float(1 - articulation_of(notes, groups).mean()),
        "register": float(top.mean() - MIDDLE_REGISTER) / 12,
        "mode": float(np.clip(evidence / FULL_MODE, -1.0, 1.0)),
        "level": velocity_level(float(notes.velocity.mean())),
    }


def velocity_level(velocity: float) -> float:
    """Return the level of a velocity in tens of dB re the middle one, -1 to 1; General MIDI's amplitude is its square.

    Examples
    --------
    >>> velocity_level(80 / 127)
    0.0
    """
    return _clipped(40 * float(np.log10(max(velocity, 1e-3) / MIDDLE_VELOCITY)))


def sound_level(audio: np.ndarray) -> float:
    """Return the RMS level of audio in tens of dB re the middle one, -20 dB re full scale; -1 to 1."""
    return _clipped(10 * float(np.log10(max(float(np.mean(audio.astype(np.float64) ** 2)), 1e-12))) - MIDDLE_LEVEL)


def _clipped(decibels: float) -> float:
    return float(np.clip(decibels, -_LOUDEST, _LOUDEST)) / 10

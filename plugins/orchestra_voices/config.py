"""Configurations of the bass and the pad: plain values, importable without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BassConfig:
    """Configuration of the instrument ``bass``: how notes are made, and where the optimisation starts.

    Parameters
    ----------
    partials : int, in [2, 32]
        Partials per note.
    copies : {3, 5}
        Copies of each partial, detuned against each other.
    groove : float or None, in [0, 0.1]
        How far, in seconds, notes may be moved from where they are written; 0 holds them there, None is as far as their score
        allows (`Score.microtiming`), and 13 ms where it does not say.
    quietest : float, in [0, 0.9]
        Least amplitude of a note, so that no note of a score is optimised away.
    hardness : float, in [-24, 24]
        Rise of the spectral tilt in dB per octave from amplitude 0 to 1.
    attack : float, in (0.003, 0.08)
        Seconds from the onset to the full level.
    decay : float, in (0.08, 4)
        Seconds in which most of the way to the sustained level is gone.
    sustain : float, in (0.05, 0.95)
        Level that a held note falls to, re the full one.
    release : float, in (0.02, 0.6)
        Seconds from the end of a note to silence.
    brightness : float, in (-24, -2)
        Spectral tilt in dB per octave.
    fundamental : float, in (-12, 12)
        Level of the lowest partial above what the tilt gives it, in dB.
    partial_decay : float, in (0.05, 8)
        How much faster each further partial fades, per second.
    detune : float, in (0.2, 20)
        How far the outermost copies lie from the note, in cents.
    roughness : float, in (0, 1)
        Depth of the beats at 70 Hz.
    """

    partials: int = 16
    copies: int = 3
    groove: float | None = None
    quietest: float = 0.2
    hardness: float = 6.0
    attack: float = 0.008
    decay: float = 0.9
    sustain: float = 0.4
    release: float = 0.09
    brightness: float = -8.0
    fundamental: float = 3.0
    partial_decay: float = 1.2
    detune: float = 1.5
    roughness: float = 0.03


@dataclass(frozen=True)
class PadConfig:
    """Configuration of the instrument ``pad``: how notes are made, and where the optimisation starts.

    Parameters
    ----------
    partials : int, in [2, 32]
        Partials per note.
    copies : {3, 5}
        Copies of each partial, detuned against each other.
    groove : float or None, in [0, 0.1]
        How far, in seconds, notes may be moved from where they are written; 0 holds them there, None is as far as their score
        allows (`Score.microtiming`), and 13 ms where it does not say.
    quietest : float, in [0, 0.9]
        Least amplitude of a note, so that no note of a score is optimised away.
    hardness : float, in [-24, 24]
        Rise of the spectral tilt in dB per octave from amplitude 0 to 1.
    attack : float, in (0.03, 2)
        Seconds from the onset to the full level.
    decay : float, in (0.2, 8)
        Seconds in which most of the way to the sustained level is gone.
    sustain : float, in (0.3, 0.98)
        Level that a held note falls to, re the full one.
    release : float, in (0.1, 3)
        Seconds from the end of a note to silence.
    brightness : float, in (-24, -2)
        Spectral tilt in dB per octave.
    fundamental : float, in (-12, 12)
        Level of the lowest partial above what the tilt gives it, in dB.
    partial_decay : float, in (0.01, 3)
        How much faster each further partial fades, per second.
    detune : float, in (0.5, 40)
        How far the outermost copies lie from the note, in cents.
    roughness : float, in (0, 1)
        Depth of the beats at 70 Hz.
    """

    partials: int = 10
    copies: int = 5
    groove: float | None = None
    quietest: float = 0.2
    hardness: float = 4.0
    attack: float = 0.25
    decay: float = 2.0
    sustain: float = 0.85
    release: float = 0.7
    brightness: float = -9.0
    fundamental: float = 0.0
    partial_decay: float = 0.1
    detune: float = 9.0
    roughness: float = 0.03

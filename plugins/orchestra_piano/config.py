"""Configurations of the piano's components: plain values, importable without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from orchestra_core import Ref

Form = Literal["continuous", "literal"]
EdgeForm = Literal["smooth", "literal"]
Start = Literal["score", "published"]
Renderer = Literal["fast", "exact"]


@dataclass(frozen=True)
class AdsrConfig:
    """Configuration of the envelope ``adsr``.

    Parameters
    ----------
    form : {"continuous", "literal"}
        ``literal`` keeps the published equations with their faults.
    attack, decay, sustain, release : float
        Where the optimisation starts: s in [0.001, 0.1], s in [0.01, 0.5], level in [0.3, 0.9], s in [0.05, 1].
    beta : float, >= 0
        How fast the sustained level falls: by exp(-beta) in each second (continuous), or over the sustained part of each
        note (literal).
    blind : bool
        Whether the attack starts alike whatever is asked: for controls.
    """

    form: Form = "continuous"
    attack: float = 0.012
    decay: float = 0.18
    sustain: float = 0.7
    release: float = 0.3
    beta: float = 1.5
    blind: bool = False


@dataclass(frozen=True)
class PianoConfig:
    """Configuration of the instrument ``piano_adsr``.

    Parameters
    ----------
    partials : int, in [1, 64]
        Partials per note; 1 is a plain sine.
    envelope : Ref
        The amplitude contour of the notes.
    inharmonicity : float, in [0, 0.01]
        Stiffness B of the string at middle C; partial k lies at k sqrt((1 + B k^2) / (1 + B)) times the fundamental.
    brightness : float, in (-24, -2)
        Spectral tilt in dB per octave that the optimisation starts at.
    partial_decay : float, in (0.05, 6)
        How much faster each further partial of middle C fades, per second, at the start.
    hardness : float
        Rise of the spectral tilt in dB per octave from amplitude 0 to 1: a note played harder is brighter.
    quietest : float, in [0, 0.9]
        Least amplitude of a note, so that no note of a score is optimised away; with ``start="published"`` it is 0.
    groove : float or None, in [0, 0.1]
        How far, in seconds, notes may be moved from where they are written, which keeps the beat; None for as far as their score
        allows (`Score.microtiming`).
    edges : {"smooth", "literal"}
        ``smooth``: ramps of 5 ms at both ends of every note and of 10 ms at the end of the canvas; ``literal``: the
        published product of two sigmoids.
    alpha : float, > 0
        Slope of the literal sigmoids, per second.
    start : {"score", "published"}
        ``score``: notes start as written; ``published``: the written values are taken as values before the
        reparameterisation, as in the published generator.
    gain : float or None
        Factor on the sum of all notes; None is 1 for literal edges (the published equation) and 0.25 otherwise.
    renderer : {"fast", "exact"}
        ``exact`` evaluates every sample of every note by the equations; ``fast`` agrees with it within -60 dB.
    blind : bool
        Whether the brightness starts alike whatever is asked: for controls.
    """

    partials: int = 8
    envelope: Ref = field(default_factory=lambda: Ref("envelope", "adsr"))
    inharmonicity: float = 3e-4
    brightness: float = -10.0
    partial_decay: float = 0.8
    hardness: float = 6.0
    quietest: float = 0.2
    groove: float | None = None
    edges: EdgeForm = "smooth"
    alpha: float = 100.0
    start: Start = "score"
    gain: float | None = None
    renderer: Renderer = "fast"
    blind: bool = False


def published_envelope() -> AdsrConfig:
    """Return the literal envelope at the published start: raw values 0.01, 0.15, 0.7 and 0.3 reparameterised."""
    return AdsrConfig("literal", attack=0.0507475, decay=0.2733406, sustain=0.7009127, release=0.5957204)


def published_piano() -> PianoConfig:
    """Return the published generator: one partial, literal envelope and edges, published start."""
    envelope: dict[str, Any] = {**vars(published_envelope())}
    return PianoConfig(partials=1, envelope=Ref("envelope", "adsr", envelope), edges="literal", start="published")


@dataclass(frozen=True)
class MelodyConfig:
    """Configuration of the score source ``melody``: what may be chosen, the defaults first.

    Parameters
    ----------
    densities : tuple of float, each in [0.25, 16]
        Notes of the melody per second.
    modes : tuple of str
        major, minor, harmonic_minor, dorian, phrygian, lydian, mixolydian.
    registers : tuple of str
        low, middle, high.
    """

    densities: tuple[float, ...] = (2, 1, 4, 8)
    modes: tuple[str, ...] = ("major", "minor")
    registers: tuple[str, ...] = ("middle", "low", "high")


@dataclass(frozen=True)
class ScaleConfig:
    """Configuration of the score source ``scale``: what may be chosen, the defaults first.

    Parameters
    ----------
    scales : tuple of str
        major, minor, harmonic_minor, dorian, phrygian, lydian, mixolydian, pentatonic, minor_pentatonic, blues, whole_tone,
        chromatic.
    roots : tuple of str
        C, C#, D, Eb, E, F, F#, G, Ab, A, Bb, B.
    registers : tuple of str
        low, middle, high.
    notes : int, in [1, 512]
        Notes in all.
    """

    scales: tuple[str, ...] = ("major", "minor", "pentatonic")
    roots: tuple[str, ...] = ("C",)
    registers: tuple[str, ...] = ("middle", "low", "high")
    notes: int = 15

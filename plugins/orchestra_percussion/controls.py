"""What a drum is played with: names, groups, units and bounds of the controls of one drum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Control:
    """One control of one drum.

    Parameters
    ----------
    name, group, unit : str
        As of the parameter.
    lower, upper : float
        Bounds.
    scale : {"linear", "log"}
        How the range is laid out: evenly, or by ratios, as pitches and times are heard.
    description : str
        One line.
    """

    name: str
    group: str
    unit: str
    lower: float
    upper: float
    scale: Scale
    description: str


#: Decay times are to -60 dB, levels of body, noise and click re full scale before the drum's sum.
CONTROLS: tuple[Control, ...] = (
    Control("pitch", "pitch", "Hz", 30.0, 2500.0, "log", "Frequency of the lowest mode once the sweep is over"),
    Control("sweep", "pitch", "octave", 0.0, 4.0, "linear", "How far above it the modes start"),
    Control("sweep_time", "pitch", "s", 0.003, 0.2, "log", "Time in which the sweep falls to 1/e"),
    Control("stretch", "timbre", "1", 0.02, 6.0, "log", "Distance of the modes: 1 for a membrane, less beats, more is metal"),
    Control("overtones", "timbre", "dB", -24.0, 3.0, "linear", "Level of each mode re the one below it"),
    Control("drive", "timbre", "dB", -20.0, 24.0, "linear", "Gain of the body into its saturation"),
    Control("noise_centre", "timbre", "Hz", 80.0, 16_000.0, "log", "Centre of the noise band"),
    Control("noise_width", "timbre", "octave", 0.2, 4.0, "log", "Width of the noise band on each side, to -4.3 dB"),
    Control("click_pitch", "timbre", "Hz", 300.0, 7_000.0, "log", "Frequency of the click"),
    Control("attack", "envelope", "s", 0.0003, 0.06, "log", "Rise time of body and noise"),
    Control("body_decay", "envelope", "s", 0.03, 3.0, "log", "Decay of the lowest mode to -60 dB"),
    Control("mode_damping", "envelope", "1", 0.0, 2.0, "linear", "How much faster higher modes fade: exponent of their ratio"),
    Control("noise_decay", "envelope", "s", 0.01, 2.0, "log", "Decay of the noise to -60 dB"),
    Control("burst_gap", "envelope", "s", 0.005, 0.03, "log", "Time between the bursts of noise of a clap"),
    Control("click_decay", "envelope", "s", 0.001, 0.03, "log", "Decay of the click to -60 dB"),
    Control("body_level", "mix", "dB", -60.0, 6.0, "linear", "Level of the body"),
    Control("noise_level", "mix", "dB", -60.0, 6.0, "linear", "Level of the noise"),
    Control("burst_level", "mix", "dB", -48.0, 12.0, "linear", "Level of the bursts re the noise"),
    Control("click_level", "mix", "dB", -60.0, 6.0, "linear", "Level of the click"),
)

"""Kinds of drums as starting points, and the drums of General MIDI as changes to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Preset = Mapping[str, float]

_PLAIN: Preset = MappingProxyType(
    {
        "sweep": 0.3,
        "sweep_time": 0.03,
        "stretch": 1.0,
        "overtones": -8.0,
        "drive": -6.0,
        "noise_centre": 3000.0,
        "noise_width": 1.2,
        "click_pitch": 2500.0,
        "attack": 0.0008,
        "body_decay": 0.4,
        "mode_damping": 1.0,
        "noise_decay": 0.15,
        "burst_gap": 0.011,
        "click_decay": 0.004,
        "body_level": -8.0,
        "noise_level": -12.0,
        "burst_level": -40.0,
        "click_level": -24.0,
    }
)


def _preset(**changes: float) -> Preset:
    return MappingProxyType({**_PLAIN, **changes})


#: Where the controls of each kind start.
KINDS: Mapping[str, Preset] = MappingProxyType(
    {
        "kick": _preset(
            pitch=52.0, sweep=2.2, sweep_time=0.022, overtones=-14.0, drive=4.0, body_decay=0.55, mode_damping=1.3,
            body_level=-3.0, noise_level=-34.0, noise_centre=1800.0, noise_decay=0.05, click_level=-16.0, click_pitch=1800.0,
        ),
        "snare": _preset(
            pitch=185.0, sweep=0.6, sweep_time=0.012, overtones=-5.0, drive=2.0, body_decay=0.22, body_level=-9.0,
            noise_level=-11.0, noise_centre=3200.0, noise_width=1.3, noise_decay=0.24, click_level=-18.0, click_pitch=3500.0,
        ),
        "tom": _preset(
            pitch=110.0, sweep=0.8, sweep_time=0.045, overtones=-9.0, drive=0.0, body_decay=0.75, body_level=-4.0,
            noise_level=-30.0, noise_centre=1200.0, noise_decay=0.08, click_level=-22.0, click_pitch=1500.0,
        ),
        "hat": _preset(
            pitch=460.0, sweep=0.05, stretch=3.2, overtones=-0.5, drive=6.0, body_decay=0.12, mode_damping=0.1, body_level=-26.0,
            noise_level=-9.0, noise_centre=9000.0, noise_width=0.7, noise_decay=0.11, click_level=-26.0, click_pitch=6000.0,
        ),
        "clap": _preset(
            pitch=420.0, body_decay=0.05, body_level=-46.0, noise_level=-15.0, noise_centre=1500.0, noise_width=0.7,
            noise_decay=0.3, burst_level=5.0, click_level=-46.0,
        ),
        # What rings: no gradient leads from noise to a tone that hardly has any.
        "bell": _preset(
            pitch=900.0, sweep=0.05, stretch=1.6, overtones=-18.0, drive=-15.0, body_decay=0.4, mode_damping=0.6,
            body_level=-3.0, noise_level=-50.0, click_level=-40.0,
        ),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Drum:
    """A drum of General MIDI: a kind, and by which factor some of its controls start elsewhere."""

    kind: str
    factors: Mapping[str, float] = field(default_factory=dict)


#: The kinds' own drums, by which `one_shot` and patterns write them.
GENERAL_MIDI: Mapping[str, int] = MappingProxyType(
    {"kick": 36, "snare": 38, "tom": 45, "hat": 42, "clap": 39, "bell": 56, "open_hat": 46}
)

_OPEN = {"noise_decay": 5.0, "body_decay": 6.0}
_CYMBAL = {"noise_decay": 12.0, "body_decay": 15.0, "noise_centre": 0.7, "noise_width": 1.6}
_SHORT = {"body_decay": 0.35, "noise_decay": 0.3}
_RIDE_BELL = {"pitch": 1.5, "body_decay": 3.0}
_WOOD = {"pitch": 8.0, "body_decay": 0.12, "sweep": 0.2}

#: General MIDI drums by note number; toms from the floor up.
DRUMS: Mapping[int, Drum] = MappingProxyType(
    {
        35: Drum("kick", {"pitch": 0.85}), 36: Drum("kick"), 37: Drum("snare", {"pitch": 2.2, **_SHORT}), 38: Drum("snare"),
        39: Drum("clap"), 40: Drum("snare", {"pitch": 1.15}), 41: Drum("tom", {"pitch": 0.7}), 42: Drum("hat"),
        43: Drum("tom", {"pitch": 0.8}), 44: Drum("hat", {"noise_decay": 0.8, "noise_centre": 0.8}), 45: Drum("tom"),
        46: Drum("hat", _OPEN), 47: Drum("tom", {"pitch": 1.2}), 48: Drum("tom", {"pitch": 1.4}), 49: Drum("hat", _CYMBAL),
        50: Drum("tom", {"pitch": 1.7}), 51: Drum("hat", {**_CYMBAL, "pitch": 1.3}), 52: Drum("hat", _CYMBAL),
        53: Drum("bell", _RIDE_BELL), 54: Drum("hat", {"noise_decay": 1.5}), 55: Drum("hat", {**_CYMBAL, "noise_decay": 7.0}),
        56: Drum("bell"), 57: Drum("hat", _CYMBAL), 58: Drum("snare", {"noise_decay": 3.0}), 59: Drum("hat", _CYMBAL),
        67: Drum("bell", {"pitch": 1.1}), 68: Drum("bell", {"pitch": 0.8}),
        80: Drum("bell", {"pitch": 2.2, "body_decay": 0.5}), 81: Drum("bell", {"pitch": 2.2, "body_decay": 3.0}),
        75: Drum("tom", _WOOD), 76: Drum("tom", _WOOD), 77: Drum("tom", {**_WOOD, "pitch": 6.0}),
        69: Drum("hat", {"noise_decay": 0.6}), 70: Drum("hat", {"noise_decay": 0.5}), 82: Drum("hat", {"noise_decay": 0.6}),
    }
)  # fmt: skip

# Bongos, congas, timbales and what else has a pitch: toms, the higher the number the higher.
_LOWEST_HAND_DRUM = 60


def drum_of(pitch: float) -> Drum:
    """Return the drum of a General MIDI note number; numbers without one are tuned drums.

    Parameters
    ----------
    pitch : float
        MIDI note number.

    Returns
    -------
    Drum

    Examples
    --------
    >>> drum_of(38).kind
    'snare'
    """
    number = round(pitch)
    if number in DRUMS:
        return DRUMS[number]
    return Drum("tom", {"pitch": 2.0 ** ((number - _LOWEST_HAND_DRUM) / 12 + 1.0), "body_decay": 0.6})

"""What a word asks of music beside valence and arousal: hints at the cues that tell anger from fear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType


@dataclass(frozen=True)
class CueHints:
    """What to add to the cues that valence and arousal ask for by themselves.

    Every hint lies in [-1, 1]; 0 adds nothing.

    Parameters
    ----------
    level : float
        Louder.
    rate : float
        More notes per second.
    register : float
        Higher.
    articulation : float
        More staccato.
    brightness : float
        A brighter spectrum.
    attack : float
        A sharper attack.
    roughness : float
        A rougher sound.
    dissonance : float
        A darker mode, more dissonant intervals.
    irregularity : float
        Timing and level that vary more.
    """

    level: float = 0.0
    rate: float = 0.0
    register: float = 0.0
    articulation: float = 0.0
    brightness: float = 0.0
    attack: float = 0.0
    roughness: float = 0.0
    dissonance: float = 0.0
    irregularity: float = 0.0

    def given(self) -> dict[str, float]:
        """Return the hints that are not 0, by name.

        Examples
        --------
        >>> CueHints(level=0.5).given()
        {'level': 0.5}
        """
        return {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name)}


#: A word without hints.
NO_HINTS = CueHints()

_ANGER = {"irregularity": -0.5, "attack": 0.5, "brightness": 0.5, "roughness": 1.0}

#: Hints by word; see `orchestra_core.emotions.words.lookup` for where they come from.
HINTS: Mapping[str, CueHints] = MappingProxyType(
    {
        "afraid": CueHints(level=-0.5, irregularity=1.0, dissonance=0.5, articulation=0.5, attack=-0.5, brightness=-0.5),
        "alarmed": CueHints(level=0.5, register=-0.5, dissonance=1.0),
        "angry": CueHints(level=0.5, **_ANGER),
        "furious": CueHints(level=1.0, **_ANGER),
        "sad": CueHints(rate=-0.5, articulation=-0.5, attack=-0.5, brightness=-0.5),
        "tender": CueHints(level=-0.5, articulation=-0.5, attack=-0.5, brightness=-0.5),
        "serene": CueHints(level=-0.5, register=0.5),
    }
)

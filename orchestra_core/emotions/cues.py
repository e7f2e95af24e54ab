"""What a word asks of music beside valence and arousal: hints at the cues that tell anger from fear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from orchestra_core.contracts.brief import Brief


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

#: What arousal asks of the sound by itself, per unit of the request scale; sharper and brighter, in the unit of a hint.
OF_AROUSAL: Mapping[str, float] = MappingProxyType({"brightness": 1.5, "attack": 0.75})


def cue_hints(brief: Brief) -> dict[str, Tensor]:
    """Return what is asked of cues that an instrument controls: by arousal itself, and by the hints of a word on top.

    Where instruments start by this, a piece is brighter and its notes begin more sharply the more arousal is asked for, as
    people play [1]_. What a score is to do with arousal is the business of score sources.

    Parameters
    ----------
    brief : Brief
        Its requests and cues are looked at.

    Returns
    -------
    dict of str to Tensor [shape=(batch,)]
        By the names of `CueHints`; those that nobody asks anything of are left out. A sum may go beyond [-1, 1].

    References
    ----------
    .. [1] Juslin, P. N., & Laukka, P. (2003). Communication of emotions in vocal expression and music performance: different
       channels, same code? Psychological Bulletin, 129(5), 770-814. Table 7.

    Examples
    --------
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> brief = Brief(Canvas(), {}, torch.tensor([1]), requests={"arousal": torch.tensor([0.5])})
    >>> {name: round(float(hint), 3) for name, hint in cue_hints(brief).items()}
    {'brightness': 0.75, 'attack': 0.375}
    """
    found = dict(brief.cues)
    if "arousal" in brief.requests:
        asked = brief.requests["arousal"]
        found |= {name: share * asked + found.get(name, 0.0) for name, share in OF_AROUSAL.items()}
    return found

"""Where brightness and attack start, by what is asked: by arousal, and by the hints of a word."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import Tensor

from orchestra_core import Brief, cue_hints
from orchestra_piano.settings import MARGIN

# At a hint of 1 the spectrum falls by 4 dB per octave less, and the attack takes a quarter of the time.
_BRIGHTER, _SHARPER = 4.0, 0.25
_HINTED: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "brightness": lambda start, hint: start + _BRIGHTER * hint,
        "attack": lambda start, hint: start * (math.log(_SHARPER) * hint).exp(),
    }
)


def hinted(name: str, start: Tensor, bounds: tuple[float, float], brief: Brief) -> Tensor:
    """Return where a parameter starts for what a brief asks; see `orchestra_core.cue_hints`.

    Parameters
    ----------
    name : str
        Of the parameter: ``brightness`` or ``attack``; every other starts where it does.
    start : Tensor [shape=(batch,)]
        Where it starts without a hint, and to the bit with a hint of 0.
    bounds : (float, float)
        That the start has to lie between.
    brief : Brief
        With its requests and the hints of its words.

    Returns
    -------
    Tensor [shape=(batch,)]
    """
    hints = cue_hints(brief)
    if name not in _HINTED or name not in hints:
        return start
    lower, upper = bounds
    margin = MARGIN * (upper - lower)
    return _HINTED[name](start, hints[name].to(start)).clamp(lower + margin, upper - margin)

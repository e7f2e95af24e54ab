"""The instrument ``pad``."""

from __future__ import annotations

from typing import ClassVar

from orchestra_voices.config import PadConfig
from orchestra_voices.voice import Voice

_DEFAULTS = PadConfig()


class Pad(Voice):
    """A pad: partials in detuned copies that rise slowly, stay, and ring on.

    Parameters
    ----------
    partials, copies, groove, quietest, hardness
        As in `PadConfig`.
    attack, decay, sustain, release, brightness, fundamental, partial_decay, detune, roughness
        As in `PadConfig`.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    Examples
    --------
    >>> import torch
    >>> from orchestra_core import Brief, Canvas, Note, Score
    >>> canvas = Canvas(duration=1.0)
    >>> brief = Brief(canvas, {}, torch.tensor([7]), scores=(Score((Note(60, 0.1, 0.4),)),))
    >>> pad = Pad()
    >>> pad.render({p.name: p.initial for p in pad.parameters(brief)}, canvas).shape
    torch.Size([1, 44100])
    """

    name: ClassVar[str] = "pad"
    gain: ClassVar[float] = 0.1

    def __init__(
        self,
        *,
        partials: int = _DEFAULTS.partials,
        copies: int = _DEFAULTS.copies,
        groove: float | None = _DEFAULTS.groove,
        quietest: float = _DEFAULTS.quietest,
        hardness: float = _DEFAULTS.hardness,
        attack: float = _DEFAULTS.attack,
        decay: float = _DEFAULTS.decay,
        sustain: float = _DEFAULTS.sustain,
        release: float = _DEFAULTS.release,
        brightness: float = _DEFAULTS.brightness,
        fundamental: float = _DEFAULTS.fundamental,
        partial_decay: float = _DEFAULTS.partial_decay,
        detune: float = _DEFAULTS.detune,
        roughness: float = _DEFAULTS.roughness,
    ) -> None:
        config = PadConfig(
            partials=partials,
            copies=copies,
            groove=groove,
            quietest=quietest,
            hardness=hardness,
            attack=attack,
            decay=decay,
            sustain=sustain,
            release=release,
            brightness=brightness,
            fundamental=fundamental,
            partial_decay=partial_decay,
            detune=detune,
            roughness=roughness,
        )
        super().__init__(config)

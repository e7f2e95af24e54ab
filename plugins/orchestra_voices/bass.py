"""The instrument ``bass``."""

from __future__ import annotations

from typing import ClassVar

from orchestra_voices.config import BassConfig
from orchestra_voices.voice import Voice

_DEFAULTS = BassConfig()


class Bass(Voice):
    """A plucked bass: few partials, a strong fundamental, a quick attack, and a level that falls while a note is held.

    Parameters
    ----------
    partials, copies, groove, quietest, hardness
        As in `BassConfig`.
    attack, decay, sustain, release, brightness, fundamental, partial_decay, detune, roughness
        As in `BassConfig`.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    Examples
    --------
    >>> import torch
    >>> from orchestra_core import Brief, Canvas, Note, Score
    >>> canvas = Canvas(duration=1.0)
    >>> brief = Brief(canvas, {}, torch.tensor([7]), scores=(Score((Note(40, 0.1, 0.4),)),))
    >>> bass = Bass()
    >>> bass.render({p.name: p.initial for p in bass.parameters(brief)}, canvas).shape
    torch.Size([1, 44100])
    """

    name: ClassVar[str] = "bass"
    gain: ClassVar[float] = 0.5

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
        config = BassConfig(
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

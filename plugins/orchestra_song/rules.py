"""The score source ``rules``: what a page of rules makes of a target, the baseline of everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from orchestra_core import Brief, Score, ScoreSource, parse_key
from orchestra_song.compose import compose
from orchestra_song.config import RulesConfig
from orchestra_song.frame import DEFAULT_DURATION, duration_of
from orchestra_song.guide import asked, plan_of
from orchestra_song.hints import hinted, hints_of
from orchestra_song.modes import LADDER
from orchestra_song.plan import TEXTURES, Plan
from orchestra_song.settings import check_rules
from orchestra_song.streams import Streams

_DEFAULTS = RulesConfig()
# How far the draws of a search lie from what the rules say: standard deviations.
_NEAR_VALENCE, _NEAR_AROUSAL = 0.25, 0.25


class RulesScore(ScoreSource):
    """Four chords and a melody, by rules on valence v and arousal a.

    Mode by the sign of valence (major from 0 up, minor below); register 14 semitones per unit of valence around MIDI 67; two
    notes of the melody per second at arousal 0, doubling every 0.4; level and staccato with arousal: velocity 0.6 + 0.5 a,
    sounding part 0.7 - 0.6 a of the time between onsets. The bars are those that fit near a tempo of 120 at arousal 0, doubling
    every 1.2. Block chords in a loop of four; everything else is as `SongScore` does it. The signs of the effects are those of
    Eerola et al. (2013), but for loudness, which costs some valence there; the sizes were set by hand, before any optimisation.

    v and a are half of what is asked on the request scale, -0.5 to 0.5; in a brief that does not tell the requests they are the
    targets as they are. A dimension that nothing is asked of counts as 0. The hints of a word are added (`hints.hinted`): they
    tell anger from fear, which lie on one spot of the plane.

    Parameters
    ----------
    key, tempo, bars, metres, parts, humanise, variation, lock, origin, draws
        As in `RulesConfig`.

    Raises
    ------
    ParameterError
        A name is unknown, or a number out of range.

    References
    ----------
    .. [1] Eerola, T., Friberg, A., & Bresin, R. (2013). Emotional expression in music: contribution, linearity, and additivity
       of primary musical cues. Frontiers in Psychology, 4, 487.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> targets = {"valence": torch.tensor([-0.4]), "arousal": torch.tensor([0.3])}
    >>> brief = Brief(Canvas(duration=16.0), targets, torch.tensor([7]))
    >>> RulesScore(key="C").write(brief, {}, np.random.default_rng(7)).key
    'C minor'
    """

    def __init__(
        self,
        *,
        key: str = "",
        tempo: float = 0.0,
        bars: int = 0,
        metres: tuple[str, ...] = _DEFAULTS.metres,
        parts: tuple[str, ...] = _DEFAULTS.parts,
        humanise: float = _DEFAULTS.humanise,
        variation: int = 0,
        lock: tuple[str, ...] = (),
        origin: int | None = None,
        draws: int = 1,
    ) -> None:
        config = RulesConfig(
            key=key,
            tempo=tempo,
            bars=bars,
            metres=tuple(metres),
            parts=tuple(parts),
            humanise=humanise,
            variation=variation,
            lock=tuple(lock),
            origin=origin,
            draws=draws,
        )
        check_rules(config)
        self._config = config
        self._tonic: int | None = parse_key(key)[0] if key else None

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """Nothing; or the metre, and the number of a draw from near what the rules say, where they are open."""
        offered = {"draw": tuple(range(self._config.draws)), "metre": self._config.metres}
        return {name: values for name, values in offered.items() if len(values) > 1}

    @property
    def duration(self) -> float:
        """Seconds that a piece lasts: what `bars` and `tempo` need, or 16."""
        if self._config.bars and self._config.tempo:
            return duration_of(self._config.bars, self._config.metres[0], self._config.tempo)
        return DEFAULT_DURATION

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        config = self._config
        streams = Streams.of(generator, config.variation, config.lock, config.origin)
        valence, arousal = asked(brief, "valence"), asked(brief, "arousal")
        number = choice.get("draw", 0)
        setting = Plan(humanise=config.humanise)
        drawn = (
            _near(setting, valence, arousal, streams.named(f"draw {number}")) if number else plan_of(setting, valence, arousal)
        )
        plan = replace(
            hinted(drawn, hints_of(brief)),
            tonic=int(streams.named("key").integers(12)) if self._tonic is None else self._tonic,
            tempo=config.tempo or drawn.tempo,
            exact_tempo=bool(config.tempo),
            bars=config.bars,
            metre=choice.get("metre", config.metres[0]),
            parts=config.parts,
        )
        return compose(plan, brief.canvas.duration, streams, loop=brief.canvas.loop)


def _near(setting: Plan, valence: float, arousal: float, generator: np.random.Generator) -> Plan:
    """Return what the rules say of a place near the target, with another mode of the same side and another texture."""
    brighter, livelier = (
        valence + _NEAR_VALENCE * generator.standard_normal(),
        arousal + _NEAR_AROUSAL * generator.standard_normal(),
    )
    plan = plan_of(setting, float(brighter), float(livelier))
    side = LADDER[:3] if plan.mode == "major" else LADDER[3:]
    return replace(
        plan,
        mode=str(generator.choice(side)),
        texture=str(generator.choice(TEXTURES)),
        progression=str(generator.choice(("loop", "functional"))),
    )

"""The score source ``song``: pieces in bars, out of choices that span what carries emotion in a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestra_core import Brief, Score, ScoreSource, parse_key
from orchestra_song.compose import compose
from orchestra_song.config import SongConfig
from orchestra_song.frame import DEFAULT_DURATION, duration_of
from orchestra_song.hints import hints_of, unsteady
from orchestra_song.plan import Plan
from orchestra_song.prior import prior
from orchestra_song.settings import CHOICES, HELD, check_song
from orchestra_song.streams import Streams

_DEFAULTS = SongConfig()


class SongScore(ScoreSource):
    """A piece of some bars with a melody, harmony and bass, and a pad and drums where they are asked for.

    Two phrases or more out of a motif that returns, a half cadence in the middle and the cadence of the mode at the end; how
    is said in `harmony.harmonise` and `melody.write_melody`. Harmony, rhythm, melody and timing draw from streams of their
    own: a choice or a variation that changes one leaves the others alone. The same canvas, seed and choice make the same piece.

    The canvas comes first: bars and tempo are fitted to it. Where `bars` and `tempo` are both given they are kept, and
    `duration` is what they need. What a search chooses is left to it: the hints of a word move the prior, and only
    irregularity, which is no choice, is followed in what is written.

    Parameters
    ----------
    key, tempo, bars, modes, registers, densities, articulations, levels, textures, tempos, contours, progressions, metres
        As in `SongConfig`.
    beats, themes, parts, humanise, variation, lock, origin, draws
        As in `SongConfig`.

    Raises
    ------
    ParameterError
        A name is unknown, a list is empty, or a number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from orchestra_core import Brief, Canvas
    >>> brief = Brief(Canvas(duration=16.0), {}, torch.tensor([7]))
    >>> score = SongScore(key="D").write(brief, {"mode": "dorian"}, np.random.default_rng(7))
    >>> score.key, score.metre, round(score.tempo)
    ('D dorian', (4, 4), 120)
    """

    def __init__(
        self,
        *,
        key: str = "",
        tempo: float = 0.0,
        bars: int = 0,
        modes: tuple[str, ...] = _DEFAULTS.modes,
        registers: tuple[float, ...] = _DEFAULTS.registers,
        densities: tuple[float, ...] = _DEFAULTS.densities,
        articulations: tuple[float, ...] = _DEFAULTS.articulations,
        levels: tuple[float, ...] = _DEFAULTS.levels,
        textures: tuple[str, ...] = _DEFAULTS.textures,
        tempos: tuple[float, ...] = _DEFAULTS.tempos,
        contours: tuple[str, ...] = _DEFAULTS.contours,
        progressions: tuple[str, ...] = _DEFAULTS.progressions,
        metres: tuple[str, ...] = _DEFAULTS.metres,
        beats: tuple[str, ...] = _DEFAULTS.beats,
        themes: int = _DEFAULTS.themes,
        parts: tuple[str, ...] = _DEFAULTS.parts,
        humanise: float = _DEFAULTS.humanise,
        variation: int = 0,
        lock: tuple[str, ...] = (),
        origin: int | None = None,
        draws: int = 0,
    ) -> None:
        config = SongConfig(
            key=key,
            tempo=tempo,
            bars=bars,
            modes=tuple(modes),
            registers=tuple(registers),
            densities=tuple(densities),
            articulations=tuple(articulations),
            levels=tuple(levels),
            textures=tuple(textures),
            tempos=tuple(tempos),
            contours=tuple(contours),
            progressions=tuple(progressions),
            metres=tuple(metres),
            beats=tuple(beats),
            themes=themes,
            parts=tuple(parts),
            humanise=humanise,
            variation=variation,
            lock=tuple(lock),
            origin=origin,
            draws=draws,
        )
        check_song(config)
        self._config = config
        tonic, mode = parse_key(key) if key else (None, "")
        self._tonic: int | None = tonic
        self._values = {name: tuple(getattr(config, field)) for name, (field, _) in CHOICES.items()}
        self._values["theme"] = (0,) if lock else tuple(range(themes))
        # What a lock keeps would not be the same in another form, so what makes the form is not searched.
        self._held = frozenset(name for locked in lock for name in HELD[locked])
        if mode:
            self._values["mode"] = (mode,)
        if tempo:
            self._values["tempo"] = (tempo,)

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """What is open: every choice that has several values, or the number of a draw from the blind prior."""
        if self._config.draws:
            return {"draw": tuple(range(self._config.draws))}
        heard = {name: values for name, values in self._values.items() if name != "beat" or "drums" in self._config.parts}
        return {name: values for name, values in heard.items() if len(values) > 1 and name not in self._held}

    @property
    def duration(self) -> float:
        """Seconds that a piece lasts: what `bars` and `tempo` need, or 16."""
        if self._config.bars and self._config.tempo:
            return duration_of(self._config.bars, self._values["metre"][0], self._config.tempo)
        return DEFAULT_DURATION

    def prior(self, brief: Brief) -> Mapping[str, Sequence[float]]:
        """Return bells around what the rules say; nothing for the blind prior, which sees no target."""
        return {} if self._config.draws else prior(brief, self.choices)

    def drawn(self, generator: np.random.Generator) -> dict[str, Any]:
        """Return a value for every choice from the blind prior: independent, every value as likely as another.

        Parameters
        ----------
        generator : numpy.random.Generator
            The only source of randomness.

        Returns
        -------
        dict
        """
        return {name: values[int(generator.integers(len(values)))] for name, values in self._values.items()}

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        config = self._config
        streams = Streams.of(generator, config.variation, config.lock, config.origin)
        if config.draws:
            choice = self.drawn(streams.named(f"draw {choice['draw']}"))
        picked = {**{name: values[0] for name, values in self._values.items()}, **self._likeliest(brief), **choice}
        # The blind prior sees nothing of what is asked.
        hints = {} if config.draws else hints_of(brief)
        plan = unsteady(self._plan(picked, streams), hints)
        return compose(plan, brief.canvas.duration, streams.of_theme(picked["theme"]), loop=brief.canvas.loop)

    def _likeliest(self, brief: Brief) -> dict[str, Any]:
        """Return what is likeliest for what is asked, of what a lock holds; nothing where nothing is asked."""
        if not {"valence", "arousal"} & {*brief.requests, *brief.targets}:
            return {}
        held = {name: self._values[name] for name in self._held}
        return {name: held[name][int(np.argmax(weights))] for name, weights in prior(brief, held).items()}

    def _plan(self, choice: Mapping[str, Any], streams: Streams) -> Plan:
        config = self._config
        tonic = int(streams.named("key").integers(12)) if self._tonic is None else self._tonic
        named = ("mode", "contour", "progression", "texture", "metre", "beat")
        return Plan(
            **{name: choice[name] for name in named},
            tonic=tonic,
            register=float(choice["register"]),
            density=float(choice["density"]),
            articulation=float(choice["articulation"]),
            level=float(choice["level"]),
            tempo=float(choice["tempo"]),
            bars=config.bars,
            exact_tempo=bool(config.tempo),
            parts=config.parts,
            humanise=config.humanise,
        )

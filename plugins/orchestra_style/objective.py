"""The objective `style`: how far a take is from the sound of a recording, and from the music of its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_core import Evaluation, Objective, Take
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_style.config import SHIPPED, WeightsName
from orchestra_style.ears import Ears, Heard, Remembered
from orchestra_style.gram import gram_distance, pattern_distance, weighted_sum
from orchestra_style.mel import SAMPLE_RATE
from orchestra_style.network import LAYERS
from orchestra_style.notes import loudness_distance, one_minus_correlation
from orchestra_style.recordings import style_recording
from orchestra_style.texture import Texture, between, distances
from orchestra_style.transfer_config import ContentParts, StyleConfig, StyleParts
from orchestra_style.weights import feature_network

_DEFAULT = StyleConfig()
# Of the correlation of chroma.
_TOLERATED = 0.1
# What a level may stray by, dB, beside the standard deviation of the style's own.
_STEADY = 1.5


@dataclass(frozen=True)
class _Asked:
    """What a take is held against: Gram matrices and texture a share of the way, the source, and what levels may stray, dB."""

    grams: Mapping[str, Tensor]
    texture: Texture
    source: Heard
    swing: Tensor


class Style(Objective):
    """Distance to the sound of a style recording (`style`) and to the music of the source (`content`).

    `style` compares what does not depend on when it happens: Gram matrices of a convolutional network's maps over the
    linear-power mel spectrogram, and statistics of envelopes in bands. `content` compares what happens when: the maps'
    patterns over time, the harmony and the onsets. Takes, source and style are heard at equal loudness, so that gain costs
    nothing. With a strength below 1 the statistics asked for lie between those of the source and those of the style.

    Readings are the parts of the terms before they are weighed, such as ``style.modulation``.

    Parameters
    ----------
    style : Path, or None
        The recording; None for the source itself.
    strength : float, in [0, 1]
        Share of the way from the source's statistics to the style's.
    weights : str or Path
        The feature network; see `feature_network`.
    seed : int
        Of random filters.
    style_layers, content_layers : mapping of str to float
        Weight by layer of the network.
    style_parts : StyleParts
        Weights within the term `style`.
    content_parts : ContentParts
        Weights within the term `content`.

    Raises
    ------
    ParameterError
        A weight or the strength lies outside its range, or there is no such layer.
    AudioFileError
        The recording cannot be read, is silent or too short.

    References
    ----------
    .. [1] L. Gatys, A. Ecker, M. Bethge (2015): A neural algorithm of artistic style. arXiv:1508.06576.
    .. [2] D. Ulyanov, V. Lebedev (2016): Audio texture synthesis and style transfer.
    .. [3] J. McDermott, E. Simoncelli (2011): Sound texture perception via statistics of the auditory periphery. Neuron 71.
    """

    capabilities = frozenset({"differentiable", "source"})

    def __init__(
        self,
        style: Path | None = None,
        strength: float = _DEFAULT.strength,
        weights: str | Path = _DEFAULT.weights,
        seed: int = _DEFAULT.seed,
        style_layers: Mapping[str, float] = _DEFAULT.style_layers,
        content_layers: Mapping[str, float] = _DEFAULT.content_layers,
        style_parts: StyleParts = _DEFAULT.style_parts,
        content_parts: ContentParts = _DEFAULT.content_parts,
    ) -> None:
        if not 0 <= strength <= 1:
            raise ParameterError(f"strength is {strength!r}; expected a value in [0, 1].")
        self.strength = strength
        self.style_layers = _layers("style_layers", style_layers)
        self.content_layers = _layers("content_layers", content_layers)
        self.style_parts = _weights("style_parts", vars(style_parts))
        self.content_parts = _weights("content_parts", vars(content_parts))
        heard = self._heard_layers()
        self._ears = Ears(feature_network(_named(weights), seed) if heard else None, heard)
        self._recording = None if style is None else style_recording(style)
        self._asked = Remembered(self._asked_of)

    @property
    def terms(self) -> tuple[str, ...]:
        """`style` and `content`."""
        return ("style", "content")

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """The rate of the feature network, in Hz."""
        return (SAMPLE_RATE,)

    def _heard_layers(self) -> tuple[str, ...]:
        wanted: set[str] = set()
        wanted |= set(self.style_layers) if "gram" in self.style_parts else set()
        wanted |= set(self.content_layers) if "features" in self.content_parts else set()
        return tuple(layer for layer in LAYERS if layer in wanted)

    def _evaluate(self, take: Take) -> Evaluation:
        heard = self._ears.hear(_at_network_rate(take.audio, take.sample_rate))
        asked = self._asked.of(_source(take), take.brief.canvas.sample_rate, heard.samples, take.audio.dtype)
        style, content = self._style(heard, asked), self._content(heard, asked)
        terms = {"style": weighted_sum(style, self.style_parts), "content": weighted_sum(content, self.content_parts)}
        named = (("style", style), ("content", content))
        readings = {f"{term}.{part}": value for term, parts in named for part, value in parts.items()}
        return Evaluation(terms, readings)

    def _style(self, heard: Heard, asked: _Asked) -> dict[str, Tensor]:
        parts = dict(distances(heard.texture, asked.texture))
        if "gram" in self.style_parts:
            seen = heard.grams(tuple(self.style_layers))
            parts["gram"] = weighted_sum(
                {name: gram_distance(seen[name], asked.grams[name]) for name in self.style_layers}, self.style_layers
            )
        return parts

    def _content(self, heard: Heard, asked: _Asked) -> dict[str, Tensor]:
        source = asked.source
        parts = {
            "harmony": _beyond_tolerance(one_minus_correlation(heard.chroma, source.chroma)),
            "onsets": one_minus_correlation(heard.onsets, source.onsets),
            "loudness": loudness_distance(heard.loudness, source.loudness, asked.swing),
        }
        if "features" in self.content_parts:
            parts["features"] = weighted_sum(
                {name: pattern_distance(heard.maps[name], source.maps[name]) for name in self.content_layers},
                self.content_layers,
            )
        return parts

    @torch.no_grad()
    def _asked_of(self, source: Tensor, sample_rate: int, samples: int, dtype: torch.dtype) -> _Asked:
        source = source.to(dtype)
        own = self._ears.hear(_of_length(_at_network_rate(source, sample_rate), samples))
        style = own if self._recording is None else self._ears.hear(self._recording.to(source))
        layers = tuple(self.style_layers) if "gram" in self.style_parts else ()
        grams, lent = own.grams(layers), style.grams(layers)
        mixed = {layer: torch.lerp(grams[layer], lent[layer].expand_as(grams[layer]), self.strength) for layer in layers}
        swing = _STEADY + self.strength * style.loudness.std(dim=1, correction=0, keepdim=True)
        return _Asked(mixed, between(own.texture, style.texture, self.strength), own, swing)


def _beyond_tolerance(lost: Tensor) -> Tensor:
    """Return a cost that hardly counts what is lost below 0.1, and what is lost beyond it ever more.

    What lends its sound has pitches of its own: a constant price would keep it out where little is lost, and let it drown the
    harmony where all of it sounds.
    """
    return _TOLERATED * (lost / _TOLERATED).pow(3)


def _source(take: Take) -> Tensor:
    if take.brief.source is None:
        raise IncompatibleError("The objective style compares with source audio and the brief has none; name a source.")
    return take.brief.source


def _at_network_rate(audio: Tensor, sample_rate: int) -> Tensor:
    if sample_rate == SAMPLE_RATE:
        return audio
    from torchaudio.functional import resample

    resampled: Tensor = resample(audio, sample_rate, SAMPLE_RATE)
    return resampled


def _of_length(audio: Tensor, samples: int) -> Tensor:
    return functional.pad(audio[:, :samples], (0, max(samples - audio.shape[1], 0)))


def _layers(name: str, weights: Mapping[str, float]) -> dict[str, float]:
    unknown = sorted(set(weights) - set(LAYERS))
    if unknown:
        raise ParameterError(f"{name} weighs {unknown[0]!r}; expected layers of {LAYERS[0]} to {LAYERS[-1]}.")
    return _weights(name, weights)


def _weights(name: str, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights above 0."""
    for part, weight in weights.items():
        if not 0 <= weight < float("inf"):
            raise ParameterError(f"{name} weighs {part!r} with {weight!r}; expected a number of 0 or more.")
    used = {part: float(weight) for part, weight in weights.items() if weight > 0}
    if not used:
        raise ParameterError(f"{name} weighs nothing; expected at least one weight above 0.")
    return used


def _named(weights: str | Path) -> Path | WeightsName:
    """Return a name of weights, or the path that any other text means."""
    return weights if weights in (*SHIPPED, "random") else Path(weights)  # type: ignore[return-value]

"""Configuration of the objective `style` and the instruments `waveform` and `spectrogram`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

# Stages of a transfer: name, learning rate re the instrument's own, and up to which share of the steps. What lies under the
# source has 50 dB to rise first; around the end a large step is a modulation that nobody asked for.
_STAGES = (("reach", 2.0, 0.45), ("move", 1.0, 0.75), ("settle", 0.3, 1.0))
# Loss below which there is nothing to lend: the content as its own style. Other sounds stay far above it.
_MET = 0.01

WaveformForm = Literal["cells", "samples"]


@dataclass(frozen=True)
class StyleParts:
    """Weights within the term `style`, each at least 0.

    Parameters
    ----------
    gram : float
        Gram matrices of the feature network.
    spectrum : float
        Long-term levels of 40 bands.
    modulation : float
        Power of the bands' envelopes by octave of modulation frequency.
    variation : float
        Variance of the envelopes.
    kurtosis : float
        Kurtosis of the envelopes: rare peaks or steady flow.
    correlation : float
        Correlation of the envelopes between bands.
    """

    gram: float = 0.1
    spectrum: float = 8.0
    modulation: float = 16.0
    variation: float = 10.0
    kurtosis: float = 0.3
    correlation: float = 2.0


@dataclass(frozen=True)
class ContentParts:
    """Weights within the term `content`, each at least 0.

    Parameters
    ----------
    features : float
        When the features of the network sound, by channel and band.
    harmony : float
        Chroma over time; what is lost beyond 0.1 of its correlation counts ever more.
    onsets : float
        Rise of the level in bands over time.
    loudness : float
        Level over 0.2 s, where it is neither near the source's nor steady.
    """

    features: float = 0.05
    harmony: float = 3.5
    onsets: float = 4.0
    loudness: float = 4.0


@dataclass(frozen=True)
class StyleConfig:
    """Configuration of `style`.

    Parameters
    ----------
    style : Path or None
        The recording that lends its sound; at most its middle 30 s are heard. None for the source itself: a run then has
        nothing to do.
    strength : float, in [0, 1]
        How far on the way from the source's statistics to those of the style the term `style` asks for.
    weights : "emotify_5s", "emotify_3s", "random", or Path
        The feature network: trained, with random untrained filters, or a file.
    seed : int, >= 0
        Of random filters.
    style_layers : mapping of str to float
        Weight of each layer's Gram matrix.
    content_layers : mapping of str to float
        Weight of each layer in `content`.
    style_parts : StyleParts
        Weights within the term `style`.
    content_parts : ContentParts
        Weights within the term `content`.
    """

    style: Path | None = None
    strength: float = 1.0
    weights: str = "random"
    seed: int = 0
    style_layers: Mapping[str, float] = field(default_factory=lambda: {"pool1": 1.0, "pool2": 1.0, "conv3": 1.0})
    content_layers: Mapping[str, float] = field(default_factory=lambda: {"pool2": 1.0})
    style_parts: StyleParts = field(default_factory=StyleParts)
    content_parts: ContentParts = field(default_factory=ContentParts)


@dataclass(frozen=True)
class WaveformConfig:
    """Configuration of `waveform`.

    Parameters
    ----------
    form : {"cells", "samples"}
        What is moved: the source's level and that of a noise in cells of time and frequency, which keeps the sound clean;
        or each sample by itself.
    largest_gain : float, in [1, 60]
        For ``cells``: the most that a cell is raised, dB; it can be lowered by twice as much.
    texture : Path or None
        For ``cells``: a recording that lies under the source, beside the noise; a transfer names its style.
    """

    form: WaveformForm = "cells"
    largest_gain: float = 40.0
    texture: Path | None = None


@dataclass(frozen=True)
class SpectrogramConfig:
    """Configuration of `spectrogram`.

    Parameters
    ----------
    iterations : int, in [1, 1000]
        Of Griffin and Lim's algorithm, when the result is turned into audio.
    momentum : float, in [0, 1)
        Of the fast variant of the algorithm.
    """

    iterations: int = 64
    momentum: float = 0.9


def transfer_schedule(learning_rate: float, steps: int = 200) -> dict[str, Any]:
    """Return the schedule of a transfer as a specification: stages of `staged` with ever smaller steps."""
    stages, begun = [], 0
    for name, faster, until in _STAGES:
        count = round(until * steps) - begun
        begun += count
        stage = {"name": name, "groups": ["samples"], "weights": {"style": 1.0, "content": 1.0}, "clip": 0.0, "stop_loss": _MET}
        if count > 0:
            stages.append({**stage, "learning_rate": faster * learning_rate, "steps": count})
    return {"name": "staged", "config": {"stages": stages}}

"""What orchestra_style provides: an objective, two instruments, and the command ``style``."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Command, Descriptor, hookimpl
from orchestra_style.transfer_config import SpectrogramConfig, StyleConfig, WaveformConfig

_CITATION = "L. Gatys, A. Ecker, M. Bethge (2015): A neural algorithm of artistic style. arXiv:1508.06576"


@hookimpl
def orchestra_commands() -> Iterable[Command]:
    """Return the command group ``style``."""
    return [Command("style", "orchestra_style.cli:style", "Lend music the sound of an ambience; train the feature network.")]


@hookimpl
def orchestra_objectives() -> Iterable[Descriptor]:
    """Return the objective ``style``."""
    return [
        Descriptor(
            name="style",
            target="orchestra_style.objective:Style",
            summary="Distance to the sound of a recording (style) and to the music of the source (content).",
            config=StyleConfig,
            capabilities=frozenset({"differentiable", "source"}),
            license="MIT; shipped weights trained on research-only data (Emotify)",
            citation=_CITATION,
        )
    ]


@hookimpl
def orchestra_instruments() -> Iterable[Descriptor]:
    """Return the instruments that start from a recording."""
    return [
        Descriptor(
            name="waveform",
            target="orchestra_style.waveform:Waveform",
            summary="The samples of a recording, moved in cells of time and frequency or one by one.",
            config=WaveformConfig,
            capabilities=frozenset({"differentiable", "source", "stochastic"}),
            license="MIT",
        ),
        Descriptor(
            name="spectrogram",
            target="orchestra_style.spectrogram:Spectrogram",
            summary="The mel spectrogram of a recording, returned to audio by Griffin and Lim's algorithm.",
            config=SpectrogramConfig,
            capabilities=frozenset({"differentiable", "source"}),
            license="MIT",
            citation="D. Griffin, J. Lim (1984): Signal estimation from modified short-time Fourier transform. IEEE TASSP 32.",
        ),
    ]

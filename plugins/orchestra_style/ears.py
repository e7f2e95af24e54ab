"""What the objective hears of recordings: the network's maps, the texture, the harmony and the onsets."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import torch
from torch import Tensor

from orchestra_style.gram import gram
from orchestra_style.mel import SAMPLE_RATE, MelPower
from orchestra_style.network import StyleNetwork
from orchestra_style.notes import MusicEar, loudness
from orchestra_style.texture import Texture, TextureEar

# Below this root mean square, -120 dB re full scale, a recording is left as quiet as it is.
_SILENCE = 1e-6

V = TypeVar("V")


@dataclass(frozen=True)
class Heard:
    """What is heard of recordings.

    Parameters
    ----------
    maps : mapping of str to Tensor [shape=(n, channels, height, width)]
        Activations by layer of the network.
    texture : Texture
        Statistics of envelopes.
    chroma : Tensor [shape=(n, 12, frames)]
        Share of each pitch class over time.
    onsets : Tensor [shape=(n, frames)]
        Rise of the level in bands over time.
    loudness : Tensor [shape=(n, frames)]
        Level over time re the whole, dB.
    samples : int
        Length of the recordings.
    """

    maps: Mapping[str, Tensor]
    texture: Texture
    chroma: Tensor
    onsets: Tensor
    loudness: Tensor
    samples: int

    def grams(self, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the Gram matrices of layers."""
        return {layer: gram(self.maps[layer]) for layer in layers}


class Ears:
    """Hears recordings at 22,050 Hz and of any length.

    Parameters
    ----------
    network : StyleNetwork, or None
        The feature network; None for no maps.
    layers : sequence of str
        Which of its layers to hear.
    """

    def __init__(self, network: StyleNetwork | None, layers: Sequence[str]) -> None:
        self._network = network
        self._layers = tuple(layers)
        self._mel = MelPower()
        # Filters for a length, made once; they follow from the length alone.
        self._texture = Remembered(partial(TextureEar, sample_rate=SAMPLE_RATE))
        self._music = Remembered(partial(MusicEar, sample_rate=SAMPLE_RATE))

    def hear(self, audio: Tensor) -> Heard:
        """Return what is heard of recordings, brought to equal loudness; audio is (n, samples) at 22,050 Hz."""
        audio = equally_loud(audio)
        spectrum, samples = torch.fft.rfft(audio), audio.shape[1]
        music = self._music.of(samples)
        texture = self._texture.of(samples).hear(spectrum)
        return Heard(self._maps(audio), texture, music.chroma(spectrum), music.onsets(audio), loudness(audio), samples)

    def _maps(self, audio: Tensor) -> Mapping[str, Tensor]:
        if self._network is None:
            return {}
        mel = self._mel(audio.float())
        return {layer: maps.to(audio.dtype) for layer, maps in self._network.activations(mel, self._layers).items()}


class Remembered(Generic[V]):
    """The latest values of a pure function, so that they are not computed at every step.

    A first argument that is a tensor is known by identity, and forgotten when the tensor is.
    """

    def __init__(self, function: Callable[..., V], most: int = 64) -> None:
        self._function = function
        self._most = most
        self._values: dict[tuple[object, ...], V] = {}

    def of(self, first: Tensor | int, *others: Hashable) -> V:
        """Return the function's value for arguments."""
        key = (id(first) if isinstance(first, Tensor) else first, *others)
        if key not in self._values:
            if len(self._values) >= self._most:
                self._values.pop(next(iter(self._values)))
            self._values[key] = self._function(first, *others)
            if isinstance(first, Tensor):
                weakref.finalize(first, self._values.pop, key, None)
        return self._values[key]

    def __getstate__(self) -> dict[str, object]:
        # A copy has other tensors, so it remembers nothing.
        return {**self.__dict__, "_values": {}}


def equally_loud(audio: Tensor) -> Tensor:
    """Return audio (n, samples) at unit power; silence stays silence, with a finite gradient."""
    power = audio.square().mean(dim=1, keepdim=True)
    return audio / (power + _SILENCE**2).sqrt()

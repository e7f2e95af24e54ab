"""One face for all networks in training and marking: arrays of a store in, readings of each corpus's scale out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from orchestra_core.errors import ConfigurationError
from orchestra_deam.augmentation import augmented
from orchestra_deam.front_end import standardise
from orchestra_deam.models import MODELS, OUTPUTS, head_of, make_model
from orchestra_deam.preparation.several import PreparedCorpora
from orchestra_deam.weights import MAIN_HEAD

Arrays = dict[str, Tensor]
Scales = Mapping[str, tuple[np.ndarray, np.ndarray]]


class Reader(nn.Module, ABC):
    """A network with what it needs around it.

    Parameters
    ----------
    network : nn.Module
        One of `orchestra_deam.models.MODELS`.
    corpora : tuple of str
        Whose scales it reads, each by an output of its own.
    """

    def __init__(self, network: nn.Module, corpora: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.corpora = network, corpora

    @abstractmethod
    def inputs(self, arrays: Arrays, generator: torch.Generator | None = None) -> Arrays:
        """Return what the network is fed; with a generator, of clips changed at random."""

    @abstractmethod
    def forward(self, inputs: Arrays) -> dict[str, Tensor]:
        """Return arousal and valence by corpus, shape (n, 2), or (members, n, 2) of a training ensemble."""

    @abstractmethod
    def set_scales(self, scales: Scales) -> None:
        """Take standardised readings to the units of the labels, whose mean and SD, shape (2,), are given by corpus."""

    @abstractmethod
    def exported(self) -> dict[str, nn.Module]:
        """Return the networks to be written, by the corpora that they read, joined by ``+``."""

    def prepare(self, batches: Iterable[Arrays]) -> None:
        """Look at the clips to learn from, before the first step: for networks that standardise their inputs."""


class MelReader(Reader):
    """Around the published networks, which take standardised mel bands, shape (n, 1, 128, frames).

    For several corpora their linear head is widened to two outputs each, and cut apart again when they are written.
    """

    def __init__(self, network: nn.Module, corpora: tuple[str, ...]) -> None:
        super().__init__(network.to(memory_format=torch.channels_last), corpora)  # type: ignore[call-overload]
        if len(corpora) > 1:
            head = head_of(network)
            replace_head(network, nn.Linear(head.in_features, len(OUTPUTS) * len(corpora)))

    def inputs(self, arrays: Arrays, generator: torch.Generator | None = None) -> Arrays:
        """Return the array ``mel``, standardised, shape (n, 1, 128, frames); with a generator, changed at random."""
        clips = arrays["mel"]
        features = augmented(clips, generator) if generator is not None else standardise(clips)[:, None]
        return {"mel": features}

    def forward(self, inputs: Arrays) -> dict[str, Tensor]:
        """Return arousal and valence by corpus, shape (n, 2)."""
        read = self.network(inputs["mel"].contiguous(memory_format=torch.channels_last))
        return dict(zip(self.corpora, torch.split(read, len(OUTPUTS), dim=1), strict=True))

    @torch.no_grad()
    def set_scales(self, scales: Scales) -> None:
        """Fold mean and SD into the head."""
        mean, sd = (torch.from_numpy(np.concatenate([scales[name][i] for name in self.corpora])).float() for i in (0, 1))
        head = head_of(self.network)
        head.weight.mul_(sd[:, None])
        head.bias.mul_(sd).add_(mean)

    @torch.no_grad()
    def exported(self) -> dict[str, nn.Module]:
        """Return a network of the published layout for each corpus."""
        whole = self.network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        if len(self.corpora) == 1:
            return {self.corpora[0]: whole.eval()}
        head, found = head_of(whole), {}
        for index, name in enumerate(self.corpora):
            network = make_model(_name_of(whole))
            own = slice(len(OUTPUTS) * index, len(OUTPUTS) * (index + 1))
            tensors = {**whole.state_dict(), **_head_tensors(whole, head.weight[own], head.bias[own])}
            network.load_state_dict(tensors)
            found[name] = network.eval()
        return found


class ArraysReader(Reader):
    """Around networks that take the arrays of their front end and have heads of their own, see `head_for`."""

    def __init__(self, network: nn.Module, corpora: tuple[str, ...]) -> None:
        super().__init__(network, corpora)
        self.heads = {name: head_for(network, name) for name in corpora}
        if len(set(self.heads.values())) < len(corpora):
            raise ConfigurationError(
                f"{type(network).__name__} has no heads for {' and '.join(corpora)} at once, but for "
                f"{', '.join(getattr(network, 'heads', ()))}; train it on one of them."
            )

    def inputs(self, arrays: Arrays, generator: torch.Generator | None = None) -> Arrays:
        """Return the arrays; with a generator, as the network changes them at random, if it can."""
        change = getattr(self.network, "augmented", None)
        changed: Arrays = arrays if generator is None or change is None else change(arrays, generator)
        return changed

    def forward(self, inputs: Arrays) -> dict[str, Tensor]:
        """Return arousal and valence by corpus."""
        read: dict[str, Tensor] = self.network(inputs)
        return {name: read[head] for name, head in self.heads.items()}

    def set_scales(self, scales: Scales) -> None:
        """Hand mean and SD to the network."""
        network: Any = self.network
        for name in self.corpora:
            mean, sd = (torch.from_numpy(part).float() for part in scales[name])
            network.set_scale(self.heads[name], mean, sd)

    def exported(self) -> dict[str, nn.Module]:
        """Return the one network that reads all corpora."""
        return {"+".join(self.corpora): self.network.eval()}

    def prepare(self, batches: Iterable[Arrays]) -> None:
        """Let the network look at what it will learn from."""
        network: Any = self.network
        if hasattr(network, "prepare"):
            network.prepare(batches)


def make_reader(network: nn.Module, corpora: tuple[str, ...]) -> Reader:
    """Return what wraps a network.

    Parameters
    ----------
    network : nn.Module
        Its attribute ``front_end`` names the front end that it reads.
    corpora : tuple of str
        Whose scales it reads.
    """
    return MelReader(network, corpora) if front_end_of(network) == "mel" else ArraysReader(network, corpora)


def head_for(network: nn.Module, corpus: str) -> str:
    """Return the head of a network that reads a corpus: that of its name, else the main one, such as for DEAM."""
    return corpus if corpus in getattr(network, "heads", ()) else MAIN_HEAD


def front_end_of(network: nn.Module) -> str:
    """Return the name of the front end that a network reads."""
    return str(getattr(network, "front_end", "mel"))


def refuse_other_features(data: PreparedCorpora, network: nn.Module) -> None:
    """Refuse corpora that were prepared for another front end than a network's.

    Raises
    ------
    ConfigurationError
        They were.
    """
    wanted = front_end_of(network)
    if data.features != wanted:
        raise ConfigurationError(
            f"The corpora were prepared with --features {data.features}; {type(network).__name__} reads {wanted!r}: "
            f"prepare them again with --features {wanted}."
        )


def replace_head(network: nn.Module, head: nn.Linear) -> None:
    """Give a published network another linear head."""
    old = head_of(network)
    name = next(name for name, layer in network.named_children() if layer is old)
    setattr(network, name, head)


def _head_tensors(network: nn.Module, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    head = head_of(network)
    name = next(name for name, layer in network.named_children() if layer is head)
    return {f"{name}.weight": weight.clone(), f"{name}.bias": bias.clone()}


def _name_of(network: nn.Module) -> str:
    return next(name for name, maker in MODELS.items() if maker is type(network))

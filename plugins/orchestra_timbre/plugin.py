"""What orchestra_timbre provides: the oracle ``timbre_cnn`` and the command ``timbre``."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Command, Descriptor, hookimpl
from orchestra_timbre.config import CITATION, TimbreCNNConfig


@hookimpl
def orchestra_oracles() -> Iterable[Descriptor]:
    """Return the oracle ``timbre_cnn``."""
    return [
        Descriptor(
            name="timbre_cnn",
            target="orchestra_timbre.oracle:TimbreCNN",
            summary="Reads hardness, depth, brightness, roughness, warmth, sharpness and boominess of a one-shot.",
            config=TimbreCNNConfig,
            capabilities=frozenset({"differentiable"}),
            license="MIT; shipped weights trained on CC0 and public-domain sounds",
            citation=CITATION,
        )
    ]


@hookimpl
def orchestra_commands() -> Iterable[Command]:
    """Return the command group ``timbre``."""
    return [Command("timbre", "orchestra_timbre.cli:timbre", "Read timbre, train and evaluate the oracle timbre_cnn.")]

"""What orchestra_deam provides: the oracle ``deam_cnn`` and the command ``deam``."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Command, Descriptor, hookimpl
from orchestra_deam.config import DeamCNNConfig


@hookimpl
def orchestra_oracles() -> Iterable[Descriptor]:
    """Return the oracle ``deam_cnn``."""
    return [
        Descriptor(
            name="deam_cnn",
            target="orchestra_deam.oracle:DeamCNN",
            summary="Reads arousal and valence from 5 s of audio, by default from musical cues.",
            config=DeamCNNConfig,
            capabilities=frozenset({"differentiable"}),
            default=True,
            license="MIT; shipped weights trained on research-only data (VGMIDI, Emotify)",
            citation=(
                "L. N. Ferreira, J. Whitehead (2019): Learning to Generate Music with Sentiment. ISMIR. "
                "A. Aljanaki, F. Wiering, R. C. Veltkamp (2016): Studying emotion induced by music through a crowdsourcing game. "
                "Information Processing & Management 52."
            ),
        )
    ]


@hookimpl
def orchestra_commands() -> Iterable[Command]:
    """Return the command group ``deam``."""
    return [Command("deam", "orchestra_deam.cli:deam", "Train and evaluate the oracle deam_cnn.")]

"""Configurations of the judges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VGMIDI = "L. N. Ferreira, J. Whitehead (2019): Learning to Generate Music with Sentiment. ISMIR."
EEROLA = (
    "T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity of "
    "primary musical cues. Frontiers in Psychology 4:487."
)
#: The licence line of weights that learned from VGMIDI.
RESEARCH_ONLY = "MIT code; weights trained on research-only data (VGMIDI)"


@dataclass(frozen=True)
class JudgeConfig:
    """Configuration of a judge with weights.

    Parameters
    ----------
    weights : Path or None
        A ``.safetensors`` file with its card; None for the shipped one.
    """

    weights: Path | None = None

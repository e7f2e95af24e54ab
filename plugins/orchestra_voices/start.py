"""From scores to the parameters of a voice, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Note, Parameter, Score, cue_hints
from orchestra_core.errors import ScoreError
from orchestra_voices.config import BassConfig, PadConfig
from orchestra_voices.controls import CONTROLS, HINTED, Control

VoiceConfig = BassConfig | PadConfig

SHORTEST = 0.05
# How far notes may be moved where neither the configuration nor their score says, in s: little enough that the beat stays.
_REACH = 0.013
# Starting values lie inside their bounds by this share of the range.
_INSIDE = 2e-3


def bounds_of(control: Control, voice: str) -> tuple[float, float]:
    """Return the bounds of a control for ``bass`` or ``pad``."""
    return control.bass if voice == "bass" else control.pad


def note_parameters(config: VoiceConfig, voice: str, brief: Brief) -> tuple[Parameter, ...]:
    """Return the parameters of the notes: timing, dynamics and, fixed, where they are written, pitch and mask.

    Raises
    ------
    ScoreError
        No note of an item, drums aside, starts before the canvas ends.
    """
    padded = brief.notes()
    mask = padded.mask & (padded.onset < brief.canvas.duration) & ~brief.drums()
    for item in (~mask.any(1)).nonzero().flatten().tolist():
        raise ScoreError(
            f"The score (of item {item}) has no pitched note for the {voice} that starts before the canvas ends, at "
            f"{brief.canvas.duration:g} s. Choose another score or a longer duration."
        )
    margin = _INSIDE * (1 - config.quietest)
    amplitude = padded.velocity.clamp(config.quietest + margin, 1 - margin)
    still, reach = torch.zeros_like(amplitude), _reach(config, brief)
    held = not bool(reach.any())
    return (
        Parameter("shift", "timing", still, "1", -1.0, 1.0, "How late each note comes, as a share of the reach", fixed=held),
        Parameter(
            "duration", "timing", padded.duration.clamp_min(SHORTEST + 2e-3), "s", SHORTEST, math.inf, "Length of each note"
        ),
        Parameter("amplitude", "dynamics", amplitude, "1", config.quietest, 1.0, "How loud each note is"),
        Parameter("reach", "score", reach, "s", description="How far notes may be moved", fixed=True),
        Parameter("written", "score", padded.onset, "s", description="Where each note is written", fixed=True),
        Parameter("pitch", "score", padded.pitch, "MIDI", description="Pitch of each note", fixed=True),
        Parameter("mask", "score", mask, description="Which notes are there", fixed=True),
    )


def control_parameters(config: VoiceConfig, voice: str, brief: Brief) -> tuple[Parameter, ...]:
    """Return the controls, shape (batch,): at their start, moved by what the brief asks."""
    return tuple(_control_parameter(control, config, voice, brief) for control in CONTROLS)


def with_onsets(values: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return values with the start of each note."""
    return {**values, "onset": (values["written"] + values["reach"][:, None] * values["shift"]).clamp_min(0.0)}


def played_scores(values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...]:
    """Return the notes that are played, one score per item, in the order of their onsets."""
    columns = [values[name].detach().double().cpu() for name in ("pitch", "onset", "duration", "amplitude")]
    scores = []
    for item, keep in enumerate(values["mask"].bool().cpu()):
        rows = torch.stack([column[item, keep] for column in columns], 1).tolist()
        scores.append(Score(tuple(Note(*row) for row in sorted(rows, key=lambda row: (row[1], row[0])))))
    return tuple(scores)


def _reach(config: VoiceConfig, brief: Brief) -> Tensor:
    """Return how far notes of each item may be moved, in s, shape (batch,): by the voice, else by its score."""
    said = [score.microtiming if config.groove is None else config.groove for score in brief.scores or ()]
    return torch.tensor([_REACH if reach is None else reach for reach in said], device=brief.device)


def _control_parameter(control: Control, config: VoiceConfig, voice: str, brief: Brief) -> Parameter:
    lower, upper = bounds_of(control, voice)
    start = torch.full((len(brief),), getattr(config, control.name), device=brief.device)
    hints = cue_hints(brief)
    if control.name in HINTED and control.name in hints:
        hint = HINTED[control.name] * hints[control.name].to(start)
        start = _inside(start * hint.exp() if control.scale == "log" else start + hint, lower, upper)
    text = f"{control.description}, of the {voice}"
    return Parameter(control.name, control.group, start, control.unit, lower, upper, text, scale=control.scale)


def _inside(value: Tensor, lower: float, upper: float) -> Tensor:
    margin = _INSIDE * (upper - lower)
    return value.clamp(lower + margin, upper - margin)

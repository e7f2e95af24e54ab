"""From scores to the piano's parameters and back."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_core import Brief, Canvas, Note, Parameter, Score
from orchestra_core.errors import ScoreError
from orchestra_piano.config import PianoConfig
from orchestra_piano.hints import hinted
from orchestra_piano.settings import MARGIN, TIMBRE

SHORTEST = 0.1


def note_parameters(config: PianoConfig, brief: Brief) -> tuple[Parameter, ...]:
    """Return the parameters of the notes: timing, dynamics and, fixed, pitch and mask.

    Raises
    ------
    ScoreError
        No note of an item, drums aside, starts before the canvas ends.
    """
    padded = brief.notes()
    mask = padded.mask & (padded.onset < brief.canvas.duration) & ~brief.drums()
    for item in (~mask.any(1)).nonzero().flatten().tolist():
        drums = " All of its notes are on the drum channel." if _only_drums(brief, item) else ""
        raise ScoreError(
            f"The score (of item {item}) has no pitched note that starts before the canvas ends, at {brief.canvas.duration:g} s."
            f"{drums} Choose another score{'' if drums else ' or a longer duration'}."
        )
    latest = latest_onset(config, brief.canvas)
    onset, duration, amplitude = padded.onset, padded.duration, padded.velocity
    if config.start == "published":
        onset, duration = latest * torch.sigmoid(onset), SHORTEST + functional.softplus(duration)
        amplitude = torch.sigmoid(amplitude)
    least = 0.0 if config.start == "published" else config.quietest
    return (
        *_onset_parameters(_reach(config, brief), onset, latest),
        Parameter("duration", "timing", duration.clamp_min(SHORTEST + 2e-3), "s", SHORTEST, math.inf, "Length of each note"),
        Parameter("amplitude", "dynamics", _inside(amplitude, least, 1.0), "1", least, 1.0, "How loud each note is"),
        Parameter("pitch", "score", padded.pitch, "MIDI", description="Pitch of each note", fixed=True),
        Parameter("mask", "score", mask, description="Which notes are there", fixed=True),
    )


def _reach(config: PianoConfig, brief: Brief) -> Tensor | None:
    """Return how far notes of each item may be moved, in s, shape (batch,), by the piano or its scores; None for anywhere."""
    said = [score.microtiming if config.groove is None else config.groove for score in brief.scores or ()]
    known = [reach for reach in said if reach is not None]
    if not known or config.start == "published":
        return None
    if len(known) < len(said):
        raise ScoreError(
            "Some scores of one batch say how far notes may be moved (microtiming) and others do not; expected all or none. Play "
            "them one by one, or set the piano's groove."
        )
    return torch.tensor(known, device=brief.device)


def _onset_parameters(reach: Tensor | None, onset: Tensor, latest: float) -> tuple[Parameter, ...]:
    if reach is None:
        return (Parameter("onset", "timing", _inside(onset, 0.0, latest), "s", 0.0, latest, "Start of each note"),)
    still, held = torch.zeros_like(onset), not bool(reach.any())
    return (
        Parameter("shift", "timing", still, "1", -1.0, 1.0, "How late each note comes, as a share of the reach", fixed=held),
        Parameter("reach", "score", reach, "s", description="How far notes may be moved", fixed=True),
        Parameter("written", "score", onset.clamp_max(latest), "s", description="Where each note is written", fixed=True),
    )


def with_onsets(values: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return values with the start of each note, where they have how far it is moved instead."""
    if "shift" not in values:
        return values
    rest = {name: value for name, value in values.items() if name not in ("shift", "reach", "written")}
    return {**rest, "onset": (values["written"] + values["reach"][:, None] * values["shift"]).clamp_min(0.0)}


def timbre_parameters(config: PianoConfig, brief: Brief) -> tuple[Parameter, ...]:
    """Return the parameters of the spectrum, none for a single partial."""
    if config.partials == 1:
        return ()
    starts = {"brightness": config.brightness, "partial_decay": config.partial_decay}
    parameters = []
    for name, unit, lower, upper, text in TIMBRE:
        start = torch.full((len(brief),), starts[name], device=brief.device)
        if config.start == "score" and not config.blind:  # the published generator takes no hints
            start = hinted(name, start, (lower, upper), brief)
        parameters.append(Parameter(name, "timbre", start, unit, lower, upper, text))
    return tuple(parameters)


def latest_onset(config: PianoConfig, canvas: Canvas) -> float:
    """Return the upper bound of onsets in s: 0.8 of the canvas as published, else up to a quarter second before its end.

    It depends on the canvas only: the map to free coordinates must not change with the other items of a batch.
    """
    if config.start == "published":
        return 0.8 * canvas.duration
    return canvas.duration - min(0.25, 0.2 * canvas.duration)


def score_values(score: Score, start: float) -> dict[str, Tensor]:
    """Return the values of the notes of one score, shape (1, notes), with time running from `start`."""
    rows = [(n.onset - start, max(n.duration, SHORTEST), n.velocity, n.pitch) for n in score.notes]
    columns = torch.tensor(rows, dtype=torch.float64).T[:, None].float()
    values = dict(zip(("onset", "duration", "amplitude", "pitch"), columns, strict=True))
    return {**values, "mask": torch.tensor([[not n.part.drums for n in score.notes]])}


def played_scores(values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...]:
    """Return the notes that are heard, one score per item, in the order of their onsets.

    Raises
    ------
    ScoreError
        No note of an item starts on the canvas.
    """
    heard = values["mask"].bool() & (values["onset"] < canvas.duration)
    columns = [values[name].detach().double().cpu() for name in ("pitch", "onset", "duration", "amplitude")]
    scores = []
    for item, keep in enumerate(heard.cpu()):
        rows = torch.stack([column[item, keep] for column in columns], 1).tolist()
        if not rows:
            raise ScoreError(f"No note of item {item} starts on the canvas of {canvas.duration:g} s.")
        scores.append(Score(tuple(Note(*row) for row in sorted(rows, key=lambda row: (row[1], row[0])))))
    return tuple(scores)


def _only_drums(brief: Brief, item: int) -> bool:
    return bool(brief.scores) and all(note.part.drums for note in (brief.scores or ())[item].notes)


def _inside(value: Tensor, lower: float, upper: float) -> Tensor:
    # A wider margin has more gradient; up to 2e-3 of the range where that moves no onset by more than 10 ms.
    margin = max(MARGIN * (upper - lower), min(2e-3 * (upper - lower), 0.01))
    return value.clamp(lower + margin, upper - margin)

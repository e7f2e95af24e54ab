"""From scores to the parameters of drums and hits, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core import Brief, Note, Parameter, Part, Score
from orchestra_core.errors import ScoreError
from orchestra_percussion.config import PercussionConfig
from orchestra_percussion.controls import CONTROLS, Control
from orchestra_percussion.kits import KINDS, drum_of

#: A drum of a score: note number and kit.
Lane = tuple[float, int]

# Starting values lie inside their bounds by this share of the range.
_INSIDE = 2e-3
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Lanes:
    """The drums of each item, in the order of their note numbers, and its hits: note and which of the drums."""

    drums: tuple[tuple[Lane, ...], ...]
    hits: tuple[tuple[tuple[Note, int], ...], ...]


def lanes_of(brief: Brief) -> Lanes:
    """Return the drums and hits that the scores of a brief ask for.

    Raises
    ------
    ScoreError
        There is no score, or no drum of an item starts before the canvas ends.
    """
    if brief.scores is None:
        raise ScoreError("Percussion plays notes and the brief has no score; name a score source (score='one_shot').")
    drums, hits = [], []
    for item, score in enumerate(brief.scores):
        notes = [note for note in score.notes if note.part.drums] or list(score.notes)
        notes = [note for note in notes if note.onset < brief.canvas.duration]
        if not notes:
            raise ScoreError(
                f"The score (of item {item}) has no drum that starts before the canvas ends, at {brief.canvas.duration:g} s. "
                "Choose another score or a longer duration."
            )
        own = sorted({_lane(note) for note in notes})
        drums.append(tuple(own))
        hits.append(tuple((note, own.index(_lane(note))) for note in notes))
    return Lanes(tuple(drums), tuple(hits))


def hit_parameters(config: PercussionConfig, brief: Brief, lanes: Lanes) -> tuple[Parameter, ...]:
    """Return the parameters of hits, shape (batch, hits): amplitude and shift, and what is fixed."""
    most = max(len(hits) for hits in lanes.hits)

    def column(rows: list[list[float]], padding: float = 0.0) -> Tensor:
        padded = [row + [padding] * (most - len(row)) for row in rows]
        return torch.tensor(padded, dtype=torch.float32, device=brief.device)

    amplitude = column([[note.velocity for note, _ in hits] for hits in lanes.hits], 0.5)
    margin = _INSIDE * (1 - config.quietest)
    amplitude = amplitude.clamp(config.quietest + margin, 1 - margin)
    groove = max(config.groove, 1e-6)
    fixed = {
        "mask": column([[1.0] * len(hits) for hits in lanes.hits]).bool(),
        "drum": column([[note.pitch for note, _ in hits] for hits in lanes.hits], 36.0),
        "written": column([[note.onset for note, _ in hits] for hits in lanes.hits]),
        "length": column([[note.duration for note, _ in hits] for hits in lanes.hits], 0.1),
        "lane": column([[float(lane) for _, lane in hits] for hits in lanes.hits]).long(),
    }
    return (
        Parameter("amplitude", "dynamics", amplitude, "1", config.quietest, 1.0, "How hard each hit is struck"),
        Parameter(
            "shift", "timing", torch.zeros_like(amplitude), "s", -groove, groove, "How late each hit comes", config.groove == 0
        ),
        *(Parameter(name, "score", value, description=_FIXED[name], fixed=True) for name, value in fixed.items()),
    )


_FIXED = {
    "mask": "Which hits are there",
    "drum": "Note number of each hit",
    "written": "Where each hit is written",
    "length": "Written length of each hit",
    "lane": "Which drum each hit plays",
    "lane_mask": "Which drums are there",
    "kit": "Kit of each drum",
    "noise": "Seed of each drum's noise",
}


def drum_parameters(config: PercussionConfig, brief: Brief, lanes: Lanes) -> tuple[Parameter, ...]:
    """Return the parameters of drums, shape (batch, drums): every control, and what is fixed."""
    most = max(len(drums) for drums in lanes.drums)
    padded = [[*drums, *[(36.0, 0)] * (most - len(drums))] for drums in lanes.drums]
    mask = torch.tensor([[i < len(drums) for i in range(most)] for drums in lanes.drums], device=brief.device)
    kit = torch.tensor([[kit for _, kit in drums] for drums in padded], device=brief.device)
    noise = (brief.generator("noise").rand(most).double() * _LARGEST_SEED).long().to(brief.device)
    fixed = {"lane_mask": mask, "kit": kit, "noise": noise}
    return (
        *_control_parameters(config, brief, padded),
        *(Parameter(name, "score", value, description=_FIXED[name], fixed=True) for name, value in fixed.items()),
    )


def played_scores(values: Mapping[str, Tensor], onset: Tensor) -> tuple[Score, ...]:
    """Return the hits as notes of the drum channel, one score per item, in the order of their onsets."""
    kits = values["kit"].gather(1, values["lane"].long())
    columns = [c.detach().double().cpu() for c in (values["drum"], onset, values["length"], values["amplitude"], kits)]
    scores = []
    for item, keep in enumerate(values["mask"].bool().cpu()):
        rows = torch.stack([column[item, keep] for column in columns], 1).tolist()
        rows.sort(key=lambda row: (row[1], row[0]))
        scores.append(Score(tuple(_note(*row) for row in rows)))
    return tuple(scores)


def _note(drum: float, onset: float, length: float, amplitude: float, kit: float) -> Note:
    return Note(drum, onset, length, amplitude, Part("drums", int(kit), drums=True))


def _lane(note: Note) -> Lane:
    return (note.pitch, note.part.program)


def _control_parameters(config: PercussionConfig, brief: Brief, lanes: list[list[Lane]]) -> list[Parameter]:
    plain = torch.tensor([[_start(lane[0]) for lane in drums] for drums in lanes], dtype=torch.float32)
    away = config.variation * _variations(brief, lanes)
    parameters = []
    for i, control in enumerate(CONTROLS):
        stated = _parameter(control, plain[:, :, i])
        varied = stated.to_value(stated.to_coordinate(stated.initial) + away[:, :, i])
        initial = torch.where(away[:, :, i] == 0, stated.initial, varied)
        parameters.append(_parameter(control, _inside(control, initial).to(brief.device)))
    return parameters


def _parameter(control: Control, initial: Tensor) -> Parameter:
    text = f"{control.description}, by drum"
    return Parameter(control.name, control.group, initial, control.unit, control.lower, control.upper, text, scale=control.scale)


def _start(pitch: float) -> list[float]:
    """Return the values of all controls that the drum of a note number starts with."""
    drum = drum_of(pitch)
    preset = KINDS[drum.kind]
    return [preset[control.name] * drum.factors.get(control.name, 1.0) for control in CONTROLS]


def _variations(brief: Brief, lanes: list[list[Lane]]) -> Tensor:
    """Return standard normal numbers (batch, drums, controls) by seed, note number and kit; none for kit 0."""
    away = torch.zeros(len(lanes), len(lanes[0]), len(CONTROLS), dtype=torch.float64)
    for pitch, kit in sorted({lane for drums in lanes for lane in drums if lane[1]}):
        drawn = brief.generator(f"kit {kit} of {pitch:g}").randn(len(CONTROLS)).double()
        mine = torch.tensor([[lane == (pitch, kit) for lane in drums] for drums in lanes])
        away += mine[:, :, None] * drawn[:, None, :]
    return away


def _inside(control: Control, value: Tensor) -> Tensor:
    if control.scale == "log":
        factor = (control.upper / control.lower) ** _INSIDE
        return value.clamp(control.lower * factor, control.upper / factor)
    margin = _INSIDE * (control.upper - control.lower)
    return value.clamp(control.lower + margin, control.upper - margin)

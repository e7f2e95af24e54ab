"""From written notes to played ones: articulation, dynamics, and small deviations from the grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from orchestra_core import Note, Part
from orchestra_song.frame import Frame
from orchestra_song.melody import Event
from orchestra_song.plan import PROGRAMS, Plan
from orchestra_song.streams import Streams

#: Velocity of a part above that of the melody.
BALANCE: Mapping[str, float] = MappingProxyType({"melody": 0.0, "harmony": -0.14, "bass": -0.06, "pad": -0.2, "drums": -0.02})
_SWELL = 0.12
_SHORTEST = 0.105
_SOFTEST, _LOUDEST = 0.22, 1.0


def perform(plan: Plan, frame: Frame, events: Iterable[Event], streams: Streams) -> tuple[Note, ...]:
    """Return the notes of a piece in seconds.

    Onsets, and velocities of an uneven plan, deviate by a normal number of half the largest deviation, and never by more than the
    largest one.

    Parameters
    ----------
    plan : Plan
        Articulation, level, contour and the largest deviation.
    frame : Frame
        The bars.
    events : iterable of Event
        What is written.
    streams : Streams
        Of the timing: a stream for each part.

    Returns
    -------
    tuple of Note
        In the order of their onsets.
    """
    timing = {name: streams.named("timing") if name == "melody" else _of_part(streams, name) for name in plan.parts}
    touch = streams.named("touch")
    notes = [
        _note(plan, frame, event, _deviation(plan.humanise, timing[event.part]), _deviation(plan.uneven, touch))
        for event in events
    ]
    return tuple(sorted(notes, key=lambda note: (note.onset, note.pitch, note.part.name)))


def part_of(name: str) -> Part:
    """Return the part of a name in `plan.PROGRAMS`."""
    return Part(name, PROGRAMS[name], name == "drums")


def _of_part(streams: Streams, name: str) -> np.random.Generator:
    generator = streams.named("timing")
    return generator.spawn(len(PROGRAMS))[list(PROGRAMS).index(name)]


def _deviation(largest: float, generator: np.random.Generator) -> float:
    return float(np.clip(0.5 * largest * generator.standard_normal(), -largest, largest))


def _note(plan: Plan, frame: Frame, event: Event, deviation: float, touch: float) -> Note:
    onset = max(event.start * frame.step + deviation, 0.0)
    end = (event.start + event.length) * frame.step
    if event.held:
        # The last chord sounds to the end of the piece.
        end = frame.end if event.start + event.length >= frame.bars * frame.bar else end
        length = end - onset
    else:
        length = plan.articulation * event.length * frame.step
    velocity = (
        plan.level + touch + BALANCE[event.part] + event.stress + _swell(plan.contour, event.start / (frame.bars * frame.bar))
    )
    length = min(max(length, _SHORTEST), max(frame.end - onset, 0.01))
    return Note(float(event.pitch), onset, length, float(np.clip(velocity, _SOFTEST, _LOUDEST)), part_of(event.part))


def _swell(contour: str, share: float) -> float:
    """Return how much louder than its mean a piece is at a share of its length."""
    shapes = {"arch": math.sin(math.pi * share) - 0.6, "crescendo": 2 * share - 1, "diminuendo": 1 - 2 * share}
    return _SWELL * shapes.get(contour, 0.0)

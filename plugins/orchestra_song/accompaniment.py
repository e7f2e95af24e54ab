"""Accompaniment: the textures of the harmony, the bass, the pad and the drums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from orchestra_song.frame import Frame
from orchestra_song.melody import Event
from orchestra_song.modes import Chord
from orchestra_song.motif import strength
from orchestra_song.plan import Plan
from orchestra_song.voicing import bass_line, lead

Voices = tuple[int, int, int]
#: Which of three voices comes when.
_ORDERS: Mapping[str, tuple[tuple[int, ...], ...]] = MappingProxyType(
    {"arpeggio": ((0, 1, 2, 1), (0, 1, 2), (2, 1, 0, 1)), "broken": ((0, 2, 1, 2), (0, 2, 1))}
)
_UNDER_MELODY = 14
_LOWEST, _LOWEST_BASS, _HIGHEST_BASS = 45.0, 33.0, 55.0
_KICK, _SNARE, _HAT = 36, 38, 42
# Sixteenths between hits of the hat, and how strong a sixteenth must be for kick and snare.
_HATS: Mapping[str, int] = MappingProxyType({"sparse": 0, "steady": 2, "driving": 1})
_FASTEST_PULSE = 0.11


def write_accompaniment(plan: Plan, frame: Frame, chords: Sequence[Chord], generator: np.random.Generator) -> list[Event]:
    """Return harmony, bass, pad and drums, as far as the plan has them.

    Parameters
    ----------
    plan : Plan
        Texture, density, register, parts.
    frame : Frame
        The bars.
    chords : sequence of Chord
        One for each slot.
    generator : numpy.random.Generator
        Of the harmony.

    Returns
    -------
    list of Event
    """
    order = _order(plan.texture, frame, generator)
    voices = lead(chords, plan.tonic, max(plan.register - _UNDER_MELODY, _LOWEST))
    line = bass_line(chords, plan.tonic, min(max(plan.register - 26, _LOWEST_BASS), _HIGHEST_BASS))
    # Under a low melody the chords come down to the bass, which then goes an octave deeper.
    bass = [pitch - 12 if pitch > min(chord) else pitch for pitch, chord in zip(line, voices, strict=True)]
    return [
        *(_harmony(plan, frame, voices, order) if "harmony" in plan.parts else ()),
        *(_bass(plan, frame, bass) if "bass" in plan.parts else ()),
        *(_pad(frame, voices) if "pad" in plan.parts else ()),
        *(_drums(plan, frame) if "drums" in plan.parts else ()),
    ]


def _order(texture: str, frame: Frame, generator: np.random.Generator) -> tuple[int, ...]:
    draw = generator.random()  # drawn for every texture, so that the chords after it do not depend on it
    known = _ORDERS.get(texture, ((0,),))
    fitting = [one for one in known if (len(one) == 3) == (frame.beat == 6 or frame.metre == (3, 4))] or known
    return fitting[int(draw * len(fitting))]


def _harmony(plan: Plan, frame: Frame, voices: Sequence[Voices], order: tuple[int, ...]) -> Iterator[Event]:
    pulse = _pulse(plan.density, frame)
    for slot, chord in enumerate(voices):
        start = slot * frame.slot
        if slot == len(voices) - 1 or plan.texture == "sustained":
            yield from (Event(start, frame.slot, pitch, "harmony", held=True) for pitch in chord)
        elif plan.texture == "block":
            yield from _struck(start, chord, frame, plan.density)
        else:
            for index, step in enumerate(range(0, frame.slot, pulse)):
                pitch = chord[order[index % len(order)]]
                yield Event(start + step, min(pulse, frame.slot - step), pitch, "harmony", 0.04 if step == 0 else 0.0)


def _struck(start: int, chord: Voices, frame: Frame, density: float) -> Iterator[Event]:
    """Yield block chords: one for each slot, and with more notes in the melody on beats and between."""
    every = frame.slot
    for limit, step in ((1.5, frame.slot // 2), (3.0, frame.beat), (6.0, 2)):
        if density >= limit and step * frame.step >= 2 * _FASTEST_PULSE:
            every = min(every, step)
    for step in range(0, frame.slot, every):
        yield from (Event(start + step, min(every, frame.slot - step), p, "harmony", 0.04 if step == 0 else 0.0) for p in chord)


def _pulse(density: float, frame: Frame) -> int:
    """Return the sixteenths between notes of a broken chord: as near as a division of the beat comes to the density."""
    divisions = [step for step in (1, 2, frame.beat // 2, frame.beat) if step * frame.step >= _FASTEST_PULSE] or [frame.beat]
    return min(divisions, key=lambda step: abs(np.log(step * frame.step * density)))


def _bass(plan: Plan, frame: Frame, line: Sequence[int]) -> Iterator[Event]:
    """Yield roots; with a dense melody the root again on every beat."""
    beats = plan.density >= 3.0 and frame.beat * frame.step >= 2 * _FASTEST_PULSE
    for slot, pitch in enumerate(line):
        start, last = slot * frame.slot, slot == len(line) - 1
        every = frame.slot if last or not beats else frame.beat
        for step in range(0, frame.slot, every):
            yield Event(start + step, min(every, frame.slot - step), pitch, "bass", 0.05 if step == 0 else 0.0, held=last)


def _pad(frame: Frame, voices: Sequence[Voices]) -> Iterator[Event]:
    for slot, chord in enumerate(voices):
        yield from (Event(slot * frame.slot, frame.slot, pitch, "pad", held=True) for pitch in chord)


def _drums(plan: Plan, frame: Frame) -> Iterator[Event]:
    """Yield kick on strong beats, snare on weak ones and a hat between; the last bar has its downbeat only."""
    hat = _HATS[plan.beat]
    while hat and hat * frame.step < _FASTEST_PULSE:
        hat *= 2
    end = (frame.slots - 1) * frame.slot
    for step in range(end + 1):
        strong = strength(step, frame.bar, frame.beat)
        if strong >= 3 or (plan.beat == "driving" and strong == 2):
            yield Event(step, 2, _KICK, "drums", 0.1 if strong == 4 else 0.0)
        if strong == 2 and plan.beat != "sparse":
            yield Event(step, 2, _SNARE, "drums")
        if hat and step % hat == 0 and step < end:
            yield Event(step, 1, _HAT, "drums", -0.15 if strong < 2 else -0.05)

"""The melody: statements of motifs over the chords, phrase by phrase, to a cadence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import pi, sin

import numpy as np

from orchestra_song.frame import Frame
from orchestra_song.harmony import Phrase
from orchestra_song.modes import Chord, scale_pitch
from orchestra_song.motif import Motif, make_motif, rhythm, strength
from orchestra_song.plan import Plan

# Costs of a place for a motif: a strong note outside the chord, a semitone out of range, a scale step away from the arch, a
# step of the leap into it beyond a second, and a leap of more than an octave.
_OUTSIDE, _OUT_OF_RANGE, _OFF_ARCH, _LEAP, _TOO_FAR = 6.0, 4.0, 0.6, 1.0, 200.0
_ARCH = 3.0
_OCTAVE = 7
# Places for a motif that are looked at: so many scale steps around the arch.
_WIDE = 9
_TWO_PHRASES = 6
# How many slots are empty in effect: the last note, and half of a half cadence.
_RESTING = 1.4
# Fewer chords than this make phrases of less than four. Slots of so many seconds have room for three notes, or for one only.
_FULL_PHRASES, _ROOMY, _SHORT = 8, 1.8, 0.6
# Shortest time in s between two onsets of a melody.
_QUICKEST = 0.09


@dataclass(frozen=True)
class Event:
    """A written note, in sixteenths.

    Parameters
    ----------
    start : float
        Onset.
    length : float
        Time to the next note, before articulation.
    pitch : int
        MIDI number.
    part : str
        In `plan.PROGRAMS`.
    stress : float
        Velocity above that of the part.
    held : bool
        Whether it is held to its full length, whatever the articulation.
    """

    start: float
    length: float
    pitch: int
    part: str
    stress: float = 0.0
    held: bool = False


@dataclass(frozen=True)
class _Place:
    """Where a melody stands: the tonic's MIDI number at degree 0, and the degree in the middle of its range."""

    tonic: int
    middle: int

    @classmethod
    def of(cls, plan: Plan) -> _Place:
        tonic = plan.tonic + 12 * round((plan.register - 4 - plan.tonic) / 12)
        return cls(tonic, round((plan.register - tonic) * 7 / 12))

    def pitch(self, chord: Chord, degree: int) -> int:
        return scale_pitch(self.tonic, chord.scale, degree)


def write_melody(
    plan: Plan, frame: Frame, phrases: Sequence[Phrase], rhythms: np.random.Generator, lines: np.random.Generator
) -> list[Event]:
    """Return the melody of a piece.

    A motif and a contrast, each as long as a chord, are stated, transposed along the scale, inverted, varied and fragmented.
    Phrases are those of Caplin (1998): in a *period* the antecedent states motif and contrast and comes to a half cadence,
    and the consequent begins again and comes home; in a *sentence* the motif is stated and repeated on another degree, and the
    continuation breaks it into fragments. Every statement is put where strong notes are tones of its chord, near the note
    before it, and on an arch over the phrase. Before the last note comes the second degree of the scale, and then the tonic.

    Parameters
    ----------
    plan : Plan
        Register, density, tonic.
    frame : Frame
        The bars.
    phrases : sequence of Phrase
        The harmony.
    rhythms, lines : numpy.random.Generator
        Streams of the rhythm and of the melody.

    Returns
    -------
    list of Event
        In the order of their onsets.
    """
    return _Writer(plan, frame, rhythms, lines).write(phrases)


class _Writer:
    def __init__(self, plan: Plan, frame: Frame, rhythms: np.random.Generator, lines: np.random.Generator) -> None:
        self._frame, self._lines = frame, lines
        self._place = _Place.of(plan)
        most = max(1, min(frame.slot, int(frame.slot_seconds / _QUICKEST)))
        # The slots of cadences have fewer notes; the others make up for them.
        wanted = plan.density * frame.slot_seconds * frame.slots / max(frame.slots - _RESTING, 1.0)
        self._notes = min(max(round(wanted), _least_notes(frame)), most)
        self._motif, self._contrast = (self._new_motif(rhythms) for _ in range(2))
        # A motif of two notes is too short to be recognised in fragments.
        self._sentence = bool(lines.integers(2)) and self._notes >= 3
        self._last = self._place.middle
        self._stated: list[int] = []

    def write(self, phrases: Sequence[Phrase]) -> list[Event]:
        events: list[Event] = []
        slot = 0
        for number, phrase in enumerate(phrases):
            continued = self._sentence and number == 1 and not phrase.contrast
            shifts: list[int] = []
            for index, (motif, one) in enumerate(zip(self._units(phrase, continued), phrase.chords, strict=True)):
                again = 0 if continued or index >= phrase.restated else index + 1
                placed = self._placed(motif, one, self._stated[again - 1] if again else None, index / len(phrase.chords))
                shifts.append(placed.degrees[0] - (0 if isinstance(motif, str) else motif.degrees[0]))
                events += self._events(placed, one, slot, slot == self._frame.slots - 1)
                slot += 1
            self._stated = self._stated or shifts
        return events

    def _new_motif(self, rhythms: np.random.Generator) -> Motif:
        frame = self._frame
        return make_motif(rhythm(self._notes, frame.slot, frame.bar, frame.beat, rhythms), frame.bar, frame.beat, self._lines)

    def _units(self, phrase: Phrase, continued: bool) -> list[Motif | str]:
        """Return what each slot of a phrase states: motifs, and at its end the cadence by name."""
        ending: list[Motif | str] = ["half"] if phrase.cadence == "half" else ["approach", phrase.cadence]
        ending = ending[-len(phrase.chords) :]
        return [*self._statements(phrase.contrast, continued, len(phrase.chords) - len(ending)), *ending]

    def _statements(self, contrast: bool, continued: bool, count: int) -> Iterator[Motif]:
        first, second = (self._contrast, self._motif) if contrast else (self._motif, self._contrast)
        cycle: tuple[Motif, ...]
        if continued:
            cycle = (first.fragmented(self._frame.slot), first, second)
        elif self._sentence or self._frame.slots < _TWO_PHRASES:
            cycle = (first, first, second.inverted(), first.varied(self._lines))
        else:
            cycle = (first, second, first.varied(self._lines), second.inverted())
        return (cycle[index % len(cycle)] for index in range(count))

    def _placed(self, unit: Motif | str, one: Chord, stated: int | None, share: float) -> Motif:
        """Return a unit of a phrase in degrees of the scale, within an octave of the note before it."""
        if isinstance(unit, str):
            return self._within_reach(self._cadence(unit, one))
        if stated is None:
            goal = self._place.middle + _ARCH * sin(pi * share)
            near = round(goal) - unit.degrees[0]
            stated = min(range(near - _WIDE, near + _WIDE + 1), key=lambda shift: self._cost(unit, shift, one, goal))
        return self._within_reach(unit.moved(stated))

    def _within_reach(self, placed: Motif) -> Motif:
        leap = placed.degrees[0] - self._last
        return placed.moved(-_OCTAVE if leap > 0 else _OCTAVE) if abs(leap) >= _OCTAVE else placed

    def _cost(self, unit: Motif, shift: int, one: Chord, goal: float) -> float:
        degrees = [degree + shift for degree in unit.degrees]
        outside = sum(
            strength(step, self._frame.bar, self._frame.beat) >= 2 and degree % 7 not in one.degrees
            for step, degree in zip(unit.steps, degrees, strict=True)
        )
        out_of_range = sum(max(abs(degree - self._place.middle) - 5, 0) for degree in degrees)
        leap = abs(degrees[0] - self._last)
        away = abs(sum(degrees) / len(degrees) - goal)
        far = _TOO_FAR if leap >= _OCTAVE else 0.0
        return _OUTSIDE * outside + _OUT_OF_RANGE * out_of_range + _LEAP * max(leap - 1, 0) + _OFF_ARCH * away + far

    def _cadence(self, kind: str, one: Chord) -> Motif:
        """Return the line of a cadence in degrees: down or up to the second degree, and to the tonic."""
        if kind == "approach":
            return self._approach()
        if kind == "final":
            return Motif((0,), (self._near(0),))
        if kind == "open":
            return Motif((0,), (min((self._near(0), self._near(2)), key=lambda degree: abs(degree - self._last)),))
        steps = self._motif.steps[: max(1, len(self._motif.steps) // 2)]
        goal = min((self._near(degree) for degree in one.degrees), key=lambda degree: abs(degree - self._last))
        return Motif(steps, tuple(_line(self._last, goal, len(steps))))

    def _approach(self) -> Motif:
        steps = self._motif.steps
        return Motif(steps, tuple(_line(self._last, self._near(1), len(steps))))

    def _near(self, degree: int) -> int:
        """Return the degree in the octave nearest to the last note, and near the middle of the range."""
        options = (degree + _OCTAVE * octave for octave in range(-4, 5))
        return min(options, key=lambda option: abs(option - self._last) + 0.7 * abs(option - self._place.middle))

    def _events(self, placed: Motif, one: Chord, slot: int, final: bool) -> Iterator[Event]:
        self._last = placed.degrees[-1]
        start = slot * self._frame.slot
        ends = (*placed.steps[1:], self._frame.slot)
        for step, end, degree in zip(placed.steps, ends, placed.degrees, strict=True):
            stress = 0.07 if strength(start + step, self._frame.bar, self._frame.beat) == 4 else 0.0
            yield Event(start + step, end - step, self._place.pitch(one, degree), "melody", stress, held=final)


def _least_notes(frame: Frame) -> int:
    """Return the fewest notes of a motif: where phrases have less than four chords it has to be known by itself."""
    if frame.slots < _FULL_PHRASES and frame.slot_seconds >= _ROOMY:
        return 3
    return 2 if frame.slot_seconds > _SHORT else 1


def _line(last: int, goal: int, count: int) -> list[int]:
    """Return degrees that go by step from near the last note to a goal; around the goal where there are too many."""
    distance = last - goal
    side = (distance > 0) - (distance < 0) or 1
    away = [min(index, abs(distance) or 1) if index <= (abs(distance) or 1) else index % 2 for index in range(count)]
    return [goal + side * step for step in reversed(away)]

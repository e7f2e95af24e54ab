"""A piece from its plan: harmony, melody, accompaniment, and how they are played."""

from __future__ import annotations

from orchestra_core import TONICS, Score, score_gates
from orchestra_song.accompaniment import write_accompaniment
from orchestra_song.frame import Frame, fit
from orchestra_song.harmony import harmonise
from orchestra_song.melody import write_melody
from orchestra_song.performance import perform
from orchestra_song.plan import Plan
from orchestra_song.streams import Streams

# Furthest that an onset comes from the grid, in s: by what is written and by what an instrument adds.
_WIDEST = 0.025
# With few notes it happens, in one piece of a thousand, that no figure comes again; its melody is then drawn anew.
_ATTEMPTS = 5
# In fewer chords than these there is no room for it.
_ROOM = 6


def compose(plan: Plan, duration: float, streams: Streams, *, loop: bool = False) -> Score:
    """Return a piece.

    Parameters
    ----------
    plan : Plan
        What it is to be.
    duration : float
        Of the canvas, in s.
    streams : Streams
        One each for harmony, rhythm, melody and timing.
    loop : bool
        Whether the end of the canvas goes over into its beginning.

    Returns
    -------
    Score
        With a part for each voice, tempo, metre and key.

    Raises
    ------
    ScoreError
        What the plan fixes does not fit on the canvas.
    """
    frame = fit(plan, duration, loop=loop)
    for attempt in range(_ATTEMPTS):
        piece = _written(plan, frame, streams.again(attempt))
        if _can_be_known(piece, plan, frame):
            break
    return piece


def _can_be_known(piece: Score, plan: Plan, frame: Frame) -> bool:
    """Return whether a figure comes again; where there is no room for it every piece will do."""
    return "melody" not in plan.parts or frame.slots < _ROOM or score_gates(piece)["motif"].passed


def _written(plan: Plan, frame: Frame, streams: Streams) -> Score:
    phrases = harmonise(plan.mode, plan.progression, frame.slots, streams.named("harmony"))
    chords = [one for phrase in phrases for one in phrase.chords]
    events = write_accompaniment(plan, frame, chords, streams.named("texture"))
    if "melody" in plan.parts:
        events += write_melody(plan, frame, phrases, streams.named("rhythm"), streams.named("melody"))
    key = f"{TONICS[plan.tonic]} {plan.mode}"
    notes = perform(plan, frame, events, streams)
    return Score(notes, tempo=frame.tempo, metre=frame.metre, key=key, microtiming=max(_WIDEST - plan.humanise, 0.0))

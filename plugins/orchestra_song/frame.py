"""Where bars lie in time: bars and tempo fitted to the canvas, or the length that follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from orchestra_core.errors import ScoreError
from orchestra_song.plan import METRES, Plan

#: Length of a piece in s that nothing else fixes: eight bars of 4/4 at 120.
DEFAULT_DURATION = 16.0
_USUAL_BARS = 8
_NUMBERS_OF_BARS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
# How far from the wanted tempo, in natural logarithms, other numbers of bars than 8 are worth.
_NOT_USUAL, _ODD = 0.1, 0.3
_SLOWEST, _FASTEST = 20.0, 400.0
_RING = 0.4
_LONGEST_SLOT = 3.2
_LEAST_NOTES = 2


@dataclass(frozen=True)
class Frame:
    """The bars of a piece. Times in it are counted in sixteenths.

    Parameters
    ----------
    bars : int
        Number of bars.
    tempo : float
        Quarter notes per minute.
    metre : (int, int)
        Beats per bar and the note value of a beat.
    slots_per_bar : int
        Chords per bar.
    end : float
        Time in s at which the last notes end.
    """

    bars: int
    tempo: float
    metre: tuple[int, int]
    slots_per_bar: int
    end: float

    @property
    def step(self) -> float:
        """Seconds of a sixteenth."""
        return 15.0 / self.tempo

    @property
    def bar(self) -> int:
        """Sixteenths of a bar."""
        return _bar_steps(self.metre)

    @property
    def beat(self) -> int:
        """Sixteenths of a beat that is felt: a dotted quarter in 6/8."""
        return 6 if self.metre == (6, 8) else 4

    @property
    def slot(self) -> int:
        """Sixteenths from chord to chord."""
        return self.bar // self.slots_per_bar

    @property
    def slots(self) -> int:
        """Number of chords."""
        return self.bars * self.slots_per_bar

    @property
    def slot_seconds(self) -> float:
        """Seconds from chord to chord."""
        return self.slot * self.step


def fit(plan: Plan, duration: float, *, loop: bool = False) -> Frame:
    """Return the bars of a plan on a canvas, which they fill.

    Bars and tempo that the plan fixes are kept. If it fixes neither, the number of bars is chosen that comes nearest to the
    wanted tempo, eight being preferred, and the tempo follows from the canvas. The last notes end a little before the last bar
    does, so that they can ring within the canvas; in a loop they ring on into the first bar.

    Parameters
    ----------
    plan : Plan
        What is wanted.
    duration : float
        Of the canvas, in s.
    loop : bool
        Whether the end of the canvas goes over into its beginning.

    Returns
    -------
    Frame

    Raises
    ------
    ScoreError
        What is fixed does not fit.
    """
    bars = plan.bars or _nearest_bars(plan, duration)
    tempo = bars * _bar_steps(METRES[plan.metre]) * 15.0 / duration
    end = duration
    if plan.exact_tempo:
        bars, tempo = _bars_at_tempo(plan, duration), plan.tempo
        # Without a number of bars the last one is held to the end of the canvas.
        end = duration_of(bars, plan.metre, tempo) if plan.bars else duration
    elif plan.bars and not _SLOWEST <= tempo <= _FASTEST:
        wanted = duration_of(bars, plan.metre, plan.tempo)
        raise ScoreError(
            f"{bars} bars of {plan.metre} in {duration:g} s would be played at a tempo of {tempo:.0f}; expected {_SLOWEST:g} to "
            f"{_FASTEST:g}. Ask for another number of bars, or for a duration near {wanted:.1f} s."
        )
    return _frame(plan, bars, tempo, end if loop else end - ring(end, end / bars))


def ring(duration: float, bar: float) -> float:
    """Return the seconds at the end of a piece in which the last notes ring."""
    return min(_RING, 0.08 * duration, bar / 3)


def duration_of(bars: int, metre: str, tempo: float) -> float:
    """Return the length in s of bars at a tempo.

    Examples
    --------
    >>> duration_of(8, "4/4", 120.0), duration_of(8, "6/8", 120.0)
    (16.0, 12.0)
    """
    return bars * _bar_steps(METRES[metre]) * 15.0 / tempo


def _bars_at_tempo(plan: Plan, duration: float) -> int:
    bars = plan.bars or math.floor(duration / duration_of(1, plan.metre, plan.tempo) + 1e-6)
    needed = duration_of(max(bars, 1), plan.metre, plan.tempo)
    if bars < 1 or needed > duration + 0.01:
        raise ScoreError(
            f"{max(bars, 1)} bars of {plan.metre} at a tempo of {plan.tempo:g} last {needed:.2f} s; the canvas has "
            f"{duration:g} s. Ask for --duration {math.ceil(100 * needed) / 100:g}, or leave bars or tempo to be fitted."
        )
    return bars


def _frame(plan: Plan, bars: int, tempo: float, end: float) -> Frame:
    metre = METRES[plan.metre]
    seconds = _bar_steps(metre) * 15.0 / tempo
    halved = metre != (3, 4) and (bars <= 2 or seconds > _LONGEST_SLOT) and plan.density * seconds >= 2 * _LEAST_NOTES
    return Frame(bars, tempo, metre, 2 if halved or bars == 1 else 1, end)


def _nearest_bars(plan: Plan, duration: float) -> int:
    exact = duration * plan.tempo / 15.0 / _bar_steps(METRES[plan.metre])
    longer = (8 * round(exact / 8),) if exact > _NUMBERS_OF_BARS[-1] else ()
    numbers: tuple[int, ...] = (*_NUMBERS_OF_BARS, *longer)
    return min(numbers, key=lambda bars: abs(math.log(bars / exact)) + _oddness(bars))


def _oddness(bars: int) -> float:
    if bars == _USUAL_BARS:
        return 0.0
    return _NOT_USUAL if bars & (bars - 1) == 0 else _ODD


def _bar_steps(metre: tuple[int, int]) -> int:
    return metre[0] * 16 // metre[1]

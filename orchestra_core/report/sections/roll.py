"""The piano roll: which notes are played when, how hard, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestra_core.report.figures import GRID, figure_html, new_figure, quiet_axes, series_colour, time_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from orchestra_core.contracts.score import Part, Score
    from orchestra_core.pipeline.result import Result

_NAMES = ("C", "C\N{MUSIC SHARP SIGN}", "D", "E\N{MUSIC FLAT SIGN}", "E", "F", "F\N{MUSIC SHARP SIGN}", "G",
          "A\N{MUSIC FLAT SIGN}", "A", "B\N{MUSIC FLAT SIGN}", "B")  # fmt: skip
_MOST_PARTS = 6
_HEIGHT = 2.9


def section(result: Result) -> str | None:
    """Return the piano roll, for instruments that play notes."""
    if result.notes is None:
        return None
    score = result.notes
    with new_figure(9.6, _HEIGHT) as figure:
        parts = list(dict.fromkeys(note.part for note in score.notes))
        axes, side = time_axes(figure, _HEIGHT, above=0.3 if len(parts) > 1 else 0.08)
        side.remove()
        quiet_axes(axes, "time (s)", "pitch")
        _draw_notes(axes, score, parts)
        _octave_ticks(axes, score)
        axes.set_xlim(0, max(result.canvas.duration, score.end))
        if score.end > result.canvas.duration:
            axes.axvline(result.canvas.duration, color=GRID, linewidth=1.2)
        return figure_html(figure, f"Piano roll. {_caption(score)}", _caption(score) + " The harder a note, the darker it is.")


def pitch_name(pitch: float) -> str:
    """Return the name of a MIDI note number, rounded to a semitone: 60 is C4.

    Examples
    --------
    >>> pitch_name(69)
    'A4'
    """
    rounded = round(pitch)
    return f"{_NAMES[rounded % 12]}{rounded // 12 - 1}"


def _draw_notes(axes: Axes, score: Score, parts: list[Part]) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Patch, Rectangle

    for index, part in enumerate(parts):
        notes = [note for note in score.notes if note.part == part]
        boxes = [Rectangle((note.onset, note.pitch - 0.42), note.duration, 0.84) for note in notes]
        colour = series_colour(index)
        strength = np.clip([0.25 + 0.7 * note.velocity for note in notes], 0, 1)
        axes.add_collection(PatchCollection(boxes, facecolors=colour, alpha=strength, edgecolors=colour, linewidths=0.6))
    if len(parts) > 1:
        handles = [Patch(color=series_colour(index), label=part.name) for index, part in enumerate(parts[:_MOST_PARTS])]
        axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=_MOST_PARTS, frameon=False, fontsize=8.5)


def _octave_ticks(axes: Axes, score: Score) -> None:
    pitches = [note.pitch for note in score.notes]
    low, high = min(pitches) - 1.5, max(pitches) + 1.5
    axes.set_ylim(low, high)
    every = [pitch for pitch in range(int(np.ceil(low)), int(high) + 1) if pitch % 12 in ((0, 7) if high - low < 30 else (0,))]
    ticks = every if len(every) >= 2 else sorted({round(min(pitches)), round(max(pitches))})
    axes.set_yticks(ticks, [pitch_name(tick) for tick in ticks])


def _caption(score: Score) -> str:
    pitches = [note.pitch for note in score.notes]
    key = f", {score.key}" if score.key else ""
    span = f"{pitch_name(min(pitches))} to {pitch_name(max(pitches))}"
    count = f"{len(score.notes)} note{'s' if len(score.notes) != 1 else ''}"
    return f"{count}, {span}; {score.tempo:.0f} quarter notes per minute, {score.metre[0]}/{score.metre[1]}{key}."

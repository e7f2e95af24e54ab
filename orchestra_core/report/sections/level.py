"""The level over time, with loudness and what a listener could stumble on: peak, DC, clipping, leading silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestra_core.report.figures import INK, MUTED, figure_html, new_figure, quiet_axes, series_colour, time_axes
from orchestra_core.report.measurements import Measurements, frame_levels, measure

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result

_COLUMNS = 1_200
_HEIGHT = 2.3
_MINUS = "\N{MINUS SIGN}"


def section(result: Result) -> str | None:
    """Return the waveform's extremes and RMS over time, and measurements of the clip."""
    audio, rate = result.audio, result.sample_rate
    measured = measure(audio, rate)
    with new_figure(9.6, _HEIGHT) as figure:
        axes, side = time_axes(figure, _HEIGHT)
        side.remove()
        quiet_axes(axes, "time (s)", "amplitude (re full scale)")
        step = max(len(audio) // _COLUMNS, 1)
        starts = np.arange(0, len(audio), step)
        low, high = np.minimum.reduceat(audio, starts), np.maximum.reduceat(audio, starts)
        axes.fill_between(starts / rate, low, high, color=series_colour(0), alpha=0.35, linewidth=0, label="waveform")
        frame = max(0.02, step / rate)
        levels = frame_levels(audio, rate, frame)
        axes.plot((np.arange(len(levels)) + 0.5) * frame, levels, color=INK, linewidth=1.1, label=f"RMS, {1000 * frame:.0f} ms")
        axes.axhline(0, color=MUTED, linewidth=0.5)
        axes.set(xlim=(0, len(audio) / rate), ylim=(-1.05, 1.05), yticks=(-1, -0.5, 0, 0.5, 1))
        axes.legend(loc="upper right", ncols=2, frameon=False, fontsize=8.5)
        return figure_html(figure, f"Waveform and level over time. {_sentence(measured)}") + _facts(measured, result)


def _facts(measured: Measurements, result: Result) -> str:
    facts = {
        "peak": decibel_text(measured.peak, "dBFS"),
        "loudness": _loudness(result),
        "true peak": decibel_text(result.loudness.true_peak, "dBTP"),
        "level (RMS)": decibel_text(measured.rms, "dBFS"),
        "DC offset": f"{abs(measured.offset):.1e}",
        "clipped samples": str(measured.clipped),
        "leading silence": f"{measured.leading_silence:.2f} s",
        "gain of the export": f"\N{MULTIPLICATION SIGN}{result.gain:.3g}",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{items}</dl>'


def _loudness(result: Result) -> str:
    asked = "" if result.asked_loudness is None else f" (asked: {decibel_text(result.asked_loudness, 'LUFS')})"
    return decibel_text(result.loudness.integrated, "LUFS") + asked


def _sentence(measured: Measurements) -> str:
    return f"Peak {decibel_text(measured.peak, 'dBFS')}, {measured.clipped} clipped samples."


def decibel_text(level: float, unit: str) -> str:
    """Return a level with its unit, in words for silence."""
    return f"{level:.1f} {unit}".replace("-", _MINUS) if np.isfinite(level) else "silent"

"""The final sound of a piece: as its instrument finishes it, wrapped where it loops, whole and in stems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.canvas import TAIL, Canvas
from orchestra_core.contracts.instrument import Instrument
from orchestra_core.contracts.score import Score
from orchestra_core.errors import ContractError, IncompatibleError
from orchestra_core.problem.loop import tail_left, wrap

#: How far, re full scale, the sum of stems may be from the whole.
CLOSE = 1e-4
# A tail that is cut at less than this share of the peak, -60 dB, is over.
_SILENT = 1e-3
# A loop may differ from whole bars by so many seconds; nobody hears less.
_IN_TIME = 0.005
# So many seconds of rest at the end of a loop are heard as a gap.
_GAP = 1.0


@dataclass(frozen=True, eq=False)
class Finished:
    """The final sound of one piece, before its level.

    Parameters
    ----------
    audio : Tensor [shape=(1, samples)]
        The whole.
    stems : mapping of str to Tensor [shape=(1, samples)]
        The parts, whose sum it is; none where they were not asked for.
    messages : tuple of str
        What a user has to know.
    """

    audio: Tensor
    stems: Mapping[str, Tensor]
    messages: tuple[str, ...]


def check_loop(canvas: Canvas, instrument: Instrument) -> None:
    """Refuse a loop of an instrument whose sound is no sum of notes that begin and end.

    Raises
    ------
    IncompatibleError
        The instrument plays no notes, or works on a recording.
    """
    if canvas.loop and ("notes" not in instrument.capabilities or "source" in instrument.capabilities):
        raise IncompatibleError(
            f"A loop wraps the tail of the last notes onto the first, and {type(instrument).__name__} plays no notes, or works "
            "on a recording. Choose an instrument that plays notes, or leave out loop (--loop)."
        )


def finish(instrument: Instrument, values: Mapping[str, Tensor], brief: Brief, stems: bool = False) -> Finished:
    """Return the final sound of one piece.

    Parameters
    ----------
    instrument : Instrument
        What plays.
    values : mapping of str to Tensor [shape=(1, ...)]
        Where its parameters stand.
    brief : Brief
        What was asked, on the canvas of the export.
    stems : bool
        Whether the parts are wanted as well.

    Returns
    -------
    Finished

    Raises
    ------
    ContractError
        The stems do not sum to the whole.
    """
    canvas = brief.canvas
    whole = replace(brief, canvas=canvas.with_tail()) if canvas.loop else brief
    rendered = instrument.finish(values, whole.canvas)
    apart = instrument.stems(values, whole) if stems else {}
    if apart:
        _check_sum(rendered, apart, instrument)
    audio = wrap(rendered, canvas.samples)
    said = describe_loop(rendered, brief) if canvas.loop else ()
    return Finished(audio, {name: wrap(stem, canvas.samples) for name, stem in apart.items()}, said)


def describe_loop(rendered: Tensor, brief: Brief) -> tuple[str, ...]:
    """Return a sentence for everything that keeps a loop from being seamless: a gap, no whole bars, a tail that was cut.

    Parameters
    ----------
    rendered : Tensor [shape=(1, n)]
        The piece with its tail.
    brief : Brief
        What was asked, with the score.
    """
    said: list[str] = []
    if brief.scores:
        said += _gap(brief.scores[0], brief.canvas) or _out_of_time(brief.scores[0], brief.canvas)
    if tail_left(rendered, brief.canvas.sample_rate) > _SILENT:
        said.append(f"The loop still sounds {TAIL:g} s after its end; what comes later is cut.")
    return tuple(said)


def _gap(score: Score, canvas: Canvas) -> Sequence[str]:
    """Return what is to say of a score that ends bars before its loop does; a rest within the last bar is the score's own."""
    bar = _bar(score)
    bars = max(math.ceil((score.end - _IN_TIME) / bar), 1)
    silent = canvas.duration - score.end
    if silent <= _GAP or canvas.duration - bars * bar <= _IN_TIME:
        return []
    return [
        f"The score ends {silent:.3g} s before its loop of {canvas.duration:g} s does, and nothing is played there; "
        f"{bars} bars would last {_seconds(bars * bar)} s (--duration)."
    ]


def _out_of_time(score: Score, canvas: Canvas) -> Sequence[str]:
    bar = _bar(score)
    bars = canvas.duration / bar
    nearest = max(round(bars), 1)
    if abs(bars - nearest) * bar <= _IN_TIME:
        return []
    return [
        f"The loop of {canvas.duration:g} s has {bars:.2f} bars of its score ({score.metre[0]}/{score.metre[1]}, tempo "
        f"{score.tempo:.4g}); {nearest} would last {_seconds(nearest * bar)} s (--duration)."
    ]


def _bar(score: Score) -> float:
    return score.metre[0] * (4 / score.metre[1]) * 60 / score.tempo


def _seconds(duration: float) -> str:
    """Return a duration in milliseconds, rounded up: a score that needs all of it does not fit a shorter one."""
    return f"{math.ceil(1000 * duration - 1e-6) / 1000:.7g}"


def _check_sum(whole: Tensor, stems: Mapping[str, Tensor], instrument: Instrument) -> None:
    off = float((torch.stack(list(stems.values())).sum(dim=0) - whole).abs().max())
    if off > CLOSE * max(float(whole.abs().max()), CLOSE):
        raise ContractError(
            f"The stems of {type(instrument).__name__} ({', '.join(stems)}) sum to something {off:.2g} away from the whole; "
            f"expected at most {CLOSE:g} of its peak."
        )

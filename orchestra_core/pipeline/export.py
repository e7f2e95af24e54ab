"""The loudness that a piece is exported at: a gain, and never more than one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from orchestra_core.contracts.canvas import LOUDNESS_BLOCK, Canvas
from orchestra_core.contracts.oracle import Dimension
from orchestra_core.io.loudness import measure_loudness
from orchestra_core.problem.level import apply_level

#: LU per unit of arousal on the request scale: 16 LU from the calmest to the most excited piece.
EXPRESSED = 8.0
#: The highest true peak in dBTP of what is exported at a loudness, as EBU R 128 asks.
CEILING = -1.0
# A loudness that was lowered by less is not worth a sentence.
_AUDIBLE = 0.1


@dataclass(frozen=True, eq=False)
class Exported:
    """A piece as it is exported.

    Parameters
    ----------
    audio : Tensor [shape=(1, samples)]
        At its level.
    gain : Tensor [shape=(1,)]
        Factor between what was rendered and `audio`.
    asked : float, or None
        The loudness in LUFS that was asked; None where another level was.
    messages : tuple of str
        What a user has to know.
    """

    audio: Tensor
    gain: Tensor
    asked: float | None
    messages: tuple[str, ...]


def asked_loudness(canvas: Canvas, targets: Mapping[str, float], dimensions: Sequence[Dimension]) -> float | None:
    """Return the loudness in LUFS that a piece is exported at, or None where a canvas asks for another level.

    Parameters
    ----------
    canvas : Canvas
        Its level.
    targets : mapping of str to float
        What is asked, in the oracle's units.
    dimensions : sequence of Dimension
        The oracle's; its corpus tells what arousal of the request scale a target is.

    Examples
    --------
    >>> arousal = Dimension("arousal", -1.0, 1.0, mean=-0.1, sd=0.2)
    >>> asked_loudness(Canvas(), {"arousal": 0.1}, [arousal])
    -16.0
    """
    if canvas.level == "loudness":
        return canvas.loudness
    arousal = next((d.request(targets[d.name]) for d in dimensions if d.name == "arousal" and d.name in targets), None)
    if canvas.level == "expressive":
        return canvas.loudness + EXPRESSED * (arousal or 0.0)
    if canvas.level == "auto" and arousal is not None and canvas.duration >= LOUDNESS_BLOCK:
        return canvas.loudness + EXPRESSED * arousal
    return None


def export(rendered: Tensor, canvas: Canvas, asked: float | None) -> Exported:
    """Return a rendering at the level it is exported at.

    Parameters
    ----------
    rendered : Tensor [shape=(1, samples)]
        One piece, at the canvas' rate.
    canvas : Canvas
        Its level, for pieces of no asked loudness.
    asked : float, or None
        Integrated loudness in LUFS; it is lowered, and said so, where the true peak would exceed -1 dBTP.

    Returns
    -------
    Exported
    """
    audio, gain = apply_level(rendered, canvas)
    if asked is None:
        return Exported(audio, gain, None, ())
    measured = measure_loudness(audio[0].double().cpu().numpy(), canvas.sample_rate)
    if measured.integrated == float("-inf"):
        return Exported(audio, gain, asked, ("The piece is silent: it has no loudness.",))
    wanted, possible = asked - measured.integrated, CEILING - measured.true_peak
    factor = 10 ** (min(wanted, possible) / 20)
    return Exported(audio * factor, gain * factor, asked, _limited(asked, wanted - possible))


def export_stems(stems: Mapping[str, Tensor], gain: Tensor) -> tuple[Mapping[str, Tensor], tuple[str, ...]]:
    """Return the parts of a piece at its gain, and what a user has to know.

    Parameters
    ----------
    stems : mapping of str to Tensor [shape=(1, samples)]
        As rendered.
    gain : Tensor [shape=(1,)]
        Of the whole. All of them have less, and it is said, where a part by itself would exceed full scale: parts may cancel.
    """
    loud = {name: stem * gain for name, stem in stems.items()}
    peak = max((float(stem.abs().max()) for stem in loud.values()), default=0.0)
    if peak <= 1.0:
        return loud, ()
    softer = f"The stems are {20 * math.log10(peak):.1f} dB softer than the piece: one of them would exceed full scale by itself."
    return {name: stem / peak for name, stem in loud.items()}, (softer,)


def _limited(asked: float, excess: float) -> tuple[str, ...]:
    if excess <= _AUDIBLE:
        return ()
    return (
        f"The loudness asked for is {asked:.1f} LUFS; the piece has {asked - excess:.1f} LUFS, because with more its true peak "
        f"would exceed {CEILING:g} dBTP. Nothing was compressed.",
    )

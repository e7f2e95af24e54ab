"""Recordings that requests refer to: source audio to start from, and sounds to be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.instrument import Instrument
from orchestra_core.contracts.objective import Objective
from orchestra_core.errors import IncompatibleError
from orchestra_core.io.audio import read_audio
from orchestra_core.pipeline.request import Request

_NEEDED = "source"


def check_sources(requests: Sequence[Request], instrument: Instrument, objective: Objective) -> None:
    """Refuse requests that lack the source audio that a part needs, or bring one that no part uses.

    Raises
    ------
    IncompatibleError
        With the part or the file.
    """
    needing = [part for part in (instrument, objective) if _NEEDED in part.capabilities]
    for request in requests:
        if needing and request.source is None:
            raise IncompatibleError(
                f"The {needing[0].kind} {type(needing[0]).__name__} works on a recording and none was given; name one "
                "with source=... (--source FILE)."
            )
        if request.source is not None and not needing:
            raise IncompatibleError(
                f"The recording {request.source} was given as source, and neither {type(instrument).__name__} nor "
                f"{type(objective).__name__} uses one. To ask for something that sounds like it, use like=... (--like FILE)."
            )


def source_duration(requests: Sequence[Request]) -> float | None:
    """Return the length in seconds of the longest source; None where there is none."""
    recordings = [read_audio(request.source) for request in requests if request.source is not None]
    return max((audio.shape[1] / rate for audio, rate in recordings), default=None)


def read_sources(requests: Sequence[Request], canvas: Canvas) -> Tensor | None:
    """Return the source audio of requests on a canvas; longer recordings are cut, shorter ones end in silence.

    Parameters
    ----------
    requests : sequence of Request
        Either all have a source or none has; see `check_sources`.
    canvas : Canvas
        The time grid.

    Returns
    -------
    Tensor [shape=(batch, canvas.samples)], or None
        Mono, at the canvas' rate.

    Raises
    ------
    AudioFileError
        A file cannot be read.
    """
    given = [request.source for request in requests if request.source is not None]
    if not given:
        return None
    audio = {source: read_audio(source, canvas.sample_rate)[0] for source in dict.fromkeys(given)}
    return torch.cat([_fitted(audio[source], canvas.samples) for source in given])


def readings_like(request: Request, objective: Objective) -> Mapping[str, float]:
    """Return the readings of the recording that a request wants to be like, within the dimensions' ranges; none without one.

    Raises
    ------
    AudioFileError
        The file cannot be read.
    IncompatibleError
        The objective reads no recordings.
    """
    if request.like is None:
        return {}
    audio, rate = read_audio(request.like)
    with torch.no_grad():
        readings = objective.read(audio, rate)
    return {d.name: min(max(float(readings[d.name]), d.lower), d.upper) for d in objective.dimensions if d.name in readings}


def _fitted(audio: Tensor, samples: int) -> Tensor:
    return torch.nn.functional.pad(audio[:, :samples], (0, max(samples - audio.shape[1], 0)))

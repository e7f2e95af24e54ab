"""The front ends by name: what networks hear audio through, the same object for training and for generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from torch import Tensor

from orchestra_core.errors import ParameterError
from orchestra_deam.config import BackendName
from orchestra_deam.cues import CueFrontEnd
from orchestra_deam.front_end import FrontEnd


class ClipFrontEnd(Protocol):
    """Hears clips as named arrays.

    Attributes
    ----------
    name : str
        By which models ask for it.
    rates : tuple of int
        Rates in Hz that it hears natively.
    """

    name: str
    rates: tuple[int, ...]

    def arrays(self, clips: Tensor, sample_rate: int) -> dict[str, Tensor]:
        """Return named arrays of clips, shape (n, samples), with the batch first; differentiable."""


FRONT_ENDS: Mapping[str, Callable[[BackendName], ClipFrontEnd]] = {"mel": FrontEnd, "cues": CueFrontEnd}


def make_front_end(name: str, backend: BackendName = "auto") -> ClipFrontEnd:
    """Return a front end.

    Raises
    ------
    ParameterError
        There is no such front end, or it does not compute through that backend.
    """
    if name not in FRONT_ENDS:
        raise ParameterError(f"Front end is {name!r}; expected one of {', '.join(sorted(FRONT_ENDS))}.")
    return FRONT_ENDS[name](backend)

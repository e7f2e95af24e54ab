"""Configuration of the objective `match`."""

from __future__ import annotations

from dataclasses import dataclass

from orchestra_core import Ref


@dataclass(frozen=True)
class MatchConfig:
    """Configuration of `match`.

    Parameters
    ----------
    oracle : Ref
        What hears.
    scale : float, > 0
        Errors are multiplied by it before they are squared.
    """

    oracle: Ref = Ref("oracle", "")
    scale: float = 10.0

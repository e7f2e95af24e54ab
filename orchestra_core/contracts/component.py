"""What all components share: a kind, capabilities and how they were configured."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, Literal, get_args

Kind = Literal["instrument", "envelope", "oracle", "objective", "schedule", "score", "judge"]
KINDS: tuple[str, ...] = get_args(Kind)

#: What a component may declare; everything else is refused.
CAPABILITIES: frozenset[str] = frozenset({"differentiable", "notes", "pitched", "rate_free", "source", "stochastic"})


class Component(ABC):
    """Base of every component.

    Components are stateless: whatever belongs to one item of a batch travels in the brief, the values or the take.

    Attributes
    ----------
    kind : str
        One of `KINDS`; set by the base class.
    capabilities : frozenset of str
        Among `CAPABILITIES`. ``differentiable``: gradients flow through it; ``notes``: it plays notes and needs a score;
        ``pitched``: notes have a pitch; ``rate_free``: it renders at any sample rate; ``source``: it needs the source audio
        of the brief; ``stochastic``: it draws random numbers from the generator it is given.
    """

    kind: ClassVar[Kind]
    capabilities: ClassVar[frozenset[str]] = frozenset()

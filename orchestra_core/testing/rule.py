"""Rules as data: what must hold, why, what to do about it, and the function that finds out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestra_core.contracts.component import KINDS

if TYPE_CHECKING:
    from orchestra_core.testing.subject import Subject

Level = Literal["must", "should"]
Check = Callable[["Subject"], None]

#: The page that describes every rule.
PAGE = "docs/rules.md"

#: A preset is no component, and is checked by rules of its own.
PRESET = "preset"


class Fault(Exception):  # noqa: N818  # it is no error of the kit
    """A rule is broken; the message has what was seen and what was expected."""


class NotApplicable(Exception):  # noqa: N818
    """A rule says nothing about this component; the message has why."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters
    ----------
    id : str
        Subject and name, such as ``instrument.length``.
    level : {"must", "should"}
        A broken ``must`` makes a check fail; a broken ``should`` is reported.
    summary : str
        What holds, in one sentence.
    reason : str
        Why it matters.
    fix : str
        What to do where it does not hold.
    check : callable
        Raises `Fault` or `NotApplicable`; anything else that it raises counts as a fault of the component.
    kinds : tuple of str
        The kinds of component it is about; ``preset`` for presets.
    needs : frozenset of str
        Capabilities without which it does not apply.
    """

    id: str
    level: Level
    summary: str
    reason: str
    fix: str
    check: Check
    kinds: tuple[str, ...]
    needs: frozenset[str] = frozenset()

    @property
    def anchor(self) -> str:
        """Where it is documented."""
        return f"{PAGE}#{self.id}"

    @property
    def kind(self) -> str:
        """The one kind it is about, or ``any``."""
        return self.kinds[0] if len(self.kinds) == 1 else "any"


def rule(
    id: str,
    *,
    reason: str,
    fix: str,
    level: Level = "must",
    needs: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
) -> Callable[[Check], Rule]:
    """Make a rule out of a function whose docstring says what holds.

    Parameters
    ----------
    id : str
        Subject and name; a subject that is a kind of component is the kind that the rule is about.
    reason, fix : str
        Why it matters, and what to do where it does not hold.
    level : {"must", "should"}
        How much it matters.
    needs : tuple of str
        Capabilities without which it does not apply.
    kinds : tuple of str
        The kinds it is about, where that does not follow from the id.
    """
    subject = id.partition(".")[0]

    def make(check: Check) -> Rule:
        about = kinds or ((subject,) if subject in (*KINDS, PRESET) else KINDS)
        return Rule(id, level, inspect.getdoc(check) or "", reason, fix, check, about, frozenset(needs))

    return make


def expect(holds: bool, message: str) -> None:
    """Raise `Fault` with a message unless something holds."""
    if not holds:
        raise Fault(message)

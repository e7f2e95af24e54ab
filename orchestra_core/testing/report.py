"""What a check found: one outcome per rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from orchestra_core.errors import ContractError
from orchestra_core.testing.rule import Rule

Status = Literal["passed", "failed", "skipped", "expected", "unexpected"]

_MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "-", "expected": "expected", "unexpected": "FAILED"}


@dataclass(frozen=True)
class Outcome:
    """What one rule said.

    Parameters
    ----------
    rule : Rule
        The rule.
    status : {"passed", "failed", "skipped", "expected", "unexpected"}
        ``expected``: it failed, as was declared; ``unexpected``: it passed although its failure was declared.
    message : str
        What was seen and expected, or why the rule does not apply; empty where it passed.
    """

    rule: Rule
    status: Status
    message: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether it makes the check fail: a broken ``must``, or a declared failure that does not happen any more."""
        return self.status == "unexpected" or (self.status == "failed" and self.rule.level == "must")

    def __str__(self) -> str:
        mark = "advice" if self.status == "failed" and self.rule.level == "should" else _MARKS[self.status]
        line = f"{mark:8}  {self.rule.id}"
        if self.status in ("failed", "unexpected"):
            line += f"\n          {self.message}\n          Why: {self.rule.reason}\n          Fix: {self.rule.fix}"
            return f"{line}\n          More: {self.rule.anchor}"
        return f"{line}  ({self.message})" if self.message else line


@dataclass(frozen=True)
class Report:
    """What a check of one component found.

    Parameters
    ----------
    component : str
        Kind and name of the component.
    outcomes : tuple of Outcome
        One per rule of its kind.
    """

    component: str
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing makes the check fail."""
        return not self.failures

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """What makes the check fail."""
        return tuple(outcome for outcome in self.outcomes if outcome.is_failure)

    @property
    def advice(self) -> tuple[Outcome, ...]:
        """Broken rules of level ``should``."""
        return tuple(o for o in self.outcomes if o.status == "failed" and o.rule.level == "should")

    def ids(self, status: Status) -> frozenset[str]:
        """Return the rules with that status."""
        return frozenset(outcome.rule.id for outcome in self.outcomes if outcome.status == status)

    def require(self) -> None:
        """Raise `ContractError` with the report unless the check is ok."""
        if not self.ok:
            raise ContractError(str(self))

    def to_plain(self) -> dict[str, Any]:
        """Return the report as plain values."""
        rows = [
            {"rule": o.rule.id, "level": o.rule.level, "status": o.status, "message": o.message, "anchor": o.rule.anchor}
            for o in self.outcomes
        ]
        return {"component": self.component, "ok": self.ok, "outcomes": rows}

    def __str__(self) -> str:
        counts = {status: len(self.ids(status)) for status in _MARKS}  # type: ignore[arg-type]
        verdict = "conforms" if self.ok else f"breaks {len(self.failures)} of {len(self.outcomes)} rules"
        tail = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        return "\n".join([f"{self.component} {verdict} ({tail})", *(f"  {outcome}" for outcome in self.outcomes)])

"""What the scripts hand to the page: figures that have an aim, and Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Size(StrEnum):
    """How much is measured: for the page, for a first look, or for a test that the script runs."""

    FULL = "full"
    QUICK = "quick"
    SMOKE = "smoke"


@dataclass(frozen=True)
class Figure:
    """A measured figure beside its aim."""

    what: str
    aim: str
    measured: str
    reached: bool | None


def at_least(what: str, spread: Mapping[str, float], aim: float, unit: str = "x") -> Figure:
    """Return a figure that has to be large."""
    return Figure(what, f"≥ {aim:g}{unit}", number(spread, unit), spread["median"] >= aim)


def at_most(what: str, spread: Mapping[str, float], aim: float, unit: str) -> Figure:
    """Return a figure that has to be small."""
    return Figure(what, f"≤ {aim:g}{unit}", number(spread, unit), spread["median"] <= aim)


def number(spread: Mapping[str, float], unit: str = "", factor: float = 1.0) -> str:
    """Return a median with its least and most."""
    middle, least, most = (digits(spread[name] * factor) for name in ("median", "least", "most"))
    return f"{middle}{unit} ({least} to {most})" if spread["n"] > 1 else f"{middle}{unit}"


def digits(value: float) -> str:
    """Return a number with three significant digits, or all those before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def milliseconds(spread: Mapping[str, float]) -> str:
    return number(spread, " ms", 1000)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)

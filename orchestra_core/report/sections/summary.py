"""What was asked and what was reached."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result


def section(result: Result) -> str | None:
    """Return a table of targets and readings, and the messages of the run."""
    return f"{readings_table(result)}{_messages(result)}"


def readings_table(result: Result) -> str:
    """Return the table of dimensions: request (where there is one), target, what was reached, and the difference."""
    units = {dimension.name: dimension.unit for dimension in result.dimensions}
    names = [*result.targets, *(name for name in result.readings if name not in result.targets)]
    requests = _requests(result)
    rows = "".join(_row(result, name, units.get(name, "1"), requests) for name in names)
    titles = (*(("request",) if requests else ()), "target", "reached", "difference")
    head = "".join(f'<th scope="col" class="number">{title}</th>' for title in titles)
    return f'<table class="readings"><thead><tr><th scope="col">dimension</th>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _requests(result: Result) -> Mapping[str, float]:
    """Return what was asked on the request scale, -1..1; empty where targets were given as readings."""
    if result.recipe.get("scale") != "request" or not result.recipe.get("items"):
        return {}
    requests: Mapping[str, float] = result.recipe["items"][0].get("targets", {})
    return requests


def _row(result: Result, name: str, unit: str, requests: Mapping[str, float]) -> str:
    label = name if unit == "1" else f"{name} ({unit})"
    target = number(result.targets[name]) if name in result.targets else "\N{EN DASH}"
    difference = number(result.errors[name], sign=True) if name in result.targets else "\N{EN DASH}"
    request = [number(requests[name]) if name in requests else "\N{EN DASH}"] if requests else []
    cells = "".join(f'<td class="number">{text}</td>' for text in (*request, target, number(result.readings[name]), difference))
    return f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>'


def _messages(result: Result) -> str:
    if not result.messages:
        return ""
    return f'<ul class="messages">{"".join(f"<li>{escape(message)}</li>" for message in result.messages)}</ul>'


def number(value: float, sign: bool = False) -> str:
    """Return a number with three significant digits, at least two after the point, and a proper minus sign."""
    digits = 2 if abs(value) < 100 else 0
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    zero = text.strip("+-0.") == ""
    return text.lstrip("+-") if zero else text.replace("-", "\N{MINUS SIGN}")

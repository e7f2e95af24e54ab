"""The parameters of the instrument: where each group started and ended."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import ParameterValue, Result

_WIDTH, _HEIGHT, _MOST_TICKS = 150, 18, 64


def section(result: Result) -> str | None:
    """Return a table of the parameters that could move, by group, and name the fixed ones."""
    free = [parameter for parameter in result.parameters if not parameter.fixed]
    fixed = [parameter.name for parameter in result.parameters if parameter.fixed]
    if not result.parameters:
        return None
    groups = dict.fromkeys(parameter.group for parameter in free)
    bodies = "".join(_group(name, [parameter for parameter in free if parameter.group == name]) for name in groups)
    titles = (
        ("parameter", ""),
        ("values", "number"),
        ("start", "number"),
        ("end", "number"),
        ("mean change", "number"),
        ("range", ""),
    )
    head = "".join(f'<th scope="col" class="{kind}">{title}</th>' for title, kind in titles)
    table = f'<div class="wide"><table class="parameters"><thead><tr>{head}</tr></thead>{bodies}</table></div>' if free else ""
    note = f"<p>Given, not moved: {escape(', '.join(fixed))}.</p>" if fixed else ""
    return f"{table}{note}<p>Every value is in <code>parameters.csv</code>.</p>"


def _group(name: str, parameters: Sequence[ParameterValue]) -> str:
    rows = "".join(_row(parameter) for parameter in parameters)
    return f'<tbody><tr class="group"><th scope="rowgroup" colspan="6">{escape(name)}</th></tr>{rows}</tbody>'


def _row(parameter: ParameterValue) -> str:
    initial, final = np.asarray(parameter.initial, dtype=float), np.asarray(parameter.final, dtype=float)
    unit = "" if parameter.unit == "1" else f" {parameter.unit}"
    change = _short(float(np.abs(final - initial).mean()) if final.size else 0.0) + unit
    cells = (str(final.size), _span(initial) + unit, _span(final) + unit, change)
    numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
    label = f'<th scope="row" title="{escape(parameter.description, quote=True)}">{escape(parameter.name)}</th>'
    return f"<tr>{label}{numbers}<td>{_strip(parameter, initial, final)}</td></tr>"


def _span(values: np.ndarray) -> str:
    if values.size == 0:
        return "\N{EN DASH}"
    low, high = float(values.min()), float(values.max())
    return _short(low) if _short(low) == _short(high) else f"{_short(low)} … {_short(high)}"


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def _strip(parameter: ParameterValue, initial: np.ndarray, final: np.ndarray) -> str:
    # Start above the line, end below it, between the bounds; where there are none, between the extremes seen.
    low, high = parameter.lower, parameter.upper
    if not (np.isfinite(low) and np.isfinite(high)):
        both = np.concatenate([initial.ravel(), final.ravel()])
        low, high = (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)
    ends = f"{_short(low)} to {_short(high)}"
    marks = _marks(initial, low, high, 1, "from") + _marks(final, low, high, _HEIGHT / 2 + 1, "to")
    line = f'<path class="line" d="M0 {_HEIGHT / 2}H{_WIDTH}"/>'
    return (
        f'<svg class="strip" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="start above, end below, from {ends}"><title>{ends}</title>{line}{marks}</svg>'
    )


def _marks(values: np.ndarray, low: float, high: float, top: float, kind: str) -> str:
    shown = values.ravel()[:: max(1, -(-values.size // _MOST_TICKS))]
    shares = np.clip((shown - low) / max(high - low, 1e-12), 0, 1)
    path = "".join(f"M{1 + share * (_WIDTH - 2):.1f} {top:g}v{_HEIGHT / 2 - 2:g}" for share in shares)
    return f'<path class="{kind}" d="{path}"/>'

"""The report's section on the envelope: its contour where the optimisation started and where it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from orchestra_core import Result, figure_html, new_figure, quiet_axes, series_colour
from orchestra_piano.adsr import Adsr

_NAMES = ("attack", "decay", "sustain", "release")
_POINTS = 600


def envelope_section(result: Result) -> str | None:
    """Return the contour of a note of median length before and after, or None for another envelope than `adsr`."""
    parameters = {parameter.name: parameter for parameter in result.parameters}
    config = _adsr_config(result.recipe)
    if config is None or not {*_NAMES, "duration"} <= parameters.keys():
        return None
    envelope = Adsr(form=config["form"], beta=config["beta"])
    length = float(np.median(parameters["duration"].final))
    ends = {
        label: {name: torch.as_tensor(getattr(parameters[name], end)).reshape(1) for name in _NAMES}
        for label, end in (("start", "initial"), ("end", "final"))
    }
    time = np.linspace(0.0, 1.05 * max(_span(envelope, length, values) for values in ends.values()), _POINTS)
    with new_figure(9.6, 2.2) as figure:
        axes = figure.add_subplot()
        quiet_axes(axes, "time since the onset (s)", "level")
        for index, (label, values) in enumerate(ends.items()):
            axes.plot(time, _levels(envelope, time, length, values), color=series_colour(index), label=label)
        axes.axvline(length, color=series_colour(4), linewidth=0.7, linestyle=":")
        axes.set(xlim=(0.0, time[-1]), ylim=(0.0, 1.05))
        axes.legend(loc="upper right", ncols=2, frameon=False, fontsize=8.5)
        caption = f"A note of {length:.2f} s, the median length; dotted: where its key is let go."
        return figure_html(figure, "Envelope of a note before and after the optimisation.", caption)


def _adsr_config(recipe: Mapping[str, Any]) -> Mapping[str, Any] | None:
    instrument = recipe.get("pipeline", {}).get("instrument") or {}
    envelope = instrument.get("config", {}).get("envelope") or {}
    config: Mapping[str, Any] | None = envelope.get("config") if envelope.get("name") == "adsr" else None
    return config


def _levels(envelope: Adsr, time: np.ndarray, length: float, values: Mapping[str, Tensor]) -> np.ndarray:
    levels = envelope.levels(torch.as_tensor(time).float()[None, None], torch.tensor([[length]]), values)
    return levels[0, 0].numpy()


def _span(envelope: Adsr, length: float, values: Mapping[str, Tensor]) -> float:
    return float(envelope.span(torch.tensor([[length]]), values))

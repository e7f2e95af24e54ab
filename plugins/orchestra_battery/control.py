"""Controls: the same pipeline under oracles that know nothing, as far as judges follow them all the same."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestra_battery.markers import Marker
from orchestra_battery.marking import Record
from orchestra_battery.settings import Controls, Named
from orchestra_battery.statistics import correlation
from orchestra_battery.summary import asked_of, marks_in
from orchestra_core import Dimension, Pipeline
from orchestra_core.errors import ConfigurationError

#: Which percentile of the controls' |r| the real one has to exceed.
PERCENTILE = 95.0


@dataclass(frozen=True)
class Control:
    """What one judge makes of all controls in one dimension.

    Parameters
    ----------
    r : tuple of float
        Its correlation with what was asked, by control; NaN where its marks do not differ.
    percentile : float
        The 95th percentile of their absolute values.
    real : float
        The same correlation under the oracle that is evaluated, over all of its pieces.
    above : bool
        Whether its absolute value lies above the percentile.
    """

    r: tuple[float, ...]
    percentile: float
    real: float
    above: bool


@dataclass(frozen=True)
class ControlSummary:
    """The controls by name, in their order, and what judges make of them by judge and dimension."""

    names: tuple[str, ...]
    judges: Mapping[str, Mapping[str, Control]]


def control_oracles(controls: Controls, pipeline: Pipeline) -> dict[str, Named]:
    """Return the oracles of controls by a name for their folder.

    Raises
    ------
    ConfigurationError
        Weights are named and the pipeline's oracle is not known by name, or no file is there.
    """
    listed: list[tuple[str, Named]] = [(_name_of(oracle), oracle) for oracle in controls.oracles]
    files = [Path(found) for pattern in controls.weights for found in _matching(pattern)]
    listed += [(path.stem, _with_weights(pipeline, path)) for path in files]
    return {f"{number:02d}-{name}": oracle for number, (name, oracle) in enumerate(listed)}


def summarise_controls(
    judges: Sequence[Marker],
    controls: Mapping[str, Sequence[Record]],
    real: Sequence[Record],
    names: Sequence[str],
    objective: Sequence[Dimension],
) -> ControlSummary:
    """Return how far judges follow what was asked under each control, beside the oracle that is evaluated.

    Parameters
    ----------
    judges : sequence of Marker
        Who marked.
    controls : mapping of str to sequence of Record
        The pieces by control.
    real : sequence of Record
        Those of the evaluation.
    names : sequence of str
        The dimensions that were asked for.
    objective : sequence of Dimension
        Those of the evaluated objective.

    Returns
    -------
    ControlSummary
    """
    found: dict[str, dict[str, Control]] = {}
    for judge in judges:
        shared = [dimension.name for dimension in judge.dimensions if dimension.name in names]
        found[judge.name] = {name: _control(judge.name, name, controls, real, objective) for name in shared}
    return ControlSummary(tuple(controls), found)


def _control(
    judge: str, name: str, controls: Mapping[str, Sequence[Record]], real: Sequence[Record], objective: Sequence[Dimension]
) -> Control:
    # Requests, and not targets: the controls have request scales of their own.
    each = tuple(_r([record.requests[name] for record in pieces], pieces, judge, name) for pieces in controls.values())
    evaluated = _r(list(asked_of(real, [name], objective).values[:, 0]), real, judge, name)
    known = np.abs([r for r in each if np.isfinite(r)])
    percentile = float(np.percentile(known, PERCENTILE)) if len(known) else float("nan")
    return Control(each, percentile, evaluated, bool(abs(evaluated) > percentile))


def _r(asked: Sequence[float], records: Sequence[Record], judge: str, name: str) -> float:
    kept = [index for index, record in enumerate(records) if judge in record.marks]
    if len(kept) < 2:
        return float("nan")
    marks = marks_in([records[index] for index in kept], judge, name)
    return float(correlation(np.array(asked, dtype=float)[kept], marks)(np.ones((1, len(kept))))[0])


def _name_of(oracle: Named) -> str:
    name = oracle if isinstance(oracle, str) else str(oracle.get("name", ""))
    return "".join(letter if letter.isalnum() or letter in "_-" else "-" for letter in name)


def _matching(pattern: str) -> list[str]:
    found = sorted(glob.glob(pattern))  # noqa: PTH207 - a pattern may be absolute
    if not found:
        raise ConfigurationError(f"controls.weights names {pattern!r}, and there is no such file; expected weights files.")
    return found


def _with_weights(pipeline: Pipeline, path: Path) -> Named:
    objective: Any = pipeline.parts.plain.get("objective")
    oracle = objective.get("config", {}).get("oracle") if isinstance(objective, Mapping) else None
    if not isinstance(oracle, Mapping):
        raise ConfigurationError("controls.weights are for an oracle known by name; name the controls in controls.oracles.")
    return {"name": oracle["name"], "config": {**oracle.get("config", {}), "weights": str(path)}}

"""Evaluations out of their records, held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestra_battery.comparison import Difference, compare
from orchestra_battery.markers import Marker
from orchestra_battery.plain import read_records
from orchestra_battery.statistics import Estimate
from orchestra_core import Dimension, Performance
from orchestra_core.errors import UsageError


def compare_records(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, dict[str, Difference]]:
    """Return what one evaluation has more than another, by marker and dimension.

    Parameters
    ----------
    first, second : mapping
        What `orchestra_battery.plain.read_record` returned.

    Returns
    -------
    dict of str to dict of str to Difference
        Of the markers that marked both. The oracle is left out where the two were not composed under the same.

    Raises
    ------
    UsageError
        They have no piece or no marker in common.
    """
    objective = [Dimension(**dimension) for dimension in first["dimensions"]]
    names = [dimension.name for dimension in objective]
    others = {marker["name"]: marker for marker in second["markers"]}
    same_ear = first["settings"]["pipeline"].get("objective") == second["settings"]["pipeline"].get("objective")
    known = [one for one in first["markers"] if one["role"] == "judge" or same_ear]
    shared = [one for one in known if one["dimensions"] == others.get(one["name"], {}).get("dimensions")]
    if not shared:
        raise UsageError("The two evaluations have no marker in common; expected the same judges in both.")
    pieces = read_records(first), read_records(second)
    return {one["name"]: compare(_marker(one), *pieces, names, objective) for one in shared}


def ways(records: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return ways of composing side by side: one row for each evaluation, and each marker and dimension that it has.

    Parameters
    ----------
    records : mapping of str to mapping
        What `orchestra_battery.plain.read_record` returned, by the name of the way.

    Returns
    -------
    list of dict
        ``way``, ``marked by``, ``dimension``, and estimates of ``r``, ``slope``, ``ratio``, ``cross`` and ``error``; rows of one
        marker and dimension lie together.
    """
    keys = [(one["name"], own["name"]) for record in records.values() for one in record["markers"] for own in one["dimensions"]]
    return [
        _row(way, marker, dimension, found)
        for marker, dimension in dict.fromkeys(keys)
        for way, record in records.items()
        if (found := record["findings"]["marks"].get(marker, {}).get("marks", {}).get(dimension)) is not None
    ]


def _row(way: str, marker: str, dimension: str, found: Mapping[str, Any]) -> dict[str, Any]:
    named = {"r": "r", "slope": "slope", "ratio": "slope_ratio", "cross": "cross", "error": "error"}
    values = {name: _estimate(found[stored]) for name, stored in named.items()}
    return {"way": way, "marked by": marker, "dimension": dimension, **values}


def _estimate(stored: Mapping[str, float | None]) -> Estimate:
    return Estimate(*(float("nan") if stored[end] is None else float(stored[end] or 0.0) for end in ("value", "low", "high")))


def _marker(stored: Mapping[str, Any]) -> Marker:
    dimensions = tuple(Dimension(**dimension) for dimension in stored["dimensions"])
    return Marker(stored["name"], stored["role"], dimensions, frozenset(stored["needs"]), _no_marks)


def _no_marks(performance: Performance) -> Mapping[str, float]:
    """Return nothing: what is stored has been marked."""
    return {}

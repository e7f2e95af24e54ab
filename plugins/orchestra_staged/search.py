"""The search over score choices that comes before the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import torch

from orchestra_core import Problem


def combinations(choices: Mapping[str, Sequence[Any]], limit: int) -> list[dict[str, Any]]:
    """Return every combination of choices, or `limit` of them spread evenly over the whole list.

    Examples
    --------
    >>> combinations({"mode": ("major", "minor"), "density": (1, 2)}, 2)
    [{'mode': 'major', 'density': 1}, {'mode': 'minor', 'density': 1}]
    """
    count = math.prod(len(values) for values in choices.values())
    places = range(count) if count <= limit else [round(Fraction(i * count, limit)) for i in range(limit)]
    return [_combination(choices, place) for place in places]


def search(problem: Problem, limit: int) -> None:
    """Try score choices for every item, one step each, and leave each item with its best.

    Parameters
    ----------
    problem : Problem
        With a score source; without one, or with nothing to choose, it is left as it is.
    limit : int, >= 0
        At most so many choices.
    """
    choices = combinations(problem.choice_values, limit) if problem.choice_values and limit else []
    weights = dict.fromkeys(problem.terms, 1.0)
    stage = problem.stage("search", groups=(), weights=weights, steps=len(choices))
    for step in stage:
        branch = problem.branch(choices[step.index])
        with torch.no_grad():
            better = step.observe(branch.evaluate())
        problem.adopt(branch, better)


def _combination(choices: Mapping[str, Sequence[Any]], place: int) -> dict[str, Any]:
    # The place in the list of all combinations (which may be too long to keep), as a number whose last digit turns fastest.
    picked = {}
    for name, values in reversed(list(choices.items())):
        place, digit = divmod(place, len(values))
        picked[name] = values[digit]
    return {name: picked[name] for name in choices}

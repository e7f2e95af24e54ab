"""The table of rules."""

from __future__ import annotations

from orchestra_core.testing.rule import Rule
from orchestra_core.testing.rules import (
    component,
    envelope,
    gradient,
    instrument,
    judge,
    objective,
    oracle,
    plugin,
    preset,
    schedule,
    score,
    sound,
)


def table(kind: str | None = None) -> tuple[Rule, ...]:
    """Return the rules, by default all of them.

    Parameters
    ----------
    kind : str, optional
        Only those that are about components of this kind, or about presets.

    Examples
    --------
    >>> [rule.id for rule in table("score") if rule.id.startswith("score.")][0]
    'score.choices'
    """
    modules = (plugin, component, instrument, sound, gradient, envelope, oracle, objective, schedule, score, judge, preset)
    rules = [rule for module in modules for rule in module.RULES]
    return tuple(rule for rule in rules if kind is None or kind in rule.kinds)

"""Hints of an emotion word: what they change in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestra_core import Brief
from orchestra_song.modes import LADDER
from orchestra_song.plan import Plan

_LEVEL, _DOUBLINGS, _SEMITONES, _SOUNDING, _STEPS = 0.3, 2.0, 14.0, -0.4, 2.0
_STEADIEST, _LOOSEST, _UNEVEN = 0.002, 0.025, 0.2


def hints_of(brief: Brief) -> dict[str, float]:
    """Return the hints of a brief of one item, by name."""
    return {name: float(cue[0]) for name, cue in brief.cues.items()}


def hinted(plan: Plan, hints: Mapping[str, float]) -> Plan:
    """Return a plan with hints added to what is in it.

    At a hint of 1 velocity rises by 0.3, the notes per second by two doublings, the register by 14 semitones, the sounding part
    falls by 0.4 of the time between onsets, and the mode by two steps of the ladder. Timing and touch are those of `unsteady`.

    Parameters
    ----------
    plan : Plan
        What valence and arousal ask for.
    hints : mapping of str to float, each in [-1, 1]
        By name, as in `orchestra_core.Brief.cues`; those that a score cannot follow, such as roughness, are passed over.

    Returns
    -------
    Plan

    Examples
    --------
    >>> plan = hinted(Plan(mode="minor"), {"dissonance": 0.5, "rate": -0.5})
    >>> plan.mode, plan.density
    ('phrygian', 1.0)
    """
    hint = {name: hints.get(name, 0.0) for name in ("level", "rate", "register", "articulation", "dissonance")}
    return unsteady(
        replace(
            plan,
            level=_held(plan.level + _LEVEL * hint["level"], 0.25, 0.95),
            density=_held(plan.density * 2 ** (_DOUBLINGS * hint["rate"]), 0.5, 10),
            register=_held(plan.register + _SEMITONES * hint["register"], 48, 86),
            articulation=_held(plan.articulation + _SOUNDING * hint["articulation"], 0.25, 0.98),
            mode=_darker(plan.mode, round(_STEPS * hint["dissonance"])),
        ),
        hints,
    )


def unsteady(plan: Plan, hints: Mapping[str, float]) -> Plan:
    """Return a plan with the hint of irregularity: onsets deviate twice as far at 1, and velocities too; hardly at -1."""
    irregular = hints.get("irregularity", 0.0)
    if not irregular:
        return plan
    humanise = _held(plan.humanise * (1 + irregular), _STEADIEST, _LOOSEST) if plan.humanise else 0.0
    return replace(plan, humanise=humanise, uneven=_UNEVEN * max(irregular, 0.0))


def _darker(mode: str, steps: int) -> str:
    if mode not in LADDER:
        return mode
    return LADDER[int(_held(LADDER.index(mode) + steps, 0, len(LADDER) - 1))]


def _held(value: float, lower: float, upper: float) -> float:
    return min(max(value, lower), upper)

"""The page of rules: what valence and arousal say of a piece, before anything is heard."""

from __future__ import annotations

from dataclasses import replace

from orchestra_core import Brief
from orchestra_song.plan import Plan

_OF_REQUEST = 0.5
_MIDDLE, _SEMITONES_PER_VALENCE = 67.0, 14.0
_NOTES_PER_SECOND, _AROUSAL_PER_DOUBLING = 2.0, 0.4
_LEVEL, _LEVEL_PER_AROUSAL = 0.6, 0.5
_SOUNDING, _SOUNDING_PER_AROUSAL = 0.7, -0.6
_TEMPO, _AROUSAL_PER_TEMPO = 120.0, 1.2


def asked(brief: Brief, name: str) -> float:
    """Return half of what a brief of one item asks on the request scale, -0.5 to 0.5; 0 where nothing is asked.

    In a brief that does not tell the request it is the target as it is.
    """
    if name in brief.requests:
        return _OF_REQUEST * float(brief.requests[name][0])
    return float(brief.targets[name][0]) if name in brief.targets else 0.0


def plan_of(setting: Plan, valence: float, arousal: float) -> Plan:
    """Return a setting with what the rules say of valence and arousal.

    Parameters
    ----------
    setting : Plan
        What the rules do not say.
    valence, arousal : float
        About -0.5 to 0.5; what goes beyond the keys of a piano or a player's fingers is held at their edge.

    Returns
    -------
    Plan

    Examples
    --------
    >>> plan = plan_of(Plan(), 0.5, 0.4)
    >>> plan.mode, plan.register, plan.density
    ('major', 74.0, 4.0)
    """
    return replace(
        setting,
        mode="major" if valence >= 0 else "minor",
        register=_held(_MIDDLE + _SEMITONES_PER_VALENCE * valence, 48, 86),
        density=_held(_NOTES_PER_SECOND * 2 ** (arousal / _AROUSAL_PER_DOUBLING), 0.5, 10),
        level=_held(_LEVEL + _LEVEL_PER_AROUSAL * arousal, 0.25, 0.95),
        articulation=_held(_SOUNDING + _SOUNDING_PER_AROUSAL * arousal, 0.25, 0.98),
        tempo=_held(_TEMPO * 2 ** (arousal / _AROUSAL_PER_TEMPO), 50, 220),
        progression="loop",
        texture="block",
        contour="arch",
    )


def _held(value: float, lower: float, upper: float) -> float:
    return min(max(value, lower), upper)

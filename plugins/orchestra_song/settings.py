"""What configurations of the score sources are held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from orchestra_core import parse_key
from orchestra_core.errors import ParameterError
from orchestra_song.config import RulesConfig, SongConfig
from orchestra_song.modes import MODES
from orchestra_song.plan import BEATS, CONTOURS, METRES, PROGRAMS, PROGRESSIONS, TEXTURES
from orchestra_song.streams import LOCKABLE

#: Choices by name: the field of the configuration that lists their values, and the names that it may hold (none for numbers).
CHOICES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "mode": ("modes", MODES),
        "register": ("registers", ()),
        "density": ("densities", ()),
        "articulation": ("articulations", ()),
        "level": ("levels", ()),
        "texture": ("textures", TEXTURES),
        "tempo": ("tempos", ()),
        "contour": ("contours", CONTOURS),
        "progression": ("progressions", PROGRESSIONS),
        "metre": ("metres", tuple(METRES)),
        "beat": ("beats", BEATS),
    }
)
_FORM = ("mode", "progression", "metre", "tempo")
#: Choices that are not searched while something is locked, since it would not be the same with others.
HELD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"harmony": _FORM, "melody": (*_FORM, "density", "register"), "rhythm": (*_FORM, "density"), "timing": ()}
)
_RANGES = (("bars", 0, 512), ("humanise", 0, 0.025), ("variation", 0, 2**31 - 1))
_TEMPOS = (20, 400)
#: Ranges of the numbers that may be chosen, by field.
_NUMBERS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "registers": (45, 88),
        "densities": (0.25, 12),
        "articulations": (0.15, 1),
        "levels": (0.25, 0.95),
        "tempos": _TEMPOS,
    }
)


def check_song(config: SongConfig) -> None:
    """Check a configuration of `song`.

    Raises
    ------
    ParameterError
        A name is unknown, a list empty, or a number out of range.
    """
    _check_shared("song", config, 0)
    for field, known in CHOICES.values():
        if known:
            check_names("song", field, getattr(config, field), known)
    for field, limits in _NUMBERS.items():
        for number in check_some("song", field, getattr(config, field)):
            check_range("song", field, number, *limits)
    check_range("song", "themes", config.themes, 1, 64)
    if config.key:
        parse_key(config.key, MODES)


def check_rules(config: RulesConfig) -> None:
    """Check a configuration of `rules`.

    Raises
    ------
    ParameterError
        A name is unknown, a list empty, a number out of range, or the key has a mode.
    """
    _check_shared("rules", config, 1)
    check_names("rules", "metres", config.metres, tuple(METRES))
    if config.key and parse_key(config.key, MODES)[1]:
        raise ParameterError(f"key of rules is {config.key!r}; expected a tonic alone: the rules choose the mode.")


def _check_shared(who: str, config: SongConfig | RulesConfig, fewest_draws: int) -> None:
    for name, lower, upper in (*_RANGES, ("draws", fewest_draws, 1024)):
        check_range(who, name, getattr(config, name), lower, upper)
    if config.origin is not None:
        check_range(who, "origin", config.origin, 0, 2**63 - 1)
    if config.tempo:
        check_range(who, "tempo", config.tempo, *_TEMPOS)
    check_parts(who, config.parts)
    if config.lock:
        check_names(who, "lock", config.lock, LOCKABLE)


def check_parts(who: str, parts: Iterable[str]) -> None:
    """Check that parts are known, and that the melody is one of them.

    Raises
    ------
    ParameterError
        A part is unknown, or there is no melody.
    """
    check_names(who, "parts", tuple(parts), tuple(PROGRAMS))
    if "melody" not in parts:
        raise ParameterError(f"The parts of {who} are {', '.join(parts)}; expected the melody among them.")


def check_some(who: str, field: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return values after checking that there are some.

    Raises
    ------
    ParameterError
        There is none.
    """
    if not values:
        raise ParameterError(f"{field} of {who} is empty; expected one or more.")
    return values


def check_names(who: str, field: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Check that there are names, each of them known and given once.

    Raises
    ------
    ParameterError
        There is none, or one is unknown or given twice.
    """
    for name in check_some(who, field, names):
        if name not in known or names.count(name) > 1:
            raise ParameterError(f"{field} of {who} has {name!r}; expected each once and out of {', '.join(known)}.")


def check_range(who: str, field: str, value: float, lower: float, upper: float) -> None:
    """Check a number.

    Raises
    ------
    ParameterError
        It lies outside its range.
    """
    if not lower <= value <= upper:
        raise ParameterError(f"{field} of {who} is {value!r}; expected a value in [{lower:g}, {upper:g}].")

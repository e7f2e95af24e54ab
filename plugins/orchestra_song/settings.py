"""What configurations of the score sources are held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from orchestra_core.errors import ParameterError
from orchestra_song.config import SongConfig
from orchestra_song.modes import MODES, parse_key
from orchestra_song.plan import ARTICULATIONS, BEATS, CONTOURS, LEVELS, METRES, PROGRAMS, PROGRESSIONS, REGISTERS, TEXTURES
from orchestra_song.streams import LOCKABLE

#: Choices by name: the field of the configuration that lists their values, and the names that it may hold (none for numbers).
CHOICES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "mode": ("modes", MODES),
        "register": ("registers", tuple(REGISTERS)),
        "density": ("densities", ()),
        "articulation": ("articulations", tuple(ARTICULATIONS)),
        "level": ("levels", tuple(LEVELS)),
        "texture": ("textures", TEXTURES),
        "tempo": ("tempos", ()),
        "contour": ("contours", CONTOURS),
        "progression": ("progressions", PROGRESSIONS),
        "metre": ("metres", tuple(METRES)),
        "beat": ("beats", BEATS),
    }
)
_RANGES = (("bars", 0, 512), ("humanise", 0, 0.025), ("variation", 0, 2**31 - 1), ("draws", 0, 1024))


def check_song(config: SongConfig) -> None:
    """Check a configuration of `song`.

    Raises
    ------
    ParameterError
        A name is unknown, a list empty, or a number out of range.
    """
    for name, lower, upper in _RANGES:
        check_range("song", name, getattr(config, name), lower, upper)
    if config.tempo:
        check_range("song", "tempo", config.tempo, 20, 400)
    for field, known in CHOICES.values():
        if known:
            check_names("song", field, getattr(config, field), known)
    for density in check_some("song", "densities", config.densities):
        check_range("song", "densities", density, 0.25, 12)
    for tempo in check_some("song", "tempos", config.tempos):
        check_range("song", "tempos", tempo, 20, 400)
    check_parts("song", config.parts)
    if config.lock:
        check_names("song", "lock", config.lock, LOCKABLE)
    if config.key:
        parse_key(config.key)


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

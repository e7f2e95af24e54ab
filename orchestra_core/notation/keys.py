"""Names of keys, and the scales that they declare."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from orchestra_core.errors import ParameterError

#: Semitones above the tonic, by name of a scale of seven notes.
SCALES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "major": (0, 2, 4, 5, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    }
)
#: Modes that a key can name; ``mixture`` is major and minor together.
KEY_MODES = (*SCALES, "mixture")
#: Names of the twelve pitch classes from C.
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

_OTHER_NAMES: Mapping[str, int] = MappingProxyType(
    {"Db": 1, "D#": 3, "Gb": 6, "G#": 8, "A#": 10, "Cb": 11, "E#": 5, "B#": 0, "Fb": 4}
)


def parse_key(key: str, modes: Collection[str] = KEY_MODES) -> tuple[int, str]:
    """Return the pitch class of the tonic and the mode (empty where none is named) of a key such as ``"D dorian"``.

    Parameters
    ----------
    key : str
        A tonic, alone or followed by a mode.
    modes : collection of str
        Those that are allowed.

    Returns
    -------
    tonic : int, in [0, 11]
        Semitones above C.
    mode : str
        One of `modes`, or empty.

    Raises
    ------
    ParameterError
        The tonic or the mode is unknown.

    Examples
    --------
    >>> parse_key("D dorian"), parse_key("Bb")
    ((2, 'dorian'), (10, ''))
    """
    name, _, mode = key.strip().partition(" ")
    name, mode = name[:1].upper() + name[1:], mode.strip().lower()
    known = {**{tonic: number for number, tonic in enumerate(TONICS)}, **_OTHER_NAMES}
    if name not in known or (mode and mode not in modes):
        raise ParameterError(
            f"The key is {key!r}; expected a tonic such as C, F# or Bb, alone or followed by one of {', '.join(modes)}."
        )
    return known[name], mode


def declared_scale(mode: str) -> frozenset[int]:
    """Return the pitch classes above the tonic that a piece in a mode of `KEY_MODES` declares; without a mode it is major.

    Minor has the leading note beside its own seventh, as is common practice; mixture has major and minor together.

    Examples
    --------
    >>> sorted(declared_scale("minor"))
    [0, 2, 3, 5, 7, 8, 10, 11]
    """
    if mode in ("minor", "harmonic minor"):
        return frozenset(SCALES["minor"]) | {11}
    if mode == "mixture":
        return frozenset(SCALES["major"]) | frozenset(SCALES["minor"])
    return frozenset(SCALES[mode or "major"])

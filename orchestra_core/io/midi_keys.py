"""Keys and metres as MIDI has them: signatures for modes that it has no name for, and the name beside them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

#: Before the name of a key in a text event, where a key signature alone does not say it.
PREFIX = "key: "

#: Semitones of the tonic above that of the major key with the same signature; a mixture of major and minor is written as major.
_ABOVE_MAJOR: Mapping[str, int] = MappingProxyType(
    {
        "major": 0,
        "mixture": 0,
        "dorian": 2,
        "phrygian": 4,
        "lydian": 5,
        "mixolydian": 7,
        "minor": 9,
        "harmonic minor": 9,
        "locrian": 11,
    }
)
_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_LETTERS: Mapping[str, int] = MappingProxyType({"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11})
_LATIN_1 = 255


def key_events(key: str | None) -> list[Any]:
    """Return the key signature of a key, and a text event with its name where MIDI has none for it (``"D dorian"``).

    Examples
    --------
    >>> [event.dict()["type"] for event in key_events("D minor")], [event.dict()["type"] for event in key_events("D dorian")]
    (['key_signature'], ['key_signature', 'text'])
    """
    if not key:
        return []
    from mido import MetaMessage

    signature = _signature(key)
    events = [MetaMessage("key_signature", key=signature)] if signature else []
    if signature and key_name(signature) == key:
        return events
    return [*events, *([MetaMessage("text", text=PREFIX + key)] if all(ord(letter) <= _LATIN_1 for letter in key) else [])]


def key_of(signature: str | None, text: str | None) -> str | None:
    """Return the key that a key signature and a text event beside it name; a text that another signature contradicts is old."""
    named = text.removeprefix(PREFIX) if text else None
    if named and _signature(named) == signature:
        return named
    return key_name(signature) if signature else None


def key_name(signature: str) -> str:
    """Return the name of a key signature, such as ``"F# minor"`` for ``"F#m"``."""
    return f"{signature[:-1]} minor" if signature.endswith("m") else f"{signature} major"


def metre_event(beats: int, value: int) -> Any:
    """Return the time signature, with a click on each beat that is felt (dotted ones in 6/8); None where MIDI cannot hold it."""
    from mido import MetaMessage

    if not (1 <= beats <= 255 and value >= 1 and value & (value - 1) == 0):
        return None
    compound = value >= 8 and beats % 3 == 0
    clocks = min(max(96 // value * (3 if compound else 1), 1), 255)
    return MetaMessage("time_signature", numerator=beats, denominator=value, clocks_per_click=clocks)


def _signature(key: str) -> str | None:
    """Return MIDI's name of the signature of a key, or None where there is none."""
    from mido import MetaMessage

    tonic, _, mode = key.partition(" ")
    plain = {"major": tonic, "minor": f"{tonic}m"}.get(mode.lower())
    if plain:
        try:
            return str(MetaMessage("key_signature", key=plain).key)
        except ValueError:  # one that MIDI has no code for, such as G# major: as another key that sounds the same
            pass
    place = _pitch_class(tonic)
    if place is None or mode.lower() not in _ABOVE_MAJOR:
        return None
    return _MAJOR[(place - _ABOVE_MAJOR[mode.lower()]) % 12]


def _pitch_class(tonic: str) -> int | None:
    letter, accidentals = tonic[:1], tonic[1:]
    if letter not in _LETTERS or accidentals.strip("#b"):
        return None
    return (_LETTERS[letter] + accidentals.count("#") - accidentals.count("b")) % 12

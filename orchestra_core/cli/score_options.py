"""Options of ``orchestra compose`` that are settings of the score source: key, tempo, metre, bars, and what varies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from orchestra_core.errors import UsageError
from orchestra_core.registry import Registry

if TYPE_CHECKING:
    from orchestra_core.pipeline.settings import Settings

Command = Callable[..., Any]

#: The configuration field that each option sets, and what becomes of its value.
_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "key": ("key", str),
    "tempo": ("tempo", float),
    "metre": ("metres", lambda metre: [metre]),
    "bars": ("bars", int),
    "variation": ("variation", int),
    "lock": ("lock", lambda names: [name.strip() for name in names.split(",")]),
}

# Of score sources that can vary the piece of another seed.
_ORIGIN = "origin"
#: Quarter notes per minute.
_TEMPOS = (20, 400)

_OPTIONS = (
    click.option("--key", metavar="KEY", help="Tonic, such as D, or tonic and mode, such as 'D dorian'."),
    # Score sources have 0 for a tempo that nobody set; on the command line that is to leave the option out.
    click.option("--tempo", type=click.FloatRange(*_TEMPOS), metavar="BPM", help="Quarter notes per minute."),
    click.option("--metre", metavar="BEATS/VALUE", help="Such as 3/4."),
    click.option("--bars", type=click.IntRange(1), metavar="N", help="Number of bars."),
    click.option("--variation", type=click.IntRange(0), metavar="K", help="The K-th variation of the piece of this seed."),
    click.option("--lock", metavar="PARTS", help="What stays the same in variations, such as melody,harmony."),
)


def score_options(command: Command) -> Command:
    """Add the options to a command; each is for score sources that have the setting."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_score(options: dict[str, Any], before: Any, registry: Registry) -> Any:
    """Return the score that options ask for, and take the options of the score out of them.

    Parameters
    ----------
    options : dict
        Of the command; ``score`` is the score source that is named, or None.
    before : str, mapping or None
        The score source of a configuration.
    registry : Registry
        Knows what settings a score source has.

    Returns
    -------
    str, mapping or None
        `score` as it is where nothing is set.

    Raises
    ------
    UsageError
        A setting is asked of a score source that has none of that name; those that have are named.
    """
    asked = {name: value for name in _FIELDS if (value := options.pop(name)) is not None}
    named = options.pop("score")
    if not asked:
        return named
    name, config = _spec(before if named is None else named, registry)
    for option in asked:
        _check(option, name, registry)
    return {"name": name, "config": {**config, **{_FIELDS[key][0]: _FIELDS[key][1](value) for key, value in asked.items()}}}


def with_origin(settings: Settings, variations: int | None, registry: Registry) -> Settings:
    """Return settings in which the locked parts of all variations are those of the first piece, whose seeds differ.

    Parameters
    ----------
    settings : Settings
        With a piece for each variation.
    variations : int or None
        How many were asked for.
    registry : Registry
        Knows what settings a score source has.

    Returns
    -------
    Settings
        As they are where nothing varies or is locked, and where a score source knows no origin.
    """
    if not variations:
        return settings
    name, config = _spec(settings.pipeline.get("score"), registry)
    if not config.get("lock") or _ORIGIN in config or _ORIGIN not in _fields_of(name, registry):
        return settings
    score = {"name": name, "config": {**config, _ORIGIN: settings.items[0].seed}}
    return dataclasses.replace(settings, pipeline={**settings.pipeline, "score": score})


def _spec(score: Any, registry: Registry) -> tuple[str, Mapping[str, Any]]:
    if isinstance(score, Mapping):
        # Without a name a configuration is that of the default.
        return str(score.get("name") or registry.default("score").name), score.get("config", {})
    return (str(score) if score else registry.default("score").name), {}


def _check(option: str, name: str, registry: Registry) -> None:
    field = _FIELDS[option][0]
    able = [entry.name for entry in registry.entries("score") if field in _fields(entry.descriptor.config)]
    if name not in {form for entry in registry.entries("score") if entry.name in able for form in (entry.name, entry.qualified)}:
        others = f"score sources that have it: {', '.join(able)} (--score)" if able else "no installed score source has it"
        raise UsageError(f"--{option} is a setting that the score {name} does not have; {others}.")


def _fields_of(name: str, registry: Registry) -> set[str]:
    # What is not there is refused where the parts are built.
    configs = [entry.descriptor.config for entry in registry.entries("score") if name in (entry.name, entry.qualified)]
    return {field for config in configs for field in _fields(config)}


def _fields(config: type | None) -> set[str]:
    return set() if config is None else {field.name for field in dataclasses.fields(config)}

"""Setups: how pieces are made, as plain values, with a preset under what a user says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestra_core.config import validate
from orchestra_core.contracts.canvas import Canvas, LoudnessName
from orchestra_core.errors import ConfigurationError, ConflictError, PluginError, UnknownNameError
from orchestra_core.pipeline.parts import is_midi
from orchestra_core.pipeline.request import Scale
from orchestra_core.registry import PresetEntry, Registry

# Keys that stand for fields of the canvas: a canvas that says these itself goes before such a key of the preset.
_SHORT = {"loudness": ("level", "loudness", "peak"), "loop": ("loop",)}


@dataclass(frozen=True)
class Setup:
    """How pieces are made: everything of a composition but what is asked and where it is computed.

    Parameters
    ----------
    pipeline : mapping
        Parts by name, or by name and configuration: instrument, oracle, objective, schedule, score.
    canvas : Canvas, or None
        The time grid; None for as long as the source, or what the objective hears at once.
    loudness : {"expressive", "matched", "peak"}, float, or None
        Level of the export, before the canvas'; None for the canvas'.
    loop : bool
        Whether pieces repeat seamlessly; a canvas may say so too.
    stems : bool
        Whether the parts are kept apart as well.
    scale : {"request", "reading"}
        What targets mean.
    budget : int, >= 1, or None
        At most so many evaluations.
    preset : str
        Name of the preset that this goes out from, for the record; empty for none. What it says is in the other fields.
    """

    pipeline: Mapping[str, Any] = field(default_factory=dict)
    canvas: Canvas | None = None
    loudness: LoudnessName | float | None = None
    loop: bool = False
    stems: bool = False
    scale: Scale = "request"
    budget: int | None = None
    preset: str = ""


def preset_settings(entry: PresetEntry, registry: Registry) -> dict[str, Any]:
    """Return the settings of a preset as plain values, with names that mean its own plugin's parts where several share one.

    Raises
    ------
    PluginError
        A value has the wrong type.
    """
    settings = dict(entry.preset.settings)
    try:
        validate(Setup, settings, f"the {entry}")
    except ConfigurationError as error:
        raise PluginError(str(error)) from error
    parts = {kind: _own(kind, part, entry, registry) for kind, part in settings.get("pipeline", {}).items()}
    return {**settings, "pipeline": parts, "preset": registry.clear_name(entry)}


def read_preset(name: str, registry: Registry) -> Setup:
    """Return what a preset says.

    Raises
    ------
    UnknownNameError, ConflictError
        No plugin provides it, or several do.
    PluginError
        A value in it has the wrong type.
    """
    return validate(Setup, preset_settings(registry.find_preset(name), registry), f"the preset {name!r}")


def layered(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain settings with others over them: key by key, and inside the pipeline and the canvas as well.

    Examples
    --------
    >>> layered({"canvas": {"duration": 5.0}, "stems": True}, {"canvas": {"sample_rate": 22050}})
    {'canvas': {'duration': 5.0, 'sample_rate': 22050}, 'stems': True, 'pipeline': {}}
    """
    said = {key: value for key, value in over.items() if value is not None}
    canvas = said.get("canvas", {})
    lost = {key for key, fields in _SHORT.items() if any(field in canvas for field in fields)}
    kept = {key: value for key, value in under.items() if key not in lost}
    parts = with_parts(under.get("pipeline", {}), said.get("pipeline", {}))
    both = {"canvas": {**under.get("canvas", {}), **canvas}} if "canvas" in under or canvas else {}
    return {**kept, **said, **both, "pipeline": parts}


def with_parts(pipeline: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return parts with others over them: a part with a name replaces the one there was, one without a name configures it."""
    kept = dict(pipeline)
    # An oracle is short for the objective that holds it: of the two, what is named last says which oracle it is.
    if "oracle" in named and "objective" not in named and "oracle" in _config(kept.get("objective")):
        config = {key: value for key, value in _config(kept["objective"]).items() if key != "oracle"}
        kept["objective"] = {**kept["objective"], "config": config}
    if "oracle" not in named and "oracle" in _config(named.get("objective")):
        kept.pop("oracle", None)
    return {**kept, **{kind: _configured(kept.get(kind), part) for kind, part in named.items()}}


def check_preset_parts(setup: Setup, registry: Registry) -> None:
    """Refuse a preset with a part that is not installed.

    Raises
    ------
    UnknownNameError
        With who would provide it. A part that the user names otherwise is not looked for.
    """
    entry = _preset_of(setup, registry)
    if entry is not None:
        for kind, part in _handed_in(setup, entry, registry).items():
            _check_installed(kind, _name(part), entry, registry)


def without_unplayed(setup: Setup, registry: Registry) -> Setup:
    """Return a setup without the preset's score where the user names an instrument that plays no notes."""
    entry = _preset_of(setup, registry)
    parts = _handed_in(setup, entry, registry) if entry else {}
    if "score" not in parts or "instrument" in parts or _plays_notes(setup.pipeline.get("instrument"), registry):
        return setup
    return replace(setup, pipeline={kind: part for kind, part in setup.pipeline.items() if kind != "score"})


def _preset_of(setup: Setup, registry: Registry) -> PresetEntry | None:
    try:
        return registry.find_preset(setup.preset) if setup.preset else None
    except (UnknownNameError, ConflictError):
        return None  # a run names all its parts, and is repeated without the preset


def _handed_in(setup: Setup, entry: PresetEntry, registry: Registry) -> dict[str, Any]:
    """Return the parts of a setup that are still those of its preset."""
    own = entry.preset.settings.get("pipeline", {})
    return {kind: part for kind, part in setup.pipeline.items() if part == _own(kind, own.get(kind), entry, registry)}


def _plays_notes(instrument: Any, registry: Registry) -> bool:
    try:
        entry = registry.find("instrument", _name(instrument)) if instrument else registry.default("instrument")
    except (UnknownNameError, ConflictError):
        return True  # building it says so better
    return "notes" in entry.descriptor.capabilities


def _configured(before: Any, part: Any) -> Any:
    if not isinstance(part, Mapping) or "name" in part or before is None or not isinstance(part.get("config", {}), Mapping):
        return part
    return {"name": _name(before), "config": {**_config(before), **_config(part)}}


def _own(kind: str, part: Any, entry: PresetEntry, registry: Registry) -> Any:
    """Return a part with its name made clear: of two distributions that provide it, the preset's own is meant."""
    name = _name(part)
    mine = [one for one in registry.entries(kind) if one.name == name and one.distribution == entry.distribution]
    if len(mine) != 1 or registry.clear_name(mine[0]) == name:
        return part
    return {**part, "name": mine[0].qualified} if isinstance(part, Mapping) else mine[0].qualified


def _config(part: Any) -> Mapping[str, Any]:
    """Return the configuration of a part; none for what has none, or one that building refuses."""
    config = part.get("config", {}) if isinstance(part, Mapping) else {}
    return config if isinstance(config, Mapping) else {}


def _name(part: Any) -> str:
    return str(part.get("name", "")) if isinstance(part, Mapping) else str(part or "")


def _check_installed(kind: str, name: str, entry: PresetEntry, registry: Registry) -> None:
    if not name or (kind == "score" and is_midi(name)):
        return
    try:
        registry.find(kind, name)
    except UnknownNameError as error:
        distribution = name.rpartition(":")[0]
        who = f"Install {distribution}" if distribution else "Install the plugin that provides it"
        raise UnknownNameError(f"The {entry} needs the {kind} {name!r}, which is not there. {who}. {error}") from error

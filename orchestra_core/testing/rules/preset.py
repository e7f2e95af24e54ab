"""Rules for presets: found, light to list, valid, of parts that are there and fit together."""

from __future__ import annotations

from typing import Any

from orchestra_core.errors import (
    ConfigurationError,
    ConflictError,
    IncompatibleError,
    OrchestraError,
    PluginError,
    UnknownNameError,
)
from orchestra_core.pipeline import Pipeline
from orchestra_core.pipeline.setup import Setup, check_preset_parts, preset_settings
from orchestra_core.registry import build
from orchestra_core.testing.fresh import import_facts
from orchestra_core.testing.rule import Fault, NotApplicable, expect, rule
from orchestra_core.testing.subject import Subject


@rule(
    "preset.discovered",
    reason="What is found only in the program that defines it is found nowhere else.",
    fix="Declare the entry point in the group `orchestra_core`, install the distribution, and return the same in every process.",
)
def discovered(subject: Subject) -> None:
    """A fresh interpreter finds the preset by its name."""
    facts = import_facts(subject.component)
    expect(facts["found"], f"A fresh interpreter does not find the {subject.component}; expected it to.")


@rule(
    "preset.import_light",
    reason="Listing plugins, completion and --help import every plugin's module, and have to stay instant.",
    fix="Name parts and write plain values; import nothing in the module that hands the preset in.",
)
def import_light(subject: Subject) -> None:
    """Listing the preset's plugin imports no heavy library."""
    heavy = import_facts(subject.component).get("heavy", [])
    expect(not heavy, f"Listing the plugin imports {', '.join(heavy)}; expected no heavy library.")


@rule(
    "preset.settings",
    reason="Settings are read when somebody composes; a mistake in them is found by a user otherwise.",
    fix="Write values as in a configuration file: `docs/configuration.md` has the keys and their types.",
)
def settings(subject: Subject) -> None:
    """Its settings are those of a configuration file, with values of the right types."""
    try:
        preset_settings(subject.component, subject.found)
    except PluginError as error:
        raise Fault(f"{error} It was expected to be usable as a configuration file.") from error


@rule(
    "preset.parts",
    reason="A preset whose parts are missing, or are given what they do not take, can be listed and not used.",
    fix="Name parts that the plugin depends on, as `distribution:name` where they are another's, and only fields that they have.",
)
def parts(subject: Subject) -> None:
    """Every part that it names is installed, and takes its configuration."""
    named = _parts(subject)
    try:
        check_preset_parts(Setup(pipeline=named, preset=subject.component.qualified), subject.found)
        for kind, part in named.items():
            build(kind, part, subject.found)  # type: ignore[call-overload]  # a kind, as the registry has checked
    except OrchestraError as error:
        raise Fault(f"{error} It was expected to be there, and to take this.") from error


@rule(
    "preset.fit",
    reason="Parts that refuse each other are refused for everybody who takes the preset.",
    fix="Name parts that go together: a score for an instrument that plays notes, a schedule that can move the instrument.",
)
def fit(subject: Subject) -> None:
    """Its parts, and the defaults of those that it leaves out, fit together."""
    try:
        Pipeline(**_parts(subject), registry=subject.found)
    except IncompatibleError as error:
        raise Fault(f"{error} The parts were expected to fit together.") from error
    except (ConfigurationError, ConflictError, PluginError, UnknownNameError) as error:
        raise NotApplicable("its parts, or those that are the default, cannot all be made") from error


def _parts(subject: Subject) -> dict[str, Any]:
    return dict(subject.component.preset.settings.get("pipeline", {}))


RULES = (discovered, import_light, settings, parts, fit)

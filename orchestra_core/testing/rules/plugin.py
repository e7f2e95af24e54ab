"""Rules for the plugin around a component: discovery, importing, descriptor, configuration."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Any

import torch

from orchestra_core.config import to_plain
from orchestra_core.descriptors import Ref
from orchestra_core.errors import ConfigurationError
from orchestra_core.registry import build, load_target
from orchestra_core.registry.descriptor_checks import check_descriptor
from orchestra_core.testing.fresh import import_facts
from orchestra_core.testing.rule import Fault, expect, rule
from orchestra_core.testing.subject import Subject


@rule(
    "plugin.discovered",
    reason="What is found only in the program that defines it is found nowhere else.",
    fix="Declare the entry point in the group `orchestra_core`, install the distribution, and return the same in every process.",
)
def discovered(subject: Subject) -> None:
    """A fresh interpreter finds the component by its name."""
    facts = import_facts(subject.provided())
    expect(facts["found"], f"A fresh interpreter does not find {subject.provided()}; expected it to.")


@rule(
    "plugin.import_light",
    reason="Listing plugins, completion and --help import every plugin's module, and have to stay instant.",
    fix="Import torch, numpy's friends and the like in the component's module, which the descriptor only names.",
)
def import_light(subject: Subject) -> None:
    """Listing the plugin imports no heavy library."""
    heavy = import_facts(subject.provided()).get("heavy", [])
    expect(not heavy, f"Listing the plugin imports {', '.join(heavy)}; expected no heavy library.")


@rule(
    "plugin.import_print",
    reason="Other programs read what orchestra prints.",
    fix="Print nothing at import; use `logging.getLogger(__name__)` for what has to be said.",
)
def import_print(subject: Subject) -> None:
    """Importing the plugin and its component prints nothing."""
    printed = import_facts(subject.provided()).get("printed", [])
    expect(not printed, f"Importing prints {printed[:3]}; expected nothing.")


@rule(
    "plugin.import_files",
    reason="Importing happens in read-only places, many times at once, and without anybody having asked for anything.",
    fix="Write, download and start things when they are asked for, never at import.",
)
def import_files(subject: Subject) -> None:
    """Importing the plugin and its component writes no file, opens no connection and starts no process."""
    touched = import_facts(subject.provided()).get("touched", [])
    expect(not touched, f"Importing does {', '.join(touched[:3])}; expected it to touch nothing.")


@rule(
    "plugin.import_random",
    reason="Whoever uses orchestra in a program has random numbers of their own.",
    fix="Seed nothing and draw nothing at import; make generators of your own.",
)
def import_random(subject: Subject) -> None:
    """Importing leaves the global random states as they were."""
    changed = import_facts(subject.provided()).get("random", [])
    expect(not changed, f"Importing changes the random state of {', '.join(changed)}; expected it to be left as it was.")


@rule(
    "plugin.import_torch",
    reason="Default type, threads and gradient mode belong to the program.",
    fix="Pass types and devices explicitly; set nothing of torch at import.",
)
def import_torch(subject: Subject) -> None:
    """Importing leaves the global settings of torch as they were."""
    changed = import_facts(subject.provided()).get("torch", [])
    expect(not changed, f"Importing changes {', '.join(changed)}; expected it to be left as it was.")


@rule(
    "plugin.descriptor",
    reason="What fits together is decided by the descriptor, and happens with the class.",
    fix="State the same capabilities in the descriptor as in the class.",
)
def descriptor(subject: Subject) -> None:
    """The descriptor is valid, and says the same as the class."""
    stated = subject.provided().descriptor
    check_descriptor(subject.kind, stated)
    seen, wanted = sorted(stated.capabilities), sorted(subject.component.capabilities)
    expect(seen == wanted, f"The descriptor states the capabilities {seen}; expected those of the class, {wanted}.")


@rule(
    "plugin.license",
    level="should",
    reason="People need to know what they may do with the music, above all where weights come from research-only data.",
    fix="Give the descriptor an SPDX identifier, or a sentence, as its license.",
)
def stated_license(subject: Subject) -> None:
    """The descriptor states a licence."""
    expect(bool(subject.provided().descriptor.license.strip()), "The descriptor has an empty license; expected one.")


@rule(
    "plugin.config_signature",
    reason="The fields of the configuration are what the component is called with; two defaults that differ are a trap.",
    fix="Give the constructor a keyword of the same name and default for every field, and no others.",
)
def config_signature(subject: Subject) -> None:
    """The configuration has the fields of the constructor, with the same defaults."""
    entry = subject.provided()
    fields = _fields(entry.descriptor.config)
    parameters = inspect.signature(load_target(entry.descriptor.target, str(entry))).parameters
    stars = [p.name for p in parameters.values() if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    expect(not stars, f"The constructor takes *{', *'.join(stars)}; expected plain keywords only.")
    expect(set(fields) == set(parameters), f"The configuration has {sorted(fields)}, the constructor {sorted(parameters)}.")
    for name, default in fields.items():
        other = parameters[name].default
        comparable = not isinstance(default, Ref) and other is not inspect.Parameter.empty
        same = not comparable or to_plain(default) == to_plain(other)
        expect(
            same, f"{name} is {default!r} by default in the configuration and {other!r} in the constructor; expected the same."
        )


def _fields(config: type | None) -> dict[str, Any]:
    if config is None:
        return {}
    made = config()
    return {field.name: getattr(made, field.name) for field in dataclasses.fields(config)}


@rule(
    "plugin.config_round_trip",
    reason="A run folder makes its piece again from the configuration that was written down.",
    fix="Let fields keep the values they were given: derive others in the component, not in the configuration.",
)
def config_round_trip(subject: Subject) -> None:
    """The complete configuration, written as JSON and read back, makes an equal component."""
    kind, written = subject.provided().kind, to_plain(subject.ref)
    again = build(kind, json.loads(json.dumps(written)), subject.registry)
    read = to_plain(again.ref)
    expect(read == written, f"{written['config']} comes back as {read['config']}; expected the same configuration.")
    inputs = subject.bench.inputs()
    made = subject.bench.apply(again.component, inputs)
    for name, value in subject.bench.apply(subject.component, inputs).items():
        expect(torch.equal(value, made[name]), f"{name!r} of the component made again differs; expected the same.")


@rule(
    "plugin.config_unknown",
    reason="A misspelt key that is ignored is a setting that silently does nothing.",
    fix="Keep the configuration a plain frozen dataclass: no `__pydantic_config__` that allows or ignores extra keys.",
)
def config_unknown(subject: Subject) -> None:
    """A key that does not exist is refused."""
    entry = subject.provided()
    spec = {"name": entry.qualified, "config": {"no_such_key": 1}}
    try:
        build(entry.kind, spec, subject.registry)
    except ConfigurationError:
        return
    except Exception as error:
        raise Fault(f"For an unknown key it raises {type(error).__name__} ({error}); expected ConfigurationError.") from error
    raise Fault("An unknown key is accepted; expected ConfigurationError.")


RULES = (
    discovered,
    import_light,
    import_print,
    import_files,
    import_random,
    import_torch,
    descriptor,
    stated_license,
    config_signature,
    config_round_trip,
    config_unknown,
)

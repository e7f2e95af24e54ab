"""Docstrings of public names hold to numpydoc: sections that exist, in order, and parameters as the signature has them."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from numpydoc.validate import validate

PACKAGES = (
    "orchestra_core",
    "orchestra_battery",
    "orchestra_deam",
    "orchestra_ensemble",
    "orchestra_judges",
    "orchestra_match",
    "orchestra_percussion",
    "orchestra_piano",
    "orchestra_song",
    "orchestra_staged",
    "orchestra_style",
    "orchestra_timbre",
    "orchestra_voices",
)

#: What is checked everywhere. Not the rules that ask a one-line docstring for sections: a sentence may say it all.
RULES = {
    "GL05": "tabs",
    "GL06": "an unknown section",
    "GL07": "sections in another order",
    "GL08": "no docstring",
    "PR03": "parameters in another order",
    "PR10": "no space before the colon",
    "SS01": "no summary",
    "SS02": "a summary that begins with a small letter",
    "SS03": "a summary without a full stop",
}
#: What is checked where there is a section of parameters.
WITH_PARAMETERS = {"PR01": "a parameter that is not documented", "PR02": "a parameter that does not exist"}


def modules() -> Iterator[str]:
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        yield package
        for found in pkgutil.walk_packages(path, f"{package}."):
            if not any(part.startswith("_") for part in found.name.split(".")):
                yield found.name


def public_names(module: str) -> Iterator[str]:
    """Yield the dotted names of what a module defines for others: classes, their methods, and functions."""
    for name, thing in vars(importlib.import_module(module)).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module:
            continue
        if inspect.isclass(thing):
            yield f"{module}.{name}"
            yield from (
                f"{module}.{name}.{method}"
                for method, function in vars(thing).items()
                if not method.startswith("_") and inspect.isfunction(function) and function.__name__ == method
            )
        elif inspect.isfunction(thing):
            yield f"{module}.{name}"


def faults(name: str) -> list[str]:
    checked = validate(name)
    # Parameters that are only handed on, such as *arguments, need no documentation of their own.
    errors = [(code, message) for code, message in checked["errors"] if not (code == "PR01" and "{'*" in message)]
    rules = RULES | (WITH_PARAMETERS if "\nParameters\n" in inspect.cleandoc(checked["docstring"] or "") else {})
    return [f"{name}: {code} {message}" for code, message in errors if code in rules]


@pytest.mark.parametrize("module", sorted(set(modules())))
def test_docstrings_are_valid(module):
    found = [fault for name in public_names(module) for fault in faults(name)]
    assert found == [], "\n".join(found)

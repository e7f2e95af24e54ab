"""Run the rules of a kind on a component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from orchestra_core.contracts.component import KINDS, Component, Kind
from orchestra_core.errors import ParameterError, UnknownNameError
from orchestra_core.names import one_of
from orchestra_core.registry import Registry, build, get_registry
from orchestra_core.registry.build import Spec
from orchestra_core.registry.collection import Named
from orchestra_core.testing.report import Outcome, Report
from orchestra_core.testing.rule import PRESET, Fault, NotApplicable, Rule
from orchestra_core.testing.rules import table
from orchestra_core.testing.setting import Setting
from orchestra_core.testing.settings_of_torch import left_alone
from orchestra_core.testing.subject import Subject


def check_component(
    component: Spec,
    kind: Kind | Literal["preset"] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    *,
    setting: Setting | None = None,
    registry: Registry | None = None,
) -> Report:
    """Check a component, or a preset, against every rule of its kind.

    Parameters
    ----------
    component : Component, str, mapping or Ref
        The object, or its name and configuration as everywhere else; by name, the plugin around it is checked too. A preset
        is given by its name.
    kind : str, optional
        Its kind, or ``preset``, where the name alone does not tell.
    expected_failures : mapping of str to str, optional
        Rules that are known to fail, and why. One that passes after all makes the check fail.
    setting : Setting, optional
        What it is tried with.
    registry : Registry, optional
        Where to look for it; by default the installed plugins.

    Returns
    -------
    Report

    Raises
    ------
    ParameterError
        An expected failure names no rule of this kind, or has no reason.
    UnknownNameError
        There is no such component.
    PluginError
        It cannot be made.

    Examples
    --------
    >>> from orchestra_core import Note, Score, ScoreSource
    >>> class Once(ScoreSource):
    ...     def _write(self, brief, choice, generator):
    ...         return Score((Note(60, 0.0, 0.5 * brief.canvas.duration),))
    >>> check_component(Once(), expected_failures={"component.pickle": "a class made in an example"}).ok
    True
    """
    subject = make_subject(component, kind, setting, registry)
    rules = table(subject.kind)
    expected = dict(expected_failures or {})
    check_expected(expected, rules)
    entry = subject.component if subject.kind == PRESET else subject.entry
    named = entry.name if entry else subject.name
    return Report(f"{subject.kind} {named}", tuple(judge(rule, subject, expected.get(rule.id)) for rule in rules))


def make_subject(
    component: Spec,
    kind: Kind | Literal["preset"] | None = None,
    setting: Setting | None = None,
    registry: Registry | None = None,
) -> Subject:
    """Return the component with what is known of it; raises as `check_component` does."""
    found = registry or get_registry()
    kind = kind or _kind_of(component, found)
    if kind == "preset":
        return Subject(found.find_preset(str(component)), kind, setting or Setting(), registry=found)
    built = build(kind, component, found)
    entry = built.entries[0] if built.ref is not None else None
    return Subject(built.component, kind, setting or Setting(), entry, built.ref, found)


def judge(rule: Rule, subject: Subject, expected: str | None = None) -> Outcome:
    """Return what one rule says of a component; `expected` is why it is known to fail, if it is."""
    missing = rule.needs and rule.needs - frozenset(subject.component.capabilities)
    if missing:
        return Outcome(rule, "skipped", f"it does not declare {', '.join(sorted(missing))}")
    try:
        with left_alone():
            rule.check(subject)
    except NotApplicable as reason:
        return Outcome(rule, "skipped", str(reason))
    except Fault as fault:
        message = str(fault)
    except Exception as error:
        message = f"{subject.name} raised {type(error).__name__}: {error}"
    else:
        return Outcome(rule, "passed") if expected is None else Outcome(rule, "unexpected", _passed_anyway(expected))
    return Outcome(rule, "failed", message) if expected is None else Outcome(rule, "expected", f"{expected}: {message}")


def check_expected(expected: Mapping[str, str], rules: tuple[Rule, ...]) -> None:
    """Check that expected failures name rules and have reasons; raises `ParameterError` otherwise."""
    known = {rule.id for rule in rules}
    for id, reason in expected.items():
        if id not in known:
            raise ParameterError(one_of(id, known, "rule in expected_failures"))
        if not isinstance(reason, str) or not reason.strip():
            raise ParameterError(f"The expected failure of {id} has the reason {reason!r}; expected a sentence that says why.")


def _passed_anyway(reason: str) -> str:
    return f"It passes, although it was expected to fail ({reason}): take it out of the expected failures."


def _kind_of(component: Spec, registry: Registry) -> Kind | Literal["preset"]:
    kind = getattr(component, "kind", None)
    if isinstance(component, Mapping):
        kind = component.get("kind")
    if kind in KINDS:
        return cast(Kind, kind)
    name: Any = component.get("name") if isinstance(component, Mapping) else component
    if isinstance(component, Component) or not isinstance(name, str):
        raise ParameterError(f"A {type(component).__name__} was given; expected a component, or its name.")
    entries: list[tuple[str, Named]] = [(one, entry) for one in KINDS for entry in registry.entries(one)]
    entries += [(PRESET, entry) for entry in registry.presets()]
    kinds = sorted({one for one, entry in entries if entry.is_called(name)})
    if not kinds:
        broken = f" Installed but broken: {'; '.join(map(str, registry.broken))}." if registry.broken else ""
        raise UnknownNameError(one_of(name, {entry.name for _, entry in entries}, "component") + broken)
    if len(kinds) > 1:
        raise ParameterError(f"{name!r} names components of the kinds {' and '.join(kinds)}; say which.")
    return cast(Kind, kinds[0])
